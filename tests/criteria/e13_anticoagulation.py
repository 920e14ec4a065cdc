"""E13: long-term anticoagulation, or INR > 1.5; evaluated on 15 June 2025."""

from decimal import Decimal
from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, medication, resource
from tests.criteria.hygiene import order_hygiene

CRITERION = "E13"

WARFARIN, ENOXAPARIN, HEPARIN = "rxnorm:11289", "rxnorm:67108", "rxnorm:5224"
ASPIRIN, ASPIRIN_81 = "rxnorm:1191", "rxnorm:243670"
METFORMIN = medication("rxnorm:6809")
AF = diagnosis("icd10cm:I48.91")
DAY = "2025-05-20"
RECENT = "2025-06-10"
UCUM = "http://unitsofmeasure.org"


def inr(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("6301-6", value, when, **more)


def days(number: int, unit: str = "d") -> dict[str, Any]:
    return {"value": number, "unit": unit, "system": UCUM, "code": unit}


def course(drug: str, length: int | None = None, unit: str = "d", **more: Any) -> Given:
    """An order of a stated length, or without one."""
    more.setdefault("authored", RECENT)
    if length is not None:
        more["dosage"] = [{"timing": {"repeat": {"boundsDuration": days(length, unit)}}}]
    given = medication(drug, **more)
    return Given(given.resource, f"{given.words}, {f'for {length} {unit}' if length else 'length not stated'}")


def aspirin_product(amount: str, per: str, unit: str = "Tablet") -> Given:
    """An order for a contained Medication with a strength."""
    strength = {"numerator": {"value": float(amount), "unit": "mg"}, "denominator": {"value": float(per), "unit": unit}}
    product = {"resourceType": "Medication", "id": "m", "code": {"text": "ASS"}, "ingredient": [
        {"itemCodeableConcept": {"text": "aspirin"}, "strength": strength}]}  # fmt: skip
    return resource(
        "MedicationRequest",
        f"medication with aspirin {amount} mg in {per} {unit}",
        status="active",
        intent="order",
        medicationReference={"reference": "#m"},
        contained=[product],
    )


def aspirin(drug: str, dose: str, unit: str, times: int = 1, **more: Any) -> Given:
    instruction = {
        "doseAndRate": [{"doseQuantity": {"value": Decimal(dose), "unit": unit, "system": UCUM, "code": unit}}],
        "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
        **more,
    }
    given = medication(drug, dosage=[instruction])
    return Given(given.resource, f"{given.words}, {dose} {unit}, {times} a day {more or ''}".strip())


def repeats(number: int, **more: Any) -> dict[str, Any]:
    return {"numberOfRepeatsAllowed": number, **more}


INPATIENT = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category",
                          "code": "inpatient"}]}]  # fmt: skip

