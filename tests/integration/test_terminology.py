"""A terminology server on loopback: what lies under the listed concepts is fetched once, kept, and never needed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.setting_parts import TerminologySettings
from cds_service.settings import Settings
from cds_service.terminology import expansions
from cds_service.trials import served_trial
from rules.codes import SNOMED
from rules.expansions import LISTS_ONLY, Expansions
from rules.value_sets import Row, ValueSet
from tests.support.fault_server import Behaviour, FaultServer, Handler, content, cut, drip_body, status

TODAY = date(2025, 6, 15)
SETS = {
    "stroke": ValueSet("stroke", "Stroke", [Row(SNOMED, "230690007", "Stroke", "descendants", (), "yes", "list", "")]),
    "old_mi": ValueSet("old_mi", "Old MI", [Row(SNOMED, "1755008", "Old", "descendants", ("9",), "yes", "list", "")]),
    "labs": ValueSet("labs", "Labs", [Row("http://loinc.org", "4548-4", "HbA1c", "exact", (), "yes", "list", "")]),
}
STROKE, OLD_MI = f"{SNOMED}?fhir_vs=ecl/<< 230690007", f"{SNOMED}?fhir_vs=ecl/(<< 1755008) MINUS (<< 9)"
HELD: Mapping[str, Mapping[str, str]] = {
    STROKE: {"230690007": "Stroke", "195190007": "Embolic stroke", "422504002": "Ischemic stroke"},
    OLD_MI: {"1755008": "Old MI"},
}


def terminology(held: Mapping[str, Mapping[str, str]] = HELD, page: int = 2, *, total: bool = True) -> Behaviour:
    """Expand by ECL, a page at a time; an expression that is not held is refused."""

    def answer(handler: Handler) -> None:
        concepts = held.get(handler.query["url"])
        if concepts is None or "/ValueSet/$expand?" not in handler.path:
            handler.reply_json({"resourceType": "OperationOutcome", "issue": []}, 422)
            return
        offset = int(handler.query["offset"])
        listed = [{"system": SNOMED, "code": code, "display": name} for code, name in concepts.items()]
        expansion: dict[str, Any] = {"contains": listed[offset : offset + page]}
        if total:
            expansion["total"] = len(listed)
        handler.reply_json({"resourceType": "ValueSet", "expansion": expansion})

    return answer


def settings(server: FaultServer, folder: Path, **more: Any) -> TerminologySettings:
    return TerminologySettings(url=server.base_url, cache=folder / "kept" / "terminology.json", **more)


def test_all_pages_of_each_value_set_with_descendants(tmp_path: Path) -> None:
    with FaultServer(ValueSet=terminology()) as server:
        found = expansions(settings(server, tmp_path, token="t0"), SETS, TODAY)
    assert found == Expansions({"stroke": HELD[STROKE], "old_mi": HELD[OLD_MI]}, "2025-06-15")
    assert len(server.urls) == 3  # stroke in two pages
    assert set(server.authorizations) == {"Bearer t0"}


def test_no_server_is_asked_without_an_address() -> None:
    assert expansions(TerminologySettings(), SETS, TODAY) is LISTS_ONLY


def test_answers_are_kept_until_they_are_old(tmp_path: Path) -> None:
    with FaultServer(ValueSet=terminology()) as server:
        chosen = settings(server, tmp_path, refresh_days=30)
        first = expansions(chosen, SETS, TODAY)
        assert expansions(chosen, SETS, TODAY + timedelta(days=30)) == first
        asked = len(server.urls)
        later = expansions(chosen, SETS, TODAY + timedelta(days=31))
        assert (later.concepts, later.fetched) == (first.concepts, "2025-07-16")
    assert len(server.urls) == 2 * asked


def test_old_answers_serve_when_the_server_is_gone(tmp_path: Path) -> None:
    with FaultServer(ValueSet=terminology()) as server:
        chosen = settings(server, tmp_path, refresh_days=0)
        first = expansions(chosen, SETS, TODAY)
    assert expansions(chosen, SETS, TODAY + timedelta(days=400)) == first


def test_an_answer_to_another_expression_is_not_used(tmp_path: Path) -> None:
    with FaultServer(ValueSet=terminology()) as server:
        chosen = settings(server, tmp_path)
        expansions(chosen, SETS, TODAY)
    changed = {"stroke": ValueSet("stroke", "Stroke", [*SETS["stroke"], *SETS["old_mi"]])}
    assert expansions(chosen, changed, TODAY) == LISTS_ONLY


def test_one_refused_expansion_leaves_the_others(tmp_path: Path) -> None:
    with FaultServer(ValueSet=terminology({STROKE: HELD[STROKE]})) as server:
        assert list(expansions(settings(server, tmp_path), SETS, TODAY).concepts) == ["stroke"]


@pytest.mark.parametrize(
    "behaviour",
    [status(500), status(401), status(302, Location="http://127.0.0.1:9/"), content(b"<html>"), content(b"[1, 2]"), cut,
     content(b'{"resourceType": "ValueSet"}'), content(b'{"resourceType": "ValueSet", "expansion": {"total": 9}}'),
     content(b'{"resourceType": "OperationOutcome"}')],
    ids=["500", "401", "redirect", "html", "list", "cut off", "no expansion", "incomplete", "outcome"],
)  # fmt: skip
def test_what_is_no_expansion_leaves_the_lists(behaviour: Behaviour, tmp_path: Path) -> None:
    with FaultServer(ValueSet=behaviour) as server:
        assert expansions(settings(server, tmp_path), SETS, TODAY) is LISTS_ONLY
    assert not (tmp_path / "kept").exists()


def test_a_server_that_nobody_answers(tmp_path: Path) -> None:
    server = FaultServer()
    with server:
        chosen = settings(server, tmp_path)
    assert expansions(chosen, SETS, TODAY) is LISTS_ONLY


def test_time_and_size_are_limited(tmp_path: Path) -> None:
    with FaultServer(ValueSet=drip_body) as server:
        began = time.monotonic()
        assert expansions(settings(server, tmp_path, seconds=0.3), SETS, TODAY) is LISTS_ONLY
        assert time.monotonic() - began < 10
    with FaultServer(ValueSet=terminology()) as server:
        assert list(expansions(settings(server, tmp_path, concepts=2), SETS, TODAY).concepts) == ["old_mi"]


def test_a_server_that_tells_no_total_is_read_to_its_last_page(tmp_path: Path) -> None:
    with FaultServer(ValueSet=terminology(page=2, total=False)) as server:
        found = expansions(settings(server, tmp_path), SETS, TODAY)
    assert found.concepts == {"stroke": HELD[STROKE], "old_mi": HELD[OLD_MI]}


def test_a_kept_file_that_cannot_be_read_or_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "terminology.json").write_text("{broken")
    with FaultServer(ValueSet=terminology()) as server:
        assert len(expansions(settings(server, tmp_path), SETS, TODAY).concepts) == 2
        (tmp_path / "file").write_text("")
        unwritable = TerminologySettings(url=server.base_url, cache=tmp_path / "file" / "terminology.json")
        assert len(expansions(unwritable, SETS, TODAY).concepts) == 2


def test_the_trial_as_served_and_its_protocol(tmp_path: Path) -> None:
    from cds_service.protocol_text import protocol_text

    ecl = "<< 230690007 OR << 422504002 OR << 432504007 OR << 274100004 OR << 21454007 OR << 1131000119105 OR "
    held = {f"{SNOMED}?fhir_vs=ecl/{ecl}<< 275526006 OR << 195243003": {"195190007": "Embolic stroke"}}
    with FaultServer(ValueSet=terminology(held)) as server:
        trial = served_trial("rules.nct01374854", Settings(terminology=settings(server, tmp_path)))
    assert "195190007" in trial.declaration("E25").value_sets["stroke"].codes(SNOMED)
    assert "1 under them in 1 value sets from a terminology server" in protocol_text(trial)
    assert "the listed concepts only" in protocol_text(served_trial("rules.nct01374854", Settings()))
