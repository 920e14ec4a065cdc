"""The benchmarks measure what they say, on requests that are real. No figure is judged here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest

from benchmarks import cold_start, concurrency, document, endurance, memory, soundness, without_diabetes
from benchmarks.bodies import PATIENT, call, prefetch
from benchmarks.budgets import measure
from benchmarks.endurance import Sample
from benchmarks.row import Row
from benchmarks.stages import STAGES
from benchmarks.stub_server import StubServer
from benchmarks.tables import markdown, table
from benchmarks.wsgi import UnexpectedAnswer, post
from cds_service.cds_hooks.wire import read_context, read_hook
from cds_service.patient_data.prefetch import PrefetchState, read_prefetch
from cds_service.patient_data.query_plan import PREFETCH
from rules.decoding import Unreadable
from rules.resources import Observation
from tests.support.server import RunningService, running_service

pytest.importorskip("fhir.resources", reason="the models of FHIR are needed to check the bodies")


@pytest.fixture(scope="module")
def body() -> bytes:
    return orjson.dumps(call(prefetch=prefetch()))


def test_body_has_the_size_of_the_budget(body: bytes) -> None:
    assert 330_000 <= len(body) <= 370_000


def test_body_is_the_same_every_time(body: bytes) -> None:
    assert orjson.dumps(call(prefetch=prefetch())) == body


def test_body_is_a_complete_call(body: bytes) -> None:
    request = read_hook(body)
    assert read_context(request).patient_id == PATIENT
    sent = read_prefetch(request.prefetch or {})
    assert set(request.prefetch or {}) == set(PREFETCH)
    assert {value.state for value in sent.values()} <= {PrefetchState.DATA, PrefetchState.EMPTY}
    resources = [read.resource for value in sent.values() for read in value.page.reads]
    assert not [resource for resource in resources if isinstance(resource, Unreadable)]
    assert sum(isinstance(resource, Observation) for resource in resources) == 200


@pytest.mark.parametrize("diabetic", [True, False])
def test_bodies_are_fhir(diabetic: bool) -> None:
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.patient import Patient

    sent = prefetch(diabetic=diabetic)
    Patient.model_validate(sent.pop("patient"))
    for searchset in sent.values():
        Bundle.model_validate(searchset)


@pytest.fixture
def one_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunningService]:
    """Let all parts that start a service use the same one: most of their time is its start."""
    with running_service(tmp_path, "--workers", "1") as service:

        @contextmanager
        def started(*_arguments: object, **_variables: str) -> Iterator[RunningService]:
            yield service

        for part in (cold_start, concurrency, memory):
            monkeypatch.setattr(part, "running_service", started)
        yield service


@pytest.mark.usefixtures("one_service")
def test_all_is_measured_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = measure(quick=True)
    rows, by_stage = measured.rows, measured.by_stage
    assert len(rows) == 9
    assert all(math.isfinite(row.ratio) and row.ratio > 0 for row in rows)
    assert list(by_stage) == list(STAGES)
    # The rest are differences of two measurements, which noise can turn below zero.
    assert all(by_stage[stage] > 0 for stage in ("read", "index", "find", "durable", "cards"))
    assert all(math.isfinite(ms) for ms in by_stage.values())
    pages = tmp_path / "performance.md"
    pages.write_bytes(document.DOCUMENT.read_bytes())
    monkeypatch.setattr(document, "DOCUMENT", pages)
    monkeypatch.setattr(document, "PICTURES", tmp_path / "images" / "performance")
    document.write(measured)
    document.write_long([memory.Sample(n * 5_000, 130.0) for n in range(21)])
    text = pages.read_text(encoding="utf-8")
    for table_ in measured.tables().values():
        assert markdown(table_.head, table_.rows) in text
    assert "130 MB after 100,000; +0.0 MB per 10,000" in text
    for picture in document.PICTURES.iterdir():
        ElementTree.parse(picture)
        assert f"/{picture.name})" in text


def test_a_row_is_over_when_more_is_used_than_allowed() -> None:
    assert Row("", "", "", 1.0).verdict == "ok"
    assert Row("", "", "", 1.01).verdict == "over"


@pytest.mark.parametrize(
    ("requests", "mb_per_10_000", "verdict"),
    [(10_000, 0.0, "flat: not shown"), (10_000, 12.0, "over"), (100_000, 1.9, "ok"), (100_000, 2.1, "over")],
)
def test_only_the_long_run_shows_that_memory_is_flat(requests: int, mb_per_10_000: float, verdict: str) -> None:
    taken = [memory.Sample(requests * n // 20, 100 + mb_per_10_000 * requests * n / 20 / 10_000) for n in range(21)]
    assert memory.row(taken).verdict == verdict


def test_observations_asked_for_in_vain_are_over_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_diabetes, "cards", _asking("Observation?patient=1&code=4548-4"))
    assert without_diabetes.measure().verdict == "over"
    monkeypatch.setattr(without_diabetes, "cards", _asking("Patient/1"))
    assert without_diabetes.measure().verdict == "ok"


def test_stub_server_finds_by_type_category_and_code() -> None:
    with StubServer(prefetch()) as server:
        found = [
            _entries(server, f"Observation?patient=1&{query}")
            for query in ("category=laboratory", "code=l|4548-4,l|8302-2")
        ]
        assert [len(entries) for entries in found] == [160, 18]
        assert _entries(server, "Consent?patient=1") == []
        assert server.content(f"Patient/{PATIENT}") == orjson.dumps(prefetch()["patient"])


def test_a_refusal_is_not_measured() -> None:
    def refuse(environ: object, start_response: object) -> list[bytes]:
        start_response("503 Service Unavailable", [])  # type: ignore[operator]
        return [b"later"]

    with pytest.raises(UnexpectedAnswer, match="503 Service Unavailable: later"):
        post(refuse, "/", b"{}")


def test_columns_are_aligned() -> None:
    assert table(("a", "long"), [("1", "2"), ("333", "4")]).splitlines() == [
        "a    long",
        "---  ----",
        "1    2",
        "333  4",
    ]


def test_quick_soundness_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert soundness.main(["--quick"]) == 0
    assert capsys.readouterr().out.endswith("sound\n")


def test_growth_counts_from_the_end_of_warm_up() -> None:
    taken = [Sample(1, 50.0, 0), Sample(2, 49.0, 0), Sample(3, 53.5, 0), Sample(4, 52.0, 0)]
    assert endurance.growth(taken) == 3.5


class _FewPeople:
    """Two people; ``right`` and ``decided`` say whether durable_rules is."""

    def __init__(self, right: bool, decided: bool) -> None:
        self.is_right = lambda _number: right
        self.is_decided_right = lambda _number: decided

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize(("right", "decided", "status"), [(True, True, 0), (False, True, 1), (True, False, 1)])
def test_a_wrong_answer_is_not_sound(right: bool, decided: bool, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "People", lambda _count: _FewPeople(right, decided))
    assert soundness.main(["--quick"]) == status


def test_memory_that_grows_is_not_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "People", lambda _count: _FewPeople(True, True))
    sizes = iter(range(50, 100, 11))
    monkeypatch.setattr(endurance, "resident_mb", lambda: float(next(sizes)))
    assert soundness.main(["--quick"]) == 1


def _asking(url: str) -> object:
    """Return a service that asks the server for ``url`` and shows no card."""
    import requests

    def cards(_app: object, body: bytes) -> list[object]:
        requests.get(f"{orjson.loads(body)['fhirServer']}/{url}", timeout=5)
        return []

    return cards


def _entries(server: StubServer, url: str) -> list[object]:
    entries: list[object] = orjson.loads(server.content(url))["entry"]
    return entries
