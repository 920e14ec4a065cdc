"""Which codings belong to a value set, whichever way the system and the code are spelled."""

from __future__ import annotations

import pytest

from rules.codes import (
    ACT_CODE,
    ATC,
    CVX,
    ICD9CM,
    ICD10,
    ICD10CM,
    LOINC,
    RXNORM,
    SNOMED,
    TEXT,
    canonical_system,
    has_known_code,
    plain_code,
    traces,
)  # fmt: skip
from rules.datatypes import CodeableConcept, Coding
from rules.trial import Trial
from rules.value_sets import COLUMNS, Row, ValueSet, ValueSetError, find_match, read_value_set, with_concepts


def row(system: str, code: str, match: str = "exact", exceptions: tuple[str, ...] = (), verified: str = "yes") -> Row:
    return Row(system, code, f"display of {code}", match, exceptions, verified, "source", "")


def value_set(*rows: Row) -> ValueSet:
    return ValueSet("test", "Test", rows)


def concept(*codings: tuple[str | None, str | None], text: str | None = None) -> CodeableConcept:
    return CodeableConcept([Coding(system, code) for system, code in codings], text)


def found(rows: ValueSet, system: str | None, code: str | None) -> str | None:
    match = rows.find(concept((system, code)))
    return match.row.code if match else None


# -- systems ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "system"),
    [
        ("urn:oid:2.16.840.1.113883.6.1", LOINC),
        ("urn:oid:2.16.840.1.113883.6.96", SNOMED),
        ("urn:oid:2.16.840.1.113883.6.90", ICD10CM),
        ("urn:oid:2.16.840.1.113883.6.3", ICD10),
        ("urn:oid:2.16.840.1.113883.6.103", ICD9CM),
        ("urn:oid:2.16.840.1.113883.6.88", RXNORM),
        ("urn:oid:2.16.840.1.113883.12.292", CVX),
        ("URN:OID:2.16.840.1.113883.6.1", LOINC),
        ("http://loinc.org", LOINC),
        ("http://loinc.org/", LOINC),
        ("HTTP://LOINC.ORG", LOINC),
        (" http://loinc.org ", LOINC),
        ("http://snomed.info/sct", SNOMED),
        ("http://snomed.info/sct/731000124108", SNOMED),
        ("http://snomed.info/sct/900000000000207008/version/20240101", SNOMED),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", ICD10),
        ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", ICD10),
        ("http://fhir.de/CodeSystem/bfarm/atc", ATC),
        ("http://hl7.org/fhir/sid/icd-10-cm", ICD10CM),
        ("http://hl7.org/fhir/sid/icd-10-cm|2024", ICD10CM),
        ("http://hl7.org/fhir/sid/icd-10-us", ICD10CM),
        ("http://hl7.org/fhir/sid/icd-10-de", ICD10),
        ("http://hl7.org/fhir/sid/icd-10-nl", ICD10),
        ("https://loinc.org", LOINC),
        ("https://snomed.info/sct", SNOMED),
        ("https://fhir.de/CodeSystem/bfarm/icd-10-gm", ICD10),
        ("2.16.840.1.113883.6.90", ICD10CM),
        ("http://hl7.org/fhir/sid/icd-10", ICD10),
        ("http://hl7.org/fhir/v3/ActCode", ACT_CODE),
        ("urn:oid:1.2.3.local", "urn:oid:1.2.3.local"),
        (" http://Hospital.example/Codes/ ", "http://Hospital.example/Codes"),
    ],
)
def test_systems(written: str, system: str) -> None:
    assert canonical_system(written) == system


@pytest.mark.parametrize("absent", [None, ""])
def test_no_system(absent: str | None) -> None:
    assert canonical_system(absent) is None
    assert found(value_set(row(LOINC, "4548-4")), absent, "4548-4") is None


def test_a_blank_system_is_nobodys() -> None:
    assert found(value_set(row(LOINC, "4548-4")), "  ", "4548-4") is None


# -- ICD -------------------------------------------------------------------------------------------------

