"""E4: systolic above 160 or diastolic above 100 mmHg."""

from tests.criteria.given import Given, blood_pressure, case, encounter, observation, resource, vital

CRITERION = "E4"

NOW = "2025-06-10T09:00:00Z"


def at(visit: Given) -> dict[str, str]:
    """Return the reference of a reading to its visit."""
    return {"reference": f"Encounter/{visit.resource['id']}"}


def panel(words: str, when: str = NOW, **elements: object) -> Given:
    """An Observation under the panel code with the elements given."""
    given = observation("85354-9", None, when, category="vital-signs", **elements)
    given.pop("resourceType")
    return resource("Observation", words, **given)


def component(*codings: tuple[str, str], **value: object) -> dict[str, object]:
    return {"code": {"coding": [{"system": system, "code": code} for system, code in codings]}, **value}


def mmhg(value: float) -> dict[str, object]:
    return {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}


LOINC = "http://loinc.org"
CERNER = "https://fhir.cerner.com/ec2458f2-1e24-41c8-b71b-0e701af7583d/codeSet/72"
EMERGENCY = encounter("EMER", "2025-06-14T20:00:00Z", "2025-06-15T02:00:00Z")
INPATIENT = encounter("IMP", "2025-06-10T20:00:00Z", "2025-06-14T10:00:00Z")
CLINIC = encounter("AMB", "2025-06-10T08:30:00Z", "2025-06-10T09:30:00Z")
NO_VALUE = {"coding": [{"code": "not-performed"}], "text": "Not performed"}

