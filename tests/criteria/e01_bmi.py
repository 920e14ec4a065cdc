"""E1: BMI above 35."""

from tests.criteria.given import case, diagnosis, observation, patient, resource, vital

CRITERION = "E1"


def bmi(value: str, when: str = "2025-06-01", **more: object):
    return vital("39156-5", value, when, **more)


def weight(value: str, when: str = "2025-06-01", **more: object):
    return vital("29463-7", value, when, **more)


def height(value: str, when: str = "2015-03-01", **more: object):
    return vital("8302-2", value, when, **more)


def pregnancy_status(code: str, when: str, status: str = "final"):
    answer = {"coding": [{"system": "http://snomed.info/sct", "code": code}]}
    elements = observation("82810-3", None, when, status=status, category="social-history", valueCodeableConcept=answer)
    elements.pop("resourceType")
    return resource("Observation", f"pregnancy status {code} on {when}", **elements)


CASES = [
    case("a reported 35.0 is not above", bmi("35.0 kg/m2"), expect="not-met", rule="not-above", near=True,
         confidence="high", basis="direct", says="BMI 35.0 kg/m2 on 2025-06-01"),
    case("a reported 35.01 is above", bmi("35.01 kg/m2"), expect="met", rule="above", near=False),
    case("a reported 35.1", bmi("35.1 kg/m2"), expect="met", near=False),
    case("the estimated index counts", vital("89270-3", "36 kg/m2", "2025-06-01"), expect="met"),
    case("an index written with a caret", bmi("28 kg/m^2"), expect="not-met"),
    case("101.15 kg at 170 cm is exactly 35", weight("101.15 kg"), height("170 cm"), expect="not-met",
         near=True,
         basis="derived", confidence="moderate"),
    case("101.16 kg at 170 cm is above 35", weight("101.16 kg"), height("170 cm"), expect="met"),
    case("220 pounds at 66 inches is 35.5", weight("220 [lb_av]"), height("66 [in_i]"), expect="met",
         says="35.51 kg/m2"),
    case("a height in metres", weight("80 kg"), height("1.80 m"), expect="not-met", says="24.69 kg/m2"),
    case("a height in feet", weight("80 kg"), height("6 [ft_i]"), expect="not-met"),
    case("a weight in grams", weight("120000 g"), height("180 cm"), expect="met"),
    case("long decimals still compare exactly", weight("84.32288123456 kg"), height("166.48583391021 cm"),
         expect="not-met", says="30.42 kg/m2"),
    case("a height without a unit, as metres", weight("80 kg"), height("1.8"), expect="not-met",
         says="taken as m"),
    case("a height without a unit, as centimetres", weight("80 kg"), height("180"), expect="not-met",
         says="taken as cm"),
    case("a height without a unit that is neither", weight("80 kg"), height("70"), expect="unknown",
         says="height: the result has no unit"),
    case("height 1.70 with unit cm is not plausible", weight("80 kg"), height("1.70 cm"), expect="unknown",
         rule="unknown", says="not plausible"),
    case("weight and height that give an implausible index", weight("390 kg"), height("120 cm"),
         expect="unknown", says="weight and height give an index that is not plausible"),
    case("a weight without a unit", weight("80"), height("180 cm"), expect="unknown", says="no unit"),
    case("a weight in stones", weight("13 [stone_av]"), height("180 cm"), expect="unknown",
         says="not recognised"),
    case("a weight 180 days old", weight("80 kg", "2024-12-17"), height("180 cm"), expect="not-met"),
    case("a weight 181 days old", weight("80 kg", "2024-12-16"), height("180 cm"), expect="unknown",
         says="older than 180 days"),
    case("a weight 200 days old", weight("80 kg", "2024-11-27"), height("180 cm"), expect="unknown",
         says="80 kg, 2024-11-27"),
    case("a weight from the month half a year ago", weight("80 kg", "2024-12"), height("180 cm"),
         expect="unknown", says="does not tell whether the result is within 180 days"),
    case("no height", weight("80 kg"), expect="unknown", says="height: none from the age of 18 on"),
    case("no weight", height("180 cm"), expect="unknown", says="weight: no result in the last 365 days"),
    case("nothing", expect="unknown", rule="unknown", says="reported index: no result"),
    case("the height of a child does not count", weight("80 kg"), height("120 cm", "2000-03-01"),
         expect="unknown", says="only from childhood"),
    case("a height on the 18th birthday counts", weight("80 kg"), height("180 cm", "2008-01-01"),
         expect="not-met"),
    case("a height on the day before does not", weight("80 kg"), height("180 cm", "2007-12-31"),
         expect="unknown"),
    case("an adult height 20 years old counts", patient("1970-01-01"), weight("80 kg"),
         height("180 cm", "2005-01-01"), expect="not-met"),
    case("without a birth date no height is known to be an adult's", patient(None), weight("80 kg"),
         height("180 cm"), expect="unknown"),
    case("reported and computed agree", bmi("35.5 kg/m2"), weight("103 kg"), height("170 cm"), expect="met",
         basis="direct"),
    case("they differ by exactly 1.0", bmi("34.0 kg/m2"), weight("101.15 kg"), height("170 cm"),
         expect="not-met"),
    case("they differ by more than 1.0", bmi("33.9 kg/m2"), weight("101.15 kg"), height("170 cm"),
         expect="needs-judgement", rule="unit-error-likely", says="check the units"),
    case("a reported index from weight in pounds taken as kilograms", bmi("53.5 kg/m2"), weight("70 kg"),
         height("170 cm"), expect="needs-judgement", rule="unit-error-likely"),
    case("a newer weight decides over an older index", bmi("35.2 kg/m2", "2025-02-01"), weight("100 kg"),
         height("170 cm"), expect="not-met", basis="derived"),
    case("a newer index decides over an older weight", bmi("35.2 kg/m2"), weight("100 kg", "2025-02-01"),
         height("170 cm"), expect="met", basis="direct"),
    case("a stale index and a weight of today", bmi("40 kg/m2", "2024-06-20"), weight("80 kg", "2025-06-15"),
         height("180 cm"), expect="not-met"),
    case("an index above a comparator", bmi(">40 kg/m2"), expect="met"),
    case("an index above 30 may be either side", bmi(">30 kg/m2"), expect="unknown", rule="straddles"),
    case("an index above 40 and a computed 28", bmi(">40 kg/m2"), weight("80.92 kg"), height("170 cm"),
         expect="needs-judgement", rule="unit-error-likely"),
    case("two indices of one day on both sides", bmi("34.8 kg/m2"), bmi("35.2 kg/m2"),
         expect="needs-judgement", rule="conflict"),
    case("two weights of one day on both sides", weight("100 kg"), weight("103 kg"), height("170 cm"),
         expect="needs-judgement", rule="conflict"),
    case("two heights of one day on both sides", weight("101.15 kg"), height("170 cm"), height("169 cm"),
         expect="needs-judgement", rule="conflict"),
    case("two heights of one day on the same side", weight("80 kg"), height("170 cm"), height("169 cm"),
         expect="not-met"),
    case("an index in a foreign unit", bmi("25 [lb_av]"), expect="unknown", says="not recognised"),
    case("an index of 250 is not plausible", bmi("250 kg/m2"), expect="unknown", says="not plausible"),
    case("only a preliminary index", bmi("25 kg/m2", status="preliminary"), expect="unknown",
         says="only a preliminary result"),
    case("an index entered in error", bmi("40 kg/m2", status="entered-in-error"), expect="unknown"),
    case("an index in the future", bmi("40 kg/m2", "2025-07-01"), expect="unknown", says="in the future"),
    case("a BMI percentile is no index", vital("59576-9", "97 %", "2025-06-01"), expect="unknown"),
    case("pregnant: not used", bmi("36 kg/m2"), patient(gender="female"),
         diagnosis("icd10cm:O09.93", onset="2025-03-01"), expect="unknown", rule="pregnancy",
         says="see chart"),
    case("a pregnancy recorded for a person whose sex for clinical use is male", bmi("36 kg/m2"),
         patient(gender="female", extension=[{
             "url": "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse",
             "valueCodeableConcept": {"text": "male"},
         }]),
         diagnosis("icd10cm:O09.93", onset="2025-03-01"), expect="met"),
    case("a pregnancy recorded 295 days ago has ended", bmi("36 kg/m2"), patient(gender="female"),
         diagnosis("icd10cm:O09.93", onset="2024-08-24"), expect="met"),
    case("a delivery after it ends a pregnancy", bmi("36 kg/m2"), patient(gender="female"),
         diagnosis("icd10cm:O09.93", onset="2024-10-01"),
         diagnosis("icd10cm:Z37.0", onset="2025-04-01", category="encounter-diagnosis"), expect="met"),
    case("a resolved pregnancy", bmi("36 kg/m2"), patient(gender="female"),
         diagnosis("snomed:77386006", onset="2025-01-01", clinical="resolved"), expect="met"),
    case("pregnancy status: pregnant", bmi("36 kg/m2"), pregnancy_status("77386006", "2025-06-01"),
         expect="unknown", rule="pregnancy"),
    case("pregnancy status: pregnant, later not pregnant", bmi("36 kg/m2"),
         pregnancy_status("77386006", "2025-02-01"), pregnancy_status("60001007", "2025-06-01"),
         expect="met"),
    case("pregnancy status: pregnant, two years ago", bmi("36 kg/m2"),
         pregnancy_status("77386006", "2023-06-01"), expect="met"),
    case("pregnancy status entered in error", bmi("36 kg/m2"),
         pregnancy_status("77386006", "2025-06-01", "entered-in-error"), expect="met"),
    case("a lost limb is pointed out", bmi("34 kg/m2"), diagnosis("icd10cm:Z89.511"), expect="not-met",
         says="Limb loss is recorded"),
    case("the vital signs are forbidden", searches={"vitals": "forbidden"}, expect="unknown",
         says="the vitals search was forbidden"),
    case("the vital signs were cut off", bmi("36 kg/m2"), searches={"vitals": "truncated"}, expect="unknown",
         says="a newer result may exist"),
    case("the diagnoses are forbidden: said, and the index decides", bmi("36 kg/m2"),
         searches={"problems": "forbidden"}, expect="met", says="could not be looked for"),
    case("results held back by the server lower the confidence", bmi("36 kg/m2"),
         searches={"vitals": "suppressed"}, expect="met", confidence="moderate"),
]  # fmt: skip
