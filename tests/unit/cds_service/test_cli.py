"""The command line: assess, protocol, config check, and what it says when something is wrong."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from cds_service.patient_data.outbound import is_loopback_url
from cds_service.server import check_address
from cds_service.setting_parts import OpenMode
from cds_service.settings import Settings, SettingsError
from tests.support.fhir import C_PEPTIDE, HBA1C, bundle, condition, observation, patient

DAY = ["--date", "2026-11-22"]
IDS = ["H1", "H2", "H3", *(f"I{n}" for n in range(1, 9)), *(f"E{n}" for n in range(1, 32))]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TRIAL_CDS_")]:
        monkeypatch.delenv(name)


def _chart(*more: dict[str, Any]) -> dict[str, Any]:
    return bundle(
        patient(),
        condition(onset="2015-03-01"),
        observation(HBA1C, 8.4, "%", "2026-10-20"),
        observation(C_PEPTIDE, 0.1, "ng/mL", "2026-10-20"),
        *more,
        type="collection",
    )


def _write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_one_object_a_line_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [_write(tmp_path, "a.json", _chart()), _write(tmp_path, "b.json", bundle(patient()))]
    assert main(["assess", *files, *DAY]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["source"] for line in lines] == files
    first = lines[0]
    assert list(first) == [
        "source", "trial", "rulesVersion", "evaluatedOn", "patient", "verdict", "reasons", "criteria",
    ]  # fmt: skip
    assert (first["trial"], first["evaluatedOn"], first["patient"]) == ("NCT01374854", "2026-11-22", "p1")
    assert [criterion["id"] for criterion in first["criteria"]] == IDS
    assert next(c for c in first["criteria"] if c["id"] == "I8")["status"] == "met"


def test_everything_in_a_file_counts_as_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", _write(tmp_path, "a.json", bundle(patient())), *DAY]) == 0
    assessed = json.loads(capsys.readouterr().out)
    assert assessed["verdict"] == "not-applicable"
    assert next(c for c in assessed["criteria"] if c["id"] == "I4")["status"] == "not-met"


def test_every_criterion_is_evaluated_although_a_gate_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chart = bundle(patient(), observation(HBA1C, 8.4, "%", "2026-10-20"))
    assert main(["assess", _write(tmp_path, "a.json", chart), *DAY]) == 0
    assessed = json.loads(capsys.readouterr().out)
    assert assessed["verdict"] == "not-applicable"
    assert next(c for c in assessed["criteria"] if c["id"] == "I8")["status"] == "met"


def test_text_is_a_checklist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", _write(tmp_path, "a.json", _chart()), "--format", "text", *DAY]) == 0
    text = capsys.readouterr().out
    assert "[x] I8" in text
    assert "[ ] I2" in text
    assert "8.4 %" in text
    assert max(map(len, text.splitlines())) <= 130


def test_control_characters_of_a_chart_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = condition(code="E10.9")
    evil["code"]["text"] = "Type 1\x1b[2J\r\nI8 met"
    chart = bundle(patient(), evil)
    assert main(["assess", _write(tmp_path, "a.json", chart), "--format", "text", *DAY]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert not any(line.startswith("I8 met") for line in text.splitlines())


def test_standard_input_is_a_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(_chart()).encode())))
    assert main(["assess", "-", *DAY]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "-"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "not JSON"),
        ("[]", "not a FHIR Bundle"),
        ({"resourceType": "Patient", "id": "p1"}, "not a FHIR Bundle"),
        ({"resourceType": "Bundle", "entry": {}}, "not a FHIR Bundle"),
        (bundle(condition()), "0 Patients"),
        (bundle(patient(), patient(id="p2")), "2 Patients"),
        ('{"x": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_an_unusable_file_is_named_and_the_rest_assessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, why: str
) -> None:
    bad, good = _write(tmp_path, "bad.json", content), _write(tmp_path, "good.json", _chart())
    assert main(["assess", bad, good, *DAY]) == 1
    printed = capsys.readouterr()
    assert [json.loads(line)["source"] for line in printed.out.splitlines()] == [good]
    assert printed.err.startswith(f"{bad}: ")
    assert why in printed.err
    assert "Traceback" not in printed.err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", str(tmp_path / "absent.json"), *DAY]) == 1
    assert "absent.json: cannot be read" in capsys.readouterr().err


def test_validation_tells_place_and_rule_without_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = condition(onset="Ada Testperson's birthday", unheardOf=1)
    assert main(["assess", _write(tmp_path, "a.json", bundle(patient(), odd)), "--validate", *DAY]) == 0
    printed = capsys.readouterr()
    assert "entry 2, Condition" in printed.err
    assert "unheardOf" in printed.err
    assert "Ada Testperson" not in printed.err
    assert printed.out


def test_a_valid_file_gives_no_objections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", _write(tmp_path, "a.json", _chart()), "--validate", *DAY]) == 0
    assert capsys.readouterr().err == ""


def test_the_zone_decides_the_day_of_an_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = observation(HBA1C, 8.4, "%", "2026-11-22")
    late["effectiveDateTime"] = "2026-11-22T22:30:00Z"
    chart = _write(tmp_path, "a.json", bundle(patient(), condition(onset="2015-03-01"), late))
    summaries = []
    for zone in ("UTC", "Asia/Shanghai"):
        assert main(["assess", chart, "--zone", zone, *DAY]) == 0
        criteria = json.loads(capsys.readouterr().out)["criteria"]
        summaries.append(next(c for c in criteria if c["id"] == "I8")["status"])
    assert summaries == ["met", "unknown"]


@pytest.mark.parametrize(
    "wrong",
    [
        [], ["assess"], ["assess", "x", "--date", "tomorrow"], ["assess", "x", "--zone", "Mars/Base"],
        ["serve", "--port", "0"], ["serve", "--port", "http"],
        ["serve", "--workers", "two"], ["serve", "--workers", "0"], ["config"], ["screen"],
    ],
)  # fmt: skip
def test_wrong_usage_is_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "_port" not in said
    assert "_count" not in said


def test_assess_takes_its_settings_from_the_file_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = _write(tmp_path, "bad.toml", 'age_policy = "none"')
    assert main(["assess", _write(tmp_path, "a.json", _chart()), "--config", bad, *DAY]) == 1
    assert "age_policy" in capsys.readouterr().err


def test_the_protocol_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocol"]) == 0
    text = capsys.readouterr().out
    for name in IDS:
        assert f"\n{name} (" in text
    assert "7.5 %" in text


def test_settings_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check"]) == 0
    assert "can be used" in capsys.readouterr().out
    assert main(["config", "check", "--config", _write(tmp_path, "bad.toml", "zone = 1")]) == 1
    assert "zone" in capsys.readouterr().err


def test_an_attestation_that_does_not_hold_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _write(tmp_path, "a.toml", "[recruitment]\nrequire_site_attestation = true")
    assert main(["config", "check", "--config", config]) == 0
    assert "no card will be shown" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_loopback_needs_no_permission(host: str) -> None:
    check_address(Settings(), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_addresses_need_permission(host: str) -> None:
    with pytest.raises(SettingsError, match="--allow-open"):
        check_address(Settings(), host)
    check_address(Settings(open=OpenMode(allow=True)), host)


def test_loopback_origins() -> None:
    assert is_loopback_url("http://localhost:5173")
    assert not is_loopback_url("ftp://localhost")


def test_it_is_a_module_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cds_service", "--help"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0
    for command in ("demo", "serve", "assess", "config", "protocol"):
        assert command in ended.stdout
