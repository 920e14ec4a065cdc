"""E12: factor V deficiency, or INR > 1.5, aPTT > 40 s, PT > 15 s; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, medication, resource

CRITERION = "E12"

DAY = "2025-05-20"
WARFARIN = medication("rxnorm:11289")


def inr(value: str = "1.0 {INR}", when: str | None = DAY, **more: Any) -> Given:
    return lab("6301-6", value, when, **more)


def aptt(value: str = "30 s", when: str | None = DAY, **more: Any) -> Given:
    return lab("14979-9", value, when, **more)


def pt(value: str = "12 s", when: str | None = DAY, **more: Any) -> Given:
    return lab("5902-2", value, when, **more)


FACTOR_V = diagnosis("icd10cm:D68.2", text="Factor V deficiency")
VON_WILLEBRAND = diagnosis("icd10cm:D68.01")
NORMAL = (inr(), aptt(), pt())

CASES = [
    # the reference's examples
    case(
        "INR 1.5, aPTT normal",
        inr("1.5 {INR}"),
        aptt(),
        expect="not-met",
        rule="clear-without-pt",
        near=True,
        confidence="high",
    ),
    case(
        "INR 1.6, no anticoagulant",
        inr("1.6 {INR}"),
        expect="met",
        rule="inr-beyond",
        near=False,
        confidence="high",
    ),
    case(
        "INR 1.6 on warfarin",
        inr("1.6 {INR}"),
        WARFARIN,
        expect="needs-judgement",
        rule="inr-on-anticoagulant",
    ),
    case("INR 1.6 on warfarin is for E13", inr("1.6 {INR}"), WARFARIN, expect="met", criterion="E13"),
    case(
        "aPTT 41 s, range 25-42",
        aptt("41 s", low="25", high="42"),
        expect="needs-judgement",
        rule="aptt-explained",
    ),
    case("PT 15.0 s", pt("15.0 s"), expect="not-met", rule="pt-alone-clear", near=True),
    case("factor V Leiden is not E12", *NORMAL, diagnosis("icd10cm:D68.51"), expect="not-met"),
    case("D68.2 named factor V deficiency", FACTOR_V, expect="met", rule="factor-v-deficiency", near=False),
    case(
        "no test, no diagnosis", expect="unknown", rule="unknown", says="INR, aPTT, PT: no result in the last 365 days"
    ),
    # what clears
    case("INR, PT and aPTT inside", *NORMAL, expect="not-met", rule="clear", confidence="high", near=False),
    case("PT and aPTT inside", pt(), aptt(), expect="not-met", rule="clear-without-inr", confidence="high"),
    case(
        "INR and PT inside, no aPTT",
        inr(),
        pt(),
        expect="not-met",
        rule="clear-without-aptt",
        confidence="moderate",
    ),
    case(
        "INR alone",
        inr(),
        expect="not-met",
        rule="inr-alone-clear",
        confidence="moderate",
        says="aPTT not measured",
    ),
    case("PT alone", pt(), expect="not-met", rule="pt-alone-clear", confidence="moderate"),
    case("aPTT alone", aptt(), expect="unknown", rule="unknown"),
    case(
        "a stale aPTT counts as absent",
        inr(),
        aptt(when="2025-03-16"),
        expect="not-met",
        rule="inr-alone-clear",
    ),
    *(
        case(f"INR by {code}", lab(code, "1.1 {INR}", DAY), aptt(), expect="not-met")
        for code in ("34714-6", "46418-0", "38875-1")
    ),
    case(
        "PT in blood",
        lab("5964-2", "12 s", DAY),
        lab("3173-2", "30 s", DAY),
        expect="not-met",
        rule="clear-without-inr",
    ),
    # each limit
    case(
        "INR 1.50 exactly, PT and aPTT inside",
        inr("1.50 {INR}"),
        pt(),
        aptt(),
        expect="not-met",
        rule="clear",
    ),
    case("INR 1.50 with PT", inr("1.50 {INR}"), pt(), expect="not-met", rule="clear-without-aptt"),
    case("INR 1.5 alone", inr("1.5 {INR}"), expect="not-met", rule="inr-alone-clear"),
    case("INR 1.51", inr("1.51 {INR}"), expect="met", near=True),
    case("aPTT 40 s", inr(), aptt("40 s"), expect="not-met", rule="clear-without-pt", near=True),
    case("aPTT 40.0 s with INR and PT", inr(), pt(), aptt("40.0 s"), expect="not-met", rule="clear"),
    case("aPTT 40.0 s with PT", pt(), aptt("40.0 s"), expect="not-met", rule="clear-without-inr"),
    case("aPTT 40.1 s", inr(), aptt("40.1 s"), expect="met", rule="aptt-beyond", near=True),
    case("aPTT 41 s", aptt("41 s"), expect="met", near=False),
    case("PT 15 s with INR and aPTT", inr(), pt("15 s"), aptt(), expect="not-met", rule="clear"),
    case("PT 15 s with aPTT", pt("15 s"), aptt(), expect="not-met", rule="clear-without-inr"),
    case("PT 15 s with INR", pt("15 s"), inr(), expect="not-met", rule="clear-without-aptt"),
    case("PT 15.1 s", inr(), pt("15.1 s"), expect="met", rule="pt-beyond", near=True),
    case("PT 15.2 s", pt("15.2 s"), expect="met", near=False),
    case("one beyond, others inside", inr(), pt(), aptt("55 s"), expect="met", rule="aptt-beyond"),
    case(
        "near in one and clear of the limit in the other is not near",
        inr("1.51 {INR}"),
        pt("19 s"),
        expect="met",
        near=False,
    ),
    # units and forms
    case("PT 15100 ms", pt("15100 ms"), expect="met"),
    case("PT 15000 ms", pt("15000 ms"), expect="not-met"),
    case("INR without a unit", inr("1.6", ucum=False), expect="met"),
    case("INR as a ratio", inr("1.6 {ratio}"), expect="met"),
    case("INR as text", inr("1.6", text=True), expect="met"),
    case("PT without a unit", pt("16", ucum=False), expect="unknown", says="no unit"),
    case("PT in % is an activity", pt("85 %"), expect="unknown", says="unit is not recognised"),
    case(
        "PT activity by its own code is a trap",
        lab("5894-1", "85 %", DAY),
        expect="unknown",
        says="PT: no result",
    ),
    case("aPTT in minutes", inr(), aptt("1 min"), expect="not-met", rule="inr-alone-clear"),
    case("an implausible INR", inr("150 {INR}"), expect="unknown", says="not plausible"),
    case("INR above 1.4 may be any of two", inr(">1.4 {INR}"), aptt(), expect="unknown", rule="unknown"),
    case("PT above 14 beside a clear INR", inr(), aptt(), pt(">14 s"), expect="unknown"),
    case("aPTT above 39 beside a clear INR", inr(), aptt(">39 s"), expect="unknown"),
    case("aPTT above 39 beside clear INR and PT", inr(), pt(), aptt(">39 s"), expect="unknown"),
    case("aPTT above 39 beside a clear PT", pt(), aptt(">39 s"), expect="unknown"),
    case("INR above 1.4 beside clear PT and aPTT", inr(">1.4 {INR}"), pt(), aptt(), expect="unknown"),
    case("INR above 1.4 beside a clear PT", inr(">1.4 {INR}"), pt(), expect="unknown"),
    case("PT above 14 beside a clear INR alone", inr(), pt(">14 s"), expect="unknown"),
    case("PT above 14 with aPTT alone", pt(">14 s"), aptt(), expect="unknown"),
    case("INR below 1.6 may be any of two", inr("<1.6 {INR}"), expect="unknown"),
    case("INR above 8", inr(">8 {INR}"), expect="met"),
    # time and status
    case("90 days old", inr("1.6 {INR}", "2025-03-17"), expect="met"),
    case("91 days old", inr("1.6 {INR}", "2025-03-16"), expect="unknown", says="older than 90 days"),
    case("a month that straddles the window", inr("1.6 {INR}", "2025-03"), expect="unknown"),
    case("over a year old is not shown", inr("1.6 {INR}", "2024-06-01"), expect="unknown", says="no result"),
    case("dated tomorrow", inr("1.6 {INR}", "2025-06-16"), expect="unknown"),
    case("preliminary alone", inr("1.6 {INR}", status="preliminary"), expect="unknown", says="preliminary"),
    case(
        "a newer preliminary beyond",
        inr(),
        aptt(),
        inr("1.9 {INR}", "2025-06-01", status="preliminary"),
        expect="needs-judgement",
        rule="inr-conflict",
    ),
    case(
        "two aPTT of one time on both sides",
        inr(),
        aptt("30 s", "2025-05-20T08:00:00Z"),
        aptt("50 s", "2025-05-20T08:00:00Z"),
        expect="needs-judgement",
        rule="aptt-conflict",
    ),
    case(
        "two PT of one time on both sides",
        inr(),
        pt("12 s", "2025-05-20T08:00:00Z"),
        pt("19 s", "2025-05-20T08:00:00Z"),
        expect="needs-judgement",
        rule="pt-conflict",
    ),
    case("the newest decides", inr("1.9 {INR}", "2025-04-01"), inr(), aptt(), expect="not-met"),
    case("entered in error", inr("1.9 {INR}", status="entered-in-error"), expect="unknown"),
    # the laboratory's own range
    case(
        "INR 1.6, range up to 1.7",
        inr("1.6 {INR}", high="1.7"),
        expect="needs-judgement",
        rule="inr-explained",
    ),
    case(
        "PT 15.5, range 11-15.5",
        pt("15.5 s", low="11", high="15.5"),
        expect="needs-judgement",
        rule="pt-explained",
    ),
    case("PT 15.6, range 11-15.5", pt("15.6 s", low="11", high="15.5"), expect="met", rule="pt-beyond"),
    case(
        "aPTT inside its range, PT beyond its own",
        aptt("41 s", high="42"),
        pt("19 s", high="14"),
        expect="met",
        rule="pt-beyond",
    ),
    # lupus anticoagulant
    case(
        "aPTT 50 s with lupus anticoagulant",
        inr(),
        aptt("50 s"),
        diagnosis("icd10cm:D68.62"),
        expect="needs-judgement",
        rule="aptt-explained",
    ),
    case(
        "aPTT 50 s with lupus anticoagulant by text",
        inr(),
        aptt("50 s"),
        diagnosis(text="lupus anticoagulant"),
        expect="needs-judgement",
        rule="aptt-explained",
    ),
    case(
        "aPTT 50 s, lupus anticoagulant in the past",
        inr(),
        aptt("50 s"),
        diagnosis("icd10cm:D68.62", clinical="resolved"),
        expect="met",
    ),
    case(
        "INR 1.6 with lupus anticoagulant",
        inr("1.6 {INR}"),
        diagnosis("icd10cm:D68.62"),
        expect="met",
        rule="inr-beyond",
    ),
    # anticoagulants
    case(
        "aPTT 50 s on heparin",
        aptt("50 s"),
        medication("rxnorm:5224"),
        expect="needs-judgement",
        rule="aptt-on-anticoagulant",
    ),
    case(
        "PT 19 s on apixaban",
        pt("19 s"),
        medication("rxnorm:1364430"),
        expect="needs-judgement",
        rule="pt-on-anticoagulant",
    ),
    case(
        "INR 1.6, warfarin stopped",
        inr("1.6 {INR}"),
        medication("rxnorm:11289", status="stopped"),
        expect="met",
    ),
    case(
        "INR 1.6, warfarin on hold",
        inr("1.6 {INR}"),
        medication("rxnorm:11289", status="on-hold"),
        expect="needs-judgement",
    ),
    case(
        "INR 1.6, long-term anticoagulation by code",
        inr("1.6 {INR}"),
        diagnosis("icd10cm:Z79.01"),
        expect="needs-judgement",
        rule="inr-on-anticoagulant",
    ),
    case(
        "INR 1.6, long-term anticoagulation in the past",
        inr("1.6 {INR}"),
        diagnosis("icd10cm:Z79.01", clinical="resolved"),
        expect="met",
    ),
    case("INR 1.6 on aspirin", inr("1.6 {INR}"), medication("rxnorm:243670"), expect="met"),
    case("INR 1.2 on warfarin", inr("1.2 {INR}"), aptt(), WARFARIN, expect="not-met"),
    case(
        "INR 1.5, aPTT 40 s and PT 15 s on warfarin",
        inr("1.5 {INR}"),
        aptt("40 s"),
        pt("15 s"),
        WARFARIN,
        expect="not-met",
        rule="clear",
    ),
    case(
        "INR 1.6, medications forbidden",
        inr("1.6 {INR}"),
        searches={"medications": "forbidden"},
        expect="unknown",
        rule="inr-unexplained",
        says="the medications search was forbidden",
    ),
    case(
        "aPTT 50 s, statements failed",
        aptt("50 s"),
        searches={"medication-statements": "failed"},
        expect="unknown",
        rule="aptt-unexplained",
    ),
    case(
        "PT 19 s, medications cut off",
        pt("19 s"),
        searches={"medications": "truncated"},
        expect="unknown",
        rule="pt-unexplained",
    ),
    case(
        "INR 1.6 inside its range, medications forbidden",
        inr("1.6 {INR}", high="1.7"),
        searches={"medications": "forbidden"},
        expect="unknown",
    ),
    case(
        "INR 1.6 on warfarin, an order could not be read",
        inr("1.6 {INR}"),
        WARFARIN,
        resource("MedicationRequest", "an unreadable order", status=["active"]),
        expect="needs-judgement",
    ),
    # factor V
    *(
        case(
            f'D68.2 with the text "{words}"',
            *NORMAL,
            diagnosis("icd10cm:D68.2", text=words),
            expect="met",
            rule="factor-v-deficiency",
        )
        for words in (
            "Hereditary factor V deficiency",
            "factor 5 deficiency",
            "Labile factor deficiency",
            "Proaccelerin deficiency",
            "AC globulin deficiency",
            "accelerator globulin deficiency",
            "Owren disease",
        )
    ),
    *(
        case(
            f'D68.2 with the text "{words}"',
            *NORMAL,
            diagnosis("icd10cm:D68.2", text=words),
            expect="needs-judgement",
            rule="disorder",
        )
        for words in (
            "Factor VII deficiency",
            "Hereditary deficiency of other clotting factors",
            "factor V Leiden",
        )
    ),
    case(
        'D68.2 with the text "no factor V deficiency"',
        *NORMAL,
        diagnosis("icd10cm:D68.2", text="no factor V deficiency"),
        expect="needs-judgement",
        rule="disorder-doubtful",
    ),
    case("D68.2 without a text", *NORMAL, diagnosis("icd10cm:D68.2"), expect="needs-judgement", rule="disorder"),
    case(
        "D68.2, factor V, in the past",
        *NORMAL,
        diagnosis("icd10cm:D68.2", text="Factor V deficiency", clinical="resolved"),
        expect="met",
    ),
    case(
        "D68.2, factor V, provisional",
        *NORMAL,
        diagnosis("icd10cm:D68.2", text="Factor V deficiency", verification="provisional"),
        expect="needs-judgement",
        rule="factor-v-doubtful",
    ),
    case(
        "D68.2, factor V, refuted",
        *NORMAL,
        diagnosis("icd10cm:D68.2", text="Factor V deficiency", verification="refuted"),
        expect="not-met",
    ),
    case("combined deficiency of factors V and VIII", diagnosis("snomed:715559004"), expect="met"),
    case("an unverified code does not match", *NORMAL, diagnosis("snomed:4320005"), expect="not-met"),
    *(
        case(
            f'"{words}" by text only',
            *NORMAL,
            diagnosis(text=words),
            expect="needs-judgement",
            rule="factor-v-doubtful",
        )
        for words in (
            "Factor V deficiency",
            "deficiency of factor V",
            "factor V deficient",
            "factor 5 deficiency",
            "Owren disease",
            "Owren's disease",
            "parahemophilia",
            "parahaemophilia",
            "proaccelerin deficiency",
            "labile factor deficiency",
        )
    ),
    case("factor V Leiden by text is not E12", *NORMAL, diagnosis(text="factor V Leiden"), expect="not-met"),
    case(
        "factor V deficiency of the mother",
        *NORMAL,
        diagnosis(text="mother has factor V deficiency"),
        expect="not-met",
    ),
    case(
        "factor V deficiency is met beside an INR near its limit, and is not near",
        FACTOR_V,
        inr("1.51 {INR}"),
        expect="met",
        rule="factor-v-deficiency",
        near=False,
        confidence="high",
    ),
    case(
        "factor V deficiency decides when the results failed",
        FACTOR_V,
        searches={"labs": "failed"},
        expect="met",
    ),
    case(
        "factor V activity is shown and does not decide",
        *NORMAL,
        lab("3193-0", "20 %", DAY),
        expect="not-met",
    ),
    # other bleeding disorders
    *(
        case(f"bleeding disorder {code}", *NORMAL, diagnosis(code), expect="needs-judgement", rule="disorder")
        for code in (
            "icd10cm:D65",
            "icd10cm:D66",
            "icd10cm:D67",
            "icd10cm:D68.01",
            "icd10cm:D68.1",
            "icd10cm:D68.311",
            "icd10cm:D68.4",
            "icd10cm:D68.8",
            "icd10cm:D68.9",
            "snomed:64779008",
            "icd9:286.3",
            "icd10:D68.2",
            "icd10:D65",
            "icd10:D66",
            "icd10:D67",
            "icd10:D68.0",
            "icd10:D68.1",
            "icd10:D68.3",
            "icd10:D68.4",
            "icd10:D68.8",
            "icd10:D68.9",
            "icd9:286.0",
            "icd9:286.1",
            "icd9:286.2",
            "icd9:286.4",
            "icd9:286.52",
            "icd9:286.6",
            "icd9:286.7",
            "icd9:286.9",
        )
    ),
    *(
        case(
            f'"{words}" by text only',
            *NORMAL,
            diagnosis(text=words),
            expect="needs-judgement",
            rule="disorder-doubtful",
        )
        for words in (
            "Coagulopathy",
            "hemophilia A",
            "haemophilia",
            "von Willebrand disease",
            "bleeding disorder",
            "coagulation disorder",
            "clotting disorder",
            "clotting factor deficiency",
            "Disseminated intravascular coagulation",
            *(f"factor {number} deficiency" for number in ("VII", "VIII", "IX", "X", "XI", "XIII")),
        )
    ),
    case("von Willebrand disease without any test", VON_WILLEBRAND, expect="needs-judgement", rule="disorder"),
    case(
        "von Willebrand disease in the past",
        *NORMAL,
        diagnosis("icd10cm:D68.01", clinical="resolved"),
        expect="needs-judgement",
    ),
    case(
        "von Willebrand disease, unconfirmed",
        *NORMAL,
        diagnosis("icd10cm:D68.01", verification="unconfirmed"),
        expect="needs-judgement",
        rule="disorder-doubtful",
    ),
    case(
        "von Willebrand disease and aPTT 50 s",
        VON_WILLEBRAND,
        aptt("50 s"),
        expect="met",
        rule="aptt-beyond-with-disorder",
    ),
    case(
        "von Willebrand disease and aPTT 41 s inside its range",
        VON_WILLEBRAND,
        aptt("41 s", high="42"),
        expect="met",
        rule="aptt-beyond-with-disorder",
    ),
    case(
        "von Willebrand disease and PT 15.2 s inside its range",
        VON_WILLEBRAND,
        pt("15.2 s", high="16"),
        expect="met",
        rule="pt-beyond-with-disorder",
    ),
    case(
        "von Willebrand disease and INR 1.6 inside its range",
        VON_WILLEBRAND,
        inr("1.6 {INR}", high="1.7"),
        expect="met",
        rule="inr-beyond-with-disorder",
    ),
    case("von Willebrand disease and INR 1.5", VON_WILLEBRAND, inr("1.5 {INR}"), expect="needs-judgement"),
    case("von Willebrand disease and PT 15 s", VON_WILLEBRAND, pt("15 s"), expect="needs-judgement"),
    case("von Willebrand disease and aPTT 40 s", VON_WILLEBRAND, aptt("40 s"), expect="needs-judgement"),
    case(
        "von Willebrand disease and aPTT 50 s on heparin",
        VON_WILLEBRAND,
        aptt("50 s"),
        medication("rxnorm:5224"),
        expect="needs-judgement",
        rule="disorder",
    ),
    case(
        "von Willebrand disease and INR 1.6 on warfarin",
        VON_WILLEBRAND,
        inr("1.6 {INR}"),
        WARFARIN,
        expect="needs-judgement",
        rule="disorder",
    ),
    case(
        "von Willebrand disease and PT 19 s on warfarin",
        VON_WILLEBRAND,
        pt("19 s"),
        WARFARIN,
        expect="needs-judgement",
        rule="disorder",
    ),
    case(
        "a doubtful disorder and aPTT inside its range",
        diagnosis(text="coagulopathy"),
        aptt("41 s", high="42"),
        expect="needs-judgement",
        rule="disorder-doubtful",
    ),
    case("other thrombophilia is not E12", *NORMAL, diagnosis("icd10cm:D68.69"), expect="not-met"),
    # what cannot be seen
    case(
        "results forbidden",
        inr("1.6 {INR}"),
        searches={"labs": "forbidden"},
        expect="unknown",
        says="the labs search was forbidden",
    ),
    case("results cut off", *NORMAL, searches={"labs": "truncated"}, expect="unknown"),
    case(
        "problem list forbidden",
        *NORMAL,
        searches={"problems": "forbidden"},
        expect="unknown",
        rule="diagnoses-missing",
    ),
    case("problem list forbidden, INR 1.6", inr("1.6 {INR}"), searches={"problems": "forbidden"}, expect="met"),
    case("encounter diagnoses cut off", *NORMAL, searches={"diagnoses": "truncated"}, expect="unknown"),
    case(
        "a diagnosis that cannot be read",
        *NORMAL,
        resource("Condition", "an unreadable diagnosis", clinicalStatus="active"),
        expect="unknown",
        rule="diagnoses-missing",
    ),
    case("factor V activity is shown", *NORMAL, lab("3193-0", "80 %", DAY), expect="not-met", shows="80 %"),
    case("a PT activity under a PT code as well", lab("5902-2 5894-1", "80 s", DAY), expect="unknown"),
]