T1DM = value_set(row(ICD10CM, "E10", "prefix", ("E10A", "E1065")), row(ICD9CM, "250.01"), row(ICD10, "E10.0"))


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (ICD10CM, "E10.9", "E10"),
        (ICD10CM, "E109", "E10"),
        (ICD10CM, " e10.9 ", "E10"),
        (ICD10CM, "E10", "E10"),
        (ICD10CM, "E10.3511", "E10"),
        (ICD10CM, "E10.A0", None),
        (ICD10CM, "E10.A", None),
        (ICD10CM, "E10.65", None),
        (ICD10CM, "E10.64", "E10"),
        (ICD10CM, "E1", None),
        (ICD10CM, "E11.9", None),
        (ICD10CM, "XE10.9", None),
        (ICD10, "E10.0", "E10.0"),
        (ICD10, "E100", "E10.0"),
        (ICD10, "E10.9", None),  # only ICD-10-CM has the prefix row
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "E10.0", "E10.0"),
        (ICD9CM, "250.01", "250.01"),
        (ICD9CM, "25001", "250.01"),
        (ICD9CM, "250.011", None),
        (ICD9CM, "E10.9", None),
        (SNOMED, "E10.9", None),
        (ICD10CM, "", None),
        (ICD10CM, None, None),
    ],
)
def test_icd(system: str, code: str | None, expected: str | None) -> None:
    assert found(T1DM, system, code) == expected


def test_editions_are_never_mixed() -> None:
    """E10.0 is a coma in WHO ICD-10 and nothing in ICD-10-CM; I64 is a stroke in WHO alone."""
    assert found(value_set(row(ICD10, "I64")), ICD10CM, "I64") is None
    assert found(value_set(row(ICD10, "I64", "prefix")), ICD10CM, "I64.9") is None
    assert found(value_set(row(ICD10CM, "I64", "prefix")), ICD10, "I64") is None


def test_the_longest_prefix_tells() -> None:
    nested = value_set(row(ICD10CM, "E10", "prefix"), row(ICD10CM, "E10.2", "prefix", ("E1029",)))
    assert found(nested, ICD10CM, "E10.21") == "E10.2"
    assert found(nested, ICD10CM, "E10.29") == "E10"
    assert found(nested, ICD10CM, "E10.3") == "E10"


def test_only_icd_loses_its_dots() -> None:
    assert plain_code(ICD10CM, " e10.9") == "E109"
    assert plain_code(RXNORM, " 1.5a ") == "1.5a"
    assert found(value_set(row(ATC, "A10A", "prefix")), ATC, "A10AE04") == "A10A"
    assert found(value_set(row(LOINC, "4548-4")), LOINC, " 4548-4 ") == "4548-4"
    assert found(value_set(row(LOINC, "4548-4")), LOINC, "4548-49") is None


def test_unverified_rows_are_listed_and_never_match() -> None:
    rows = value_set(
        row(LOINC, "1-1", verified="no"), row(ICD10CM, "E10", "prefix", verified="no"),
        row(TEXT, "diabetes", "text", verified="no"), row(LOINC, "2-2", verified="partial"),
    )  # fmt: skip
    assert found(rows, LOINC, "1-1") is None
    assert found(rows, ICD10CM, "E10.9") is None
    assert rows.find_words("diabetes") is None
    assert found(rows, LOINC, "2-2") == "2-2"
    assert rows.codes(LOINC) == ["2-2"]
    assert len(list(rows)) == 4


def test_any_coding_of_a_concept_counts_and_null_codings_are_passed_over() -> None:
    rows = value_set(row(SNOMED, "46635009"))
    several = CodeableConcept([None, Coding("urn:local", "x"), Coding(SNOMED, "46635009")])
    match = rows.find(several)
    assert match is not None
    assert match.coding == Coding(SNOMED, "46635009")
    assert not match.by_text
    assert rows.find(None) is None
    assert rows.find(CodeableConcept()) is None


# -- text ------------------------------------------------------------------------------------------------

WORDS = value_set(row(TEXT, "type 1 diabetes", "text"), row(TEXT, "T1DM", "text"), row(TEXT, "no research", "text"))


@pytest.mark.parametrize(
    "text",
    ["Type 1 diabetes", "type  1\n diabetes mellitus", "known T1DM.", "(t1dm)", "insulin: T1DM, stable"],
)
def test_whole_words_match(text: str) -> None:
    match = WORDS.find_text(CodeableConcept(text=text))
    assert match is not None
    assert match.by_text


