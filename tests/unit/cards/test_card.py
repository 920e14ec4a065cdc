"""One card, or none: its shape, its words, and what it keeps to itself."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards import Attestation, CardSettings, build_cards, wording
from rules.assessment import Assessment, Basis, Confidence, Evidence, Status, Verdict
from rules.trial import Trial
from tests.support.assessments import REGISTRY, TODAY, assessment, result, trial_for, usual
from tests.support.markdown import Rendered

PUBLIC_URL = "https://cds.example.org/trial"
PLAIN = CardSettings(public_url=PUBLIC_URL)
POSITIVE = (Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE)
OTHERS = tuple(verdict for verdict in Verdict if verdict not in POSITIVE)
ATTESTATION = Attestation(
    asserted_by="Dr. Ann Example",
    role="principal investigator",
    asserted_on=date(2025, 6, 1),
    irb_reference="2025-17",
    expires=date(2025, 8, 30),
    site="Example Hospital",
    contact="extension 4711",
)


def card(given: Assessment, trial: Trial, card_settings: CardSettings = PLAIN) -> dict[str, Any]:
    [only] = build_cards(given, trial, card_settings, new_uuid=lambda: str(uuid4()))
    return only


def usual_card(card_settings: CardSettings = PLAIN, **changes: Any) -> dict[str, Any]:
    given, trial = usual()
    return card(replace(given, **changes), trial, card_settings)


def text_of(shown: dict[str, Any]) -> str:
    """Everything a person can read on a card."""
    return f"{shown['summary']}\n{Rendered(shown['detail']).text}"


# --- when there is a card ---


@pytest.mark.parametrize("verdict", POSITIVE)
def test_a_positive_verdict_gives_one_card(verdict: Verdict) -> None:
    assert usual_card(verdict=verdict)["indicator"] == "info"


@pytest.mark.parametrize("verdict", OTHERS)
def test_other_verdicts_give_none(verdict: Verdict) -> None:
    given, trial = usual()
    assert build_cards(replace(given, verdict=verdict), trial, PLAIN, new_uuid=lambda: "u") == []


def test_a_site_decides_which_verdicts_it_sees() -> None:
    given, trial = usual()
    research = CardSettings(PUBLIC_URL, show=frozenset({Verdict.NOT_ELIGIBLE, Verdict.INSUFFICIENT_DATA}))
    assert build_cards(given, trial, research, new_uuid=lambda: "u") == []
    assert "against" in card(replace(given, verdict=Verdict.NOT_ELIGIBLE), trial, research)["summary"]
    assert "Too little data" in card(replace(given, verdict=Verdict.INSUFFICIENT_DATA), trial, research)["summary"]


def test_a_blocked_assessment_shown_to_research_staff_says_what_blocks_and_until_when() -> None:
    blocked = result("E20", Status.MET, label="Hospital admission", recheck_on=date(2025, 6, 20))
    given = assessment(blocked, result("I6", Status.NOT_MET, label="Duration"), verdict=Verdict.NOT_ELIGIBLE)
    shown = text_of(card(given, trial_for(given), CardSettings(PUBLIC_URL, show=frozenset({Verdict.NOT_ELIGIBLE}))))
    assert "Exclusion present\n\nHospital admission (E20)" in re.sub(r"\n{2,}", "\n\n", shown)
    assert "May change from 2025-06-20." in shown
    assert "Inclusion not met\n\nDuration (I6)" in re.sub(r"\n{2,}", "\n\n", shown)


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_url": "cds.example.org"},
        {"public_url": "https://cds.example.org/> [x](y)"},
        {"show": frozenset({Verdict.NOT_APPLICABLE})},
        {"sensitive_detail": "some"},
        {"profile": "meditech"},
    ],
)
def test_settings_that_cannot_be_used_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CardSettings(**{"public_url": PUBLIC_URL, **wrong})


# --- the form that CDS Hooks asks for ---


def nodes(value: Any) -> list[Any]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(node for child in children for node in nodes(child))]


def test_no_attribute_is_empty() -> None:
    assert not [node for node in nodes(usual_card()) if node in (None, "", [], {})]


def test_the_attributes_are_those_of_a_card() -> None:
    shown = usual_card()
    assert set(shown) == {"uuid", "summary", "indicator", "detail", "source", "links", "overrideReasons"}
    assert len(shown["summary"]) < 140
    assert set(shown["source"]) == {"label", "url", "topic"}


def test_there_is_no_suggestion_unless_a_site_asks_for_it() -> None:
    """A study that may be closed offers none."""
    shown = usual_card()
    assert not {"suggestions", "selectionBehavior", "systemActions", "actionSelectionBehavior"} & set(shown)


def test_links_are_absolute_and_carry_no_app_context() -> None:
    """cds-resp-3: appContext belongs to SMART links only."""
    links = usual_card()["links"]
    assert [link["url"] for link in links] == [REGISTRY.url, f"{PUBLIC_URL}/protocol"]
    assert all(set(link) == {"label", "url", "type"} and link["type"] == "absolute" for link in links)


def test_override_reasons_are_the_six_with_code_system_and_display() -> None:
    """cds-resp-4: every reason has a display."""
    reasons = usual_card()["overrideReasons"]
    assert [reason["code"] for reason in reasons] == [
        "patient-refuses", "action-completed", "patient-ineligible",
        "inappropriate-recipient", "need-more-info", "limited-time",
    ]  # fmt: skip
    assert all(set(reason) == {"code", "system", "display"} for reason in reasons)
    assert {r["system"] for r in reasons} == {"http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}


def test_the_topic_is_one_that_epic_can_keep() -> None:
    topic = usual_card()["source"]["topic"]
    assert topic["code"] == "NCT01374854T1Dscreen1"
    assert re.fullmatch(r"[A-Za-z0-9]{1,100}", topic["code"])


def test_each_card_has_the_uuid_it_was_given() -> None:
    given, trial = usual()
    ids = iter(("0f9c3b3e-6d0f-4b8e-9a52-0c7a54c8c0f1", "1b5c8f8a-8c55-4d7d-b3d5-0a6d1f0f4c1e"))
    first, second = (build_cards(given, trial, PLAIN, new_uuid=lambda: next(ids))[0] for _ in range(2))
    assert UUID(first["uuid"]) != UUID(second["uuid"])
    assert {**first, "uuid": ""} == {**second, "uuid": ""}, "the rest depends on the input alone"


# --- what it says ---

FORBIDDEN = re.compile(
    r"\beligible\b|\bqualif|\bcandidate\b|\bscore\b|\d\s*% (match|likely|chance)|probabilit|percent match"
    r"|should (be )?enrol|recommend (enrol|this)|will benefit|success rate|urgent|immediately",
    re.IGNORECASE,
)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.NOT_APPLICABLE])
@pytest.mark.parametrize("detail", ["minimal", "full"])
def test_it_never_claims_more_than_it_knows(verdict: Verdict, detail: Any) -> None:
    shown = usual_card(CardSettings(PUBLIC_URL, frozenset({verdict}), detail, attestation=ATTESTATION), verdict=verdict)
    assert not FORBIDDEN.search(text_of(shown))


def test_the_summary_names_the_study_and_counts_what_is_open() -> None:
    summary = usual_card()["summary"]
    assert summary.startswith("May meet pre-screening criteria: ")
    assert "NCT01374854" in summary
    assert "review needed (8 open items, data missing)" in summary


def test_the_summary_holds_no_identifier() -> None:
    assert "secret-id-77" not in str(usual_card())


def test_parts_come_in_their_order() -> None:
    shown = text_of(usual_card())
    parts = [
        "Why: the record supports Age 18 to 65, Type 1 diabetes, HbA1c; nothing decisive against the study was found.",
        "Recruitment: ClinicalTrials.gov lists this study as Unknown, last verified November 2012: "
        "confirm that it is recruiting before you discuss it",
        "Open: 8 items, 1 of them not assessed by this version",
        "Borderline or unconfirmed",
        "For your judgement",
        "Missing",
        "Only a person can tell",
        "Supports",
        "Exclusions not found in this record",
        "Not assessed by this version",
        "Defects in the study's text",
        "Gaps in the data",
        "Limits",
        "Research pre-screening aid. Not a determination of eligibility, a diagnosis or a treatment",
        "One investigational infusion.",
        "Participation is voluntary; declining does not affect care.",
    ]
    places = [shown.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_a_supporting_item_shows_value_unit_date_and_source() -> None:
    shown = text_of(usual_card())
    assert "HbA1c (I8): 68 mmol/mol on 2025-05-20, at or above 7.5 %." in shown
    assert "Source: (compared as 8.37 %), Observation/a1c" in shown


def test_the_first_line_names_the_laboratory_results_with_unit_and_day() -> None:
    given, trial = usual()
    measured = replace(trial, declarations=tuple(replace(d, laboratory=d.id == "I8") for d in trial.declarations))
    first = Rendered(card(given, measured)["detail"].split("\n\n")[0]).text
    assert "HbA1c (68 mmol/mol, 2025-05-20)" in first


def test_recruitment_stands_in_the_second_line() -> None:
    for card_settings in (PLAIN, CardSettings(PUBLIC_URL, attestation=ATTESTATION)):
        second = Rendered(usual_card(card_settings)["detail"].split("\n\n")[1]).text
        assert second.startswith("Recruitment: ClinicalTrials.gov lists this study as Unknown")


@pytest.mark.parametrize(
    ("value", "display", "on", "said", "source"),
    [
        ("8.4 %", "HbA1c", "2025-05-20T08:00:00Z", "HbA1c 8.4 % on 2025-05-20.", "Observation/1"),
        ("8.4 %", "HbA1c", "2025-05-20T08:00:00Z", "HbA1c 8.4 % in May.", "2025-05-20, Observation/1"),
        ("8.4 %", "Hemoglobin A1c", "2025-05", "No HbA1c.", "Hemoglobin A1c 8.4 %, 2025-05, Observation/1"),
        ("active", "Glargine", None, "Glargine 18 U.", "active, Observation/1"),
        ("1990-01-01", "Date of birth", "1990-01-01", "Age 35.", "Date of birth 1990-01-01, Observation/1"),
        ("now", "Stay", "2026-11-20T08:00:00Z to now", "In.", "Stay now, 2026-11-20 to now, Observation/1"),
        ("165 mm[Hg]", "Systolic", None, "High.", "Systolic 165 mmHg, Observation/1"),
        ("onset 2009-01-16T08:30:00", "T1DM", None, "Late.", "T1DM onset 2009-01-16, Observation/1"),
        ("118 mm[Hg]", "Systolic", "2026-03-02", "118/74 mm[Hg] on 2026-03-02.", "Observation/1"),
        ("15 U/L", "AST", "2026-06-15", "ALT 41 U/L on 2026-06-15; AST open.", "15 U/L, 2026-06-15, Observation/1"),
        ("100 U/dL", "CK", None, "High.", "CK 100 U/dL, Observation/1"),
        ("40 U/d", "Insulin", None, "High.", "Insulin 40 U a day, Observation/1"),
        ("18 mm[Hg]", "Pulse", "2026-03-02", "118/74 on 2026-03-02.", "Pulse 18 mmHg, 2026-03-02, Observation/1"),
    ],
)
def test_a_source_does_not_repeat_what_the_sentence_says(
    value: str, display: str, on: str | None, said: str, source: str
) -> None:
    shown = wording.source(Evidence("Observation/1", display, value, None, on), said)
    assert Rendered(shown).text.strip() == source


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("onset 2009-01-16T08:30:00: late", "onset 2009-01-16: late"),
        ("on 2025-05-20T08:00:00.123+02:00.", "on 2025-05-20."),
        ("from 2025-05-20T08:00Z to now", "from 2025-05-20 to now"),
        ("2014-02", "2014-02"),
    ],
)
def test_times_of_the_day_are_left_out_and_nothing_else_is(text: str, shown: str) -> None:
    assert wording.day_of(text) == shown


def test_what_speaks_against_is_named_in_the_first_line() -> None:
    against = [
        result("E3", Status.MET, label="hs-CRP"),
        result("E8", Status.MET, label="SECRET", sensitive=True),
    ]
    given = assessment(*against, verdict=Verdict.NOT_ELIGIBLE)
    settings = CardSettings(PUBLIC_URL, show=frozenset({Verdict.NOT_ELIGIBLE}))
    first = Rendered(card(given, trial_for(given), settings)["detail"].split("\n\n")[0]).text
    assert "Against the study: hs-CRP, 1 confidential item, see the chart." in first


def test_an_exclusion_is_called_present_or_not_found_never_met() -> None:
    shown = text_of(usual_card())
    assert "hs-CRP (E3): exclusion present, but borderline, consider a repeat." in shown
    assert "No record of: Pancreatitis (E14)." in shown
    assert not re.search(r"exclusion[^.]* met\b", shown)


def test_a_block_of_low_confidence_is_called_unconfirmed() -> None:
    weak = result("E14", Status.MET, label="Pancreatitis", confidence=Confidence.LOW, softened=True)
    given = assessment(weak)
    assert "Pancreatitis (E14): exclusion present, but unconfirmed." in text_of(card(given, trial_for(given)))


def test_the_most_decisive_gaps_come_first_and_the_rest_is_counted() -> None:
    given = assessment(*(result(name) for name in ("I5", "I7", "I8", "E1", "E3", "E4", "E11", "E16", "E23")))
    shown = text_of(card(given, trial_for(given)))
    missing = shown[shown.index("Missing") : shown.index("Limits")]
    assert re.findall(r"\((\w\d+)\)", missing) == ["I7", "I8", "I5", "E11", "E23"]
    assert "and 4 more" in missing


def test_only_the_first_sources_of_a_criterion_are_named() -> None:
    entries = tuple(Evidence(f"Observation/{n}", "Result", "1 mg") for n in range(1, 6))
    given = assessment(result("I4", Status.MET, evidence=entries))
    shown = text_of(card(given, trial_for(given)))
    assert "Observation/2" in shown
    assert "Observation/3" not in shown
    assert "and 3 more" in shown


def test_defects_of_the_text_are_disclosed_for_what_was_assessed() -> None:
    shown = text_of(usual_card())
    assert "hs-CRP (E3): The record says 3.00 ng/ml; read as 3.00 mg/L." in shown
    assert "The registry field says something else" not in shown, "the header decides nothing"


def test_what_is_not_assessed_is_said_and_counted_as_open() -> None:
    shown = text_of(usual_card())
    assert "E22: check them yourself." in shown
    assert "Malignancy" not in shown


def test_a_gap_in_the_data_is_named() -> None:
    assert "vitals: the server refused access (403)" in text_of(usual_card())


# --- confidential items ---


def test_confidential_items_are_counted_and_not_named() -> None:
    shown = str(usual_card())
    for secret in ("HIV", "TB", "hepatitis", "anorexia", "bulimia", "Dementia", "E9", "E29"):
        assert secret not in shown
    assert "A confidential item is open: see the chart" in shown
    assert "1 confidential item: nothing that excludes was found" in shown


def test_full_detail_names_them() -> None:
    shown = text_of(usual_card(CardSettings(PUBLIC_URL, sensitive_detail="full")))
    assert "Active infection, hepatitis C, HIV, TB (E9)" in shown
    assert "History of anorexia or bulimia (E29)" in shown
    assert "Dementia on the problem list." in shown
    assert "confidential" not in shown


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("softened", [False, True])
def test_no_status_of_a_confidential_item_lets_its_name_finding_or_source_out(status: Status, softened: bool) -> None:
    secret = result(
        "E9",
        status,
        label="SECRET",
        summary="SECRET",
        missing=("SECRET",),
        softened=softened,
        sensitive=True,
        evidence=(Evidence("Observation/SECRET", "SECRET", "SECRET"),),
        text_defect="SECRET",
        basis=Basis.ABSENCE,
    )
    given = assessment(secret, result("I8", Status.MET))
    shown = card(given, trial_for(given))
    assert "SECRET" not in str(shown)
    expected = {Status.MET: "is present", Status.NOT_MET: "nothing that excludes was found"}.get(status, "is open")
    assert expected in shown["detail"]


@pytest.mark.parametrize("hinted", [False, True])
def test_a_question_with_confidential_hints_reads_the_same_for_everybody(hinted: bool) -> None:
    hints = {"summary": "SECRET", "evidence": (Evidence("Condition/SECRET", "SECRET"),), "missing": ("SECRET",)}
    given = assessment(
        result("I2", Status.NEEDS_JUDGEMENT, label="Consent", sensitive=True, **(hints if hinted else {})),
        result("I8", Status.MET),
    )
    shown = card(given, trial_for(given, human=("I2",)))["detail"]
    assert "- For the investigator to judge: Consent (I2)." in shown
    assert "confidential" not in shown
    assert "SECRET" not in shown


def test_what_is_settled_stands_in_the_order_of_the_record() -> None:
    given = assessment(
        *(result(name, Status.MET, label=f"label {name}") for name in ("I1", "I4", "I7", "I8")),
        *(result(name, Status.NOT_MET, label=f"label {name}") for name in ("E1", "E4", "E5", "E23")),
    )
    shown = text_of(card(given, trial_for(given)))
    places = [shown.index(f"label {name} (") for name in ("I1", "I4", "I7", "I8", "E1", "E4", "E5", "E23")]
    assert places == sorted(places)


def test_several_confidential_items_share_a_line() -> None:
    given = assessment(result("E9", sensitive=True), result("E10", sensitive=True))
    assert "2 confidential items are open: see the chart" in card(given, trial_for(given))["detail"]


# --- recruitment ---


def attested(**changes: Any) -> CardSettings:
    return CardSettings(PUBLIC_URL, require_site_attestation=True, attestation=replace(ATTESTATION, **changes))


def test_a_valid_attestation_is_quoted() -> None:
    shown = text_of(usual_card(attested()))
    assert (
        "ClinicalTrials.gov lists this study as Unknown (last known: Active, not recruiting; verified "
        "November 2012). Dr. Ann Example, principal investigator, stated on 2025-06-01 that Example Hospital "
        "is recruiting (IRB 2025-17). Confirm before discussing with the patient."
    ) in shown
    assert "Contact: extension 4711" in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"asserted_by": ""},
        {"role": " "},
        {"irb_reference": ""},
        {"site": ""},
        {"contact": ""},
        {"expires": TODAY - timedelta(days=1)},
        {"asserted_on": TODAY + timedelta(days=1)},
        {"expires": date(2025, 8, 31)},
    ],
)
def test_an_attestation_that_does_not_hold_is_none(changes: dict[str, Any]) -> None:
    given, trial = usual()
    assert build_cards(given, trial, attested(**changes), new_uuid=lambda: "u") == []
    not_required = CardSettings(PUBLIC_URL, attestation=replace(ATTESTATION, **changes))
    assert "stated on" not in usual_card(not_required)["detail"]
    assert len(replace(ATTESTATION, **changes).problems(TODAY)) == 1


def test_an_attestation_holds_on_its_first_and_last_day() -> None:
    for day in (ATTESTATION.asserted_on, ATTESTATION.expires):
        assert "stated on" in usual_card(attested(), evaluated_on=day)["detail"]
    given, trial = usual()
    late = replace(given, evaluated_on=ATTESTATION.expires + timedelta(days=1))
    assert build_cards(late, trial, attested(), new_uuid=lambda: "u") == []


def test_without_a_required_attestation_there_is_no_card() -> None:
    given, trial = usual()
    needs = CardSettings(PUBLIC_URL, require_site_attestation=True)
    assert build_cards(given, trial, needs, new_uuid=lambda: "u") == []


def test_a_demonstration_needs_none_and_says_what_it_is_first() -> None:
    shown = usual_card(CardSettings(PUBLIC_URL, require_site_attestation=True, demo=True))
    assert Rendered(shown["detail"]).text.startswith("DEMONSTRATION – NOT A RECRUITING TRIAL")
    assert "DEMONSTRATION" not in usual_card()["detail"]


# --- whatever the chart holds ---

hostile = st.one_of(
    st.sampled_from(
        [
            "<img src=//x.example>",
            "[a](https://x.example)",
            "`" * 5,
            "\n\n# h\n\n- a\n",
            "|a|\n|-|\n",
            "*" * 500,
            "-->",
            "https://x.example",
            "x" * 10_000,
            "",
            " ",
            "</li></ul>",
            "\n---\n",
            "[a]: https://x.example",
        ]
    ),
    st.text(max_size=40),
)
results = st.builds(
    lambda number, status, texts, softened, defect: result(
        f"{'E' if number > 8 else 'I'}{number}",
        status,
        label=texts[0],
        summary=texts[1],
        missing=tuple(texts[2:4]),
        softened=softened,
        text_defect=defect,
        evidence=(Evidence(texts[4], texts[5], texts[6], texts[7], texts[8]),),
    ),
    st.integers(1, 31),
    st.sampled_from(list(Status)),
    st.lists(hostile, min_size=9, max_size=9),
    st.booleans(),
    st.one_of(st.none(), hostile),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(results, max_size=12, unique_by=lambda r: r.id), st.lists(hostile, max_size=12), hostile,
    st.sampled_from(POSITIVE),
)  # fmt: skip
def test_chart_text_never_becomes_markup_and_a_card_stays_short(
    found: list[Any], gaps: list[str], study: str, verdict: Verdict
) -> None:
    given = assessment(*found, verdict=verdict, data_gaps=tuple(gaps))
    shown = card(given, trial_for(given, short_title=study))
    rendered = Rendered(shown["detail"])
    assert set(rendered.tags) <= {"p", "strong", "ul", "li", "a"}
    assert rendered.links == [REGISTRY.url, f"{PUBLIC_URL}/protocol"]
    assert 0 < len(shown["summary"]) < 140
    assert "\n" not in shown["summary"]
    assert len(shown["detail"]) < 60_000


def test_the_summary_stays_below_140_characters_with_every_criterion_open() -> None:
    names = [f"I{n}" for n in range(1, 9)] + [f"E{n}" for n in range(1, 32)]
    given = assessment(*(result(name) for name in names))
    assert "(39 open items" in card(given, trial_for(given))["summary"]
    longest_allowed = card(given, trial_for(given, short_title="A" * 60))["summary"]
    assert "A" * 60 in longest_allowed
    assert len(longest_allowed) < 140
    longer = card(given, trial_for(given, short_title="A" * 100))["summary"]
    assert "screening criteria: NCT01374854 - " in longer, "a name that does not fit gives way to the number"
