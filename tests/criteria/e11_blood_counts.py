"""E11: hemoglobin below its limit, lymphocytes < 1.0, neutrophils < 1.5, platelets < 100 (x 10^9/L)."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, patient

CRITERION = "E11"

DAY = "2025-05-20"
MAN, WOMAN, OTHER = patient(gender="male"), patient(gender="female"), patient(gender="other")
MALE = {"coding": [{"system": "http://snomed.info/sct", "code": "248153007"}]}
FEMALE = {"coding": [{"system": "http://snomed.info/sct", "code": "248152002"}]}


def hb(value: str, low: str | None = None, **more: Any) -> Given:
    return lab("718-7", value, DAY, low=low, **more)


def hb_ranges(value: str, *ranges: dict[str, Any]) -> Given:
    return lab("718-7", value, DAY, referenceRange=list(ranges))


def g_dl(low: float, **more: Any) -> dict[str, Any]:
    return {"low": {"value": low, "unit": "g/dL"}, **more}


def flag(code: str, text: str | None = None) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    concept: dict[str, Any] = {"coding": [{"system": system, "code": code}]}
    return {"interpretation": [concept | ({"text": text} if text else {})]}


def lymphocytes(value: str, **more: Any) -> Given:
    return lab("731-0", value, DAY, **more)


def neutrophils(value: str, **more: Any) -> Given:
    return lab("751-8", value, DAY, **more)


def platelets(value: str, **more: Any) -> Given:
    return lab("777-3", value, DAY, **more)


def years(low: int, high: int) -> dict[str, Any]:
    return {"age": {"low": {"value": low, "code": "a"}, "high": {"value": high, "code": "a"}}}


HB, ALC, ANC, PLT = (
    hb("14.2 g/dL", "13.0"),
    lymphocytes("2.0 10*3/uL"),
    neutrophils("4.0 10*3/uL"),
    platelets("250 10*3/uL"),
)
COUNTS = (ALC, ANC, PLT)
AT_THE_LIMITS = lymphocytes("1.0 10*3/uL"), neutrophils("1.5 10*3/uL"), platelets("100 10*3/uL")
ONE_MISSING = {"lymphocytes": (ANC, PLT), "neutrophils": (ALC, PLT), "platelets": (ALC, ANC)}
WBC = lab("6690-2", "4.0 10*3/uL", DAY)

PREGNANT = diagnosis("icd10cm:Z33.1", onset="2025-03-01")
ADMINISTRATIVE = (("http://hl7.org/fhir/administrative-gender", "male", "female"),)


def sex(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


CASES = [
    case("all four normal", HB, *COUNTS, expect="not-met", rule="clear", confidence="high", basis="direct"),
    # hemoglobin with a range
    case("hemoglobin 12.9 below a limit of 13.0", hb("12.9 g/dL", "13.0"), *COUNTS, expect="met",
         rule="hemoglobin-below", near=True),
    case("hemoglobin 12.5 below a limit of 13.0", hb("12.5 g/dL", "13.0"), *COUNTS, expect="met", near=False),
    case("hemoglobin at its limit", hb("13.0 g/dL", "13.0"), *COUNTS, expect="not-met", near=True),
    case("low hemoglobin alone excludes", hb("12.5 g/dL", "13.0"), expect="met"),
    case("hemoglobin 129 g/L against 130", hb("129 g/L", "130"), *COUNTS, expect="met", near=True),
    case("a range in another unit is converted", hb("12.5 g/dL", "130 g/L"), *COUNTS, expect="met",
         rule="hemoglobin-below"),
    case("a range in a unit without rule counts as none", hb("14.5 g/dL", "130 mmol/mol"), *COUNTS,
         expect="not-met", rule="clear-by-usual", confidence="moderate"),
    case("a written range", hb_ranges("12.5 g/dL", {"text": "13.0-17.0"}), *COUNTS, expect="met"),
    case("a written range with a dash and a unit", hb_ranges("125 g/L", {"text": "13.0 – 17.0 g/dL"}),
         *COUNTS,
         expect="met"),
    case("a written range with decimal commas", hb_ranges("12.5 g/dL", {"text": "13,0-17,0 g/dl"}), *COUNTS,
         expect="met"),
    case("a written lower limit", hb_ranges("12.5 g/dL", {"text": ">13.0"}), *COUNTS, expect="met"),
    case("a range that cannot be read counts as none", hb_ranges("12.9 g/dL", {"text": "see report"}),
         *COUNTS,
         expect="needs-judgement", rule="hemoglobin-below-usual"),
    case("the range of the other sex does not count", MAN,
         hb_ranges("12.5 g/dL", g_dl(12, appliesTo=[FEMALE]), g_dl(13, appliesTo=[MALE])), *COUNTS,
         expect="met"),
    case("the range of the own sex decides", WOMAN,
         hb_ranges("12.5 g/dL", g_dl(12, appliesTo=[FEMALE]), g_dl(13, appliesTo=[MALE])), *COUNTS,
         expect="not-met", rule="clear"),
    case("the sex of a range in words", WOMAN,
         hb_ranges("12.5 g/dL", g_dl(12, appliesTo=[{"text": "Female"}]),
         g_dl(13, appliesTo=[{"text": "Male"}])),
         *COUNTS, expect="not-met", rule="clear"),
    case("sex not known: ranges by sex do not count", OTHER,
         hb_ranges("12.5 g/dL", g_dl(12, appliesTo=[FEMALE]), g_dl(13, appliesTo=[MALE])), *COUNTS,
         expect="unknown"),
    case("a range that only its text ascribes to the other sex does not count", MAN,
         hb_ranges("12.5 g/dL", g_dl(12, text="Female: 12.0-16.0")), *COUNTS,
         expect="needs-judgement", rule="hemoglobin-below-usual"),
    case("ranges that only their texts ascribe to the sexes", MAN,
         hb_ranges("12.5 g/dL", g_dl(12, text="women"), g_dl(13, text="men")), *COUNTS, expect="met"),
    case("a text of a range that names both sexes", MAN,
         hb_ranges("12.5 g/dL", g_dl(13, text="adult men and women")), *COUNTS, expect="met"),
    case("the range of another age does not count", hb_ranges("12.5 g/dL", g_dl(11, **years(0, 17)), g_dl(13,
         **years(18, 99))),
         *COUNTS, expect="met"),
    case("a therapeutic range is not the normal range",
         hb_ranges("12.9 g/dL", g_dl(10, type={"coding": [{"code": "therapeutic"}]})), *COUNTS,
         expect="needs-judgement"),
    case("a range called normal", hb_ranges("12.9 g/dL", g_dl(13, type={"coding": [{"code": "normal"}]})),
         *COUNTS,
         expect="met"),
    case("two ranges that contradict each other count as none", hb_ranges("12.9 g/dL", g_dl(12), g_dl(13.5)),
         *COUNTS, expect="needs-judgement"),
    case("8.9 mmol/L monomer, limit 8.1", lab("59260-0", "8.9 mmol/L", DAY, low="8.1", high="10.9"), *COUNTS,
         expect="not-met", rule="clear"),
    case("7.9 mmol/L monomer, limit 8.1", lab("59260-0", "7.9 mmol/L", DAY, low="8.1", high="10.9"), *COUNTS,
         expect="met"),
    case("2.2 mmol/L tetramer by its range is 14.2 g/dL", lab("59260-0", "2.2 mmol/L", DAY, low="2.0",
         high="2.7"),
         *COUNTS, expect="not-met", rule="clear", says="14.1812"),
    case("1.9 mmol/L tetramer below its limit", lab("59260-0", "1.9 mmol/L", DAY, low="2.0", high="2.7"),
         *COUNTS,
         expect="met"),
    # hemoglobin without a range
    case("man, 12.9 without a range", MAN, hb("12.9 g/dL"), *COUNTS, expect="needs-judgement",
         rule="hemoglobin-below-usual"),
    case("man, 13.0 without a range", MAN, hb("13.0 g/dL"), *COUNTS, expect="unknown", rule="undecided"),
    case("man, 13.4 without a range", MAN, hb("13.4 g/dL"), *COUNTS, expect="unknown"),
    case("man, 13.5 without a range", MAN, hb("13.5 g/dL"), *COUNTS, expect="not-met", rule="clear-by-usual",
         confidence="moderate"),
    case("woman, 11.9 without a range", WOMAN, hb("11.9 g/dL"), *COUNTS, expect="needs-judgement"),
    case("woman, 12.5 without a range", WOMAN, hb("12.5 g/dL"), *COUNTS, expect="not-met"),
    case("pregnant, 11.3 without a range", WOMAN, hb("11.3 g/dL"),
         diagnosis("icd10cm:Z34.02", recorded="2025-05-01"),
         *COUNTS, expect="unknown"),
    case("pregnant, 10.9 without a range", WOMAN, hb("10.9 g/dL"),
         diagnosis("icd10cm:Z34.02", recorded="2025-05-01"),
         *COUNTS, expect="needs-judgement"),
    case("delivered since, 11.3 without a range", WOMAN, hb("11.3 g/dL"),
         diagnosis("icd10cm:Z34.02", recorded="2025-02-01"),
         diagnosis("icd10cm:Z37.0", recorded="2025-05-01"),
         *COUNTS, expect="needs-judgement"),
    case("pregnant two years ago, 11.3 without a range", WOMAN, hb("11.3 g/dL"),
         diagnosis("icd10cm:Z34.02", recorded="2023-02-01"), *COUNTS, expect="needs-judgement"),
    case("sex not known, 12.5 without a range", OTHER, hb("12.5 g/dL"), *COUNTS, expect="unknown"),
    case("sex not known, 11.9 without a range", OTHER, hb("11.9 g/dL"), *COUNTS, expect="needs-judgement"),
    case("hemoglobin absent", *COUNTS, expect="unknown", rule="unknown", says="Hemoglobin: no result"),
    # flags
    case("flagged L without a range", hb("12.9 g/dL", **flag("L")), *COUNTS, expect="met",
         rule="hemoglobin-flagged-low", confidence="moderate", near=False),
    case("flagged LL without a range", hb("9.9 g/dL", **flag("LL")), *COUNTS, expect="met"),
    case("flagged abnormal, and low in words", hb("12.9 g/dL", **flag("A", "abnormally low")), *COUNTS,
         expect="met"),
    case("flagged abnormal without a direction", hb("12.9 g/dL", **flag("A")), *COUNTS,
         expect="needs-judgement"),
    case("flagged N without a range is not low", hb("12.9 g/dL", **flag("N")), *COUNTS, expect="not-met",
         rule="clear-by-flag", confidence="moderate"),
    case("flagged H without a range is not low", hb("18.9 g/dL", **flag("H")), *COUNTS, expect="not-met"),
    case("the range decides against the flag", hb("13.5 g/dL", "13.0", **flag("L")), *COUNTS,
         expect="not-met",
         rule="clear"),
    case("flagged L without a value", lab("718-7", None, DAY, **flag("L")), *COUNTS, expect="unknown"),
    case("flagged N, counts at their limits", hb("12.9 g/dL", **flag("N")), *AT_THE_LIMITS, expect="not-met",
         rule="clear-by-flag"),
    case("hemoglobin clear by usual limits, counts at their limits", hb("14.5 g/dL"), *AT_THE_LIMITS,
         expect="not-met", rule="clear-by-usual"),
    *(case(f"flagged N, {name} missing", hb("12.9 g/dL", **flag("N")), *others, expect="unknown")
      for name, others in ONE_MISSING.items()),
    *(case(f"hemoglobin clear by usual limits, {name} missing", hb("14.5 g/dL"), *others, expect="unknown")
      for name, others in ONE_MISSING.items()),
    # lymphocytes
    case("lymphocytes 0.9", HB, lymphocytes("0.9 10*3/uL"), ANC, PLT, expect="met", rule="lymphopenia"),
    case("lymphocytes 1000 /uL are at the limit", HB, lymphocytes("1000 /uL"), ANC, PLT, expect="not-met",
         near=True),
    case("lymphocytes 999 /uL", HB, lymphocytes("999 /uL"), ANC, PLT, expect="met", near=True),
    case("lymphocytes 0.9 K/uL alone exclude", lymphocytes("0.9 K/uL"), expect="met"),
    case("lymphocytes 0.9 G/L", HB, lymphocytes("0.9 G/L"), ANC, PLT, expect="met"),
    case("2.1 /uL is a wrong unit, not a lymphopenia", HB, lymphocytes("2.1 /uL"), ANC, PLT, expect="unknown",
         says="not plausible"),
    case("a share of 25 % read as a count", HB, lab("736-9", "25 %", DAY), ANC, PLT, expect="unknown",
         says="Lymphocytes: no result"),
    case("a share under the code of a count", HB, lymphocytes("25 %"), ANC, PLT, expect="unknown",
         says="not recognised"),
    case("WBC 4.0 and 20 % lymphocytes are 0.8", HB, WBC, lab("736-9", "20 %", DAY), ANC, PLT, expect="met",
         rule="lymphopenia-derived", basis="derived", confidence="moderate"),
    case("WBC 4.0 and 25 % lymphocytes are 1.0", HB, WBC, lab("736-9", "25 %", DAY), ANC, PLT,
         expect="not-met",
         rule="clear", basis="derived", confidence="moderate"),
    # neutrophils
    case("neutrophils 1.5", HB, ALC, neutrophils("1.5 10*3/uL"), PLT, expect="not-met", near=True),
    case("neutrophils 1.4", HB, ALC, neutrophils("1.4 10*3/uL"), PLT, expect="met", rule="neutropenia",
         says="Duffy-null"),
    case("neutrophils 1400 cells/uL", HB, ALC, neutrophils("1400 cells/uL"), PLT, expect="met"),
    case("WBC 4.0 and 35 % neutrophils are 1.4", HB, ALC, WBC, lab("770-8", "35 %", DAY), PLT, expect="met",
         rule="neutropenia-derived", basis="derived", confidence="moderate", says="1.4"),
    case("WBC 4.0, 35 % neutrophils and 5 % bands are 1.6", HB, ALC, WBC, lab("770-8", "35 %", DAY),
         lab("26508-2", "5 %", DAY), PLT, expect="not-met", says="bands"),
    case("WBC of the day before", HB, ALC, lab("6690-2", "4.0 10*3/uL", "2025-05-19"),
         lab("770-8", "35 %", DAY), PLT,
         expect="met"),
    case("WBC of three days before", HB, ALC, lab("6690-2", "4.0 10*3/uL", "2025-05-17"),
         lab("770-8", "35 %", DAY),
         PLT, expect="unknown"),
    case("WBC of the same specimen goes before a nearer one", HB, ALC,
         lab("6690-2", "6.0 10*3/uL", "2025-05-19", specimen={"reference": "Specimen/b"}),
         lab("770-8", "35 %", DAY, specimen={"reference": "Specimen/b"}), WBC, PLT, expect="not-met"),
    case("an absolute count goes before a derived one", HB, ALC, WBC, lab("770-8", "35 %", DAY),
         neutrophils("1.6 10*3/uL"), PLT, expect="not-met", basis="direct"),
    case("a later share contradicts an absolute count of May", HB, ALC, lab("751-8", "3 10*3/uL", "2025-05-01"),
         lab("6690-2", "4.0 10*3/uL", "2025-06-01"), lab("770-8", "35 %", "2025-06-01"), PLT,
         expect="needs-judgement", rule="neutrophils-conflict", says="differs from 3 10*3/uL on 2025-05-01"),
    case("a later share confirms an absolute count of May", HB, ALC, lab("751-8", "3 10*3/uL", "2025-05-01"),
         lab("6690-2", "6.0 10*3/uL", "2025-06-01"), lab("770-8", "50 %", "2025-06-01"), PLT, expect="not-met"),
    case("a later share without leukocytes, and an older one with them", HB, ALC,
         lab("6690-2", "4.0 10*3/uL", "2025-04-20"), lab("770-8", "35 %", "2025-04-20"), lab("770-8", "35 %", DAY),
         lab("751-8", "3 10*3/uL", "2025-05-01"), PLT, expect="not-met"),
    case("a stale absolute count leaves it to a derived one", HB, ALC, WBC, lab("770-8", "35 %", DAY),
         lab("751-8", "1.6 10*3/uL", "2025-01-20"), PLT, expect="met", rule="neutropenia-derived"),
    case("WBC below 4 and 35 % are below 1.4", HB, ALC, lab("6690-2", "<4.0 10*3/uL", DAY),
         lab("770-8", "35 %", DAY),
         PLT, expect="met"),
    # platelets
    case("platelets 100", HB, ALC, ANC, platelets("100 10*3/uL"), expect="not-met", near=True),
    case("platelets 99 K/uL", HB, ALC, ANC, platelets("99 K/uL"), expect="met", near=True,
         rule="thrombocytopenia"),
    case("platelets 95", HB, ALC, ANC, platelets("95 10*9/L"), expect="met", near=False),
    case("platelets 95000 /mm3", HB, ALC, ANC, platelets("95000 /mm3"), expect="met"),
    case("platelets below 100", HB, ALC, ANC, platelets("<100 10*9/L"), expect="met"),
    case("platelets below 150 may be either side", HB, ALC, ANC, platelets("<150 10*9/L"), expect="unknown"),
    case("platelets 60 with clumps", HB, ALC, ANC, platelets("60 10*9/L",
         note=[{"text": "Platelet clumps seen"}]),
         expect="needs-judgement", rule="platelets-clumped"),
    case("platelets 60 without clumps", HB, ALC, ANC, platelets("60 10*9/L",
         note=[{"text": "No clumps seen"}]),
         expect="met"),
    case("platelets 250 with clumps", HB, ALC, ANC, platelets("250 10*9/L",
         note=[{"text": "Platelet clumps seen"}]),
         expect="not-met"),
    case("platelets 100 with clumps", HB, ALC, ANC, platelets("100 10*9/L",
         note=[{"text": "Platelet clumps seen"}]),
         expect="not-met"),
    case("hemoglobin 13.5, lymphocytes 2, neutrophils 4, platelets absent", hb("13.5 g/dL", "13.0"), ALC, ANC,
         expect="unknown", rule="unknown", says="Platelets: no result"),
    # several at once
    case("a near low platelet count beside a clear lymphopenia is decisive", HB, lymphocytes("0.5 10*3/uL"),
         ANC,
         platelets("99 10*9/L"), expect="met", near=False),
    case("hemoglobin in doubt, lymphocytes low", hb("12.9 g/dL"), lymphocytes("0.5 10*3/uL"), ANC, PLT,
         expect="met"),
    case("hemoglobin in doubt, platelets absent", hb("12.9 g/dL"), ALC, ANC, expect="needs-judgement"),
    case("two platelet counts of one day on both sides", HB, ALC, ANC, platelets("80 10*9/L"),
         platelets("180 10*9/L"),
         expect="needs-judgement", rule="platelets-conflict"),
    case("two hemoglobins of one day on both sides", hb("12.0 g/dL", "13.0"), hb("14.0 g/dL", "13.0"),
         *COUNTS,
         expect="needs-judgement", rule="hemoglobin-conflict"),
    case("two lymphocyte counts of one day on both sides", HB, lymphocytes("0.8 10*9/L"),
         lymphocytes("1.8 10*9/L"),
         ANC, PLT, expect="needs-judgement", rule="lymphocytes-conflict"),
    case("two neutrophil counts of one day on both sides", HB, ALC, neutrophils("1.2 10*9/L"),
         neutrophils("2.2 10*9/L"), PLT, expect="needs-judgement", rule="neutrophils-conflict"),
    # what cannot be used
    case("nothing measured", expect="unknown", rule="unknown"),
    case("platelets 90 days old", HB, ALC, ANC, lab("777-3", "250 10*9/L", "2025-03-17"), expect="not-met"),
    case("platelets 91 days old", HB, ALC, ANC, lab("777-3", "250 10*9/L", "2025-03-16"), expect="unknown",
         says="older than 90 days"),
    case("platelets of March 2025", HB, ALC, ANC, lab("777-3", "250 10*9/L", "2025-03"), expect="unknown",
         says="does not tell"),
    case("platelets preliminary", HB, ALC, ANC, platelets("250 10*9/L", status="preliminary"),
         expect="unknown",
         says="preliminary"),
    case("a newer preliminary platelet count differs", HB, ALC, ANC, lab("777-3", "250 10*3/uL", "2025-05-01"),
         platelets("80 10*3/uL", status="preliminary"), expect="needs-judgement", rule="platelets-conflict"),
    case("platelets dated tomorrow", HB, ALC, ANC, lab("777-3", "250 10*3/uL", "2025-06-16"), expect="unknown",
         says="in the future"),
    case("platelets entered in error", HB, ALC, ANC, platelets("50 10*9/L", status="entered-in-error"),
         expect="unknown"),
    case("platelets without a unit", HB, ALC, ANC, platelets("250"), expect="unknown", says="no unit"),
    case("labs forbidden", searches={"labs": "forbidden"}, expect="unknown", says="forbidden"),
    case("labs truncated", HB, *COUNTS, searches={"labs": "truncated"}, expect="unknown"),
    case("man, 13.49 without a range", MAN, hb("13.49 g/dL"), *COUNTS, expect="unknown"),
    case("neutrophils 1.49", HB, ALC, neutrophils("1.49 10*3/uL"), PLT, expect="met", near=True),
    case("365 days old is still shown", lab("777-3", "250 10*3/uL", "2024-06-15"), expect="unknown",
         says="older than 90 days"),
    case("366 days old is not shown", lab("777-3", "250 10*3/uL", "2024-06-14"), expect="unknown",
         says="Platelets: no result in the last 365 days"),
    # pregnancy: its limit, and how long it is believed
    case("pregnant, 10.9 without a range", WOMAN, PREGNANT, hb("10.9 g/dL"), *COUNTS, expect="needs-judgement"),
    case("pregnant, 11.0 without a range", WOMAN, PREGNANT, hb("11.0 g/dL"), *COUNTS, expect="unknown"),
    case("pregnant 294 days ago, 11.5 without a range", WOMAN, diagnosis("icd10cm:Z33.1", onset="2024-08-25"),
         hb("11.5 g/dL"), *COUNTS, expect="unknown"),
    case("pregnant 295 days ago, 11.5 without a range", WOMAN, diagnosis("icd10cm:Z33.1", onset="2024-08-24"),
         hb("11.5 g/dL"), *COUNTS, expect="needs-judgement"),
    # leukocytes and their shares
    case("leukocytes of the day before", HB, ANC, PLT, lab("26464-8", "2.0 10*3/uL", "2025-05-19"),
         lab("736-9", "40 %", DAY), expect="met", rule="lymphopenia-derived"),
    case("leukocytes of two days before", HB, ANC, PLT, lab("26464-8", "2.0 10*3/uL", "2025-05-18"),
         lab("736-9", "40 %", DAY), expect="unknown"),
    *[case(f"a range for the sex by {code}, hemoglobin 12.5", MAN,
           hb_ranges("12.5 g/dL", g_dl(12.0, appliesTo=[sex(system, other)]),
                     g_dl(13.0, appliesTo=[sex(system, code)])),
           *COUNTS, expect="met", rule="hemoglobin-below")
      for system, code, other in ADMINISTRATIVE],
]  # fmt: skip
