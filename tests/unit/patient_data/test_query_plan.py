"""What is asked of a server: only what is needed, and only as real servers understand it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from cds_service.patient_data.query_plan import PREFETCH, Query, QueryPlan, is_resource_id, template_url
from rules.criterion import Window
from rules.trial import Trial
from tests.support.small_trial import LABS, declaration, small_trial

ON = date(2026, 11, 22)


def urls(plan: QueryPlan) -> list[str]:
    return [url for name in plan.searches for url in plan.pull(name, "p1", ON).urls]


def test_templates_are_those_of_the_contract() -> None:
    assert dict(PREFETCH) == {
        "patient": "Patient/{{context.patientId}}",
        "problems": "Condition?patient={{context.patientId}}&category=problem-list-item",
        "diagnoses": "Condition?patient={{context.patientId}}&category=encounter-diagnosis",
        "medications": "MedicationRequest?patient={{context.patientId}}",
        "labs": "Observation?patient={{context.patientId}}&category=laboratory&_count=200",
        "vitals": "Observation?patient={{context.patientId}}&category=vital-signs&_count=100",
        "social": "Observation?patient={{context.patientId}}&category=social-history",
        "encounters": "Encounter?patient={{context.patientId}}",
    }


def test_only_what_assessed_criteria_read_is_asked_for_and_always_the_opt_out() -> None:
    plan = QueryPlan(small_trial(unassessed=(declaration("E10", ("social",)), declaration("E9", ("immunizations",)))))
    assert plan.searches == (
        "patient", "problems", "diagnoses", "medications", "labs", "vitals",
        "medication-statements", "consents", "flags",
    )  # fmt: skip


def test_orders_are_asked_for_only_where_tests_are_suggested() -> None:
    assert "service-requests" not in QueryPlan(small_trial()).searches
    plan = QueryPlan(small_trial(), orders=True)
    assert plan.searches[:-1] == QueryPlan(small_trial()).searches
    assert plan.pull("service-requests", "p1", ON).instead == ("ServiceRequest?patient=p1&status=draft,active,on-hold",)


def test_every_kind_of_data_has_its_search() -> None:
    data = ("social", "encounters", "procedures", "immunizations", "research")
    plan = QueryPlan(small_trial(declaration("E9", data)))
    asked = {url.split("&")[0] for url in urls(plan)}
    assert {
        "Encounter?patient=p1",
        "Procedure?patient=p1",
        "Immunization?patient=p1",
        "ResearchSubject?individual=Patient/p1",
        "Observation?patient=p1",
    } <= asked


def test_conditions_are_asked_for_whatever_their_category() -> None:
    """FHIR does not require one, and what has none is not found by one."""
    plan = QueryPlan(small_trial())
    diagnoses = plan.pull("diagnoses", "p1", ON)
    assert diagnoses.urls == ("Condition?patient=p1&_count=200",)
    assert diagnoses.instead == ("Condition?patient=p1", "Condition?patient=p1&category=encounter-diagnosis")
    assert diagnoses.rejected == {400, 403, 404, 405, 422, 501}


def test_the_problem_list_without_which_there_is_no_answer_stays_short() -> None:
    problems = QueryPlan(small_trial()).pull("problems", "p1", ON)
    assert problems.urls == ("Condition?patient=p1&category=problem-list-item&_count=200",)
    assert problems.instead == ("Condition?patient=p1&category=problem-list-item",)


def test_a_whole_type_is_asked_for_in_large_pages_and_else_as_published() -> None:
    plan = QueryPlan(small_trial(declaration("E9", ("social", "procedures"))))
    for name in ("medications", "procedures", "social", "consents"):
        query = plan.pull(name, "p1", ON)
        (published,) = query.instead
        assert query.urls == (f"{published}&_count=200",)
        assert query.rejected == {400}
    assert plan.pull("patient", "p1", ON) == Query("patient", ("Patient/p1",))


def test_labs_are_asked_by_loinc_lists_with_the_longest_window() -> None:
    """The gate's antibodies count however old they are; its window is about orders."""
    labs = QueryPlan(small_trial()).pull("labs", "p1", ON).urls
    asked = [dict(parse_qsl(urlsplit(url).query)) for url in labs]
    dated = [query for query in asked if "date" in query]
    codes = [code for query in dated for code in query["code"].split(",")]
    assert len(dated) == 3
    assert all(len(query["code"].split(",")) <= 40 for query in dated)
    assert sorted(codes) == sorted(f"http://loinc.org|{code}" for code in LABS)
    assert {query["date"] for query in dated} == {"ge2025-11-21"}
    assert [query["code"] for query in asked if "date" not in query] == ["http://loinc.org|13926-1"]