CASES = [
    case("160/100 is not above", blood_pressure("160", "100", NOW), expect="not-met", rule="within",
         near=True,
         confidence="high", says="Blood pressure 160/100 mm[Hg] on 2025-06-10"),
    case("161/90", blood_pressure("161", "90", NOW), expect="met", rule="systolic-above", near=False),
    case("150/101", blood_pressure("150", "101", NOW), expect="met", rule="diastolic-above"),
    case("118/74", blood_pressure("118", "74", NOW), expect="not-met", near=False),
    case("160.4 is above, and near", blood_pressure("160.4", "90", NOW), expect="met", near=False),
    case("same day 170/95 and 158/92: the lowest counts", blood_pressure("170", "95", "2025-06-10T09:00:00Z"),
         blood_pressure("158", "92", "2025-06-10T09:20:00Z"), expect="not-met", says="158/92 mm[Hg]"),
    case("same day 158/104 and 170/92: the lowest of each",
         blood_pressure("158", "104", "2025-06-10T09:00:00Z"),
         blood_pressure("170", "92", "2025-06-10T09:20:00Z"), expect="not-met", says="158/92 mm[Hg]"),
    case("two readings above on one day", blood_pressure("170", "95", "2025-06-10T09:00:00Z"),
         blood_pressure("165", "92", "2025-06-10T09:20:00Z"), expect="met", says="165/92 mm[Hg]"),
    case("a lower reading of an earlier day does not count", blood_pressure("170", "95", NOW),
         blood_pressure("120", "70", "2025-06-09"), expect="met"),
    case("21.4 kPa systolic is 160.5 mmHg", blood_pressure("21.4 kPa", "12 kPa", NOW), expect="met",
         says="160.5133/90.0074 mm[Hg]"),
    case("21.3 kPa systolic is 159.8 mmHg", blood_pressure("21.3 kPa", "12 kPa", NOW), expect="not-met",
         near=True),
    case("observations of their own code", vital("8480-6", "162 mm[Hg]", NOW),
         vital("8462-4", "90 mm[Hg]", NOW),
         expect="met"),
    case("sitting codes", vital("8459-0", "150 mm[Hg]", NOW), vital("8453-3", "90 mm[Hg]", NOW),
         expect="not-met", confidence="high"),
    case("non-invasive monitor codes", vital("76534-7", "150 mm[Hg]", NOW),
         vital("76535-4", "102 mm[Hg]", NOW), expect="met"),
    case("standing only is said, with less confidence", vital("8460-8", "150 mm[Hg]", NOW),
         vital("8454-1", "90 mm[Hg]", NOW), expect="not-met", confidence="moderate",
         says="Measured standing."),
    case("a local code before the LOINC code",
         panel("150/90 as Cerner sends it", component=[
             component((CERNER, "703501"), (LOINC, "8480-6"), valueQuantity=mmhg(150)),
             component((CERNER, "703516"), (LOINC, "8462-4"), valueQuantity=mmhg(90)),
         ]), expect="not-met", rule="within"),
    case("165/95 written as text", panel("text 165/95", valueString="165/95"), expect="met",
         confidence="moderate", says="165/95 mm[Hg]"),
    case("150/90 mmHg written as text", panel("text 150 / 90 mmHg", valueString="150 / 90 mmHg"),
         expect="not-met", confidence="moderate"),
    case("a pair in kPa written as text", panel("text 22/12 kPa", valueString="22/12 kPa"), expect="met"),
    case("a text that is no pair", panel("text high", valueString="high"), expect="unknown"),
    case("150 without a diastolic value", blood_pressure("150", None, NOW), expect="unknown", rule="not-told",
         says="150 mm[Hg]/(missing)"),
    case("165 without a diastolic value", blood_pressure("165", None, NOW), expect="met"),
    case("a diastolic 102 alone", blood_pressure(None, "102", NOW), expect="met"),
    case("a diastolic 90 alone", blood_pressure(None, "90", NOW), expect="unknown"),
    case("the diastolic value was not performed",
         panel("150, diastolic not performed", component=[
             component((LOINC, "8480-6"), valueQuantity=mmhg(150)),
             component((LOINC, "8462-4"), dataAbsentReason=NO_VALUE),
         ]), expect="unknown", rule="not-told"),
    case("the missing diastolic value is not taken from another day", blood_pressure("150", None, NOW),
         blood_pressure("150", "90", "2025-06-09"), expect="unknown"),
    case("nothing was performed",
         panel("not performed", component=[
             component((LOINC, "8480-6"), dataAbsentReason=NO_VALUE),
             component((LOINC, "8462-4"), dataAbsentReason=NO_VALUE),
         ]), expect="unknown", says="no value (Not performed)"),
    case("nothing was performed today, a reading last week counts",
         panel("not performed", "2025-06-15", component=[
             component((LOINC, "8480-6"), dataAbsentReason=NO_VALUE),
         ]),
         blood_pressure("150", "90", "2025-06-09"), expect="not-met"),
    case("a pressure without a unit",
         panel("150/90 without unit", component=[
             component((LOINC, "8480-6"), valueQuantity={"value": 150}),
             component((LOINC, "8462-4"), valueQuantity={"value": 90}),
         ]), expect="unknown", says="no unit"),
    case("a newer reading in a unit that is not known hides the older one",
         vital("8480-6", "150 [psi]", "2025-06-14"), blood_pressure("150", "90", "2025-06-09"),
         expect="unknown",
         says="the newest reading cannot be used"),
    case("a pressure of 500 is not plausible", blood_pressure("500", "90", NOW), expect="unknown"),
    case("mean pressure is no blood pressure", vital("8478-0", "120 mm[Hg]", NOW), expect="unknown",
         says="no outpatient reading"),
    case("an arterial line is not read", vital("76215-3", "190 mm[Hg]", NOW), expect="unknown"),
    case("30 days ago", blood_pressure("150", "90", "2025-05-16"), expect="not-met"),
    case("31 days ago", blood_pressure("150", "90", "2025-05-15"), expect="unknown",
         says="older than 30 days"),
    case("60 days ago", blood_pressure("150", "90", "2025-04-16"), expect="unknown",
         says="150/90 mm[Hg] on 2025-04-16"),
    case("180 days ago is still shown", blood_pressure("150", "90", "2024-12-17"), expect="unknown",
         says="2024-12-17"),
    case("181 days ago", blood_pressure("150", "90", "2024-12-16"), expect="unknown",
         says="no reading in the last 180 days"),
    case("none at all", expect="unknown", rule="unknown", says="no outpatient reading in the last 180 days"),
    case("known to the month only", blood_pressure("150", "90", "2025-06"), expect="unknown",
         says="does not tell which day"),
    case("a reading of this month without a day may be newer", blood_pressure("170", "90", "2025-06"),
         blood_pressure("150", "90", NOW), expect="unknown", says="does not tell which reading is newest"),
    case("a reading of last year without a day is older", blood_pressure("170", "90", "2024"),
         blood_pressure("150", "90", NOW), expect="not-met"),
    case("in the future", blood_pressure("170", "90", "2025-07-01"), expect="unknown", says="in the future"),
    case("preliminary alone", blood_pressure("150", "90", NOW, status="preliminary"), expect="unknown",
         says="only a preliminary reading"),
    case("a newer preliminary reading on the other side",
         blood_pressure("170", "90", "2025-06-12", status="preliminary"), blood_pressure("150", "90", NOW),
         expect="needs-judgement", rule="conflict"),
    case("a newer preliminary reading on the same side",
         blood_pressure("155", "90", "2025-06-12", status="preliminary"), blood_pressure("150", "90", NOW),
         expect="not-met"),
    case("an older preliminary reading", blood_pressure("170", "90", "2025-06-01", status="preliminary"),
         blood_pressure("150", "90", NOW), expect="not-met"),
    case("entered in error", blood_pressure("170", "90", NOW, status="entered-in-error"), expect="unknown"),
    case("above a comparator", blood_pressure(">200", "90", NOW), expect="met"),
    case("above 150 may be either side", blood_pressure(">150", "90", NOW), expect="unknown",
         rule="not-told"),
    case("190/110 in the emergency room yesterday, 130/80 in the clinic 10 days ago", EMERGENCY,
         blood_pressure("190", "110", "2025-06-14T21:00:00Z", encounter=at(EMERGENCY)),
         blood_pressure("130", "80", "2025-06-05T09:00:00Z"), expect="not-met", says="2025-06-05"),
    case("only a reading of the emergency room", EMERGENCY,
         blood_pressure("190", "110", "2025-06-14T21:00:00Z", encounter=at(EMERGENCY)), expect="unknown",
         says="no outpatient reading"),
    case("a reading during a stay, not linked to it", INPATIENT,
         blood_pressure("190", "110", "2025-06-12"), expect="unknown", says="no outpatient reading"),
    case("a reading on the day of discharge may be of the clinic", INPATIENT,
         blood_pressure("190", "110", "2025-06-14"), expect="unknown"),
    case("an emergency visit known to the day, and a reading of that day without a link",
         encounter("EMER", "2025-06-14", "2025-06-14"), blood_pressure("190", "110", "2025-06-14T10:00:00Z"),
         expect="unknown"),
    case("a reading before a stay", INPATIENT, blood_pressure("130", "80", "2025-06-10T09:00:00Z"),
         expect="not-met"),
    case("a short stay does not count",
         (short := encounter("SS", "2025-06-09", "2025-06-10")),
         blood_pressure("190", "110", NOW, encounter=at(short)), expect="unknown"),
    case("a pre-admission visit does not count",
         (before := encounter("PRENC", "2025-06-09", "2025-06-10")),
         blood_pressure("190", "110", NOW, encounter=at(before)), expect="unknown"),
    case("a class given as the word inpatient",
         (word := encounter(None, "2025-06-09", "2025-06-11", **{"class": {"display": "Inpatient"}})),
         blood_pressure("190", "110", NOW, encounter=at(word)), expect="unknown"),
    case("a clinic visit counts", CLINIC, blood_pressure("165", "80", NOW, encounter=at(CLINIC)),
         expect="met",
         confidence="high"),
    case("a linked visit that did not arrive, all others did",
         blood_pressure("165", "80", NOW, encounter={"reference": "Encounter/elsewhere"}), expect="met"),
    case("a linked visit that is forbidden",
         blood_pressure("165", "80", NOW, encounter={"reference": "Encounter/elsewhere"}),
         searches={"encounters": "forbidden"}, expect="unknown", rule="unknown",
         says="the encounters search was forbidden"),
    case("no linked visit, and the visits are forbidden", blood_pressure("165", "80", NOW),
         searches={"encounters": "forbidden"}, expect="met", confidence="moderate",
         says="The kind of visit is not known."),
    case("the vital signs are forbidden", searches={"vitals": "forbidden"}, expect="unknown",
         says="the vitals search was forbidden"),
    case("the vital signs were cut off", blood_pressure("165", "80", NOW), searches={"vitals": "truncated"},
         expect="unknown", says="a newer reading may exist"),
    case("readings held back by the server lower the confidence", blood_pressure("165", "80", NOW),
         searches={"vitals": "suppressed"}, expect="met", confidence="moderate"),
    case("another person's pressure",
         blood_pressure("190", "110", NOW, focus=[{"reference": "RelatedPerson/r"}]),
         expect="unknown"),
    case("cancelled", blood_pressure("170", "90", NOW, status="cancelled"), expect="unknown",
         says="one of status cancelled is not used"),
    case("a mean pressure under a systolic code as well", vital("8480-6 8478-0", "170 mm[Hg]", NOW), expect="unknown"),
]  # fmt: skip