@pytest.mark.parametrize(
    "text",
    [
        "T1DMX", "pseudoT1DM", "type 1 diabetesx", "type 11 diabetes", "type 1, diabetes", "type diabetes 1", "",
        # cues
        "no T1DM", "not T1DM", "denies T1DM", "T1DM denied", "without T1DM", "negative for T1DM", "r/o T1DM",
        "rule out T1DM", "ruled out: T1DM", "possible T1DM", "probably T1DM", "suspected T1DM", "suspicion of T1DM",
        "query T1DM", "T1DM?", "? T1DM", "family history of T1DM", "FH: T1DM", "FHx T1DM", "mother has T1DM",
        "Father: T1DM", "sister T1DM", "brother T1DM", "screening for T1DM", "T1DM screen", "at risk of T1DM",
        "T1DM risk", "T1DM risks", "high risk for T1DM", "T1DM: risk factors",
        "Kein T1DM", "keine Hinweise auf T1DM", "Verdacht auf T1DM", "Ausschluss T1DM",
    ],
)  # fmt: skip
def test_text_that_asserts_nothing(text: str) -> None:
    assert WORDS.find_text(CodeableConcept(text=text)) is None


@pytest.mark.parametrize("text", [
    "T1DM: absent", "T1DM - none", "never T1DM", "absence of T1DM", "T1DM excluded", "T1DM unlikely",
])  # fmt: skip
def test_what_denies_an_answer_leaves_a_diagnosis_open(text: str) -> None:
    assert WORDS.find_words(text) is None
    assert WORDS.find_named(text) is not None


@pytest.mark.parametrize("text", ["High risk T1DM", "high-risk T1DM"])
def test_high_risk_is_no_cue(text: str) -> None:
    assert WORDS.find_named(text) is not None


@pytest.mark.parametrize("text", ["Norwegian with T1DM", "Notes: T1DM", "T1DM, normal potassium", "fhir T1DM"])
def test_cues_are_whole_words_too(text: str) -> None:
    assert WORDS.find_text(CodeableConcept(text=text)) is not None


def test_text_counts_only_where_no_known_code_is() -> None:
    coded = concept((SNOMED, "44054006"), text="T1DM")
    local = concept(("urn:local", "DM1"), text="T1DM")
    assert WORDS.find_text(coded) is None
    assert WORDS.find_text(local) is not None
    assert has_known_code(coded)
    assert not has_known_code(local)
    assert not has_known_code(concept((SNOMED, None)))
    assert not has_known_code(concept((LOINC, "4548-4")))


def test_words_count_beside_a_snomed_code_that_is_not_listed() -> None:
    rows = {
        "t1dm": value_set(row(SNOMED, "46635009"), row(TEXT, "type 1 diabetes", "text")),
        "other": value_set(row(SNOMED, "609562003"), row(SNOMED, "11999007", verified="no")),
    }
    t1dm = with_concepts(rows)["t1dm"]

    def by_words(*codings: tuple[str, str], text: str = "Cataract due to type 1 diabetes") -> bool:
        return find_match(concept(*codings, text=text), t1dm) is not None

    assert by_words((SNOMED, "421920002"))
    assert not by_words((SNOMED, "421920002"), text="Family history of type 1 diabetes")
    assert not by_words((SNOMED, "609562003"))  # listed: known to mean something else
    assert not by_words((SNOMED, "11999007"))  # listed, not verified: never matched
    assert not by_words((SNOMED, "421920002"), (ICD10CM, "E11.36"))
    assert (TEXT, "type") in set(traces(concept((SNOMED, "421920002"), text="type 1 diabetes")))


def test_words_that_keep_a_text_from_matching() -> None:
    rows = value_set(row(TEXT, "stroke", "text", ("heat", "stroke volume")), row(TEXT, "apoplexy", "text"))
    assert rows.find_words("Stroke in 2010") is not None
    assert rows.find_words("Heat stroke") is None
    assert rows.find_words("Wheat stroke") is not None
    assert rows.find_words("low stroke volume") is None
    match = rows.find_words("heat stroke or apoplexy")
    assert match is not None
    assert match.row.code == "apoplexy"


def test_displays_are_read_where_there_is_no_text() -> None:
    display = CodeableConcept([Coding("urn:local", "x", "T1DM")])
    assert WORDS.find_text(display) is not None
    assert WORDS.find_text(CodeableConcept([Coding("urn:local", "x", "T1DM")], text="gout")) is None