def test_the_first_day_of_a_window_is_asked_for_wherever_the_server_stands() -> None:
    """A result of half past midnight in Sydney is of the day before in London, where the server may be."""
    asked = dict(parse_qsl(urlsplit(QueryPlan(small_trial()).pull("labs", "p1", ON).urls[0]).query))
    first_at_the_site = datetime(2025, 11, 22, 0, 30, tzinfo=ZoneInfo("Australia/Sydney"))
    assert first_at_the_site >= datetime.fromisoformat(asked["date"].removeprefix("ge")).replace(tzinfo=UTC)


def test_look_alike_codes_are_never_asked_for() -> None:
    assert not any("4549-2" in url for url in urls(QueryPlan(small_trial())))


def test_a_set_with_its_own_window_is_asked_for_whatever_its_age() -> None:
    by_category, height = QueryPlan(small_trial()).pull("vitals", "p1", ON).urls
    assert by_category == "Observation?patient=p1&category=vital-signs&_count=100&date=ge2026-05-25"
    assert unquote(height) == "Observation?patient=p1&code=http://loinc.org|8302-2&_count=200"


def test_encounters_are_the_recent_ones_and_the_one_that_goes_on() -> None:
    admission = declaration("E20", ("encounters",), windows={"decide": Window(14, None, "record")})
    plan = QueryPlan(small_trial(admission))
    assert plan.pull("encounters", "p1", ON).urls == (
        "Encounter?patient=p1&date=ge2026-11-07&_count=200",
        "Encounter?patient=p1&status=in-progress",
    )


def test_stays_are_asked_for_as_far_back_as_a_criterion_of_the_trial_looks_for_one(trial: Trial) -> None:
    """An admission to psychiatry or hospice care of ten months ago counts, however the chart comes."""
    recent, _ongoing = QueryPlan(trial).pull("encounters", "p1", ON).urls
    windows = {d.id: d.windows for d in trial.declarations}
    for window in (windows["I3"]["admission"], windows["E28"]["services"], windows["E20"]["decide"]):
        assert dict(parse_qsl(urlsplit(recent).query))["date"] < f"ge{window.start(ON)}"


def assert_safe(asked: list[str]) -> None:
    for url in asked:
        parts = urlsplit(url)
        names = [name for name, _ in parse_qsl(parts.query)]
        assert len(names) == len(set(names)), url
        assert not {"_include", "_revinclude", "_sort"} & set(names), url
        assert "{{" not in url
        assert len(url) < 2000
        if parts.path == "Observation":
            assert {"category", "code"} & set(names), url


def test_no_url_holds_what_servers_refuse() -> None:
    everything = declaration("E9", ("social", "encounters", "procedures", "immunizations", "research"))
    assert_safe(urls(QueryPlan(small_trial(everything))))


def test_no_url_of_the_real_trial_holds_what_servers_refuse(trial: Trial) -> None:
    plan = QueryPlan(trial)
    asked = urls(plan)
    assert_safe(asked)
    labs = "".join(unquote(url) for url in plan.pull("labs", "p1", ON).urls)
    assert "|LA" not in labs
    assert all(f"http://loinc.org|{code}" in labs for code in ("4548-4", "1986-9", "2160-0", "30522-7"))
    assert "research-subjects" in plan.searches
    by_category, height = plan.pull("vitals", "p1", ON).urls
    assert by_category.endswith("&date=ge2025-11-21")
    assert "date=" not in height


def test_an_id_that_could_change_the_url_is_no_id() -> None:
    assert all(is_resource_id(text) for text in ("p1", "e.X-7", "eq081-VQEgP8drUUqCWzHfw3", "a_b"))
    assert not any(is_resource_id(text) for text in ("", ".", "..", "a/b", "a&b", "a?b", "é", "a b", "a\n", "x" * 129))
    assert template_url(PREFETCH["patient"], "a/b&c") == "Patient/a%2Fb%26c"
