"""The parts that keep a run in order: checkpoints, folders, progress, the summary at the end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from cds_service.cli import main
from cds_service.cohort.checkpoint import Checkpoint, Plan, RunError
from cds_service.cohort.command import summary
from cds_service.cohort.folders import is_free, whole_file, write_file
from cds_service.cohort.local import shards_for
from cds_service.cohort.progress import Narrator, duration
from cds_service.cohort.screener import Outcome
from cds_service.cohort.source import Form, Source, SourceFile, open_source
from tests.support.fhir import patient
from tests.support.population import ON, terms, write_lines


def _plan(folder: Path, **more: object) -> Plan:
    return Plan.of(open_source(folder), terms(**more), 8)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_lines(tmp_path / "source" / "a.ndjson", [patient()])
    return tmp_path / "source"


def test_the_same_run_goes_on_and_another_is_refused(tmp_path: Path, source: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "out")
    assert checkpoint.begin(_plan(source)) is False
    assert Checkpoint(tmp_path / "out").begin(_plan(source)) is True
    with pytest.raises(RunError, match=f"differs in: --date, which was {ON}. "):
        checkpoint.begin(_plan(source, on=ON.replace(year=2025)))
    write_lines(source / "b.ndjson", [patient("p2")])
    with pytest.raises(RunError, match="differs in: files of the source"):
        checkpoint.begin(_plan(source))


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    def enter() -> None:
        with Checkpoint(tmp_path / "out").locked():
            pass

    with Checkpoint(tmp_path / "out").locked(), pytest.raises(RunError, match="another run"):
        enter()
    enter()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    tmp_path.chmod(0o755)
    with pytest.raises(RunError, match="not empty"):
        Checkpoint(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert is_free(tmp_path / "absent")


def test_a_shard_counts_as_done_only_with_its_outcome(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "out")
    write_file(checkpoint.assessments(3), b"{}\n")
    assert not checkpoint.is_done(3)
    checkpoint.finish_shard(3, Outcome())
    assert checkpoint.is_done(3)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"

    def break_off() -> None:
        with whole_file(target) as file:
            file.write(b"half")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        break_off()
    assert not target.exists()
    write_file(target, b"whole")
    assert target.read_bytes() == b"whole"
    assert target.stat().st_mode & 0o777 == 0o600


def test_shards_depend_on_the_source_alone(tmp_path: Path) -> None:
    files = (SourceFile("a.ndjson", 25_600_000_000, 1), SourceFile("b.ndjson.gz", 3_200_000_000, 1))
    assert shards_for(Source(tmp_path, Form.LINES, files)) == 200
    assert shards_for(Source(tmp_path, Form.LINES, files[:0])) == 16
    assert shards_for(Source(tmp_path, Form.LINES, (SourceFile("a", 10**14, 1),))) == 1_000


def test_plain_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    with Narrator(out).counting("Screened", 1_000, done=500) as progress:
        for _ in range(5):
            progress.advance(100)
    assert out.getvalue().startswith("Screened: 1,000 of 1,000, ")
    assert out.getvalue().count("\n") == 1


def test_a_bar_on_a_terminal() -> None:
    out = io.StringIO()
    narrator = Narrator(out)
    narrator.console = Console(file=out, force_terminal=True, width=100)
    with narrator.counting("Screened", 10) as progress:
        progress.advance(4)
    assert "Screened" in out.getvalue()
    assert "4/10" in out.getvalue()
    assert "a second" in out.getvalue()


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (75, "1 min 15 s"), (7_500, "2 h 05 min")])
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_control_characters_of_the_data_do_not_reach_the_terminal(tmp_path: Path) -> None:
    quality = {
        "patientsAssessed": 1, "evaluatedOn": "2026-10-01", "verdicts": {"not-applicable": 1},
        "patientsNotAssessed": {}, "linesNotRead": {"not JSON": 2}, "resourcesNotUsed": [], "resourcesNotReadable": {},
        "typesNotExported": ["Encounter"], "resourcesOfAnotherSubject": 0, "resultsWithUnitNotUnderstood": 1,
        "unitsNotUnderstood": {"x \x1b[2J": 1}, "resourcesWithoutKnownCode": 0, "codesNotKnown": {},
    }  # fmt: skip
    told = "\n".join(summary(quality, tmp_path))
    assert "\x1b" not in told
    assert "2 lines not read: not JSON" in told
    assert "no Encounter was exported" in told


@pytest.mark.parametrize(
    "wrong",
    [
        ["screen", "x"],
        ["screen", "x", "--out", "y", "--memory", "10MB"],
        ["screen", "x", "--out", "y", "--min-cell", "0"],
        ["screen", "x", "--out", "y", "--engine", "hadoop"], ["screen", "x", "--out", "y", "--group", "g", "--system"],
        ["synth", "--patients", "0", "--seed", "1", "--out", "y"],
        ["synth", "--patients", "5", "--seed", "x", "--out", "y"],
    ],
)  # fmt: skip
def test_wrong_usage_is_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2
    assert "_bytes" not in capsys.readouterr().err


def test_problems_are_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["screen", str(tmp_path / "absent"), "--out", out]) == 1
    assert "there is no such folder" in capsys.readouterr().err
    assert main(["screen", "http://ehr.example.org/fhir", "--out", out]) == 1
    assert "use https" in capsys.readouterr().err
    assert main(["synth", "--patients", "1", "--seed", "1", "--out", str(tmp_path)]) == 1
    assert "not empty" in capsys.readouterr().err