CASES = [
    # the reference's examples
    case("warfarin active", medication(WARFARIN), expect="met", rule="oral-anticoagulant", confidence="high"),
    case(
        "apixaban completed two years ago, atrial fibrillation",
        medication("rxnorm:1364430", status="completed", authored="2023-06-01"),
        AF,
        expect="needs-judgement",
        rule="indication",
    ),
    case(
        "apixaban completed two years ago",
        medication("rxnorm:1364430", status="completed", authored="2023-06-01"),
        expect="not-met",
        rule="none",
    ),
    case("aspirin 81 mg", medication(ASPIRIN_81), expect="not-met", rule="none"),
    case("clopidogrel", medication("clopidogrel 75 mg"), expect="needs-judgement", rule="antiplatelet"),
    case("enoxaparin 40 mg for 10 days", course(ENOXAPARIN, 10), expect="not-met", rule="short-course"),
    case("atrial fibrillation without a drug", AF, METFORMIN, expect="needs-judgement", rule="indication"),
    case("INR 1.51", inr("1.51 {INR}"), METFORMIN, expect="met", rule="inr-above", near=True),
    case("heparin flush", medication("heparin flush 100 UNT/ML"), expect="not-met", rule="short-course"),
    # the INR
    case("INR 1.5", inr("1.5 {INR}"), METFORMIN, expect="not-met", rule="none", near=True),
    case("INR 1.6", inr("1.6 {INR}"), METFORMIN, expect="met", near=False),
    case("INR 1.6 without any medication", inr("1.6 {INR}"), expect="met"),
    case("INR 2.5 on warfarin", inr("2.5 {INR}"), medication(WARFARIN), expect="met", rule="oral-anticoagulant"),
    case("INR 1.51 on warfarin is not near", inr("1.51 {INR}"), medication(WARFARIN), expect="met", near=False),
    case(
        "INR 1.51 and a code for long-term therapy is not near",
        inr("1.51 {INR}"),
        diagnosis("icd10cm:Z79.01"),
        expect="met",
        near=False,
    ),
    case(
        "INR 1.51 and enoxaparin for 90 days is not near",
        inr("1.51 {INR}"),
        course(ENOXAPARIN, 90),
        expect="met",
        near=False,
    ),
    case(
        "INR 1.51 and enoxaparin with repeats is not near",
        inr("1.51 {INR}"),
        course(ENOXAPARIN, dispenseRequest=repeats(1)),
        expect="met",
        near=False,
    ),
    case("INR 1.6 without a unit", inr("1.6", ucum=False), METFORMIN, expect="met"),
    *(
        case(
            f"aspirin 81 mg, in words: {words}",
            medication("aspirin 81 mg tablet", dosage=[{"text": words}]),
            expect=expect,
            rule=rule,
        )
        for words, expect, rule in (
            ("Take 1 tablet (81 mg total) by mouth daily", "not-met", "none"),
            ("Take 4 tablets by mouth daily", "needs-judgement", "aspirin"),
            ("1 tablet twice daily", "needs-judgement", "aspirin"),
            ("1 tab BID", "needs-judgement", "aspirin"),
            ("1 tablet every 12 hours", "needs-judgement", "aspirin"),
            ("1 tablet at 8 am and at 8 pm", "needs-judgement", "aspirin"),
            ("2 tablets every 24 hours", "needs-judgement", "aspirin"),
            ("1 tablet daily with 8 oz water", "not-met", "none"),
            ("1 tab every 24 hours", "not-met", "none"),
            ("1 tablet at 8 am", "not-met", "none"),
        )
    ),
    case("INR above 10, without a unit", inr(">10", ucum=False), METFORMIN, expect="met"),
    case("INR 1.6, 90 days old", inr("1.6 {INR}", "2025-03-17"), METFORMIN, expect="met"),
    case(
        "INR 1.6, 91 days old is shown only",
        inr("1.6 {INR}", "2025-03-16"),
        METFORMIN,
        expect="not-met",
        says="older than 90 days",
    ),
    case(
        "INR 1.6, over a year old",
        inr("1.6 {INR}", "2024-06-01"),
        METFORMIN,
        expect="not-met",
        says="no result",
    ),
    case("INR 1.4 of 365 days is shown", inr("1.4 {INR}", "2024-06-15"), METFORMIN, expect="not-met", says="older"),
    case(
        "INR 1.4 of 366 days is not",
        inr("1.4 {INR}", "2024-06-14"),
        METFORMIN,
        expect="not-met",
        says="no result in the last 365 days",
    ),
    case("INR with an unknown unit", inr("1.6 s"), METFORMIN, expect="unknown", rule="inr-open"),
    case(
        "INR preliminary alone",
        inr("1.6 {INR}", status="preliminary"),
        METFORMIN,
        expect="unknown",
        rule="inr-open",
    ),
    case("INR dated by a month that straddles", inr("1.6 {INR}", "2025-03"), METFORMIN, expect="unknown"),
    case("INR above 1.4", inr(">1.4 {INR}"), METFORMIN, expect="unknown", rule="inr-without-an-upper-end"),
    case("INR below 1.6", inr("<1.6 {INR}"), METFORMIN, expect="unknown", rule="inr-straddles"),
    case(
        "INR of one time on both sides",
        inr("1.4 {INR}", "2025-05-20T08:00:00Z"),
        inr("1.8 {INR}", "2025-05-20T08:00:00Z"),
        METFORMIN,
        expect="needs-judgement",
        rule="inr-conflict",
    ),
    case(
        "INR with the noise of a binary float",
        inr("1.00000000000000000001 {INR}"),
        METFORMIN,
        expect="not-met",
        rule="none",
    ),
    case(
        "results forbidden",
        METFORMIN,
        searches={"labs": "forbidden"},
        expect="unknown",
        rule="inr-open",
        says="the labs search was forbidden",
    ),
    case("results forbidden, warfarin", medication(WARFARIN), searches={"labs": "forbidden"}, expect="met"),
    # oral anticoagulants
    *(
        case(f"{drug} is an oral anticoagulant", course(drug), expect="met", rule="oral-anticoagulant")
        for drug in (
            "rxnorm:1114195",
            "rxnorm:1364430",
            "rxnorm:1037042",
            "rxnorm:1599538",
            "rxnorm:855332",
            "rxnorm:1927856",
            "atc:B01AA04",
            "atc:B01AF01",
            "atc:B01AE07",
            "warfarin",
            "Coumadin",
            "Jantoven",
            "acenocoumarol",
            "phenprocoumon",
            "Marcumar",
            "Sintrom",
            "rivaroxaban",
            "Xarelto",
            "apixaban",
            "Eliquis",
            "dabigatran",
            "Pradaxa",
            "edoxaban",
            "Savaysa",
            "Lixiana",
            "betrixaban",
        )
    ),
    case("rivaroxaban for 14 days", course("rxnorm:1114195", 14), expect="not-met", rule="short-course"),
    case(
        "rivaroxaban for 15 days",
        course("rxnorm:1114195", 15),
        expect="needs-judgement",
        rule="longer-than-a-short-course",
    ),
    case("rivaroxaban for 89 days", course("rxnorm:1114195", 89), expect="needs-judgement"),
    case("rivaroxaban for 90 days", course("rxnorm:1114195", 90), expect="met", rule="long-term"),
    case("rivaroxaban for 3 months", course("rxnorm:1114195", 3, "mo"), expect="met"),
    case("rivaroxaban for 2 weeks", course("rxnorm:1114195", 2, "wk"), expect="not-met"),
    case("warfarin in hospital counts", medication(WARFARIN, category=INPATIENT), expect="met"),
    case(
        "a statement of warfarin",
        resource(
            "MedicationStatement",
            "statement warfarin",
            status="active",
            medicationCodeableConcept={"text": "warfarin 5 mg"},
        ),
        expect="met",
    ),
    case(
        "a statement of warfarin not taken",
        resource(
            "MedicationStatement",
            "statement warfarin not taken",
            status="not-taken",
            medicationCodeableConcept={"text": "warfarin 5 mg"},
        ),
        METFORMIN,
        expect="not-met",
    ),
    # injected anticoagulants
    *(
        case(f"{drug} is an injected anticoagulant", course(drug), expect="needs-judgement", rule="length-open")
        for drug in (
            "rxnorm:67108",
            "rxnorm:5224",
            "rxnorm:854228",
            "atc:B01AB05",
            "atc:B01AE03",
            "atc:B01AX05",
            "heparin",
            "enoxaparin",
            "Lovenox",
            "Clexane",
            "dalteparin",
            "Fragmin",
            "tinzaparin",
            "nadroparin",
            "fondaparinux",
            "Arixtra",
            "argatroban",
            "bivalirudin",
            "desirudin",
        )
    ),
    case(
        "enoxaparin for 14 days",
        course(ENOXAPARIN, 14),
        expect="not-met",
        rule="short-course",
        confidence="moderate",
    ),
    case(
        "enoxaparin for 15 days",
        course(ENOXAPARIN, 15),
        expect="needs-judgement",
        rule="longer-than-a-short-course",
    ),
    case("enoxaparin for 89 days", course(ENOXAPARIN, 89), expect="needs-judgement"),
    case("enoxaparin for 90 days", course(ENOXAPARIN, 90), expect="met", rule="long-term"),
    case(
        "enoxaparin since 89 days, no end",
        course(ENOXAPARIN, authored="2025-03-18"),
        expect="needs-judgement",
        rule="length-open",
    ),
    case(
        "enoxaparin since 90 days, no end",
        course(ENOXAPARIN, authored="2025-03-17"),
        expect="met",
        rule="long-term",
    ),
    case(
        "enoxaparin with repeats",
        course(ENOXAPARIN, dispenseRequest=repeats(2)),
        expect="met",
        rule="repeats",
    ),
    case("enoxaparin without repeats", course(ENOXAPARIN, dispenseRequest=repeats(0)), expect="needs-judgement"),
    case(
        "enoxaparin, a supply of 10 days",
        course(ENOXAPARIN, dispenseRequest={"expectedSupplyDuration": days(10)}),
        expect="not-met",
    ),
    case(
        "enoxaparin for 10 to 20 days",
        medication(ENOXAPARIN, dosage=[{"timing": {"repeat": {"boundsRange": {"low": days(10), "high": days(20)}}}}]),
        expect="needs-judgement",
        rule="longer-than-a-short-course",
    ),
    case(
        "heparin for a hospital stay",
        course(HEPARIN, category=INPATIENT),
        expect="not-met",
        rule="short-course",
    ),
    case(
        "heparin for a hospital stay, as text",
        course(HEPARIN, category=[{"text": "Inpatient"}]),
        expect="not-met",
    ),
    case("heparin lock", course("heparin lock"), expect="not-met"),
    case(
        "heparin for catheter patency",
        course(HEPARIN, dosage=[{"text": "for catheter patency"}]),
        expect="not-met",
    ),
    case(
        "a short course beside atrial fibrillation",
        course(ENOXAPARIN, 10),
        AF,
        expect="needs-judgement",
        rule="indication",
    ),
    # whether it is taken
    case("warfarin on hold", medication(WARFARIN, status="on-hold"), expect="needs-judgement", rule="doubtful"),
    case(
        "warfarin ordered over a year ago",
        medication(WARFARIN, authored="2024-06-01"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "warfarin whose period is over",
        medication(
            WARFARIN,
            dosage=[{"timing": {"repeat": {"boundsPeriod": {"start": "2025-01-01", "end": "2025-06-01"}}}}],
        ),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("a short course on hold", course(ENOXAPARIN, 10, status="on-hold"), expect="not-met"),
    case("warfarin stopped", medication(WARFARIN, status="stopped"), expect="not-met", rule="none"),
    case("warfarin planned", medication(WARFARIN, intent="plan"), expect="not-met", rule="none"),
    case(
        "warfarin entered in error",
        medication(WARFARIN, status="entered-in-error"),
        METFORMIN,
        expect="not-met",
    ),
    case("warfarin not to be given", medication(WARFARIN, doNotPerform=True), METFORMIN, expect="not-met"),
    # codes for long-term therapy
    *(
        case(f"long-term use by {code}", diagnosis(code), expect="met", rule="coded-as-long-term")
        for code in ("icd10cm:Z79.01", "icd9:V58.61", "icd10:Z92.1")
    ),
    case(
        "long-term use in the past",
        diagnosis("icd10cm:Z79.01", clinical="resolved"),
        METFORMIN,
        expect="not-met",
    ),
    case(
        "long-term use, provisional",
        diagnosis("icd10cm:Z79.01", verification="provisional"),
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
            "long-term anticoagulation",
            "long term anticoagulation",
            "long-term anticoagulant use",
            "chronic anticoagulation",
        )
    ),
    case("antiplatelet use by code is a trap", diagnosis("icd10cm:Z79.02"), METFORMIN, expect="not-met"),
    case("aspirin use by code is a trap", diagnosis("icd10cm:Z79.82"), METFORMIN, expect="not-met"),
    # reasons
    *(
        case(f"{code} is a reason", diagnosis(code), METFORMIN, expect="needs-judgement", rule="indication")
        for code in (
            "icd10cm:I48.0",
            "icd10cm:I26.99",
            "icd10cm:I82.401",
            "icd10cm:Z95.2",
            "icd10cm:D68.51",
            "icd10cm:D68.61",
            "icd10cm:Z86.711",
            "icd10cm:Z86.718",
            "icd10:I48.9",
            "icd10:I26.9",
            "icd10:I80.1",
            "icd10:I80.2",
            "icd10:I82.9",
            "icd10:Z95.2",
            "icd10:D68.5",
            "icd10:D68.6",
            "icd9:427.31",
            "icd9:415.19",
            "icd9:453.40",
            "icd9:V43.3",
            "icd9:289.81",
            "icd9:V12.51",
            "snomed:49436004",
            "snomed:59282003",
            "snomed:128053003",
        )
    ),
    *(
        case(
            f'"{words}" by text only is a reason',
            diagnosis(text=words),
            METFORMIN,
            expect="needs-judgement",
            rule="indication",
        )
        for words in (
            "atrial fibrillation",
            "atrial flutter",
            "pulmonary embolism",
            "deep vein thrombosis",
            "deep venous thrombosis",
            "DVT",
            "mechanical heart valve",
            "mechanical valve",
            "factor V Leiden",
            "thrombophilia",
            "antiphospholipid syndrome",
            "Afib",
            "VTE",
            "venous thromboembolism",
            "mechanical aortic valve",
            "mechanical mitral valve",
        )
    ),
    *(
        case(f'"{words}" is no reason', diagnosis(text=words), METFORMIN, expect="not-met")
        for words in ("VTE prophylaxis", "VTE risk assessment")
    ),
    case(
        "a thrombosis that is over is still a reason",
        diagnosis("icd10cm:I82.401", clinical="resolved"),
        METFORMIN,
        expect="needs-judgement",
    ),
    case(
        "atrial fibrillation refuted",
        diagnosis("icd10cm:I48.91", verification="refuted"),
        METFORMIN,
        expect="not-met",
    ),
    case(
        "atrial fibrillation in the family",
        diagnosis(text="family history of atrial fibrillation"),
        METFORMIN,
        expect="not-met",
    ),
    case("atrial fibrillation on warfarin", AF, medication(WARFARIN), expect="met"),
    # antiplatelet drugs
    *(
        case(f"{drug} is an antiplatelet drug", medication(drug), expect="needs-judgement", rule="antiplatelet")
        for drug in (
            "atc:B01AC04",
            "atc:B01AC05",
            "atc:B01AC22",
            "atc:B01AC24",
            "rxnorm:32968",
            "rxnorm:613391",
            "rxnorm:1116632",
            "rxnorm:10594",
            "Plavix",
            "prasugrel",
            "Effient",
            "ticagrelor",
            "Brilinta",
            "Brilique",
            "ticlopidine",
        )
    ),
    case("clopidogrel stopped", medication("clopidogrel", status="stopped"), expect="not-met"),
    case("clopidogrel on hold", medication("clopidogrel", status="on-hold"), expect="needs-judgement"),
    # aspirin
    case("aspirin 100 mg a day", aspirin(ASPIRIN, "100", "mg"), expect="not-met"),
    case("aspirin 101 mg a day", aspirin(ASPIRIN, "101", "mg"), expect="needs-judgement", rule="aspirin"),
    case("aspirin 0.1 g a day", aspirin(ASPIRIN, "0.1", "g"), expect="not-met"),
    case("aspirin 0.3 g a day", aspirin(ASPIRIN, "0.3", "g"), expect="needs-judgement"),
    case("aspirin 81 mg twice a day", aspirin(ASPIRIN, "81", "mg", 2), expect="needs-judgement"),
    case("one tablet of 81 mg", aspirin(ASPIRIN_81, "1", "tablet"), expect="not-met"),
    case("two tablets of 81 mg", aspirin(ASPIRIN_81, "2", "{tbl}"), expect="needs-judgement"),
    case(
        "as needed, up to 325 mg",
        aspirin(ASPIRIN, "325", "mg", asNeededBoolean=True),
        expect="needs-judgement",
    ),
    case("tablets of 100 mg, by their ingredient", aspirin_product("100", "1"), expect="not-met"),
    case(
        "tablets of 300 mg, by their ingredient", aspirin_product("300", "1"), expect="needs-judgement", rule="aspirin"
    ),
    case(
        "a solution of 100 mg in 5 mL, by its ingredient", aspirin_product("100", "5", "mL"), expect="needs-judgement"
    ),
    case(
        "aspirin 81 mg four times a day, dose not told",
        medication(ASPIRIN_81, dosage=[{"timing": {"repeat": {"frequency": 4, "period": 1, "periodUnit": "d"}}}]),
        expect="needs-judgement",
        rule="aspirin",
    ),
    case(
        "aspirin 81 mg once a day, dose not told",
        medication(ASPIRIN_81, dosage=[{"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}]),
        expect="not-met",
    ),
    case("one tablet of unknown strength", aspirin(ASPIRIN, "1", "tablet"), expect="needs-judgement"),
    case("aspirin, no dose", medication(ASPIRIN), expect="needs-judgement", rule="aspirin"),
    case("aspirin 325 mg by name", medication("aspirin 325 mg tablet"), expect="needs-judgement"),
    case("aspirin 81 mg by name", medication("Aspirin 81 mg EC tablet"), expect="not-met"),
    case(
        "aspirin 100 mg once daily, as words only",
        medication("Aspirin 100 mg", dosage=[{"text": "once daily"}]),
        expect="not-met",
    ),
    case("aspirin 325 mg stopped", medication("aspirin 325 mg", status="stopped"), expect="not-met"),
    *(
        case(f"{drug} is aspirin", medication(drug), expect="needs-judgement", rule="aspirin")
        for drug in (
            "atc:B01AC06",
            "atc:N02BA01",
            "acetylsalicylic acid",
            "acetylsalicylate",
            "ASA",
            "Ecotrin",
            "aspirin",
        )
    ),
    *(case(f"RxNorm {code} is 81 mg", medication(f"rxnorm:{code}"), expect="not-met") for code in ("308416", "318272")),
    case("other antiplatelets by ATC are a trap", medication("atc:B01AC07"), expect="not-met"),
    # what cannot be seen
    case(
        "nothing recorded",
        expect="unknown",
        rule="medications-missing",
        says="no medications are recorded here",
    ),
    case(
        "other drugs only",
        METFORMIN,
        expect="not-met",
        rule="none",
        confidence="low",
        basis="absence-of-record",
    ),
    case(
        "medications forbidden",
        searches={"medications": "forbidden"},
        expect="unknown",
        rule="medications-missing",
    ),
    case("medications cut off", METFORMIN, searches={"medications": "truncated"}, expect="unknown"),
    case("statements failed", METFORMIN, searches={"medication-statements": "failed"}, expect="unknown"),
    case(
        "statements not offered",
        METFORMIN,
        searches={"medication-statements": "unsupported"},
        expect="not-met",
    ),
    case(
        "problem list forbidden",
        METFORMIN,
        searches={"problems": "forbidden"},
        expect="unknown",
        rule="diagnoses-missing",
    ),
    case(
        "encounter diagnoses cut off",
        course(ENOXAPARIN, 10),
        searches={"diagnoses": "truncated"},
        expect="unknown",
    ),
    case(
        "problem list forbidden, warfarin",
        medication(WARFARIN),
        searches={"problems": "forbidden"},
        expect="met",
    ),
    case("ordered twelve months ago", medication(WARFARIN, authored="2024-06-15"), expect="met"),
    case(
        "ordered twelve months and a day ago",
        medication(WARFARIN, authored="2024-06-14"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("warfarin by its name alone", medication("warfarin 5 mg tablet"), expect="met", confidence="low"),
    *(
        case(f"named with a warning or a form: {name}", medication(name), METFORMIN, expect="met", confidence="low")
        for name in (
            "warfarin 5 mg tablet (HIGH RISK)",
            "HIGH RISK - warfarin",
            "High risk of bleeding - warfarin",
            "Warfarin 5 mg - do not take with aspirin",
            "enoxaparin (LOVENOX) 80 mg/0.8 mL subcutaneous syringe",
            "heparin 5,000 unit/0.5 mL injection syringe",
        )
    ),
    *(
        case(f"named with doubt: {name}", medication(name), METFORMIN, expect="not-met", rule="none")
        for name in ("No warfarin", "ruled out warfarin", "Screening for warfarin", "Possible warfarin")
    ),
    case(
        "warfarin by a code that is not listed, and its name",
        medication("rxnorm:855999", text="warfarin sodium 7.2 MG Oral Tablet"),
        expect="met",
        confidence="high",
    ),
    case(
        "warfarin by its name, and a code for it",
        medication("warfarin 5 mg tablet"),
        diagnosis("icd10cm:Z79.01"),
        expect="met",
        confidence="high",
    ),
    *order_hygiene(WARFARIN),
]
