"""E17: chronic systemic steroids; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, medication, resource
from tests.criteria.hygiene import order_hygiene

CRITERION = "E17"

PREDNISONE, HYDROCORTISONE, DEXAMETHASONE = "rxnorm:8640", "rxnorm:5492", "rxnorm:3264"
METFORMIN = medication("rxnorm:6809")
ADDISON = diagnosis("icd10cm:E27.1")
UCUM = "http://unitsofmeasure.org"


def days(number: int, unit: str = "d") -> dict[str, Any]:
    return {"value": number, "unit": unit, "system": UCUM, "code": unit}


def bounded(**bounds: Any) -> list[dict[str, Any]]:
    return [{"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", **bounds}}}]


def steroid(drug: str, length: int | None = None, unit: str = "d", **more: Any) -> Given:
    """An order of a stated length, or without one."""
    if length is not None:
        more["dosage"] = bounded(boundsDuration=days(length, unit))
    given = medication(drug, **more)
    return Given(given.resource, f"{given.words}, {f'for {length} {unit}' if length else 'length not stated'}")


def given_by(route: str | None = None, text: str | None = None, code: str | None = None) -> list[dict[str, Any]]:
    written: dict[str, Any] = {}
    if route:
        written["route"] = {"text": route}
    if code:
        written["route"] = {"coding": [{"system": "http://snomed.info/sct", "code": code}]}
    if text:
        written["text"] = text
    return [written]


def monthly(status: str, authored: str) -> Given:
    """An order of prednisone with the supply of a month and no repeats."""
    supply = {"expectedSupplyDuration": days(30), "numberOfRepeatsAllowed": 0}
    return medication("prednisone 5 mg tablet", status=status, authored=authored, dispenseRequest=supply)


def repeats(number: int) -> dict[str, Any]:
    return {"numberOfRepeatsAllowed": number}


RECENT = "2025-06-10"

CASES = [
    # the reference's examples
    case(
        "prednisone 5 mg daily for 6 months",
        steroid("rxnorm:312617", 6, "mo"),
        expect="met",
        rule="chronic",
        confidence="high",
    ),
    case(
        "prednisone 5 mg daily since six months",
        steroid("rxnorm:312617", authored="2024-12-15"),
        expect="met",
        rule="chronic",
        confidence="moderate",
        says="since 2024-12-15",
    ),
    case(
        "methylprednisolone dose pack",
        steroid("rxnorm:762675", authored=RECENT),
        expect="not-met",
        rule="burst",
    ),
    case(
        "hydrocortisone 20 mg and Addison's disease",
        steroid(HYDROCORTISONE, authored="2024-12-15"),
        ADDISON,
        expect="needs-judgement",
        rule="replacement",
    ),
    case(
        "fluticasone inhaler",
        medication("fluticasone 110 mcg inhaler"),
        expect="not-met",
        rule="none",
        confidence="low",
        basis="absence-of-record",
    ),
    case("long-term use by code", diagnosis("icd10cm:Z79.52"), expect="met", rule="coded-as-long-term"),
    case(
        "prednisone active, length not stated",
        steroid(PREDNISONE, authored=RECENT),
        expect="needs-judgement",
        rule="length-open",
    ),
    case("fludrocortisone alone", medication("rxnorm:4452"), expect="needs-judgement", rule="mineralocorticoid"),
    case(
        "fludrocortisone by ATC",
        medication("atc:H02AA02"),
        expect="needs-judgement",
        rule="mineralocorticoid",
    ),
    case("fludrocortisone by name", medication("Fludrocortisone 0.1 mg"), expect="needs-judgement"),
    case("Florinef", medication("Florinef"), expect="needs-judgement"),
    case("exactly 30 days is a burst", steroid(PREDNISONE, 30), expect="not-met", rule="burst"),
    # lengths
    case("31 days", steroid(PREDNISONE, 31), expect="needs-judgement", rule="longer-than-a-burst"),
    case("89 days", steroid(PREDNISONE, 89), expect="needs-judgement", rule="longer-than-a-burst"),
    case("90 days", steroid(PREDNISONE, 90), expect="met", rule="chronic"),
    case("12 weeks", steroid(PREDNISONE, 12, "wk"), expect="needs-judgement"),
    case("13 weeks", steroid(PREDNISONE, 13, "wk"), expect="met"),
    case("one month is a burst", steroid(PREDNISONE, 1, "mo"), expect="not-met"),
    case("three months", steroid(PREDNISONE, 3, "mo"), expect="met"),
    case("a year", steroid(PREDNISONE, 1, "a"), expect="met"),
    case("an endless course", steroid(PREDNISONE, 10**30), expect="met"),
    case("720 hours", steroid(PREDNISONE, 720, "h"), expect="not-met"),
    case("5 days of dexamethasone", steroid(DEXAMETHASONE, 5), expect="not-met", confidence="moderate"),
    case(
        "20 to 40 days",
        medication(PREDNISONE, dosage=bounded(boundsRange={"low": days(20), "high": days(40)})),
        expect="needs-judgement",
        rule="longer-than-a-burst",
    ),
    case("90 days or more", medication(PREDNISONE, dosage=bounded(boundsRange={"low": days(90)})), expect="met"),
    case(
        "a length in an unknown unit",
        medication(PREDNISONE, authored=RECENT, dosage=bounded(boundsDuration=days(5, "box"))),
        expect="needs-judgement",
        rule="length-open",
    ),
    case(
        "a period of 10 days",
        medication(PREDNISONE, dosage=bounded(boundsPeriod={"start": "2025-06-10", "end": "2025-06-20"})),
        expect="not-met",
        rule="burst",
    ),
    case(
        "a period of 90 days",
        medication(PREDNISONE, dosage=bounded(boundsPeriod={"start": "2025-05-01", "end": "2025-07-30"})),
        expect="met",
        rule="chronic",
    ),
    case(
        "a period of 89 days",
        medication(PREDNISONE, dosage=bounded(boundsPeriod={"start": "2025-05-01", "end": "2025-07-29"})),
        expect="needs-judgement",
    ),
    case(
        "a period that began in 2024 and has no end",
        medication(PREDNISONE, authored=RECENT, dosage=bounded(boundsPeriod={"start": "2024-06-01"})),
        expect="met",
    ),
    case(
        "a long period that is over",
        medication(PREDNISONE, dosage=bounded(boundsPeriod={"start": "2025-01-01", "end": "2025-06-01"})),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "a short period that is over",
        medication(PREDNISONE, dosage=bounded(boundsPeriod={"start": "2025-05-01", "end": "2025-05-11"})),
        expect="not-met",
        rule="burst",
    ),
    case(
        "two steps of 20 days each may follow each other",
        medication(PREDNISONE, dosage=[*bounded(boundsDuration=days(20)), *bounded(boundsDuration=days(20))]),
        expect="needs-judgement",
        rule="longer-than-a-burst",
    ),
    case(
        "ordered 89 days ago, no end",
        steroid(PREDNISONE, authored="2025-03-18"),
        expect="needs-judgement",
        rule="length-open",
    ),
    case("ordered 90 days ago, no end", steroid(PREDNISONE, authored="2025-03-17"), expect="met"),
    case("ordered in March, no end", steroid(PREDNISONE, authored="2025-03"), expect="needs-judgement"),
    case(
        "no date and no length",
        steroid(PREDNISONE, authored=None),
        expect="needs-judgement",
        rule="length-open",
    ),
    case(
        "a supply of 10 days",
        medication(PREDNISONE, dispenseRequest={"expectedSupplyDuration": days(10)}),
        expect="not-met",
        rule="burst",
    ),
    case(
        "a supply of 90 days",
        medication(PREDNISONE, dispenseRequest={"expectedSupplyDuration": days(90)}),
        expect="met",
        rule="chronic",
    ),
    case(
        "a supply of 30 days with repeats",
        medication(PREDNISONE, dispenseRequest={"expectedSupplyDuration": days(30), **repeats(2)}),
        expect="met",
        rule="repeats",
    ),
    case(
        "repeats, length not stated",
        medication(PREDNISONE, authored=RECENT, dispenseRequest=repeats(1)),
        expect="met",
        rule="repeats",
    ),
    case(
        "no repeats, length not stated",
        medication(PREDNISONE, authored=RECENT, dispenseRequest=repeats(0)),
        expect="needs-judgement",
        rule="length-open",
    ),
    case(
        "5 days, with a repeat in reserve",
        steroid(PREDNISONE, 5, dispenseRequest=repeats(1)),
        expect="not-met",
    ),
    case("a dose pack with a repeat", steroid("rxnorm:762675", dispenseRequest=repeats(1)), expect="not-met"),
    case(
        "a statement since 2024",
        resource(
            "MedicationStatement",
            "statement prednisone since 2024-10",
            status="active",
            medicationCodeableConcept={"text": "prednisone 10 mg"},
            effectivePeriod={"start": "2024-10-01"},
        ),
        expect="met",
    ),
    case(
        "a statement of a week",
        resource(
            "MedicationStatement",
            "statement prednisone for a week",
            status="active",
            medicationCodeableConcept={"text": "prednisone 10 mg"},
            effectivePeriod={"start": "2025-06-10", "end": "2025-06-17"},
        ),
        expect="not-met",
        rule="burst",
    ),
    case(
        "a statement of four months that is over",
        resource(
            "MedicationStatement",
            "statement prednisone, over",
            status="active",
            medicationCodeableConcept={"text": "prednisone 10 mg"},
            effectivePeriod={"start": "2025-01-01", "end": "2025-05-01"},
        ),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("a burst beside a long course", steroid(PREDNISONE, 5), steroid(DEXAMETHASONE, 90), expect="met"),
    # dose packs and tapers
    *(
        case(
            f"burst by the words {words}",
            medication(f"prednisone 10 mg {words}", authored="2024-12-15"),
            expect="not-met",
            rule="burst",
        )
        for words in ("dose pack", "dose-pack", "dosepak", "dosepack", "taper", "tapering")
    ),
    case(
        "a taper by its instruction",
        medication(PREDNISONE, authored="2025-01-01", dosage=[{"text": "40 mg daily, taper over 2 weeks"}]),
        expect="not-met",
    ),
    case(
        "a taper by a note",
        medication(PREDNISONE, authored="2025-01-01", note=[{"text": "taper"}]),
        expect="not-met",
    ),
    case(
        "a taper of 120 days",
        medication(PREDNISONE, text="prednisone taper", dosage=bounded(boundsDuration=days(120))),
        expect="met",
    ),
    *(
        case(
            f"RxNorm pack {code}",
            steroid(f"rxnorm:{code}", authored="2024-12-15"),
            expect="not-met",
            rule="burst",
        )
        for code in (
            "759481",
            "759697",
            "763179",
            "763181",
            "763183",
            "763185",
            "846192",
            "1005830",
            "1013114",
            "1869595",
            "1943550",
            "2121587",
            "2387355",
        )
    ),
    # which drugs
    *(
        case(f"{drug} counts", steroid(drug, 90), expect="met")
        for drug in (
            "rxnorm:8638",
            "rxnorm:6902",
            "rxnorm:3264",
            "rxnorm:5492",
            "rxnorm:1514",
            "rxnorm:10759",
            "rxnorm:2878",
            "rxnorm:22396",
            "rxnorm:197577",
            "rxnorm:828248",
            "atc:H02AB07",
            "prednisone",
            "prednisolone",
            "methylprednisolone",
            "dexamethasone",
            "hydrocortisone",
            "cortisone",
            "betamethasone",
            "triamcinolone",
            "deflazacort",
            "Deltasone",
            "Rayos",
            "Medrol",
            "Solu-Medrol",
            "Depo-Medrol",
            "Decadron",
            "Cortef",
            "Solu-Cortef",
            "Orapred",
            "Millipred",
            "Emflaza",
            "Celestone",
            "Decortin",
            "Urbason",
        )
    ),
    # local use
    *(
        case(f"{drug} is local", medication(drug, authored="2024-12-15"), expect="not-met", rule="none")
        for drug in (
            "hydrocortisone 1 % cream",
            "triamcinolone ointment",
            "betamethasone lotion",
            "dexamethasone gel",
            "topical triamcinolone",
            "betamethasone shampoo",
            "prednisolone ophthalmic suspension",
            "prednisolone eye drops",
            "hydrocortisone otic",
            "dexamethasone ear drops",
            "triamcinolone nasal",
            "triamcinolone spray",
            "triamcinolone inhaler",
            "dexamethasone for inhalation",
            "hydrocortisone rectal foam",
            "hydrocortisone enema",
            "hydrocortisone suppository",
            "triamcinolone intra-articular",
            "triamcinolone intraarticular",
            "triamcinolone intralesional",
            "triamcinolone intravitreal",
            "triamcinolone oral paste",
            "triamcinolone dental paste",
            "dexamethasone mouthwash",
            "dexamethasone nebulizer solution",
            "rxnorm:1085728",
            "budesonide 3 mg capsule",
            "atc:R03BA02",
            "atc:A07EA06",
        )
    ),
    *(
        case(
            f"{code} named hydrocortisone is local",
            medication(code, text="hydrocortisone", authored="2024-12-15"),
            expect="not-met",
            rule="none",
        )
        for code in (
            "atc:A07EA02",
            "atc:C05AA01",
            "atc:D07AA02",
            "atc:R01AD60",
            "atc:S01BA02",
            "atc:S01CB03",
            "atc:S02BA01",
            "atc:S02CA03",
            "atc:S03BA01",
            "atc:R03BA99",
            "atc:A07EA06",
            "rxnorm:1085728",
        )
    ),
    *(
        case(
            f"prednisolone, {words}",
            medication("prednisolone", authored="2024-12-15", dosage=given_by(text=words)),
            expect="not-met",
            rule="none",
        )
        for words in (
            "apply to the skin",
            "2 puffs twice daily",
            "one puff",
            "inhale once",
            "to be inhaled",
            "give rectally",
            "apply topically",
        )
    ),
    *(
        case(
            f"route {code}",
            medication("triamcinolone", authored="2024-12-15", dosage=given_by(code=code)),
            expect="not-met",
            rule="none",
        )
        for code in ("6064005", "10547007", "12130007", "16857009", "37161004", "46713006", "54485002")
    ),
    case(
        "the route says nasal",
        medication("triamcinolone", authored="2024-12-15", dosage=given_by(route="Nasal")),
        expect="not-met",
    ),
    case(
        "the route says by mouth",
        medication("prednisone", authored="2024-12-15", dosage=given_by(code="26643006")),
        expect="met",
    ),
    case(
        "a month's supply after a month's supply",
        *(monthly("completed", f"2025-{month:02}-01") for month in (4, 5)),
        monthly("active", "2025-06-01"),
        expect="needs-judgement",
        rule="longer-than-a-burst",
        says="prednisone 5 mg tablet for 30 days; prednisone 5 mg tablet for 30 days",
    ),
    case(
        "a month's supply, and one of a year ago",
        monthly("completed", "2024-06-01"),
        monthly("active", "2025-06-01"),
        expect="not-met",
        rule="burst",
    ),
    case(
        "two bursts of 20 days, written 60 days apart",
        steroid("prednisone 20 mg tablet", 20, status="completed", authored="2025-04-11"),
        steroid("prednisone 20 mg tablet", 20, authored=RECENT),
        expect="not-met",
        rule="burst",
    ),
    case(
        "two bursts of 20 days, one without a date",
        steroid("prednisone 20 mg tablet", 20, authored=None),
        steroid("prednisone 20 mg tablet", 20, authored=RECENT),
        expect="needs-judgement",
        rule="longer-than-a-burst",
    ),
    case(
        "a month's supply, fetched 14 days late",
        monthly("completed", "2025-04-27"),
        monthly("active", "2025-06-10"),
        expect="needs-judgement",
        rule="longer-than-a-burst",
    ),
    case(
        "a month's supply, and another after a pause of 15 days",
        monthly("completed", "2025-04-26"),
        monthly("active", "2025-06-10"),
        expect="not-met",
        rule="burst",
    ),
    case(
        "two months' supplies, over, and a burst after a pause",
        monthly("completed", "2025-03-20"),
        monthly("completed", "2025-04-20"),
        steroid("prednisone 20 mg tablet", 5, authored=RECENT),
        expect="not-met",
        rule="burst",
    ),
    case(
        "two short courses in three months",
        steroid("prednisone 20 mg tablet", 5, status="completed", authored="2025-04-01"),
        steroid("prednisone 20 mg tablet", 5, authored=RECENT),
        expect="not-met",
        rule="burst",
    ),
    *(
        case(
            f"what the eyes or ears are named for: {words}",
            medication(drug, authored="2024-12-15", dosage=[{**given_by(code=code)[0], "text": words}]),
            expect="met",
            rule="chronic",
        )
        for drug, code, words in (
            ("prednisone", "26643006", "20 mg daily for eye inflammation"),
            ("prednisone 20 mg tablet", None, "20 mg by mouth daily for ear infection"),
            ("prednisone 5 mg", None, "1 tablet daily; with nasal polyps"),
        )
    ),
    case(
        "instructions for the eye, no route",
        medication("dexamethasone 0.1 %", authored="2024-12-15", dosage=given_by(text="1 drop into the left eye")),
        METFORMIN,
        expect="not-met",
        rule="none",
    ),
    *(
        case(
            f"{drug}, route {route}, {words or 'no instructions'}: local",
            medication(drug, authored="2024-12-01", dosage=given_by(route=route, text=words)),
            METFORMIN,
            expect="not-met",
            rule="none",
        )
        for drug, route, words in (
            ("hydrocortisone 10 mg/g", "As directed", "apply to affected area twice daily"),
            ("hydrocortisone 1 %", "External", "Apply to skin"),
            ("hydrocortisone 1 %", "Other", "Apply to skin"),
            ("dexamethasone 0.1 %", "see instructions", "instill 1 drop in eye"),
            ("methylprednisolone 40 mg", "injection", "intra-articular injection"),
            ("betamethasone", "Scalp", None),
            ("triamcinolone 0.1 %", "Mouth/Throat", "apply paste to ulcers"),
            ("dexamethasone 0.1 %", "Both Eyes", None),
            ("dexamethasone 0.1 %", "Ears", None),
        )
    ),
    *(
        case(
            f"route {code} without a name, and instructions for the skin",
            medication("hydrocortisone", authored="2024-12-01", dosage=given_by(code=code, text="apply to skin")),
            METFORMIN,
            expect="not-met",
            rule="none",
        )
        for code in ("448598008", "446442000", "284009009")
    ),
    *(
        case(
            f"{drug}, route {route or 'not stated'}, {words}: systemic",
            medication(drug, authored="2024-12-01", dosage=given_by(route=route, text=words)),
            expect="met",
            rule="chronic",
        )
        for drug, route, words in (
            ("prednisone", "PO", "20 mg daily for eye inflammation"),
            ("prednisone", "By mouth", "20 mg daily for eye inflammation"),
            ("methylprednisolone 40 mg", "Intramuscular", "1 dose a month for nasal polyps"),
            ("prednisone 5 mg tablet", "As directed", "daily for eye inflammation"),
            ("prednisolone 15 mg/5 mL oral solution", None, "5 mL daily for eye inflammation"),
            ("prednisone 20 mg", "As directed", "once daily"),
        )
    ),
    case(
        "the form of the product is a cream",
        resource(
            "MedicationRequest",
            "hydrocortisone, form cream",
            status="active",
            intent="order",
            authoredOn="2024-12-15",
            medicationReference={"reference": "#m"},
            contained=[
                {
                    "resourceType": "Medication",
                    "id": "m",
                    "code": {"text": "hydrocortisone"},
                    "form": {"text": "Cream"},
                }
            ],
        ),
        expect="not-met",
        rule="none",
    ),
    # replacement
    case(
        "cortisone and Addison's disease",
        steroid("rxnorm:2878", 365),
        ADDISON,
        expect="needs-judgement",
        rule="replacement",
    ),
    *(
        case(f"{drug} replaces", steroid(drug, 365), ADDISON, expect="needs-judgement", rule="replacement")
        for drug in (
            "rxnorm:197782",
            "rxnorm:197783",
            "rxnorm:197787",
            "rxnorm:828248",
            "atc:H02AB09",
            "atc:H02AB10",
            "hydrocortisone 10 mg",
            "cortisone acetate",
            "Cortef 5 mg",
        )
    ),
    *(
        case(
            f"hydrocortisone and {code}",
            steroid(HYDROCORTISONE, 365),
            diagnosis(code),
            expect="needs-judgement",
            rule="replacement",
        )
        for code in (
            "icd10cm:E27.40",
            "icd10cm:E27.49",
            "icd10:E27.1",
            "icd10:E27.4",
            "icd9:255.41",
            "snomed:363732003",
        )
    ),
    *(
        case(
            f'hydrocortisone and "{words}"',
            steroid(HYDROCORTISONE, 365),
            diagnosis(text=words),
            expect="needs-judgement",
            rule="replacement",
        )
        for words in (
            "Addison's disease",
            "Addison disease",
            "Addison",
            "adrenal insufficiency",
            "adrenocortical insufficiency",
        )
    ),
    case(
        "hydrocortisone ordered for Addison's disease",
        steroid(
            HYDROCORTISONE,
            365,
            reasonCode=[{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E27.1"}]}],
        ),
        expect="needs-judgement",
        rule="replacement",
    ),
    case(
        "hydrocortisone for a year, adrenals not mentioned",
        steroid(HYDROCORTISONE, 365),
        expect="met",
        rule="chronic",
    ),
    case(
        "hydrocortisone, Addison's disease refuted",
        steroid(HYDROCORTISONE, 365),
        diagnosis("icd10cm:E27.1", verification="refuted"),
        expect="met",
    ),
    case("prednisone for a year beside Addison's disease", steroid(PREDNISONE, 365), ADDISON, expect="met"),
    case(
        "replacement coded as long-term steroids",
        steroid(HYDROCORTISONE, 365),
        ADDISON,
        diagnosis("icd10cm:Z79.52"),
        expect="needs-judgement",
        rule="replacement-coded-as-long-term",
    ),
    case(
        "replacement and a burst of prednisone, coded as long-term",
        steroid(HYDROCORTISONE, 365),
        ADDISON,
        steroid(PREDNISONE, 5),
        diagnosis("icd10cm:Z79.52"),
        expect="met",
        rule="coded-as-long-term",
    ),
    case("Addison's disease without a steroid", ADDISON, METFORMIN, expect="not-met", rule="none"),
    case(
        "fludrocortisone with hydrocortisone and Addison's disease",
        medication("rxnorm:4452"),
        steroid(HYDROCORTISONE, 365),
        ADDISON,
        expect="needs-judgement",
        rule="replacement",
    ),
    case(
        "fludrocortisone and prednisone for a year",
        medication("rxnorm:4452"),
        steroid(PREDNISONE, 365),
        expect="met",
    ),
    # codes
    case("long-term use, past", diagnosis("icd10cm:Z79.52", clinical="resolved"), METFORMIN, expect="not-met"),
    case(
        "long-term use, provisional",
        diagnosis("icd10cm:Z79.52", verification="provisional"),
        METFORMIN,
        expect="needs-judgement",
        rule="code-doubtful",
    ),
    *(
        case(
            f'"{words}" by text only',
            diagnosis(text=words),
            METFORMIN,
            expect="needs-judgement",
            rule="code-doubtful",
        )
        for words in (
            "long-term steroid",
            "long term steroid",
            "long-term steroids",
            "long-term systemic steroids",
            "chronic steroid use",
        )
    ),
    case(
        "long-term steroids of unstated route, ICD-9",
        diagnosis("icd9:V58.65"),
        METFORMIN,
        expect="needs-judgement",
        rule="code-doubtful",
    ),
    case(
        "long-term steroids of unstated route, past",
        diagnosis("icd9:V58.65", clinical="resolved"),
        METFORMIN,
        expect="not-met",
    ),
    case("long-term inhaled steroids are a trap", diagnosis("icd10cm:Z79.51"), METFORMIN, expect="not-met"),
    case(
        "long-term use by code decides when the medications failed",
        diagnosis("icd10cm:Z79.52"),
        searches={"medications": "failed"},
        expect="met",
    ),
    # whether it is taken
    case("on hold", steroid(PREDNISONE, 365, status="on-hold"), expect="needs-judgement", rule="doubtful"),
    case("a burst on hold", steroid(PREDNISONE, 5, status="on-hold"), expect="not-met", rule="burst"),
    case(
        "ordered over a year ago",
        steroid(PREDNISONE, authored="2024-06-01"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("a burst ordered over a year ago", steroid(PREDNISONE, 5, authored="2024-06-01"), expect="not-met"),
    case("stopped", steroid(PREDNISONE, 365, status="stopped"), expect="not-met", rule="none"),
    case("completed", steroid(PREDNISONE, 365, status="completed"), expect="not-met", rule="none"),
    case("a proposal", steroid(PREDNISONE, 365, intent="proposal"), expect="not-met", rule="none"),
    case("entered in error", steroid(PREDNISONE, 365, status="entered-in-error"), METFORMIN, expect="not-met"),
    case("not to be given", steroid(PREDNISONE, 365, doNotPerform=True), METFORMIN, expect="not-met"),
    # what cannot be seen
    case(
        "nothing recorded",
        expect="unknown",
        rule="medications-missing",
        says="no medications are recorded here",
    ),
    case("other drugs only", METFORMIN, expect="not-met", rule="none"),
    case(
        "another drug, entered in error, shows nothing",
        medication("rxnorm:6809", status="entered-in-error"),
        expect="unknown",
        rule="medications-missing",
    ),
    case(
        "medications forbidden",
        searches={"medications": "forbidden"},
        expect="unknown",
        rule="medications-missing",
    ),
    case(
        "medications cut off",
        METFORMIN,
        searches={"medications": "truncated"},
        expect="unknown",
        rule="medications-missing",
    ),
    case("statements failed", METFORMIN, searches={"medication-statements": "failed"}, expect="unknown"),
    case(
        "statements not offered",
        METFORMIN,
        searches={"medication-statements": "unsupported"},
        expect="not-met",
    ),
    case(
        "diagnoses forbidden",
        METFORMIN,
        searches={"problems": "forbidden"},
        expect="unknown",
        rule="diagnoses-missing",
    ),
    case(
        "encounter diagnoses cut off",
        steroid(PREDNISONE, 5),
        searches={"diagnoses": "truncated"},
        expect="unknown",
        rule="diagnoses-missing",
    ),
    case(
        "a steroid by its name alone",
        medication("prednisone 5 mg", authored="2024-12-15"),
        expect="met",
        confidence="low",
    ),
    *order_hygiene(PREDNISONE),
]