def test_phrases_that_are_negations_themselves() -> None:
    assert WORDS.find_words("No research please") is None
    assert WORDS.find_words("No research please", cues=False) is not None


def test_mentions_see_through_denial() -> None:
    assert WORDS.mentions("no T1DM")
    assert not WORDS.mentions("gout")
    assert not WORDS.mentions(None)


# -- files -----------------------------------------------------------------------------------------------

HEAD = ",".join(COLUMNS)


def read(*lines: str) -> ValueSet:
    return read_value_set("kidney", "Kidney", [HEAD, *lines])


def test_a_file_is_read() -> None:
    rows = read(
        'http://loinc.org, 1-1 ,"A, B",exact,,yes,list,',
        f"{ICD10CM},e10.,x,prefix,E10.A; e10.65 ;,partial,,note",
    )
    first, second = rows.rows
    assert (first.code, first.display, first.exceptions, first.source) == ("1-1", "A, B", (), "list")
    assert (second.exceptions, second.verified, second.note) == (("E10A", "E1065"), "partial", "note")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",1-1,x,exact,,yes,,", "system and code must not be empty"),
        ("http://loinc.org, ,x,exact,,yes,,", "system and code must not be empty"),
        ("http://loinc.org,1-1,x,regex,,yes,,", "match must be one of .*found 'regex'"),
        ("http://loinc.org,1-1,x,,,yes,,", "match must be one of"),
        ("http://loinc.org,1-1,x,exact,,maybe,,", "verified must be one of .*found 'maybe'"),
        ("http://loinc.org,1-1,x,exact", "verified must be one of"),
        ("http://loinc.org,1-1,x,exact,,yes,a,b,c", "more than 8 columns"),
    ],
)
def test_a_fault_names_file_and_line(line: str, fault: str) -> None:
    with pytest.raises(ValueSetError, match=rf"^kidney\.csv line 3: .*{fault}"):
        read("http://loinc.org,2-2,x,exact,,yes,,", line)


def test_a_file_must_have_the_columns_and_a_row() -> None:
    with pytest.raises(ValueSetError, match=r"^kidney\.csv: the columns must be system, code"):
        read_value_set("kidney", "Kidney", ["system,code,display", "a,b,c"])
    with pytest.raises(ValueSetError, match=r"^kidney\.csv: the value set has no row"):
        read()
    with pytest.raises(ValueSetError, match=r"^kidney\.csv: the columns must be"):
        read_value_set("kidney", "Kidney", [])


# -- the files of the trial ------------------------------------------------------------------------------


def test_every_system_of_the_trial_is_written_as_it_is_compared(trial: Trial) -> None:
    """A row whose system is spelled otherwise would never match."""
    odd = {
        (name, r.system) for name, rows in trial.value_sets.items() for r in rows
        if r.system != TEXT and canonical_system(r.system) != r.system
    }  # fmt: skip
    assert not odd


def test_every_verified_row_of_the_trial_finds_itself(trial: Trial) -> None:
    lost = [
        f"{name}: {r.system}|{r.code}"
        for name, rows in trial.value_sets.items()
        for r in rows
        if r.verified != "no" and not (
            rows.find_words(r.code, cues=False) if r.match == "text" else rows.find(concept((r.system, r.code)))
        )
    ]  # fmt: skip
    assert not lost


def test_text_rows_and_the_text_system_go_together(trial: Trial) -> None:
    odd = [
        f"{name}: {r.code}" for name, rows in trial.value_sets.items() for r in rows
        if (r.match == "text") is not (r.system == TEXT)
    ]  # fmt: skip
    assert not odd


def test_exceptions_of_the_trial_lie_within_their_prefix(trial: Trial) -> None:
    odd = [
        f"{name}: {r.code} except {exception}" for name, rows in trial.value_sets.items() for r in rows
        for exception in r.exceptions
        if r.match not in ("text", "descendants")
            and not (r.match == "prefix" and exception.startswith(plain_code(r.system, r.code)))
    ]  # fmt: skip
    assert not odd


def test_no_code_of_the_trial_is_listed_twice_in_one_set(trial: Trial) -> None:
    for name, rows in trial.value_sets.items():
        keys = [(r.system, plain_code(r.system, r.code), r.match) for r in rows]
        assert len(set(keys)) == len(keys), name
