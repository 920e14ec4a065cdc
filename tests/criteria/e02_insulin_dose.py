"""E2: insulin above 100 U/day, summed over all current orders; evaluated on 15 June 2025."""

from decimal import Decimal
from typing import Any

from tests.criteria.given import Given, case, lab, medication, resource, vital

CRITERION = "E2"

GLARGINE, DEGLUDEC, LISPRO = "rxnorm:274783", "rxnorm:1670007", "rxnorm:86009"
LISPRO_200 = "rxnorm:1652239"
UCUM = "http://unitsofmeasure.org"
NO_LABS_NEEDED = lab("4548-4", "8.1 %", "2025-06-01")
METFORMIN = medication("rxnorm:6809")


def quantity(written: str) -> dict[str, Any]:
    value, _, unit = written.partition(" ")
    return {"value": Decimal(value), "unit": unit, "system": UCUM, "code": unit}


def every(frequency: int, period: str = "1", unit: str = "d", **more: Any) -> dict[str, Any]:
    return {"repeat": {"frequency": frequency, "period": Decimal(period), "periodUnit": unit, **more}}


def code(abbreviation: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
    return {"code": {"coding": [{"system": system, "code": abbreviation}]}}


def text_code(text: str) -> dict[str, Any]:
    return {"code": {"text": text}}


def at(*when: str) -> dict[str, Any]:
    return {"repeat": {"when": list(when)}}


def dosage(dose: str | None = None, timing: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One instruction; ``dose`` is ``20 U`` or a range ``0-15 U``."""
    written: dict[str, Any] = dict(more)
    if dose and "-" in dose:
        low, high = dose.split(" ")[0].split("-")
        unit = dose.split(" ")[1]
        written["doseAndRate"] = [{"doseRange": {"low": quantity(f"{low} {unit}"), "high": quantity(f"{high} {unit}")}}]
    elif dose:
        written["doseAndRate"] = [{"doseQuantity": quantity(dose)}]
    if timing:
        written["timing"] = timing
    return written


def insulin(drug: str, dose: str | None, timing: dict[str, Any] | None = None, **more: Any) -> Given:
    """An order with one instruction; named instruction elements go to it, the rest to the order."""
    names = ("asNeededBoolean", "asNeededCodeableConcept", "maxDosePerPeriod", "route")
    own = {name: more.pop(name) for name in names if name in more}
    if "says" in more:
        own["text"] = more.pop("says")
    given = medication(drug, dosage=[dosage(dose, timing, **own)], **more)
    words = f"{given.words}, {dose or 'no dose'} {timing or ''}{' ' + str(own) if own else ''}"
    return Given(given.resource, words)


def steps(*dosages: dict[str, Any], **more: Any) -> Given:
    """An order of glargine whose instructions are numbered."""
    numbered = [{**given, "sequence": number} for number, given in enumerate(dosages, 1)]
    given = medication(GLARGINE, dosage=numbered, **more)
    return Given(given.resource, f"{given.words}, numbered steps {numbered}")


def statement(drug: str, *dosages: dict[str, Any], status: str = "active", **more: Any) -> Given:
    return resource(
        "MedicationStatement",
        f"statement {drug}, {status}{' ' + str(more) if more else ''}",
        status=status,
        medicationCodeableConcept=medication(drug).resource["medicationCodeableConcept"],
        dosage=list(dosages),
        **more,
    )


def supply(amount: str, days: str) -> dict[str, Any]:
    return {"quantity": quantity(amount), "expectedSupplyDuration": quantity(f"{days} d")}


def per_day(amount: str) -> dict[str, Any]:
    return {"numerator": quantity(amount), "denominator": quantity("1 d")}


def rate(written: str, timing: dict[str, Any] | None = None) -> dict[str, Any]:
    basal: dict[str, Any] = {"doseAndRate": [{"rateQuantity": quantity(written)}]}
    return {**basal, "timing": timing} if timing else basal


def pump(*dosages: dict[str, Any], **more: Any) -> Given:
    return medication(LISPRO, dosage=list(dosages), **more)


def recorded(value: str, when: str = "2025-06-01", **more: Any) -> Given:
    named = {"text": "Total daily insulin dose"}
    given = vital("29463-7", value, when, **more)
    return Given({**given.resource, "code": named}, f"total daily insulin dose {value} on {when}")


QD, TID = every(1), every(3)
BASAL_60, LISPRO_20 = insulin(GLARGINE, "60 U", QD), insulin(LISPRO, "20 U", TID)

CASES = [
    # the reference's examples
    case(
        "glargine 40 once + lispro 20 three times is 100",
        insulin(GLARGINE, "40 U", QD),
        LISPRO_20,
        expect="not-met",
        rule="within",
        confidence="high",
    ),
    case(
        "glargine 40 + lispro 21 three times is 103",
        insulin(GLARGINE, "40 U", QD),
        insulin(LISPRO, "21 U", TID),
        expect="met",
        rule="above",
        says="103 U a day",
    ),
    case(
        "glargine 40 + lispro sliding 0-15 three times, at most 45",
        insulin(GLARGINE, "40 U", QD),
        insulin(LISPRO, "0-15 U", TID, maxDosePerPeriod=per_day("45 U")),
        expect="not-met",
        says="40 to 85 U",
    ),
    case(
        "glargine 60 + an order per pump",
        BASAL_60,
        insulin(LISPRO, None, says="per pump"),
        expect="unknown",
        rule="dose-open",
        says="60 U or more",
    ),
    case(
        "0.5 mL once a day of a 200 U/mL pen is 100",
        insulin(LISPRO_200, "0.5 mL", QD),
        expect="not-met",
        says="100 U a day",
    ),
    case(
        "glargine 60 + degludec 60, both active",
        BASAL_60,
        insulin(DEGLUDEC, "60 U", QD),
        expect="needs-judgement",
        rule="two-basal-insulins",
    ),
    case("no insulin, other drugs recorded", METFORMIN, expect="unknown", rule="no-insulin"),
    # how often
    *(
        case(
            f"{abbreviation}: {dose} U is {dose * times}",
            insulin(LISPRO, f"{dose} U", code(abbreviation)),
            expect="not-met",
            says=f"Insulin {dose * times} U a day",
        )
        for abbreviation, times, dose in (
            ("QD", 1, 50),
            ("AM", 1, 50),
            ("PM", 1, 50),
            ("BED", 1, 50),
            ("BID", 2, 50),
            ("TID", 3, 33),
            ("QID", 4, 25),
            ("AC", 3, 33),
            ("Q1H", 24, 4),
            ("Q2H", 12, 8),
            ("Q3H", 8, 12),
            ("Q4H", 6, 16),
            ("Q6H", 4, 25),
            ("Q8H", 3, 33),
        )
    ),
    case(
        "QOD: 60 U every other day is 30",
        insulin(LISPRO, "60 U", code("QOD")),
        expect="not-met",
        says="30 U a day",
    ),
    case(
        "WK: 700 U a week is 100",
        insulin(GLARGINE, "700 U", code("WK")),
        expect="not-met",
        says="100 U a day",
    ),
    case(
        "MO: 3000 U a month is 100",
        insulin(GLARGINE, "3000 U", code("MO")),
        expect="not-met",
        says="100 U a day",
    ),
    *(
        case(f'"{words}" as text', insulin(LISPRO, "51 U", text_code(words)), expect=expect)
        for words, expect in (
            ("Daily", "not-met"),
            ("QD", "not-met"),
            ("once daily", "not-met"),
            ("every day", "not-met"),
            ("Nightly", "not-met"),
            ("QHS", "not-met"),
            ("HS", "not-met"),
            ("at bedtime", "not-met"),
            ("QAM", "not-met"),
            ("every morning", "not-met"),
            ("QPM", "not-met"),
            ("every evening", "not-met"),
            ("BID", "met"),
            ("twice daily", "met"),
            ("2 times  daily", "met"),
            ("TID", "met"),
            ("three times daily", "met"),
            ("3 times daily", "met"),
            ("AC", "met"),
            ("before meals", "met"),
            ("with meals", "met"),
            ("3 times daily before meals", "met"),
            ("3 times daily with meals", "met"),
            ("QID", "met"),
            ("four times daily", "met"),
            ("4 times daily", "met"),
            ("before meals and at bedtime", "unknown"),
            ("as directed", "unknown"),
        )
    ),
    case(
        "three times daily as text is not four",
        insulin(LISPRO, "33 U", text_code("three times daily")),
        expect="not-met",
        says="99 U",
    ),
    case(
        "twice daily as text is not three",
        insulin(LISPRO, "50 U", text_code("twice daily")),
        expect="not-met",
    ),
    case("every 8 hours", insulin(LISPRO, "34 U", every(1, "8", "h")), expect="met", says="102 U"),
    case("every 480 minutes", insulin(LISPRO, "34 U", every(1, "480", "min")), expect="met"),
    case("every 28800 seconds", insulin(LISPRO, "33 U", every(1, "28800", "s")), expect="not-met", says="99 U"),
    case("once a week", insulin(GLARGINE, "707 U", every(1, "1", "wk")), expect="met", says="101 U"),
    case("once a month", insulin(GLARGINE, "3000 U", every(1, "1", "mo")), expect="not-met"),
    case("once a year", insulin(GLARGINE, "1825 U", every(1, "1", "a")), expect="not-met", says="5 U"),
    case(
        "two to four times a day",
        insulin(LISPRO, "30 U", every(2, frequencyMax=4)),
        expect="unknown",
        says="60 to 120 U",
    ),
    case(
        "every 8 to 12 hours",
        insulin(LISPRO, "40 U", every(1, "8", "h", periodMax=Decimal(12))),
        expect="unknown",
        says="80 to 120 U",
    ),
    case("before breakfast, lunch and dinner", insulin(LISPRO, "34 U", at("ACM", "ACD", "ACV")), expect="met"),
    case("with meals (C)", insulin(LISPRO, "34 U", at("C")), expect="met"),
    case("after meals (PC)", insulin(LISPRO, "34 U", at("PC")), expect="met"),
    case(
        "before meals and at bedtime is four times",
        insulin(LISPRO, "25 U", at("AC", "HS")),
        expect="not-met",
        says="100 U",
    ),
    case(
        "once a day, said twice",
        insulin(GLARGINE, "60 U", every(1, when=["HS"])),
        expect="not-met",
        says="60 U",
    ),
    case(
        "once a day and before each meal cannot both be",
        insulin(LISPRO, "40 U", every(1, when=["AC"])),
        expect="unknown",
        says="40 to 120 U",
    ),
    case(
        "at three named hours",
        insulin(LISPRO, "34 U", {"repeat": {"timeOfDay": ["08:00", "12:00", "18:00"]}}),
        expect="met",
    ),
    case(
        "on two weekdays at most once a day",
        insulin(GLARGINE, "70 U", every(1, dayOfWeek=["mon", "thu"])),
        expect="not-met",
        says="20 to 70 U",
    ),
    case("how often is not said", insulin(GLARGINE, "40 U"), expect="unknown", rule="dose-open"),
    case(
        "three times, without a period",
        insulin(LISPRO, "10 U", {"repeat": {"frequency": 3}}),
        expect="unknown",
    ),
    # how much
    case("a range on both sides", insulin(GLARGINE, "80-120 U", QD), expect="unknown", says="80 to 120 U"),
    case("a range above", insulin(GLARGINE, "101-120 U", QD), expect="met"),
    case(
        "as needed counts from zero",
        insulin(LISPRO, "34 U", TID, asNeededBoolean=True),
        expect="unknown",
        says="0 to 102 U",
    ),
    case(
        "as needed for high glucose",
        BASAL_60,
        insulin(LISPRO, "10 U", TID, asNeededCodeableConcept={"text": "glucose above 200"}),
        expect="not-met",
        says="60 to 90 U",
    ),
    case("as needed without a maximum", insulin(LISPRO, "10 U", asNeededBoolean=True), expect="unknown"),
    case(
        "a sliding scale by its words",
        BASAL_60,
        insulin(LISPRO, "20 U", TID, says="per sliding scale"),
        expect="unknown",
        says="60 to 120 U",
    ),
    case(
        "correction doses by their words",
        BASAL_60,
        insulin(LISPRO, "13 U", TID, says="correction dose"),
        expect="not-met",
        says="60 to 99 U",
    ),
    case(
        "correctional doses by the reason",
        BASAL_60,
        insulin(LISPRO, "13 U", TID, asNeededCodeableConcept={"text": "correctional"}),
        expect="not-met",
        says="60 to 99 U",
    ),
    case(
        "a maximum alone",
        insulin(LISPRO, None, maxDosePerPeriod=per_day("90 U")),
        expect="not-met",
        says="0 to 90 U",
    ),
    case(
        "a maximum of 120 a day alone",
        insulin(LISPRO, None, maxDosePerPeriod=per_day("120 U")),
        expect="unknown",
    ),
    case(
        "a maximum over two days",
        insulin(LISPRO, None, maxDosePerPeriod={"numerator": quantity("180 U"), "denominator": quantity("2 d")}),
        expect="not-met",
        says="0 to 90 U",
    ),
    case(
        "a fixed dose above its own maximum",
        insulin(LISPRO, "40 U", TID, maxDosePerPeriod=per_day("90 U")),
        expect="not-met",
        says="90 U a day",
    ),
    case(
        "two instructions of one order",
        pump(dosage("20 U", at("ACM")), dosage("81 U", at("ACV"))),
        expect="met",
        says="101 U",
    ),
    case(
        "an ordered and a calculated dose are alternatives",
        medication(
            LISPRO,
            dosage=[
                {
                    "timing": QD,
                    "doseAndRate": [{"doseQuantity": quantity("40 U")}, {"doseQuantity": quantity("45 U")}],
                }
            ],
        ),
        expect="not-met",
        says="40 to 45 U",
    ),
    case("exactly 100", insulin(GLARGINE, "100 U", QD), expect="not-met"),
    case("100.5", insulin(GLARGINE, "100.5 U", QD), expect="met"),
    # units
    *(
        case(f"unit written {unit}", insulin(GLARGINE, f"101 {unit}", QD), expect="met")
        for unit in ("[iU]", "[U]", "IU", "units", "{unit}", "unt", "unit(s)")
    ),
    case("an implausible dose", insulin(GLARGINE, "99999999999999999999 U", QD), expect="unknown"),
    case("an endless frequency", insulin(GLARGINE, "60 U", every(10**18)), expect="met"),
    *(
        case(
            f"no frequency: {words}",
            insulin(GLARGINE, "60 U", timing),
            expect="unknown",
            says="no readable",
        )
        for words, timing in (
            ("less than never", every(-2)),
            ("endlessly less than never", every(-(10**18))),
            ("never", every(0)),
            ("most less than never", every(1, frequencyMax=-(10**18))),
            ("a period before its beginning", every(1, "-1")),
            ("no period", every(1, "0")),
            ("longest period before its beginning", every(1, "1", periodMax=Decimal(-1))),
        )
    ),
    case("a range that stands the wrong way round", insulin(GLARGINE, "120-12 U", QD), expect="unknown"),
    case("unit not known", insulin(GLARGINE, "101 mg", QD), expect="unknown"),
    case("syringe marks are no unit", insulin(GLARGINE, "20 marks", QD), expect="unknown"),
    case(
        "no unit",
        medication(GLARGINE, dosage=[{"timing": QD, "doseAndRate": [{"doseQuantity": {"value": 20}}]}]),
        expect="unknown",
    ),
    case("mL without a strength", insulin(GLARGINE, "0.5 mL", QD), expect="unknown", rule="dose-open"),
    case("0.6 mL of a 300 U/mL pen", insulin("rxnorm:1604539", "0.34 mL", QD), expect="met", says="102 U"),
    case("0.2 mL of U-500", insulin("rxnorm:249220", "0.2 mL", QD), expect="not-met", says="syringe marks"),
    case("a U-100 insulin needs no remark on marks", insulin(GLARGINE, "60 U", QD), expect="not-met"),
    case(
        "mL of a premixed insulin: its parts add up",
        insulin("rxnorm:106892", "1.01 mL", QD),
        expect="met",
        says="101 U",
    ),
    case(
        "mL of an insulin with a second substance",
        insulin("rxnorm:1858995", "0.5 mL", QD),
        expect="not-met",
        says="50 U",
    ),
    case("strength by its text", insulin("Lantus 100 unit/mL", "0.5 mL", QD), expect="not-met", says="50 U"),
    case("strength by U-200", insulin("Humalog U-200 KwikPen", "0.6 mL", QD), expect="met", says="120 U"),
    case("two strengths in one name", insulin("Lantus U-100 or U-300", "0.5 mL", QD), expect="unknown"),
    # one product ordered twice
    case(
        "the identical order twice counts once",
        BASAL_60,
        insulin(GLARGINE, "60 U", QD),
        expect="not-met",
        rule="within",
        says="Possible duplicate orders",
    ),
    case(
        "an order and a statement of the same dose",
        BASAL_60,
        statement(GLARGINE, dosage("60 U", QD)),
        expect="not-met",
        says="Possible duplicate",
    ),
    case(
        "an order, and a statement without a dose",
        BASAL_60,
        statement(GLARGINE),
        expect="not-met",
        says="Possible duplicate",
    ),
    case(
        "two orders in words, dispensed for 70 and for 50 U a day: no duplicates",
        medication(GLARGINE, dosage=[{"text": "morning"}], dispenseRequest=supply("2100 U", "30")),
        medication(GLARGINE, dosage=[{"text": "night"}], dispenseRequest=supply("1500 U", "30")),
        expect="needs-judgement",
        rule="may-replace-each-other",
    ),
    case(
        "two orders without instructions, dispensed for 70 and for 50 U a day: no duplicates",
        medication(GLARGINE, dispenseRequest=supply("2100 U", "30")),
        medication(GLARGINE, dispenseRequest=supply("1500 U", "30")),
        expect="needs-judgement",
        rule="may-replace-each-other",
    ),
    case(
        "two orders in different words, each dispensed for 60 U a day: no duplicates",
        medication(GLARGINE, dosage=[{"text": "60 in the morning"}], dispenseRequest=supply("1800 U", "30")),
        medication(GLARGINE, dosage=[{"text": "60 at night"}], dispenseRequest=supply("1800 U", "30")),
        expect="needs-judgement",
        rule="may-replace-each-other",
    ),
    case(
        "the identical refill twice counts once",
        medication(GLARGINE, dispenseRequest=supply("1800 U", "30")),
        medication(GLARGINE, dispenseRequest=supply("1800 U", "30")),
        expect="not-met",
        rule="within-by-supply",
    ),
    case(
        "an order with a supply, and a statement without a dose",
        medication(GLARGINE, dispenseRequest=supply("1800 U", "30")),
        statement(GLARGINE),
        expect="not-met",
        says="Possible duplicate",
    ),
    case(
        "a statement of 2021 that is still called active",
        BASAL_60,
        statement(LISPRO, dosage("20 U", TID), effectivePeriod={"start": "2020-01-01", "end": "2021-01-01"}),
        expect="needs-judgement",
        rule="with-old-orders",
    ),
    # numbered instructions follow each other, though some systems number what is taken together
    case(
        "60 U and then 70 U are not 130 U",
        steps(dosage("60 U", QD), dosage("70 U", QD)),
        expect="unknown",
        rule="dose-open",
        says="60 to 130 U",
    ),
    case("40 U and then 50 U", steps(dosage("40 U", QD), dosage("50 U", QD)), expect="not-met", rule="within"),
    case(
        "numbered, but one in the morning and one at night",
        steps(dosage("60 U", at("MORN")), dosage("70 U", at("NIGHT"))),
        expect="met",
        says="130 U",
    ),
    case(
        "numbered, the second only as needed",
        steps(dosage("110 U", QD), dosage("5 U", TID, asNeededBoolean=True)),
        expect="met",
        says="110 to 125 U",
    ),
    case("110 U and then 120 U", steps(dosage("110 U", QD), dosage("120 U", QD)), expect="met"),
    case("a statement without a dose alone", statement(GLARGINE), expect="unknown", rule="dose-open"),
    case("a statement without a dose of another insulin", BASAL_60, statement(LISPRO), expect="unknown"),
    case(
        "one insulin in two doses, either of which may be old",
        BASAL_60,
        insulin(GLARGINE, "50 U", QD),
        expect="needs-judgement",
        rule="may-replace-each-other",
        says="50 to 110 U",
    ),
    case(
        "one insulin in two doses, harmless together",
        insulin(GLARGINE, "40 U", QD),
        insulin(GLARGINE, "50 U", QD),
        expect="not-met",
        rule="within",
    ),
    case(
        "one insulin in two doses, each too much",
        insulin(GLARGINE, "110 U", QD),
        insulin(GLARGINE, "120 U", QD),
        expect="met",
        rule="above",
    ),
    case(
        "two products of one insulin in one dose",
        insulin("Lantus", "60 U", QD),
        insulin("Basaglar", "60 U", QD),
        expect="needs-judgement",
        rule="may-replace-each-other",
    ),
    case(
        "orders for different meals add up",
        insulin(LISPRO, "30 U", at("ACM")),
        insulin(LISPRO, "30 U", at("ACD")),
        insulin(LISPRO, "41 U", at("ACV")),
        expect="met",
        says="101 U",
    ),
    case(
        "orders for the same meal may replace each other",
        insulin(LISPRO, "60 U", at("ACM")),
        insulin(LISPRO, "50 U", at("ACM")),
        expect="needs-judgement",
        rule="may-replace-each-other",
    ),
    # two insulins of one class
    case(
        "two different basal insulins, small doses",
        insulin(GLARGINE, "10 U", QD),
        insulin(DEGLUDEC, "10 U", QD),
        expect="needs-judgement",
        rule="two-basal-insulins",
    ),
    case(
        "glargine and detemir by ATC",
        insulin("atc:A10AE04", "10 U", QD),
        insulin("atc:A10AE05", "10 U", QD),
        expect="needs-judgement",
        rule="two-basal-insulins",
    ),
    case(
        "NPH and glargine are both basal",
        insulin("atc:A10AC01", "10 U", QD),
        insulin(GLARGINE, "10 U", QD),
        expect="needs-judgement",
        rule="two-basal-insulins",
    ),
    case(
        "two basal insulins, each too much",
        insulin(GLARGINE, "110 U", QD),
        insulin(DEGLUDEC, "120 U", QD),
        expect="met",
        rule="above",
    ),
    case(
        "two different rapid insulins",
        insulin(LISPRO, "5 U", TID),
        insulin("atc:A10AB05", "5 U", TID),
        expect="needs-judgement",
        rule="two-of-one-class",
    ),
    case(
        "a basal insulin replaced by another that was stopped",
        BASAL_60,
        insulin(DEGLUDEC, "60 U", QD, status="stopped"),
        expect="not-met",
    ),
    case(
        "basal, rapid and inhaled insulin are three classes",
        insulin(GLARGINE, "40 U", QD),
        insulin(LISPRO, "10 U", TID),
        insulin("Afrezza", "8 U", TID),
        expect="not-met",
        says="94 U",
    ),
    case(
        "a premixed insulin beside a basal one",
        insulin("rxnorm:106892", "20 U", QD),
        insulin(GLARGINE, "20 U", QD),
        expect="not-met",
        says="40 U",
    ),
    case(
        "Lantus and glargine are one insulin",
        insulin("Lantus", "40 U", QD),
        insulin(GLARGINE, "41 U", QD),
        expect="not-met",
    ),
    *(
        case(
            f"{one} and {other} are two of one class",
            insulin(one, "5 U", QD),
            insulin(other, "6 U", QD),
            expect="needs-judgement",
            rule=rule,
        )
        for one, other, rule in (
            ("Toujeo", "Tresiba", "two-basal-insulins"),
            ("Semglee", "Levemir", "two-basal-insulins"),
            ("Insulatard", "Abasaglar insulin", "two-basal-insulins"),
            ("Soliqua", "insulin NPH", "two-basal-insulins"),
            ("Humulin N", "Xultophy", "two-basal-insulins"),
            ("Novolin N", "Suliqua", "two-basal-insulins"),
            ("insulin lente", "insulin degludec", "two-basal-insulins"),
            ("insulin isophane", "insulin detemir", "two-basal-insulins"),
            ("Humalog", "Novolog", "two-of-one-class"),
            ("Admelog", "Novorapid", "two-of-one-class"),
            ("Lyumjev", "Fiasp", "two-of-one-class"),
            ("Apidra", "Humulin R", "two-of-one-class"),
            ("insulin glulisine", "Actrapid", "two-of-one-class"),
            ("Novolin R", "insulin aspart", "two-of-one-class"),
            ("Myxredlin", "insulin lispro", "two-of-one-class"),
            ("insulin regular", "Apidra", "two-of-one-class"),
            ("atc:A10AB01", "atc:A10AB06", "two-of-one-class"),
            ("atc:A10AB04", "Fiasp", "two-of-one-class"),
            ("atc:A10AE06", "atc:A10AE54", "two-basal-insulins"),
            ("atc:A10AE56", "Lantus", "two-basal-insulins"),
        )
    ),
    *(
        case(
            f"{one} and {other} are different classes",
            insulin(one, "5 U", QD),
            insulin(other, "6 U", QD),
            expect="not-met",
        )
        for one, other in (
            ("Ryzodeg", "Lantus"),
            ("insulin aspart protamine", "Fiasp"),
            ("Novolog Mix", "Novolog"),
            ("Humulin 70/30", "Humulin R"),
            ("Humalog 75/25", "Humalog"),
            ("Humalog 50/50", "Humalog"),
            ("Novolin 70-30", "Novolin R"),
            ("Humalog 75-25", "Humalog"),
            ("Humulin 30/70", "Humulin N"),
            ("Humalog 25/75", "Humalog"),
            ("Humalog 50-50", "Humalog"),
            ("atc:A10AD05", "atc:A10AB05"),
            ("atc:A10AF01", "atc:A10AB01"),
            ("Exubera insulin", "insulin regular"),
            ("insulin regular, inhalation powder", "insulin regular"),
            ("insulin regular inhalant", "Humulin R"),
        )
    ),
    # on hold, old orders
    case(
        "an order on hold counts from zero",
        BASAL_60,
        insulin(LISPRO, "20 U", TID, status="on-hold"),
        expect="unknown",
        rule="dose-open",
        says="60 to 120 U",
    ),
    case(
        "an order on hold, harmless",
        BASAL_60,
        insulin(LISPRO, "10 U", TID, status="on-hold"),
        expect="not-met",
    ),
    case(
        "above even without the order on hold",
        insulin(GLARGINE, "110 U", QD),
        insulin(LISPRO, "10 U", TID, status="on-hold"),
        expect="met",
    ),
    case(
        "only orders over a year old",
        insulin(GLARGINE, "60 U", QD, authored="2024-06-01"),
        expect="needs-judgement",
        rule="only-old-orders",
    ),
    case(
        "an order over a year old decides",
        BASAL_60,
        insulin(LISPRO, "20 U", TID, authored="2024-06-01"),
        expect="needs-judgement",
        rule="with-old-orders",
    ),
    case(
        "an order over a year old, harmless",
        BASAL_60,
        insulin(LISPRO, "10 U", TID, authored="2024-06-01"),
        expect="not-met",
    ),
    case(
        "only stopped insulin",
        insulin(GLARGINE, "60 U", QD, status="stopped"),
        METFORMIN,
        expect="unknown",
        rule="no-insulin",
    ),
    case(
        "a plan is no order",
        insulin(GLARGINE, "160 U", QD, intent="plan"),
        METFORMIN,
        expect="unknown",
        rule="no-insulin",
    ),
    case(
        "entered in error",
        insulin(GLARGINE, "160 U", QD, status="entered-in-error"),
        METFORMIN,
        expect="unknown",
    ),
    case(
        "a statement that it is not taken",
        statement(GLARGINE, dosage("160 U", QD), status="not-taken"),
        METFORMIN,
        expect="unknown",
    ),
    case(
        "an instruction whose time is over",
        pump(
            dosage("80 U", every(1, boundsPeriod={"start": "2025-03-01", "end": "2025-04-01"})),
            dosage("30 U", every(1, boundsPeriod={"start": "2025-04-02"})),
        ),
        expect="not-met",
        says="30 U a day",
    ),
    case(
        "an instruction that has not begun",
        pump(dosage("30 U", QD), dosage("80 U", every(1, boundsPeriod={"start": "2025-07-01"}))),
        expect="not-met",
        says="30 U a day",
    ),
    case(
        "all instructions over: perhaps nothing",
        pump(dosage("120 U", every(1, boundsPeriod={"end": "2025-04-01"}))),
        expect="unknown",
        says="0 to 120 U",
    ),
    # pumps
    case(
        "a pump at 2 U/h and 3 boluses of 17",
        pump(rate("2 U/h"), dosage("17 U", TID)),
        expect="not-met",
        says="99 U",
    ),
    case(
        "a pump at 2 U/h and 3 boluses of 18",
        pump(rate("2 U/h"), dosage("18 U", TID)),
        expect="met",
        says="102 U",
    ),
    case(
        "a pump's profile with two rates",
        pump(rate("0.8 U/h"), rate("1.2 U/h")),
        expect="not-met",
        says="19.2 to 28.8 U",
    ),
    case(
        "a rate for 12 hours a day",
        pump(rate("10 U/h", every(1, duration=Decimal(12), durationUnit="h"))),
        expect="met",
        says="120 U",
    ),
    case(
        "a rate for 5 hours, twice a day",
        pump(rate("10 U/h", every(2, duration=Decimal(5), durationUnit="h"))),
        expect="not-met",
        says="100 U",
    ),
    case(
        "a rate as a ratio",
        medication(
            LISPRO,
            dosage=[{"doseAndRate": [{"rateRatio": {"numerator": quantity("5 U"), "denominator": quantity("1 h")}}]}],
        ),
        expect="met",
        says="120 U",
    ),
    case(
        "a range of rates",
        medication(
            LISPRO,
            dosage=[{"doseAndRate": [{"rateRange": {"low": quantity("1 U/h"), "high": quantity("2 U/h")}}]}],
        ),
        expect="not-met",
        says="24 to 48 U",
    ),
    case(
        "a rate with a maximum",
        pump({**rate("2 U/h"), "maxDosePerPeriod": per_day("30 U")}),
        expect="not-met",
        says="30 U a day",
    ),
    # hospital orders
    case(
        "an order for a hospital stay does not count",
        BASAL_60,
        insulin(
            LISPRO,
            "50 U",
            TID,
            category=[
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category",
                            "code": "inpatient",
                        }
                    ]
                }
            ],
        ),
        expect="not-met",
        says="Not counted",
    ),
    case(
        "a hospital stay as text",
        BASAL_60,
        insulin(LISPRO, "50 U", TID, category=[{"text": "Inpatient"}]),
        expect="not-met",
    ),
    case(
        "a drip into a vein",
        BASAL_60,
        medication(
            LISPRO,
            dosage=[
                {
                    **rate("4 U/h"),
                    "route": {"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]},
                }
            ],
        ),
        expect="not-met",
        says="Not counted",
    ),
    *(
        case(
            f"a drip by the words {words}",
            medication(LISPRO, dosage=[{**rate("5 U/h"), "route": {"text": words}}]),
            METFORMIN,
            expect="unknown",
            rule="no-insulin",
        )
        for words in ("Intravenous", "IV", "infusion")
    ),
    case(
        "under the skin counts",
        medication(LISPRO, dosage=[{**rate("5 U/h"), "route": {"text": "Subcutaneous"}}]),
        expect="met",
    ),
    # the amount dispensed
    case(
        "30 mL of U-100 for 30 days",
        medication("Lantus U-100", dispenseRequest=supply("30 mL", "30")),
        expect="not-met",
        rule="within-by-supply",
        confidence="moderate",
        basis="surrogate",
        says="0 to 100 U",
    ),
    case(
        "31 mL of U-100 for 30 days never excludes",
        medication("Lantus U-100", dispenseRequest=supply("31 mL", "30")),
        expect="needs-judgement",
        rule="above-by-supply",
    ),
    case(
        "3000 units for 30 days",
        medication(GLARGINE, dispenseRequest=supply("3000 U", "30")),
        expect="not-met",
    ),
    case("two boxes for 30 days", medication(GLARGINE, dispenseRequest=supply("2 box", "30")), expect="unknown"),
    case(
        "dispensed, days not said",
        medication(GLARGINE, dispenseRequest={"quantity": quantity("3000 U")}),
        expect="unknown",
    ),
    case(
        "a readable dose goes before the amount dispensed",
        insulin(GLARGINE, "60 U", QD, dispenseRequest=supply("6000 U", "30")),
        expect="not-met",
        rule="within",
    ),
    case(
        "an unreadable order beside the amount dispensed",
        insulin(LISPRO, None, says="per pump"),
        medication(GLARGINE, dispenseRequest=supply("6000 U", "30")),
        expect="unknown",
        rule="dose-open",
    ),
    # a recorded daily dose
    case(
        "recorded 104 U/d, order per pump",
        insulin(LISPRO, None, says="per pump"),
        recorded("104 U/d"),
        expect="met",
        rule="recorded-above",
        confidence="low",
    ),
    case(
        "recorded 100 U/d, order per pump",
        insulin(LISPRO, None, says="per pump"),
        recorded("100 U/d"),
        expect="not-met",
        rule="recorded-within",
        basis="surrogate",
    ),
    case("recorded 45 U, no drugs recorded", recorded("45 U"), expect="not-met", rule="recorded-within"),
    case("recorded 45 units/day, 90 days ago", recorded("45 units/day", "2025-03-17"), expect="not-met"),
    case("recorded 45 U/d, 91 days ago", recorded("45 U/d", "2025-03-16"), expect="unknown"),
    case(
        "recorded twice a day, on both sides",
        recorded("90 U/d"),
        recorded("110 U/d"),
        expect="needs-judgement",
        rule="recorded-conflict",
    ),
    case("recorded 45 mL", recorded("45 mL"), expect="unknown"),
    case(
        "readable orders go before the recorded dose",
        BASAL_60,
        recorded("104 U/d"),
        expect="not-met",
        rule="within",
    ),
    case(
        "recorded 45 U/d, vital signs failed",
        recorded("45 U/d"),
        searches={"vitals": "failed"},
        expect="unknown",
    ),
    case("recorded 45 U/d, results failed", recorded("45 U/d"), searches={"labs": "failed"}, expect="unknown"),
    case(
        "recorded 45 U/d, medications forbidden",
        recorded("45 U/d"),
        searches={"medications": "forbidden"},
        expect="unknown",
        rule="no-insulin",
    ),
    case(
        "recorded 104 U/d, medications forbidden",
        recorded("104 U/d"),
        searches={"medications": "forbidden"},
        expect="met",
    ),
    *(
        case(
            f'recorded as "{words}"',
            Given({**recorded("45 U/d").resource, "code": {"text": words}}, words),
            expect="not-met",
        )
        for words in (
            "Total daily dose of insulin",
            "Total daily insulin",
            "Insulin total daily dose",
            "Daily insulin total",
        )
    ),
    # unusual for the weight
    case(
        "1.2 U/kg a day is pointed out",
        BASAL_60,
        vital("29463-7", "50 kg", "2025-06-01"),
        expect="not-met",
        says="1.2 U/kg a day; usual are 0.4 to 1",
    ),
    case(
        "0.3 U/kg a day is pointed out",
        insulin(GLARGINE, "24 U", QD),
        vital("29463-7", "80 kg", "2025-06-01"),
        expect="not-met",
        says="0.3 U/kg a day",
    ),
    # what cannot be seen
    case("nothing recorded", expect="unknown", rule="no-insulin", says="no medications are recorded here"),
    case(
        "medications forbidden",
        searches={"medications": "forbidden"},
        expect="unknown",
        rule="no-insulin",
        says="the medications search was forbidden",
    ),
    case(
        "medications cut off, 60 U seen",
        BASAL_60,
        searches={"medications": "truncated"},
        expect="unknown",
        rule="medications-missing",
    ),
    case(
        "medications cut off, 110 U seen",
        insulin(GLARGINE, "110 U", QD),
        searches={"medications": "truncated"},
        expect="met",
    ),
    case(
        "medications cut off, exactly 100 U seen",
        insulin(GLARGINE, "100 U", QD),
        searches={"medications": "truncated"},
        expect="unknown",
        rule="medications-missing",
    ),
    case(
        "medications cut off, orders that may replace each other",
        BASAL_60,
        insulin(GLARGINE, "50 U", QD),
        searches={"medications": "truncated"},
        expect="needs-judgement",
        rule="may-replace-each-other",
    ),
    case(
        "orders that may replace each other, beside one that cannot be read",
        BASAL_60,
        insulin(GLARGINE, "50 U", QD),
        insulin(LISPRO, None, says="per pump"),
        expect="unknown",
        rule="dose-open",
    ),
    case(
        "an order over a year old, beside one that cannot be read",
        insulin(LISPRO, None, says="per pump"),
        insulin(GLARGINE, "60 U", QD, authored="2024-06-01"),
        expect="unknown",
        rule="dose-open",
    ),
    case(
        "statements failed, 60 U ordered",
        BASAL_60,
        searches={"medication-statements": "failed"},
        expect="unknown",
        rule="medications-missing",
    ),
    case(
        "statements not offered, 60 U ordered",
        BASAL_60,
        searches={"medication-statements": "unsupported"},
        expect="not-met",
    ),
    case(
        "another drug could not be identified",
        BASAL_60,
        resource("MedicationRequest", "an order without a drug", status="active", intent="order"),
        expect="unknown",
        rule="medications-missing",
    ),
    case(
        "the order cannot be read",
        resource("MedicationRequest", "an unreadable order", status=["active"]),
        expect="unknown",
    ),
    case(
        "results forbidden do not matter to readable orders",
        BASAL_60,
        NO_LABS_NEEDED,
        searches={"labs": "forbidden"},
        expect="not-met",
    ),
]
