"""E21: active proliferative diabetic retinopathy or macular edema; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, medication, resource

CRITERION = "E21"

DAY = "2025-03-10"
T1DM = diagnosis("icd10cm:E10.9", onset="2012-09-01")
NONE, MILD, PROLIFERATIVE = "LA18643-9", "LA18644-7", "LA18648-8"


def answer(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def left(grade: str, when: str | None = DAY, **more: Any) -> Given:
    return lab("71490-7", None, when, valueCodeableConcept=answer(grade), **more)


def right(grade: str, when: str | None = DAY, **more: Any) -> Given:
    return lab("71491-5", None, when, valueCodeableConcept=answer(grade), **more)


def macula(code: str, when: str = DAY, **more: Any) -> Given:
    value = answer(code, "http://snomed.info/sct")
    return lab("32451-7", None, when, valueCodeableConcept=value, **more)


def procedure(code: str, when: str | None = DAY, status: str = "completed", **more: Any) -> Given:
    if when:
        more["performedDateTime"] = when
    coding = {"coding": [{"system": "http://snomed.info/sct", "code": code}]}
    return resource("Procedure", f"procedure {code}, {status}, {when}", status=status, code=coding, **more)


def exam(when: str | None = DAY, **more: Any) -> Given:
    return procedure("308110009", when, **more)


LEFT_SITE = [{"coding": [{"system": "http://snomed.info/sct", "code": "8966001"}]}]
RIGHT_SITE = [{"text": "Right eye"}]

CASES = [
    # diagnoses that exclude
    case("proliferative with traction detachment, left", diagnosis("icd10cm:E10.3512"), expect="met",
         rule="diagnosis", confidence="high"),
    case("proliferative without macular edema, coded before 2017", diagnosis("icd10cm:E10.359"),
         expect="met"),
    case("proliferative, traction detachment of the macula", diagnosis("icd10cm:E10.3521"), expect="met"),
    case("proliferative, traction detachment off the macula", diagnosis("icd10cm:E10.3531"), expect="met"),
    case("proliferative, combined detachment", diagnosis("icd10cm:E10.3541"), expect="met"),
    case("mild nonproliferative with macular edema", diagnosis("icd10cm:E10.3211"), expect="met"),
    case("moderate nonproliferative with macular edema", diagnosis("icd10cm:E10.3313"), expect="met"),
    case("severe nonproliferative with macular edema", diagnosis("icd10cm:E10.3413"), expect="met"),
    case("unspecified retinopathy with macular edema", diagnosis("icd10cm:E10.311"), expect="met"),
    case("coded as type 2", diagnosis("icd10cm:E11.3591"), expect="met"),
    case("coded as type 2, with macular edema", diagnosis("icd10cm:E11.3211"), expect="met"),
    case("proliferative by SNOMED code", diagnosis("snomed:59276001"), expect="met"),
    case("proliferative of type 1 by SNOMED code", diagnosis("snomed:60971000119101"), expect="met"),
    case("macular edema by SNOMED code", diagnosis("snomed:312912001"), expect="met"),
    case("clinically significant macular edema by SNOMED code", diagnosis("snomed:312911008"), expect="met"),
    case("proliferative in ICD-9-CM", diagnosis("icd9:362.02"), expect="met"),
    case("macular edema in ICD-9-CM", diagnosis("icd9:362.07"), expect="met"),
    case("proliferative decides when the labs failed", diagnosis("icd10cm:E10.3512"),
         searches={"labs": "failed"},
         expect="met"),
    case("proliferative beside an examination without retinopathy", diagnosis("icd10cm:E10.3512"), left(NONE),
         right(NONE), expect="met"),
    # diagnoses to weigh
    case("stable proliferative", diagnosis("icd10cm:E10.3553"), expect="needs-judgement",
         rule="questionable"),
    case("quiescent proliferative by SNOMED code", diagnosis("snomed:312908007"), expect="needs-judgement"),
    case("macular edema resolved after treatment, by code", diagnosis("icd10cm:E10.37X1"),
         expect="needs-judgement", rule="questionable"),
    case("stable proliferative beside a clear examination", diagnosis("icd10cm:E10.3553"), left(NONE),
         right(NONE),
         expect="needs-judgement"),
    case("proliferative marked as resolved", diagnosis("icd10cm:E10.3512", clinical="resolved"),
         expect="needs-judgement", rule="questionable"),
    case("proliferative of a visit, course not told",
         diagnosis("icd10cm:E10.3512", clinical=None, category="encounter-diagnosis"),
         expect="needs-judgement"),
    case("suspected proliferative", diagnosis("icd10cm:E10.3512", verification="provisional"),
         expect="needs-judgement"),
    case("proliferative in words", diagnosis(text="Proliferative diabetic retinopathy"),
         expect="needs-judgement"),
    case("high risk is no doubt", diagnosis(text="High risk proliferative diabetic retinopathy"),
         expect="needs-judgement"),
    case("macular edema in words", diagnosis(text="Diabetic macular oedema"), expect="needs-judgement"),
    case("nonproliferative in words is not proliferative", T1DM, exam(),
         diagnosis(text="Non-proliferative diabetic retinopathy"), expect="not-met"),
    case("nonproliferative with macular edema in words", exam(),
         diagnosis(text="Nonproliferative retinopathy, macular edema"), expect="needs-judgement"),
    case("without macular edema in words", T1DM, exam(), diagnosis(text="retinopathy without macular edema"),
         expect="not-met"),
    case("retinopathy in WHO ICD-10", diagnosis("icd10:H36.0"), expect="needs-judgement",
         rule="questionable"),
    case("eye complications in WHO ICD-10", diagnosis("icd10:E10.3"), expect="needs-judgement"),
    case("retinal edema may be cotton-wool spots", diagnosis("icd10cm:H35.81"), expect="needs-judgement"),
    case("proliferative refuted", T1DM, diagnosis("icd10cm:E10.3512", verification="refuted"), exam(),
         expect="not-met"),
    case("proliferative entered in error", T1DM,
         diagnosis("icd10cm:E10.3512", verification="entered-in-error", clinical=None), exam(),
         expect="not-met"),
    # treatment
    case("laser 12 months ago", T1DM, procedure("312713003", "2024-06-15"), exam(), expect="needs-judgement",
         rule="treated"),
    case("laser more than 12 months ago", T1DM, procedure("312713003", "2024-06-14"), exam(),
         expect="not-met"),
    case("laser without a date", T1DM, procedure("312713003", None), exam(), expect="needs-judgement"),
    case("laser not done", T1DM, procedure("312713003", status="not-done"), exam(), expect="not-met"),
    case("laser in words", T1DM, resource("Procedure", "laser in words", status="completed",
         code={"text": "Panretinal photocoagulation"}, performedDateTime=DAY), exam(),
         expect="needs-judgement"),
    case("ranibizumab now", T1DM, medication("ranibizumab intravitreal"), exam(), expect="needs-judgement",
         rule="treated"),
    case("aflibercept by ATC code", T1DM, medication("atc:S01LA05"), exam(), expect="needs-judgement"),
    case("aflibercept on hold", T1DM, medication("atc:S01LA05", status="on-hold"), exam(),
         expect="needs-judgement"),
    case("aflibercept ended this year", T1DM, medication("atc:S01LA05", status="completed",
         authored="2025-01-10"),
         exam(), expect="needs-judgement"),
    case("aflibercept ended years ago", T1DM, medication("atc:S01LA05", status="completed",
         authored="2022-01-10"),
         exam(), expect="not-met"),
    case("aflibercept ended, date not told", T1DM, medication("atc:S01LA05", status="completed",
         authored=None),
         exam(), expect="needs-judgement"),
    # graded examinations
    case("no retinopathy in either eye", left(NONE), right(NONE), expect="not-met", rule="graded",
         confidence="moderate", basis="direct"),
    case("no retinopathy, in words", lab("71490-7", "No apparent retinopathy", DAY, text=True),
         lab("71491-5", "Mild non-proliferative retinopathy", DAY, text=True), expect="not-met",
         rule="graded"),
    case("mild nonproliferative in one eye", left(MILD), right(NONE), expect="not-met"),
    case("proliferative in the left eye", left(PROLIFERATIVE), right(NONE), expect="met",
         rule="graded-proliferative-left"),
    case("proliferative in the right eye", left(NONE), right(PROLIFERATIVE), expect="met",
         rule="graded-proliferative-right"),
    case("proliferative in words", lab("71490-7", "Proliferative retinopathy", DAY, text=True), expect="met"),
    case("proliferative a year and a day ago", left(PROLIFERATIVE, "2024-06-14"), expect="unknown",
         says="older than 365 days"),
    case("only the left eye", left(NONE), expect="unknown", rule="one-eye", says="Only one eye"),
    case("only the right eye", right(NONE), expect="unknown", rule="one-eye"),
    case("an answer nobody knows", left("LA9999-9"), right(NONE), expect="unknown", rule="one-eye"),
    case("two answers nobody knows", left("LA9999-9"), right("LA9999-9"), expect="unknown", rule="unknown",
         says="not understood"),
    case("two grades of one day differ", T1DM, left(NONE), left(PROLIFERATIVE), right(NONE),
         expect="needs-judgement", rule="conflict"),
    case("a newer preliminary grade differs", T1DM, left(NONE), left(PROLIFERATIVE, "2025-05-01",
         status="preliminary"), right(NONE), expect="needs-judgement", rule="conflict"),
    case("preliminary alone", left(NONE, status="preliminary"), right(NONE, status="preliminary"),
         expect="unknown", says="preliminary"),
    case("entered in error", left(PROLIFERATIVE, status="entered-in-error"), expect="unknown"),
    case("365 days old still decides", left(NONE, "2024-06-15"), right(NONE, "2024-06-15"), expect="not-met"),
    case("366 days old is stale", left(NONE, "2024-06-14"), right(NONE, "2024-06-14"), expect="unknown",
         rule="unknown", says="older than 365 days"),
    case("730 days old is still shown", left(NONE, "2023-06-16"), right(NONE, "2023-06-16"), expect="unknown",
         says="older than 365 days"),
    case("731 days old is not shown", left(NONE, "2023-06-15"), right(NONE, "2023-06-15"), expect="unknown",
         says="left eye: none in the last 365 days"),
    case("June 2024 does not tell", left(NONE, "2024-06"), right(NONE, "2024-06"), expect="unknown",
         says="does not tell"),
    case("the newest grade decides", left(NONE), left(PROLIFERATIVE, "2024-09-01"), right(NONE),
         expect="not-met"),
    # macula
    case("macular edema found", macula("37231002"), expect="met", rule="macula"),
    case("proliferative retinopathy denied in words",
         lab("71490-7", "No proliferative retinopathy", DAY, text=True),
         lab("71491-5", "No proliferative changes", DAY, text=True), expect="not-met", rule="graded"),
    case("proliferative retinopathy called absent",
         lab("71490-7", "Proliferative retinopathy: absent", DAY, text=True), expect="unknown"),
    case("macular edema found, in words", lab("32451-7", "Macular edema", DAY, text=True), expect="met"),
    *(case(f"macula: {words}", T1DM, lab("32451-7", words, DAY, text=True), exam(), expect="not-met")
      for words in ("Macular edema: absent", "Macular edema - none", "Macular edema unlikely")),
    # a denial holds for its own clause, and an answer that names the disease undenied never clears
    *(case(f"grade: {words}", T1DM, lab("71490-7", words, DAY, text=True), exam(), expect="met",
           rule="graded-proliferative-left")
      for words in ("Proliferative diabetic retinopathy, no macular edema",
                    "Proliferative diabetic retinopathy; vitreous hemorrhage absent",
                    "Proliferative diabetic retinopathy, never treated", "High-risk PDR",
                    "Proliferative retinopathy without macular edema",
                    "Moderate nonproliferative retinopathy with macular edema",
                    "No proliferative retinopathy, macular edema present")),
    *(case(f"macula: {words}", T1DM, lab("32451-7", words, DAY, text=True), exam(), expect="met", rule="macula")
      for words in ("Macular edema present, neovascularization absent", "Macular edema; hemorrhage: none",
                    "Diabetic macular edema, never treated", "Macular edema, no foveal involvement",
                    "No hemorrhage but macular edema")),
    *(case(f"macula: {words}", T1DM, left(NONE), right(NONE), lab("32451-7", words, DAY, text=True), exam(),
           expect="needs-judgement", rule="doubtful")
      for words in ("Possible macular edema", "Macular edema: equivocal", "Macular edema cannot be excluded",
                    "No change in macular edema", "Stable PDR",
                    "No hemorrhage, mild macular edema", "No hemorrhage and macular edema")),
    *(case(f"macula: {words}", T1DM, lab("32451-7", words, DAY, text=True), exam(), expect="not-met")
      for words in ("Macular edema, absent", "Macular edema not seen in either eye",
                    "No hemorrhage, exudate, or macular edema", "No PDR, no macular edema",
                    "Neither PDR nor macular edema", "Macular edema; none")),
    case("grade: nonproliferative without macular edema",
         lab("71490-7", "Mild NPDR: non-proliferative retinopathy without macular edema", DAY, text=True), right(NONE),
         expect="not-met", rule="graded"),
    case("a grade below proliferative, and words that speak of macular edema", right(NONE),
         lab("71490-7", None, DAY, valueCodeableConcept={**answer("LA18645-4"), "text": "Moderate, macular edema"}),
         expect="met"),
    case("no macular edema, in words", T1DM, lab("32451-7", "No macular edema", DAY, text=True), exam(),
         expect="not-met"),
    case("macular edema found two years ago", T1DM, macula("37231002", "2023-06-20"), exam(),
         expect="not-met"),
    case("macula with and without edema on one day", T1DM, macula("37231002"),
         lab("32451-7", "Normal", DAY, text=True), exam(), expect="needs-judgement", rule="conflict"),
    # examinations as procedures
    case("an entry coded as proliferative and as nonproliferative", diagnosis("icd10cm:E10.3511", "icd10cm:E10.3293"),
         exam(), expect="needs-judgement", rule="questionable"),
    case("an entry coded as proliferative, and as stable", diagnosis("snomed:59276001", "icd10cm:E10.3553"), exam(),
         expect="needs-judgement", rule="questionable"),
    case("nonproliferative, examined 3 months ago", diagnosis("icd10cm:E10.3293"), exam(), expect="not-met",
         rule="examined", confidence="moderate", basis="absence-of-record"),
    case("camera examination", T1DM, procedure("314971001"), expect="not-met", rule="examined"),
    case("examined, but no diagnoses are recorded", exam(), expect="unknown", rule="unknown",
         says="no diagnoses are recorded"),
    case("examination not done", T1DM, exam(status="not-done"), expect="unknown", rule="unknown",
         says="no other examination"),
    case("examination 365 days ago", T1DM, exam("2024-06-15"), expect="not-met"),
    case("examination 366 days ago", T1DM, exam("2024-06-14"), expect="unknown"),
    case("examination in June 2024 does not tell", T1DM, exam("2024-06"), expect="unknown"),
    case("examination without a date", T1DM, exam(None), expect="unknown"),
    case("examination yet to come", T1DM, exam("2025-07-01"), expect="unknown"),
    case("left eye examined", T1DM, exam(bodySite=LEFT_SITE), expect="unknown", rule="one-eye"),
    case("each eye examined", T1DM, exam(bodySite=LEFT_SITE), exam("2025-03-11", bodySite=RIGHT_SITE),
         expect="not-met", rule="examined"),
    case("left eye graded, right eye examined", T1DM, left(NONE), exam(bodySite=RIGHT_SITE), expect="not-met",
         rule="examined"),
    case("both eyes graded without a diagnosis list entry, right eye examined again", left(NONE), right(NONE),
         exam(bodySite=RIGHT_SITE), expect="not-met", rule="graded"),
    case("examined over a period", T1DM, resource("Procedure", "examination ended 10 March 2025",
         status="completed", code={"coding": [{"system": "http://snomed.info/sct", "code": "308110009"}]},
         performedPeriod={"start": "2024-01-01", "end": DAY}), expect="not-met"),
    # what cannot be seen
    case("nothing recorded", expect="unknown", rule="unknown"),
    case("no retinopathy recorded, no examination", T1DM, expect="unknown", rule="unknown",
         says="no other examination"),
    case("nonproliferative, no examination", diagnosis("icd10cm:E10.3293"), expect="unknown", rule="unknown"),
    case("diagnoses forbidden", left(NONE), right(NONE), searches={"problems": "forbidden"}, expect="unknown",
         rule="not-all-seen", says="forbidden"),
    case("the examinations failed", T1DM, exam(), searches={"exams": "failed"}, expect="unknown", rule="not-all-seen"),
    case("labs failed", T1DM, exam(), searches={"labs": "failed"}, expect="unknown", rule="not-all-seen"),
    case("procedures truncated", T1DM, left(NONE), right(NONE), searches={"procedures": "truncated"},
         expect="unknown", rule="not-all-seen"),
    case("medications failed", T1DM, exam(), searches={"medications": "failed"}, expect="unknown",
         rule="not-all-seen"),
    case("medication statements failed", T1DM, exam(), searches={"medication-statements": "failed"},
         expect="unknown", rule="not-all-seen"),
    case("medication statements not offered", T1DM, exam(), searches={"medication-statements": "unsupported"},
         expect="not-met"),
]  # fmt: skip
