"""I7: basal C-peptide <= 0.3 ng/mL; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, lab, medication, resource

CRITERION = "I7"

FASTING, RANDOM = "13037-7", "1986-9"
DAY = "2025-05-20"
AT_8 = "2025-05-20T08:00:00Z"
YES = {"valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "LA33-6"}]}}
NO = {"valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "LA32-8"}]}}


def fasting_status(answer: dict[str, Any], **more: Any) -> Given:
    return lab("49541-6", None, AT_8, **answer, **more)


def component(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"code": {"coding": [{"system": "http://loinc.org", "code": "49541-6"}]}, **answer}]


def specimen(**collection: Any) -> Given:
    return resource("Specimen", f"specimen, {', '.join(collection)}", id="s1", collection=collection)


def hours(number: float, unit: str = "h") -> dict[str, Any]:
    return {"value": number, "code": unit, "system": "http://unitsofmeasure.org"}


F_CODE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0916", "code": "F"}]}
NF_CODE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0916", "code": "NF"}]}
OF_S1 = {"specimen": {"reference": "Specimen/s1"}}


SNOMED, V2 = "http://snomed.info/sct", "http://terminology.hl7.org/CodeSystem/v2-0136"
YES_CODES = (("http://loinc.org", "LA33-6"), (SNOMED, "373066001"), (V2, "Y"))
NO_CODES = (("http://loinc.org", "LA32-8"), (SNOMED, "373067005"), (V2, "N"))
KIDNEY = ("icd10:N18.4", "icd9:585.4", "snomed:433144002", "icd10:N18.9", "icd9:585.9", "icd10:Z99.2", "icd9:V45.1")


def note(text: str) -> dict[str, Any]:
    return {"note": [{"text": text}]}


def dka(onset: str | None, code: str = "icd10cm:E10.10", **more: Any) -> Given:
    return diagnosis(code, onset=onset, **more)


def valued(**value: Any) -> Given:
    """A C-peptide with a value of another type than a quantity."""
    return lab(RANDOM, None, DAY, **value)


CASES = [
    # the limit, in each unit
    case("fasting 0.30 ng/mL is at the limit", lab(FASTING, "0.30 ng/mL", DAY), expect="met",
         rule="fasting-low",
         confidence="high", basis="direct", near=True),
    case("fasting 0.31 ng/mL is above", lab(FASTING, "0.31 ng/mL", DAY), expect="not-met",
         rule="fasting-high"),
    case("fasting 0.301 ng/mL is above, and near", lab(FASTING, "0.301 ng/mL", DAY), expect="not-met",
         near=True),
    case("99 pmol/L is 0.299 ng/mL", lab("42180-0", "99 pmol/L", DAY), expect="met", near=True),
    case("100 pmol/L is 0.302 ng/mL: near, not decisive", lab("42180-0", "100 pmol/L", DAY), expect="not-met",
         near=True),
    case("0.1 nmol/L is 0.302 ng/mL: near, not decisive", lab("42180-0", "0.1 nmol/L", DAY), expect="not-met",
         near=True),
    case("0.09 nmol/L", lab("42180-0", "0.09 nmol/L", DAY), expect="met"),
    case("0.1 pmol/mL is 0.1 nmol/L", lab("42180-0", "0.1 pmol/mL", DAY), expect="not-met", near=True),
    case("0.3 ug/L is 0.3 ng/mL", lab(FASTING, "0.3 ug/L", DAY), expect="met"),
    case("300 pg/mL is 0.3 ng/mL", lab(FASTING, "300 pg/mL", DAY), expect="met"),
    case("320 pg/mL is above", lab(FASTING, "320 pg/mL", DAY), expect="not-met", near=False),
    # fasting not stated
    case("below 0.1, fasting not stated", lab(RANDOM, "<0.1 ng/mL", DAY), expect="met", rule="unstated-low",
         confidence="moderate", basis="surrogate"),
    case("0.3, fasting not stated", lab(RANDOM, "0.3 ng/mL", DAY), expect="met", rule="unstated-low"),
    case("0.8, fasting not stated, says nothing", lab(RANDOM, "0.8 ng/mL", DAY), expect="unknown",
         rule="unstated-high", says="food raises it"),
    case("0.301, fasting not stated", lab(RANDOM, "0.301 ng/mL", DAY), expect="unknown",
         rule="unstated-high"),
    case("molar code, fasting not stated", lab("14633-2", "50 pmol/L", DAY), expect="met", basis="surrogate"),
    # fasting known
    case("fasting by a component", lab(RANDOM, "0.8 ng/mL", DAY, component=component(YES)), expect="not-met",
         rule="fasting-high"),
    case("a component says not fasting", lab(RANDOM, "0.8 ng/mL", DAY, component=component(NO)),
         expect="unknown"),
    case("fasting by an answer of the same time", lab(RANDOM, "0.8 ng/mL", AT_8), fasting_status(YES),
         expect="not-met"),
    case("fasting by a yes or no value", lab(RANDOM, "0.8 ng/mL", AT_8),
         fasting_status({"valueBoolean": True}),
         expect="not-met"),
    case("fasting by a written yes", lab(RANDOM, "0.8 ng/mL", AT_8), fasting_status({"valueString": "Yes"}),
         expect="not-met"),
    case("fasting since 10 hours", lab(RANDOM, "0.8 ng/mL", AT_8),
         fasting_status({"valueQuantity": hours(10)}),
         expect="not-met"),
    case("an answer entered in error", lab(RANDOM, "0.8 ng/mL", AT_8),
         fasting_status(YES, status="entered-in-error"), expect="unknown"),
    case("an answer of another day", lab(RANDOM, "0.8 ng/mL", "2025-05-21T08:00:00Z"), fasting_status(YES),
         expect="unknown"),
    case("fasting by the specimen", lab(RANDOM, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusCodeableConcept=F_CODE), expect="not-met"),
    case("the specimen says not fasting", lab(RANDOM, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusCodeableConcept=NF_CODE), expect="unknown"),
    case("the specimen says 8 hours", lab(RANDOM, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusDuration=hours(8)), expect="not-met"),
    case("the specimen says 480 minutes", lab(RANDOM, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusDuration=hours(480, "min")), expect="not-met"),
    case("the specimen says 7 hours", lab(RANDOM, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusDuration=hours(7)), expect="unknown"),
    case("fasting by a note", lab(RANDOM, "0.8 ng/mL", DAY, **note("Fasting sample")), expect="not-met"),
    case("a note says non-fasting", lab(RANDOM, "0.8 ng/mL", DAY, **note("non-fasting")), expect="unknown"),
    case("a note says not fasting", lab(RANDOM, "0.8 ng/mL", DAY, **note("patient was not fasting")),
         expect="unknown"),
    case("a note says yes to something else", lab(RANDOM, "0.8 ng/mL", DAY, **note("Yes, repeated")),
         expect="unknown"),
    case("a fasting test with the note non-fasting is not known to be fasting",
         lab(FASTING, "0.8 ng/mL", DAY, **note("non-fasting")), expect="unknown", rule="unstated-high"),
    case("a fasting test with a note that doubts it", lab(FASTING, "0.8 ng/mL", DAY, **note("not fasting")),
         expect="unknown"),
    case("of one time, the fasting value stands for the other", lab(FASTING, "0.2 ng/mL", DAY),
         lab(RANDOM, "0.9 ng/mL", DAY), expect="met", rule="fasting-low"),
    # comparators, ranges, text
    case("below 0.5 may be either side", lab(RANDOM, "<0.5 ng/mL", DAY), expect="unknown", rule="straddles"),
    case("below 0.3 is low", lab(FASTING, "<0.3 ng/mL", DAY), expect="met"),
    case("above 0.3 is high", lab(FASTING, ">0.3 ng/mL", DAY), expect="not-met"),
    case("at least 0.3 may be either side", lab(FASTING, ">=0.3 ng/mL", DAY), expect="unknown"),
    case("at least 0.3, fasting not stated, may be either side", lab(RANDOM, ">=0.3 ng/mL", DAY),
         expect="unknown",
         rule="straddles"),
    case("text below 0.1 with a unit", lab(RANDOM, "<0.1 ng/mL", DAY, text=True), expect="met"),
    case("text below 0.1 without a unit", lab(RANDOM, "<0.1", DAY, text=True), expect="unknown",
         says="no unit"),
    case("text that is no number", lab(RANDOM, "undetectable", DAY, text=True), expect="unknown",
         says="cannot be read"),
    # windows
    case("0.2 dated 20 months ago still decides", lab(RANDOM, "0.2 ng/mL", "2023-10-15"), expect="met"),
    case("a low value of 730 days ago", lab(FASTING, "0.2 ng/mL", "2023-06-16"), expect="met"),
    case("a low value of 731 days ago is stale", lab(FASTING, "0.2 ng/mL", "2023-06-15"), expect="unknown",
         says="older than 730 days"),
    case("a high fasting value of 180 days ago", lab(FASTING, "0.9 ng/mL", "2024-12-17"), expect="not-met"),
    case("a high fasting value of 181 days ago is stale", lab(FASTING, "0.9 ng/mL", "2024-12-16"),
         expect="unknown", says="older than 180 days"),
    case("0.9 fasting dated 10 months ago is stale", lab(FASTING, "0.9 ng/mL", "2024-08-15"),
         expect="unknown"),
    case("four years old is shown as stale", lab(FASTING, "0.2 ng/mL", "2021-06-15"), expect="unknown",
         says="0.2 ng/mL, 2021-06-15"),
    case("six years old is not shown", lab(FASTING, "0.2 ng/mL", "2019-06-01"), expect="unknown",
         says="no result in the last 60 months"),
    case("the year 2023 does not tell", lab(FASTING, "0.2 ng/mL", "2023"), expect="unknown",
         says="does not tell"),
    case("the year 2024 is enough for a low value", lab(FASTING, "0.2 ng/mL", "2024"), expect="met"),
    # newest first
    case("a newer high fasting value decides", lab(FASTING, "0.1 ng/mL", "2024-05-20"),
         lab(FASTING, "0.9 ng/mL", DAY), expect="not-met"),
    case("a newer high value, even stale, cancels an older low one", lab(FASTING, "0.1 ng/mL", "2024-05-20"),
         lab(FASTING, "0.9 ng/mL", "2024-08-15"), expect="unknown", says="older than 180 days"),
    case("a newer high random value cancels an older low one", lab(FASTING, "0.1 ng/mL", "2024-05-20"),
         lab(RANDOM, "0.9 ng/mL", DAY), expect="unknown", rule="unstated-high"),
    case("a newer low value stands against an older high one", lab(FASTING, "0.9 ng/mL", "2025-03-20"),
         lab(RANDOM, "<0.1 ng/mL", DAY), expect="met"),
    case("two fasting values of one day on both sides", lab(FASTING, "0.2 ng/mL", DAY),
         lab(FASTING, "0.9 ng/mL", DAY), expect="needs-judgement", rule="conflict"),
    case("ng/mL and pmol/L of one day that cannot be one measurement", lab(FASTING, "0.2 ng/mL", DAY),
         lab(FASTING, "500 pmol/L", DAY), expect="needs-judgement", rule="conflict"),
    case("below the limit of detection in both units", lab(FASTING, "<0.1 ng/mL", DAY),
         lab(FASTING, "<33 pmol/L", DAY), expect="met"),
    case("both units of one measurement: ng/mL decides", lab(FASTING, "0.3 ng/mL", DAY),
         lab("42180-0", "100 pmol/L", DAY), expect="met"),
    # low glucose
    case("0.2 with a glucose of 55 mg/dL", lab(RANDOM, "0.2 ng/mL", DAY), lab("2345-7", "55 mg/dL", DAY),
         expect="unknown", says="glucose of 55 mg/dL"),
    case("fasting-coded 0.2 with a glucose of 55 mg/dL", lab(FASTING, "0.2 ng/mL", DAY),
         lab("1558-6", "55 mg/dL", DAY), expect="unknown"),
    case("0.2 with a glucose of 70 mg/dL", lab(FASTING, "0.2 ng/mL", DAY), lab("1558-6", "70 mg/dL", DAY),
         expect="met"),
    case("0.2 with a glucose of 3.8 mmol/L", lab(FASTING, "0.2 ng/mL", DAY),
         lab("14749-6", "3.8 mmol/L", DAY),
         expect="unknown"),
    case("0.2 with a glucose of 3.9 mmol/L", lab(FASTING, "0.2 ng/mL", DAY),
         lab("14749-6", "3.9 mmol/L", DAY),
         expect="met"),
    case("a low glucose five hours later is not concurrent", lab(FASTING, "0.2 ng/mL", AT_8),
         lab("2345-7", "55 mg/dL", "2025-05-20T13:00:00Z"), expect="met"),
    case("a low glucose an hour later is", lab(FASTING, "0.2 ng/mL", AT_8),
         lab("2345-7", "55 mg/dL", "2025-05-20T09:00:00Z"), expect="unknown"),
    case("a high value beside a low glucose is high all the more", lab(FASTING, "0.9 ng/mL", DAY),
         lab("2345-7", "55 mg/dL", DAY), expect="not-met"),
    case("a low value beside a glucose that could not be read", lab(FASTING, "0.1 ng/mL", DAY),
         lab("2345-7", "95 mg/dL", DAY, issued=["?"]), expect="unknown", rule="glucose-unread",
         says="could not be read"),
    case("0.3 beside a glucose that could not be read", lab(FASTING, "0.3 ng/mL", DAY),
         lab("2345-7", "95 mg/dL", DAY, issued=["?"]), expect="unknown", rule="glucose-unread"),
    case("a high value needs no glucose", lab(FASTING, "0.9 ng/mL", DAY),
         lab("2345-7", "95 mg/dL", DAY, issued=["?"]), expect="not-met", rule="fasting-high"),
    *(
        case(f"0.9 with the note {words!r}: not known to be fasting", lab(RANDOM, "0.9 ng/mL", DAY,
             note=[{"text": words}]), expect="unknown", rule="unstated-high")
        for words in ("Fasting status unknown", "FASTING: N", "fasting 2 hours", "4h fasting", "fasting n/a",
                      "Fasted 7.5 hours", "Hours fasting: 2", "fasting for 6-10 hours", "Fasting 90 minutes",
                      "fasting two hours", "fasting a few hours", "fasting less than 8 hours")
    ),
    *(
        case(f"0.9 with the note {words!r}: fasting", lab(RANDOM, "0.9 ng/mL", DAY, note=[{"text": words}]),
             expect="not-met", rule="fasting-high")
        for words in ("fasting 8 hours", "12-h fasting", "Fasting, drawn at 08:15",
                      "fasting >8 hours", "fasting 8-10 hrs", "Hours fasting: 12", "fasting ten hours")
    ),
    case("a fasting test whose note does not know", lab(FASTING, "0.9 ng/mL", DAY,
         note=[{"text": "fasting status unknown"}]), expect="not-met", rule="fasting-high"),
    case("a range whose ends have different units", valued(valueRange={"low": {"value": 0.1, "unit": "ng/mL"},
         "high": {"value": 0.2, "unit": "nmol/L"}}), expect="unknown", says="cannot be read"),
    case("a range that stands the wrong way round", valued(valueRange={"low": {"value": 0.4, "unit": "ng/mL"},
         "high": {"value": 0.2, "unit": "ng/mL"}}), expect="unknown", says="cannot be read"),
    case("a range whose lower end has no unit", valued(valueRange={"low": {"value": 0.1},
         "high": {"value": 0.2, "unit": "ng/mL"}}), expect="met"),
    # ketoacidosis
    case("0.1 ten days after the period in which ketoacidosis abated", lab(RANDOM, "0.1 ng/mL", DAY),
         dka("2025-04-25", clinical="resolved", abatementPeriod={"start": "2025-05-01", "end": "2025-05-10"}),
         expect="unknown", says="within 14 days after ketoacidosis"),
    case("0.1 ten days after the last day on which ketoacidosis can have begun", lab(RANDOM, "0.1 ng/mL", DAY),
         dka(None, onsetPeriod={"start": "2025-04-25", "end": "2025-05-10"}), expect="unknown"),
    case("0.1 five days after ketoacidosis in ICD-10-GM", lab(RANDOM, "0.1 ng/mL", DAY),
         diagnosis("icd10:E10.11", onset="2025-05-15", category="encounter-diagnosis"), expect="unknown"),
    case("0.1 ten days after ketoacidosis that lasted", lab(RANDOM, "0.1 ng/mL", DAY),
         diagnosis("icd10cm:E10.10", onset="2025-04-25", category="encounter-diagnosis", clinical="resolved",
                   abatementDateTime="2025-05-10"), expect="unknown"),
    case("0.9 with a note of a mixed meal test after fasting", lab(RANDOM, "0.9 ng/mL", DAY,
         note=[{"text": "MMTT 90 min, after fasting overnight"}]), expect="unknown"),
    case("0.1 beside a visit that mentions an old ketoacidosis", lab(RANDOM, "0.1 ng/mL", DAY),
         diagnosis("icd10cm:E10.10", onset="2012-05-01", encounter={"reference": "Encounter/later"}),
         encounter("AMB", "2025-05-15", "2025-05-15", id="later"), expect="met"),
    case("0.1 five days after ketoacidosis", lab(RANDOM, "0.1 ng/mL", DAY), dka("2025-05-15"),
         expect="unknown",
         says="within 14 days after ketoacidosis"),
    case("fasting-coded 0.1 five days after ketoacidosis", lab(FASTING, "0.1 ng/mL", DAY), dka("2025-05-15"),
         expect="unknown"),
    case("fasting 0.9 five days after ketoacidosis", lab(FASTING, "0.9 ng/mL", DAY), dka("2025-05-15"),
         expect="unknown"),
    case("14 days after", lab(FASTING, "0.1 ng/mL", DAY), dka("2025-05-06"), expect="unknown"),
    case("15 days after", lab(FASTING, "0.1 ng/mL", DAY), dka("2025-05-05"), expect="met"),
    case("a day before", lab(FASTING, "0.1 ng/mL", DAY), dka("2025-05-21"), expect="met"),
    case("hyperosmolar state", lab(FASTING, "0.1 ng/mL", DAY), dka("2025-05-15", "icd10cm:E11.00"),
         expect="unknown"),
    case("ketoacidosis of 2025, the year only", lab(FASTING, "0.1 ng/mL", DAY), dka("2025"),
         expect="unknown"),
    case("ketoacidosis of 2012", lab(FASTING, "0.1 ng/mL", DAY), dka("2012"), expect="met"),
    case("14 days after the end of the admission", lab(FASTING, "0.1 ng/mL", DAY),
         dka(None, encounter={"reference": "Encounter/adm"}),
         encounter("IMP", "2025-04-20", "2025-05-08", id="adm"), expect="unknown"),
    case("an admission that could not be asked for", lab(FASTING, "0.1 ng/mL", DAY),
         dka("2025-04-20", encounter={"reference": "Encounter/adm"}), searches={"encounters": "failed"},
         expect="unknown", rule="diagnoses-missing"),
    case("an admission of long ago, which is not asked for", lab(FASTING, "0.1 ng/mL", DAY),
         dka("2012-04-20", encounter={"reference": "Encounter/adm"}), expect="met"),
    case("ketoacidosis without a date is only noted", lab(FASTING, "0.1 ng/mL", DAY), dka(None), expect="met",
         says="recorded without a date"),
    case("suspected ketoacidosis takes certainty away too", lab(FASTING, "0.1 ng/mL", DAY),
         dka("2025-05-15", verification="provisional"), expect="unknown"),
    case("ketoacidosis entered in error changes nothing", lab(FASTING, "0.1 ng/mL", DAY),
         dka("2025-05-15", verification="entered-in-error"), expect="met"),
    case("an older low value decides beside a rejected low one", lab(FASTING, "0.1 ng/mL", DAY),
         dka("2025-05-15"),
         lab(FASTING, "0.2 ng/mL", "2024-05-20"), expect="met", says="Passed over"),
    case("an older low value does not decide beside a rejected high one", lab(FASTING, "0.9 ng/mL", DAY),
         dka("2025-05-15"), lab(FASTING, "0.2 ng/mL", "2024-05-20"), expect="unknown"),
    case("hyperglycaemia is not ketoacidosis", lab(FASTING, "0.1 ng/mL", DAY),
         dka("2025-05-15", "icd10cm:E10.65"),
         expect="met"),
    # what cannot be seen
    case("diagnoses forbidden", lab(FASTING, "0.1 ng/mL", DAY), searches={"problems": "forbidden"},
         expect="unknown", rule="diagnoses-missing", says="the problems search was forbidden"),
    case("encounter diagnoses truncated", lab(FASTING, "0.1 ng/mL", DAY), searches={"diagnoses": "truncated"},
         expect="unknown"),
    case("encounter diagnoses not asked for", lab(FASTING, "0.1 ng/mL", DAY),
         searches={"diagnoses": "not-asked"},
         expect="met"),
    case("diagnoses forbidden beside a high fasting value", lab(FASTING, "0.9 ng/mL", DAY),
         searches={"problems": "forbidden"}, expect="unknown"),
    case("diagnoses forbidden, nothing measured", searches={"problems": "forbidden"}, expect="unknown",
         rule="unknown"),
    case("labs forbidden", searches={"labs": "forbidden"}, expect="unknown",
         says="the labs search was forbidden"),
    case("labs truncated", lab(FASTING, "0.1 ng/mL", DAY), searches={"labs": "truncated"}, expect="unknown",
         says="a newer result may exist"),
    case("labs failed", searches={"labs": "failed"}, expect="unknown"),
    case("nothing measured", expect="unknown", rule="unknown", says="no result"),
    case("without a unit", lab(FASTING, "0.2", DAY), expect="unknown", says="no unit"),
    case("unknown unit", lab(FASTING, "0.2 mg/dL", DAY), expect="unknown", says="not recognised"),
    case("implausible 45 ng/mL", lab(FASTING, "45 ng/mL", DAY), expect="unknown", says="not plausible"),
    case("preliminary alone", lab(FASTING, "0.1 ng/mL", DAY, status="preliminary"), expect="unknown",
         says="preliminary"),
    case("a newer preliminary value differs", lab(FASTING, "0.1 ng/mL", "2025-05-01"),
         lab(FASTING, "0.9 ng/mL", DAY, status="preliminary"), expect="needs-judgement"),
    case("entered in error", lab(FASTING, "0.1 ng/mL", DAY, status="entered-in-error"), expect="unknown"),
    case("cancelled", lab(FASTING, "0.1 ng/mL", DAY, status="cancelled"), expect="unknown"),
    *[case(f"a remark that does not say that the person fasted: {remark}",
           lab("1986-9", "0.8 ng/mL", DAY, note=[{"text": remark}]), expect="unknown")
      for remark in ("Reference range for fasting samples: 0.8-3.9 ng/mL",
                     "A fasting sample is recommended")],
    case("a fasting test with the range of fasting samples in a remark", lab("13037-7", "0.8 ng/mL", DAY,
         note=[{"text": "Reference range, fasting: 0.8-3.9 ng/mL"}]), expect="not-met"),
    case("no value, with a reason", lab(FASTING, None, DAY, dataAbsentReason={"text": "hemolyzed"}),
         expect="unknown", says="hemolyzed"),
    case("in the future", lab(FASTING, "0.1 ng/mL", "2025-07-01"), expect="unknown", says="future"),
    case("without a date", lab(FASTING, "0.1 ng/mL", None), expect="unknown", says="no date"),
    case("by its issue date", lab(FASTING, "0.1 ng/mL", None, issued="2025-05-20T10:00:00Z"), expect="met",
         confidence="moderate"),
    # look-alikes
    case("C-peptide in urine", lab("13040-1", "0.1 ng/mL", DAY), expect="unknown"),
    case("proinsulin", lab("27882-0", "0.1 ng/mL", DAY), expect="unknown"),
    # cautions
    case("kidney disease is noted beside a high value", lab(FASTING, "0.9 ng/mL", DAY),
         diagnosis("icd10cm:N18.30"),
         expect="not-met", says="Kidney disease is recorded"),
    case("biotin is noted beside a low value", lab(FASTING, "0.1 ng/mL", DAY), medication("Biotin 10 mg"),
         expect="met", says="Biotin"),
    case("a low glucose an hour and a minute later is not", lab(FASTING, "0.2 ng/mL", AT_8),
         lab("2345-7", "55 mg/dL", "2025-05-20T09:01:00Z"), expect="met"),
    # answers about fasting, in every code system
    *[case(f"fasting by the answer {code}", lab(RANDOM, "0.8 ng/mL", AT_8),
           fasting_status({"valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}), expect="not-met")
      for system, code in YES_CODES],
    *[case(f"a fasting test, but the answer is {code}", lab(FASTING, "0.8 ng/mL", AT_8),
           fasting_status({"valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}), expect="unknown")
      for system, code in NO_CODES],
    case("a fasting test of a specimen that was not fasting", lab(FASTING, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusCodeableConcept=NF_CODE), expect="unknown", rule="unstated-high"),
    case("not quite eight hours are not fasting", lab(RANDOM, "0.8 ng/mL", DAY, **OF_S1),
         specimen(fastingStatusDuration=hours(7.95)), expect="unknown"),
    # a glucose beside it
    case("0.2 with a glucose of 69 mg/dL", lab(RANDOM, "0.2 ng/mL", AT_8), lab("2345-7", "69 mg/dL", AT_8),
         expect="unknown"),
    case("0.2 with a glucose of 69.9 mg/dL", lab(RANDOM, "0.2 ng/mL", AT_8), lab("2345-7", "69.9 mg/dL", AT_8),
         expect="unknown"),
    case("0.2 with a glucose of 50 an hour later", lab(RANDOM, "0.2 ng/mL", AT_8),
         lab("2345-7", "50 mg/dL", "2025-05-20T09:00:00Z"), expect="unknown"),
    case("0.2 with a glucose of 50 more than an hour later", lab(RANDOM, "0.2 ng/mL", AT_8),
         lab("2345-7", "50 mg/dL", "2025-05-20T09:00:30Z"), expect="met"),
    case("biotin by its class", lab(RANDOM, "0.2 ng/mL", AT_8), medication("atc:A11HA05"), expect="met", says="Biotin"),
    *[case(f"a high value with kidney disease: {code}", lab(FASTING, "0.8 ng/mL", AT_8), diagnosis(code),
           expect="not-met", says="Kidney disease") for code in KIDNEY],
]  # fmt: skip
