"""One change of the golden chart at a time: it changes what it should, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC

import pytest

from rules.assess import Executor, assess
from rules.assessment import Assessment, Effect
from rules.criterion import TrialSettings
from rules.trial import Trial
from tests.criteria.given import TODAY, Given, blood_pressure, diagnosis, encounter, lab, medication, resource, vital
from tests.criteria.given import patient as person
from tests.criteria.golden import (
    CHART,
    DAY,
    GLARGINE,
    LABS,
    NONE,
    NOT_APPLICABLE,
    NOT_ELIGIBLE,
    OPEN,
    POSSIBLY,
    POTENTIALLY,
    SNOMED,
    TOO_LITTLE,
    Mutation,
    added,
    answer,
    c_peptide,
    concept,
    eye,
    hba1c,
    insulin,
    replaced,
    search,
    smoking,
    type_1,
    without,
)
from tests.criteria.tables import record

REFUTED, IN_ERROR = {"verification": "refuted"}, {"verification": "entered-in-error", "clinical": None}

MET = {f"E{number}": {f"E{number}": "met"} for number in range(1, 32)}
UNKNOWN = {f"E{number}": {f"E{number}": "unknown"} for number in range(1, 32)}
JUDGE = {f"E{number}": {f"E{number}": "needs-judgement"} for number in range(1, 32)}


def unknown(names: str, **others: str) -> dict[str, str]:
    """Every criterion of ``names`` becomes unknown, besides the ``others``."""
    return dict.fromkeys(names.split(), "unknown") | others


# A pregnancy forbids the use of a BMI (E1), and is looked for in labs, social history and diagnoses alike; what
# speaks against type 1 diabetes (I4), too.
NO_LABS = unknown("I7 I8 E1 E3 E5 E6 E9 E11 E12 E13 E16 E21 E23 E26 E28 E30", I4="needs-judgement")
NO_DIAGNOSES = (
    "I5 I6 I7 E1 E5 E7 E9 E10 E12 E13 E14 E15 E17 E18 E21 E22 E24 E25 E26 E28 E29 E30"
)  # fmt: skip
NO_MEDICATIONS = unknown("E2 E9 E10 E13 E17 E21")

TEST_PATIENT = {"meta": {"security": [{"code": "HTEST"}]}}
NEVER_FLIPPED = {"H2", "I2", "I3", "E27", "E31"}
"""H2 holds for everybody; the others are always for a person, whatever is on file."""

STUDY = {"study": {"display": "Study A"}, "status": "on-study-intervention"}

MUTATIONS = [
    # the header and the inclusion criteria
    replaced("42 years: above the header's 40, within the text's 65",
             {"H1": "needs-judgement", "I1": "needs-judgement"}, POTENTIALLY, patient=person("1983-04-02", "female")),
    replaced("17 years", {"H1": "not-met", "I1": "not-met"}, NOT_APPLICABLE, "age-outside",
             patient=person("2007-09-02", "female")),
    replaced("66 years, so the onset was at 53", {"H1": "not-met", "I1": "not-met", "I5": "not-met"}, NOT_APPLICABLE,
             "age-outside", patient=person("1959-04-02", "female")),
    replaced("birth date not recorded", {"H1": "unknown", "I1": "unknown", "I5": "unknown"}, POSSIBLY,
             patient=person(None, "female")),
    replaced("a man: pregnancy need not be asked, contraception must", NONE, POTENTIALLY,
             patient=person("1993-04-02", "male"), hemoglobin=lab("718-7", "14.2 g/dL", DAY, low="13.0", high="17.0")),
    added("dementia: a hint, still for a person", NONE, POTENTIALLY, diagnosis("icd10cm:F03.90")),
    added("schizophrenia: a hint, still for a person", NONE, POTENTIALLY, diagnosis("icd10cm:F20.9")),
    replaced("type 2 diabetes in place of type 1: its onset is no onset of type 1",
             {"H3": "not-met", "I4": "not-met", "I5": "unknown", "I6": "unknown"}, NOT_APPLICABLE, "no-type-1",
             diabetes=type_1("icd10cm:E11.9")),
    added("type 2 diabetes beside type 1", {"I4": "needs-judgement"}, POTENTIALLY, diagnosis("icd10cm:E11.9")),
    replaced("type 1 diabetes by SNOMED alone", NONE, POTENTIALLY, diabetes=type_1("snomed:46635009")),
    replaced("type 1 diabetes by ICD-9-CM alone", NONE, POTENTIALLY, diabetes=type_1("icd9:250.01")),
    replaced("type 1 diabetes in words alone", {"H3": "needs-judgement", "I4": "needs-judgement"}, POTENTIALLY,
             diabetes=diagnosis(text="Type 1 diabetes mellitus", onset="2012-09")),
    replaced("onset at 36", {"I5": "not-met"}, NOT_ELIGIBLE, "blocked", patient=person("1985-09-01", "female"),
             diabetes=type_1(onset="2021-10-01")),
    replaced("onset 18 months ago", {"I6": "not-met"}, NOT_ELIGIBLE, "blocked", diabetes=type_1(onset="2023-12-15")),
    replaced("onset 21 years ago", {"I6": "not-met"}, NOT_ELIGIBLE, diabetes=type_1(onset="2004-05")),
    replaced("onset not recorded: before the first insulin, which bounds the age, not the duration", {"I6": "unknown"},
             POSSIBLY, "some-open",
             diabetes=type_1(onset=None)),
    replaced("fasting C-peptide 0.5 ng/mL", {"I7": "not-met"}, NOT_ELIGIBLE,
             c_peptide=c_peptide("0.5 ng/mL", "13037-7")),
    replaced("fasting C-peptide 0.301 ng/mL: a borderline laboratory result is not decisive",
             {"I7": "not-met"}, POSSIBLY, c_peptide=c_peptide("0.301 ng/mL", "13037-7")),
    replaced("C-peptide 0.5 ng/mL, perhaps after a meal", {"I7": "unknown"}, POSSIBLY,
             c_peptide=c_peptide("0.5 ng/mL")),
    without("no C-peptide", {"I7": "unknown"}, POSSIBLY, "c_peptide"),
    replaced("HbA1c 7.2 %", {"I8": "not-met"}, NOT_ELIGIBLE, hba1c=hba1c("7.2 %")),
    Mutation("neither C-peptide nor HbA1c", unknown("I7 I8"), TOO_LITTLE, without=("c_peptide", "hba1c"),
             rule="too-little"),

    # the exclusion criteria, each once
    replaced("BMI 36", MET["E1"], NOT_ELIGIBLE, bmi=vital("39156-5", "36.0 kg/m2", DAY)),
    replaced("glargine 90 U", MET["E2"], NOT_ELIGIBLE, glargine=insulin(GLARGINE, 90, 1)),
    replaced("hs-CRP 4.1 mg/L", MET["E3"], NOT_ELIGIBLE, hs_crp=lab("30522-7", "4.1 mg/L", DAY)),
    replaced("blood pressure 172/90", MET["E4"], NOT_ELIGIBLE, pressure=blood_pressure("172", "90", DAY)),
    replaced("creatinine 1.6 mg/dL", MET["E5"], NOT_ELIGIBLE, creatinine=lab("2160-0", "1.6 mg/dL", DAY)),
    replaced("albumin/creatinine 420 mg/g", MET["E6"], NOT_ELIGIBLE, acr=lab("9318-7", "420 mg/g", "2025-04-16")),
    added("heart failure", MET["E7"], NOT_ELIGIBLE, diagnosis("icd10cm:I50.9")),
    replaced("pregnancy test positive", MET["E8"], NOT_ELIGIBLE, hcg=answer("2106-3", "Positive", "2025-06-13")),
    added("hysterectomy", {"E8": "not-met"}, POTENTIALLY,
          resource("Procedure", "hysterectomy 2019", status="completed", performedDateTime="2019-05-01",
                   code=concept(SNOMED, "236886002"))),
    added("HIV disease, listed under E27 too, which stays with a person", MET["E9"], NOT_ELIGIBLE,
          diagnosis("icd10cm:B20")),
    replaced("smokes every day", MET["E10"], NOT_ELIGIBLE, smoking=smoking("449868002")),
    replaced("hemoglobin 10.0 g/dL", MET["E11"], NOT_ELIGIBLE,
             hemoglobin=lab("718-7", "10.0 g/dL", DAY, low="12.0", high="16.0")),
    replaced("platelets 80", MET["E11"], NOT_ELIGIBLE, platelets=lab("777-3", "80 10*3/uL", DAY, low="150")),
    replaced("aPTT 48 s", MET["E12"], NOT_ELIGIBLE, aptt=lab("14979-9", "48 s", DAY)),
    added("apixaban", MET["E13"], NOT_ELIGIBLE, medication("atc:B01AF02")),
    added("chronic pancreatitis", MET["E14"], NOT_ELIGIBLE, diagnosis("icd10cm:K86.1")),
    added("gastric ulcer that bled in March", MET["E15"], NOT_ELIGIBLE, diagnosis("icd10cm:K25.4", onset="2025-03-10")),
    added("gastric ulcer, symptoms not told", JUDGE["E15"], POTENTIALLY, diagnosis("icd10cm:K25.9")),
    replaced("fasting LDL 150 mg/dL", MET["E16"], NOT_ELIGIBLE,
             ldl=lab("2089-1", "150 mg/dL", DAY, note=[{"text": "Fasting"}])),
    added("stones of the gallbladder with acute cholecystitis", MET["E18"], NOT_ELIGIBLE, diagnosis("icd10cm:K80.00")),
    added("in another trial", MET["E19"], NOT_ELIGIBLE,
          resource("ResearchSubject", "on intervention since January", period={"start": "2025-01-01"}, **STUDY)),
    added("in hospital last week", MET["E20"], NOT_ELIGIBLE, encounter("IMP", "2025-06-08", "2025-06-10")),
    added("in hospital on the day of the blood pressure", MET["E20"] | UNKNOWN["E4"], NOT_ELIGIBLE,
          encounter("IMP", "2025-06-03", "2025-06-06")),
    replaced("proliferative retinopathy of the left eye", MET["E21"], NOT_ELIGIBLE,
             left_eye=eye("71490-7", "LA18648-8")),
    added("breast cancer", MET["E22"], NOT_ELIGIBLE, diagnosis("icd10cm:C50.911", recorded="2025-02-01")),
    replaced("ALT 95 U/L", MET["E23"], NOT_ELIGIBLE, alt=lab("1742-6", "95 U/L", DAY, low="7", high="40")),
    added("abdominal aortic aneurysm", MET["E24"], NOT_ELIGIBLE, diagnosis("icd10cm:I71.40")),
    added("cerebral infarction", MET["E25"], NOT_ELIGIBLE, diagnosis("icd10cm:I63.9", onset="2019-05-01")),
    added("ketoacidosis last week", MET["E26"], NOT_ELIGIBLE,
          diagnosis("icd10cm:E10.10", onset="2025-06-06", recorded="2025-06-06", category="encounter-diagnosis")),
    added("onychomycosis: listed, still for a person", NONE, POTENTIALLY,
          diagnosis("icd10cm:B35.1", onset="2019-03-01")),
    replaced("total protein 5.2 g/dL", MET["E28"], NOT_ELIGIBLE,
             protein=lab("2885-2", "5.2 g/dL", DAY, low="6.0", high="8.3")),
    added("anorexia nervosa", MET["E29"], NOT_ELIGIBLE, diagnosis("icd10cm:F50.01")),
    added("chronic respiratory failure", MET["E30"], NOT_ELIGIBLE, diagnosis("icd10cm:J96.11")),
    added("tacrolimus: noted, still for a person", NONE, POTENTIALLY, medication("tacrolimus 1 mg capsule")),

    # what leaves an exclusion open
    replaced("LDL 150 of another day, fasting not told: a fasting one is no lower", MET["E16"], NOT_ELIGIBLE,
             ldl=lab("2089-1", "150 mg/dL", "2025-05-20")),
    replaced("LDL 125 of another day, fasting not told: a fasting one may be above 130", UNKNOWN["E16"], POSSIBLY,
             ldl=lab("2089-1", "125 mg/dL", "2025-05-20")),
    replaced("the older test for tuberculosis: 13 months", UNKNOWN["E9"], POSSIBLY,
             igra=answer("71773-6", "Negative", "2024-05-14")),
    without("no hs-CRP", UNKNOWN["E3"], POSSIBLY, "hs_crp"),
    without("no smoking status", UNKNOWN["E10"], POSSIBLY, "smoking"),
    added("abdominal aortic aneurysm suspected", JUDGE["E24"], POTENTIALLY,
          diagnosis("icd10cm:I71.40", verification="provisional")),
    added("prednisone for half a year", MET["E17"], NOT_ELIGIBLE, medication("rxnorm:8640", authored="2024-12-10")),

    # units
    replaced("glucose 8.2 mmol/L", NONE, POTENTIALLY, glucose=lab("14749-6", "8.2 mmol/L", "2025-03-17T08:00:00Z")),
    replaced("creatinine 62 umol/L", NONE, POTENTIALLY, creatinine=lab("14682-9", "62 umol/L", DAY)),
    replaced("creatinine 142 umol/L", MET["E5"], NOT_ELIGIBLE, creatinine=lab("14682-9", "142 umol/L", DAY)),
    replaced("creatinine 62 mg/dL: nobody has that", UNKNOWN["E5"], POSSIBLY,
             creatinine=lab("2160-0", "62 mg/dL", DAY)),
    replaced("creatinine 0.7 umol/L: nobody has that", UNKNOWN["E5"], POSSIBLY,
             creatinine=lab("2160-0", "0.7 umol/L", DAY)),
    replaced("C-peptide <100 pg/mL", NONE, POTENTIALLY, c_peptide=c_peptide("<100 pg/mL")),
    replaced("C-peptide <0.1 nmol/L: may be 0.302 ng/mL", {"I7": "unknown"}, POSSIBLY,
             c_peptide=c_peptide("<0.1 nmol/L")),
    replaced("hs-CRP 0.6 mg/dL", MET["E3"], NOT_ELIGIBLE, hs_crp=lab("30522-7", "0.6 mg/dL", DAY)),
    replaced("hs-CRP 600 ng/mL", NONE, POTENTIALLY, hs_crp=lab("30522-7", "600 ng/mL", DAY)),
    replaced("HbA1c 68 mmol/mol", NONE, POTENTIALLY, hba1c=hba1c("68 mmol/mol")),
    replaced("HbA1c 54 mmol/mol", {"I8": "not-met"}, NOT_ELIGIBLE, hba1c=hba1c("54 mmol/mol")),
    replaced("HbA1c 8.4 mmol/mol: nobody has that", {"I8": "unknown"}, POSSIBLY, hba1c=hba1c("8.4 mmol/mol")),
    replaced("albumin/creatinine 0.9 mg/mmol", NONE, POTENTIALLY, acr=lab("9318-7", "0.9 mg/mmol", "2025-04-16")),
    replaced("lymphocytes 2100 /uL", NONE, POTENTIALLY, lymphocytes=lab("731-0", "2100 /uL", DAY)),
    replaced("hemoglobin 142 g/L", NONE, POTENTIALLY, hemoglobin=lab("718-7", "142 g/L", DAY, low="120", high="160")),
    replaced("bilirubin 10 umol/L", NONE, POTENTIALLY, bilirubin=lab("14631-6", "10 umol/L", DAY, high="21")),
    replaced("fasting triglycerides 0.95 mmol/L", NONE, POTENTIALLY, triglycerides=lab("30524-3", "0.95 mmol/L", DAY)),
    replaced("a unit nobody knows", UNKNOWN["E3"], POSSIBLY, hs_crp=lab("30522-7", "0.6 widgets", DAY)),

    # comparators
    replaced("C-peptide >0.1 ng/mL", {"I7": "unknown"}, POSSIBLY, c_peptide=c_peptide(">0.1 ng/mL")),
    replaced("fasting C-peptide >0.4 ng/mL", {"I7": "not-met"}, NOT_ELIGIBLE,
             c_peptide=c_peptide(">0.4 ng/mL", "13037-7")),
    replaced("HbA1c >14 %", NONE, POTENTIALLY, hba1c=hba1c(">14 %")),
    replaced("HbA1c <8.4 %", {"I8": "unknown"}, POSSIBLY, hba1c=hba1c("<8.4 %")),
    replaced("hs-CRP <0.6 mg/L", NONE, POTENTIALLY, hs_crp=lab("30522-7", "<0.6 mg/L", DAY)),
    replaced("hs-CRP >0.6 mg/L", UNKNOWN["E3"], POSSIBLY, hs_crp=lab("30522-7", ">0.6 mg/L", DAY)),
    replaced("ALT >19 U/L", UNKNOWN["E23"], POSSIBLY, alt=lab("1742-6", ">19 U/L", DAY, high="40")),
    replaced("platelets >248", NONE, POTENTIALLY, platelets=lab("777-3", ">248 10*3/uL", DAY)),

    # each status of an Observation
    *[replaced(f"HbA1c {status}", NONE, POTENTIALLY, hba1c=hba1c(status=status))
      for status in ("amended", "corrected")],
    *[replaced(f"HbA1c {status}", {"I8": "unknown"}, POSSIBLY, hba1c=hba1c(status=status))
      for status in ("preliminary", "registered", "cancelled", "entered-in-error", "unknown")],

    # dates
    replaced("HbA1c 90 days ago", NONE, POTENTIALLY, hba1c=hba1c(when="2025-03-17")),
    replaced("HbA1c 91 days ago", {"I8": "unknown"}, POSSIBLY, hba1c=hba1c(when="2025-03-16")),
    replaced("HbA1c of 16 March 20:00 in New York, which is the 17th here", NONE, POTENTIALLY,
             hba1c=hba1c(when="2025-03-16T20:00:00-04:00")),
    replaced("HbA1c of 17 March 02:00 in Fuzhou, which is the 16th here", {"I8": "unknown"}, POSSIBLY,
             hba1c=hba1c(when="2025-03-17T02:00:00+08:00")),
    replaced("HbA1c of 16 June 01:00 in Fuzhou, which is today here", NONE, POTENTIALLY,
             hba1c=hba1c(when="2025-06-16T01:00:00+08:00")),
    replaced("HbA1c of 15 June 23:30 in New York, which is tomorrow here", {"I8": "unknown"}, POSSIBLY,
             hba1c=hba1c(when="2025-06-15T23:30:00-04:00")),

    # what was never so
    *[added(f"{name} refuted", NONE, POTENTIALLY, diagnosis(code, **REFUTED)) for name, code in (
        ("heart failure", "icd10cm:I50.9"), ("HIV disease", "icd10cm:B20"), ("breast cancer", "icd10cm:C50.911"),
        ("abdominal aortic aneurysm", "icd10cm:I71.40"), ("cerebral infarction", "icd10cm:I63.9"),
        ("anorexia nervosa", "icd10cm:F50.01"), ("type 2 diabetes", "icd10cm:E11.9"))],
    *[added(f"{name} entered in error", NONE, POTENTIALLY, diagnosis(code, **IN_ERROR)) for name, code in (
        ("chronic respiratory failure", "icd10cm:J96.11"), ("chronic pancreatitis", "icd10cm:K86.1"),
        ("end-stage renal disease", "icd10cm:N18.6"), ("factor V deficiency", "icd10cm:D68.2"))],
    added("creatinine 2.0 entered in error", NONE, POTENTIALLY,
          lab("2160-0", "2.0 mg/dL", "2025-06-10", status="entered-in-error")),
    added("apixaban entered in error", NONE, POTENTIALLY, medication("atc:B01AF02", status="entered-in-error")),
    added("a hospital stay entered in error", NONE, POTENTIALLY,
          encounter("IMP", "2025-06-03", "2025-06-06", status="entered-in-error")),

    # the same thing twice, or in another place
    added("every resource twice", NONE, POTENTIALLY, *[given for name, given in CHART.items() if name != "patient"]),
    replaced("glargine as a contained Medication", NONE, POTENTIALLY,
             glargine=Given({**{k: v for k, v in insulin(GLARGINE, 18, 1).resource.items()
                                if k != "medicationCodeableConcept"},
                             "contained": [{"resourceType": "Medication", "id": "m",
                                            "code": concept("http://www.nlm.nih.gov/research/umls/rxnorm", "274783")}],
                             "medicationReference": {"reference": "#m"}}, "glargine, contained")),

    # verdict rules that no criterion reaches
    replaced("died", NONE, NOT_APPLICABLE, "deceased",
             patient=person("1993-04-02", "female", deceasedDateTime="2025-06-01")),
    replaced("a test patient", NONE, NOT_APPLICABLE, "test-patient",
             patient=person("1993-04-02", "female", **TEST_PATIENT)),
    added("opted out of research", NONE, NOT_APPLICABLE,
          resource("Flag", "flag: no research", status="active", code={"text": "No research"}), rule="opted-out"),

    # searches that brought nothing
    *[search("labs", state, NO_LABS, TOO_LITTLE, *LABS) for state in ("forbidden", "failed")],
    search("vitals", "forbidden", unknown("E1 E4 E30"), POSSIBLY, "bmi", "pressure"),
    search("social", "forbidden", unknown("E1 E10"), POSSIBLY, "smoking"),
    *[search("problems", state, unknown(f"H3 I4 {NO_DIAGNOSES}"), TOO_LITTLE, "diabetes")
      for state in ("forbidden", "failed")],
    search("diagnoses", "forbidden", unknown(NO_DIAGNOSES, I4="needs-judgement"), POSSIBLY),
    *[search("medications", state, NO_MEDICATIONS, POSSIBLY, "glargine", "aspart")
      for state in ("forbidden", "failed")],
    search("medication-statements", "forbidden", NO_MEDICATIONS, POSSIBLY),
    search("medication-statements", "unsupported", NONE, POTENTIALLY),
    search("encounters", "forbidden", unknown("E20 E28"), POSSIBLY),
    search("procedures", "forbidden", unknown("E21 E24 E28", I4="needs-judgement"), POSSIBLY),
    *[search(name, "forbidden", NONE, POTENTIALLY)
      for name in ("immunizations", "research-subjects", "consents", "flags", "service-requests")],
]  # fmt: skip


def assessed(trial: Trial, executor: Executor, given: Iterable[Given], searches: Mapping[str, str]) -> Assessment:
    return assess(record(given, searches), trial, executor, TODAY, UTC)


def statuses(assessment: Assessment) -> dict[str, str]:
    return {result.id: result.status.value for result in assessment.criteria}


@pytest.fixture(scope="module")
def golden(trial: Trial, reference: Executor) -> Assessment:
    return assessed(trial, reference, CHART.values(), {})


def test_the_golden_chart_leaves_open_what_only_a_person_can_settle(golden: Assessment) -> None:
    assert golden.verdict.value == POTENTIALLY
    assert {result.id for result in golden.criteria if result.effect is Effect.OPEN} == OPEN
    assert not [result.id for result in golden.criteria if result.effect is Effect.BLOCKS]


@pytest.mark.parametrize("mutation", [pytest.param(m, id=m.name) for m in MUTATIONS])
def test_one_change(mutation: Mutation, golden: Assessment, trial: Trial, reference: Executor) -> None:
    found = assessed(trial, reference, mutation.chart(), mutation.searches)
    before = statuses(golden)
    after = statuses(found)
    assert {name: after[name] for name in after if after[name] != before[name]} == dict(mutation.changes)
    assert found.verdict.value == mutation.verdict, found.reasons


def test_the_order_of_the_chart_changes_nothing(golden: Assessment, trial: Trial, reference: Executor) -> None:
    assert assessed(trial, reference, reversed(list(CHART.values())), {}) == golden


@pytest.mark.parametrize("mutation", [pytest.param(m, id=m.name) for m in MUTATIONS if m.rule])
def test_each_verdict_rule_decides_in_durable_rules_too(mutation: Mutation, trial: Trial, durable: Executor) -> None:
    someone = record(mutation.chart(), mutation.searches)
    found = assess(someone, trial, durable, TODAY, UTC)
    assert found.verdict.value == mutation.verdict
    sums = trial.tally(someone, found.criteria, trial.value_sets, TODAY, UTC, TrialSettings())
    fired = durable.verdict.fired({"verdict": sums.fact})["verdict"]
    assert next(rule.name for rule in trial.verdict_rules if rule.name in fired) == mutation.rule


def test_the_table_shows_every_verdict_rule_and_flips_every_criterion(trial: Trial) -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 60
    shown = {mutation.rule for mutation in MUTATIONS if mutation.rule} | {"all-met"}
    assert shown == {rule.name for rule in trial.verdict_rules}
    flipped = {name for mutation in MUTATIONS for name in mutation.changes}
    assert {declaration.id for declaration in trial.declarations} - flipped == NEVER_FLIPPED
