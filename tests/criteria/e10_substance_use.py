"""E10: active abuse of alcohol or drugs, smoking included."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, medication, observation, patient

CRITERION = "E10"
SNOMED = "http://snomed.info/sct"
CALM = diagnosis("icd10cm:E10.9")
WOMAN, NOT_KNOWN = patient(gender="female"), patient(gender=None)


def social(code: str, when: str | None, words: str, **more: Any) -> Given:
    """A social-history Observation."""
    return Given(observation(code, None, when, category="social-history", **more), f"{code} {words} on {when}")


def smoking(answer: str, when: str | None = "2025-04-15", code: str = "72166-2", **more: Any) -> Given:
    """A smoking status by SNOMED code."""
    concept = {"coding": [{"system": SNOMED, "code": answer}]}
    return social(code, when, answer, valueCodeableConcept=concept, **more)


def said(text: str, when: str = "2025-04-15", code: str = "72166-2") -> Given:
    """A smoking status in words."""
    return social(code, when, f'"{text}"', valueString=text)


def number(code: str, value: int, when: str = "2025-04-15", **more: Any) -> Given:
    return social(code, when, str(value), valueQuantity={"value": value, **more})


SMOKES = {"expect": "met", "rule": "smokes"}
TOBACCO = {"expect": "met", "rule": "tobacco-problem"}
DISORDER = {"expect": "met", "rule": "disorder"}
CLEAR = {"expect": "not-met", "rule": "does-not-smoke"}
UNSEEN = {"expect": "unknown", "rule": "not-all-seen"}
UNKNOWN = {"expect": "unknown", "rule": "smoking-not-known"}
HINTS = {"expect": "needs-judgement", "rule": "hints"}
UNCLEAR = {"expect": "needs-judgement", "rule": "smoking-unclear"}
OTHER = {"expect": "needs-judgement", "rule": "other-nicotine"}
DENIED = {"expect": "needs-judgement", "rule": "older-tobacco-problem"}
SCORE = {"expect": "needs-judgement", "rule": "alcohol-score"}
CONFLICT = {"expect": "needs-judgement", "rule": "smoking-conflict"}
NEVER, FORMER, DAILY = "266919005", "8517006", "449868002"

CASES = [
    case("smokes every day, 2 months ago", CALM, smoking(DAILY), **SMOKES, confidence="high", basis="direct"),
    case("former smoker", CALM, smoking(FORMER), **CLEAR, confidence="moderate"),
    case("never smoked", CALM, smoking(NEVER), **CLEAR),
    case("smoker, current status unknown in US Core", CALM, smoking("77176002"), **UNCLEAR),
    case("unknown if ever smoked", CALM, smoking("266927001"), **UNKNOWN, says="tells nothing"),
    case("smoked 3 years ago, former since 1 month", CALM, smoking(DAILY, "2022-06-01"),
         smoking(FORMER, "2025-05-15"), **CLEAR),
    case("former once, smokes again", CALM, smoking(FORMER, "2022-06-01"), smoking(DAILY, "2025-05-15"),
         **SMOKES),
    *[case(f"{code} is current smoking", CALM, smoking(code), **SMOKES)
      for code in ("428041000124106", "428071000124103", "428061000124105", "65568007", "59978006",
      "82302008",
                   "698289004")],
    *[case(f"the code {code} holds a smoking status", CALM, smoking(DAILY, code=code), **SMOKES)
      for code in ("39240-7", "68535-4", "11367-0")],
    *[case(f"LOINC answer {code}, without a name", CALM, social("72166-2", "2025-04-15", code,
           valueCodeableConcept={"coding": [{"system": "http://loinc.org", "code": code}]}), **answer)
      for code, answer in (("LA18976-3", SMOKES), ("LA18977-1", SMOKES), ("LA18981-3", SMOKES), ("LA18982-1", SMOKES),
                           ("LA15920-4", CLEAR), ("LA18978-9", CLEAR), ("LA18979-7", UNCLEAR),
                           ("LA18980-5", UNKNOWN))],
    case("an e-cigarette user", CALM, smoking("722499006"), **OTHER),
    case("smokeless tobacco", CALM, smoking("713914004"), **OTHER),
    case("a status of 365 days", CALM, smoking(NEVER, "2024-06-15"), **CLEAR),
    case("a status of 366 days", CALM, smoking(NEVER, "2024-06-14"), **UNKNOWN, says="older than 365 days"),
    case("smoked, a status of 366 days", CALM, smoking(DAILY, "2024-06-14"), **UNKNOWN),
    case("a status of an imprecise date that straddles the year", CALM, smoking(NEVER, "2024"), **UNKNOWN),
    case("a status of 730 days is shown", CALM, smoking(NEVER, "2023-06-16"), **UNKNOWN, says="older than 365 days"),
    case("a status of 731 days is not", CALM, smoking(NEVER, "2023-06-15"), **UNKNOWN,
         says="none in the last 365 days"),
    case("no tobacco data", CALM, **UNKNOWN, says="none in the last 365 days"),
    case("a preliminary status alone", CALM, smoking(NEVER, status="preliminary"), **UNKNOWN,
         says="only a preliminary answer"),
    case("a newer preliminary status differs", CALM, smoking(NEVER), smoking(DAILY, "2025-05-01",
         status="preliminary"),
         **CONFLICT),
    case("a newer preliminary status agrees", CALM, smoking(NEVER), smoking(NEVER, "2025-05-01",
         status="preliminary"),
         **CLEAR),
    case("a status entered in error", CALM, smoking(NEVER), smoking(DAILY, "2025-05-01",
         status="entered-in-error"),
         **CLEAR),
    case("a status of the future", CALM, smoking(NEVER), smoking(DAILY, "2025-06-16"), **CLEAR),
    case("a status without a date", CALM, smoking(NEVER, None), **UNKNOWN, says="without a date"),
    case("a status without a value", CALM, social("72166-2", "2025-04-15", "nothing"), **UNKNOWN),
    case("smokes and does not, on one day", CALM, smoking(NEVER), smoking(DAILY), **CONFLICT),
    case("smokes and does not, in dates that do not tell which is newer", CALM, smoking(NEVER, "2025-04"),
         smoking(DAILY), **UNKNOWN),
    case("one answer with codes that disagree", CALM,
         social("72166-2", "2025-04-15", "two codes", valueCodeableConcept={"coding": [
             {"system": SNOMED, "code": NEVER}, {"system": SNOMED, "code": DAILY}]}), **UNCLEAR),
    case("in words: never smoker", CALM, said("Never smoker"), **CLEAR, confidence="low"),
    case("in words: former cigarette smoker", CALM, said("Former cigarette smoker"), **CLEAR),
    case("in words: current every day smoker", CALM, said("Current every day smoker"), **SMOKES,
         confidence="low"),
    case("in words: smoker, current status unknown", CALM, said("Smoker, current status unknown"), **UNCLEAR),
    case("in words: never assessed", CALM, said("Never Assessed"), **UNKNOWN),
    case("in words: not a cigarette smoker any more, not understood", CALM,
         said("No longer a cigarette smoker"),
         **UNKNOWN),
    case("in words: former smoker of cigarettes, smoker of cigars", CALM,
         said("Former cigarette smoker, current smoker of cigars"), **UNCLEAR),
    case("in words: former smoker who quit", CALM, said("Former smoker, quit 2020; 10 pack-years"), **CLEAR),
    case("in words: former smoker, e-cigarettes now", CALM, said("Former smoker, now uses e-cigarettes"), **OTHER),
    *[case(f"in words: {words}", CALM, said(words), **OTHER)
      for words in ("Never smoker, vapes daily", "Never smoker; uses e-cigarette",
                    "Never smoker, smokeless tobacco daily", "never smoked, uses snuff")],
    *[case(f"in words: {words}", CALM, said(words), **UNCLEAR)
      for words in ("never quit smoking", "has not quit smoking", "wants to quit smoking", "Former smoker; smoker")],
    case("in words: never smoker, vaping denied", CALM, said("Never smoker, denies vaping"), **CLEAR),
    case("in words: vaping", CALM, said("Vapes daily"), **OTHER),
    case("tobacco in the last 30 days: yes", CALM, social("68535-4", "2025-05-01", "true", valueBoolean=True),
         **UNCLEAR),
    case("tobacco in the last 30 days: no", CALM, social("68535-4", "2025-05-01", "false",
         valueBoolean=False), **CLEAR,
         confidence="moderate"),

    case("tobacco use, active", diagnosis("icd10cm:Z72.0"), **TOBACCO),
    case("nicotine dependence, cigarettes", diagnosis("icd10cm:F17.210"), **TOBACCO, says="F17.210"),
    case("nicotine dependence, other product", diagnosis("icd10cm:F17.290"), **TOBACCO),
    case("nicotine dependence, cigarettes, in remission", diagnosis("icd10cm:F17.211"), **UNKNOWN),
    case("nicotine dependence, unspecified, in remission", diagnosis("icd10cm:F17.201"), smoking(FORMER),
         **CLEAR),
    case("nicotine dependence, chewing tobacco", diagnosis("icd10cm:F17.220"), **HINTS),
    case("chewing tobacco in remission", diagnosis("icd10cm:F17.221"), smoking(FORMER), **CLEAR),
    case("tobacco use disorder in ICD-9", diagnosis("icd9:305.1"), **TOBACCO),
    case("tobacco in WHO ICD-10", diagnosis("icd10:F17.2"), **TOBACCO),
    case("tobacco in WHO ICD-10, abstinent", diagnosis("icd10:F17.20"), smoking(FORMER), **CLEAR),
    case("a smoker by a SNOMED problem", diagnosis("snomed:65568007"), **TOBACCO),
    case("a problem that may be smoking", diagnosis("snomed:77176002"), smoking(NEVER), **HINTS),
    case("a tobacco problem, resolved", diagnosis("icd10cm:Z72.0", clinical="resolved"), smoking(FORMER),
         **CLEAR),
    case("a tobacco problem in the future", CALM, diagnosis("icd10cm:Z72.0", onset="2025-07-01"),
         smoking(NEVER),
         **CLEAR),
    case("a tobacco problem, only provisional", diagnosis("icd10cm:Z72.0", verification="provisional"),
         smoking(NEVER), **HINTS),
    case("a tobacco problem in words only", diagnosis(text="Nicotine dependence"), smoking(NEVER), **HINTS),
    case("a tobacco problem older than a newer denial", diagnosis("icd10cm:F17.210", recorded="2020-01-01"),
         smoking(FORMER), **DENIED, says="F17.210"),
    case("a tobacco problem without a date, and a denial", diagnosis("icd10cm:F17.210"), smoking(FORMER),
         **DENIED),
    case("a tobacco problem newer than a denial", diagnosis("icd10cm:F17.210", recorded="2025-04-16"),
         smoking(FORMER), **TOBACCO),
    case("a tobacco problem of the day of a denial", diagnosis("icd10cm:F17.210", recorded="2025-04-15"),
         smoking(FORMER), **DENIED),
    case("a tobacco problem older than a denial of five years ago", diagnosis("icd10cm:F17.210", recorded="2015-01-01"),
         smoking(NEVER, "2020-06-01"), **DENIED),
    case("an older tobacco problem, and smoking now", diagnosis("icd10cm:F17.210", recorded="2020-01-01"),
         smoking(DAILY), **SMOKES),
    case("personal history of nicotine dependence", diagnosis("icd10cm:Z87.891"), smoking(FORMER), **CLEAR),
    case("history of tobacco use in ICD-9", diagnosis("icd9:V15.82"), smoking(FORMER), **CLEAR),

    case("alcohol dependence, active", diagnosis("icd10cm:F10.20"), smoking(NEVER), **DISORDER, says="F10.20",
         confidence="high"),
    case("alcohol dependence, in remission", diagnosis("icd10cm:F10.21"), smoking(NEVER), **CLEAR),
    case("an entry with a code of dependence and one of remission", diagnosis("icd10cm:F10.20", "icd10cm:F10.21"),
         smoking(NEVER), **HINTS),
    case("an entry with a SNOMED code of abuse and one of remission", diagnosis("snomed:26416006",
         "snomed:1471000119103"), smoking(NEVER), **HINTS),
    *[case(f"a code of dependence, but the text says: {text}", CALM, diagnosis("icd10cm:F10.20", text=text),
           smoking(NEVER), **HINTS)
      for text in ("Alcohol dependence in remission", "History of alcohol dependence", "Recovering alcoholic",
                   "Alcohol dependence, history of", "Alcohol dependence; former drinker")],
    *[case(f"the text speaks of the past of something else: {text}", CALM, diagnosis(code, text=text),
           smoking(NEVER), **DISORDER)
      for code, text in (("icd10cm:F10.20", "Alcohol dependence, not in remission"),
                         ("icd10cm:F11.20", "Opioid dependence, history of overdose"),
                         ("icd10cm:F10.20", "Alcohol dependence; former smoker"))],
    case("nicotine dependence beside a history of asthma", CALM,
         diagnosis("icd10cm:F17.210", text="Nicotine dependence, cigarettes, history of asthma"), **TOBACCO),
    case("nicotine dependence of a former smoker", CALM,
         diagnosis("icd10cm:F17.210", text="Nicotine dependence, former smoker"), **HINTS),
    case("alcohol abuse, in remission", diagnosis("icd10cm:F10.11"), smoking(NEVER), **CLEAR),
    case("alcohol dependence with remission as its status", diagnosis("icd10cm:F10.20", clinical="remission"),
         smoking(NEVER), **CLEAR),
    *[case(f"{code} is an active disorder", diagnosis(code), smoking(NEVER), **DISORDER)
      for code in ("icd10cm:F10.10", "icd10cm:F11.20", "icd10cm:F12.20", "icd10cm:F13.10", "icd10cm:F14.10",
                   "icd10cm:F15.20", "icd10cm:F16.10", "icd10cm:F18.10", "icd10cm:F19.20", "icd10:F10.2",
                   "icd10:F11.2", "icd10:F19.1", "snomed:15167005", "snomed:7200002", "snomed:66214007",
                   "snomed:191816009", "snomed:1336085007")],
    *[case(f"{code} is remission or abstinence", CALM, diagnosis(code), smoking(NEVER), **CLEAR)
      for code in ("icd10cm:F11.21", "icd10cm:F14.11", "icd10cm:F19.21", "icd10:F10.20", "snomed:161466001",
                   "snomed:371434005", "snomed:1471000119103")],
    case("alcohol use without abuse (F10.9)", CALM, diagnosis("icd10cm:F10.90"), smoking(NEVER), **CLEAR),
    case("prescribed opioid", CALM, diagnosis("icd10cm:Z79.891"), smoking(NEVER), **CLEAR),
    case("stimulant abuse that is caffeine", diagnosis("icd10cm:F15.10", text="Caffeine abuse"),
         smoking(NEVER),
         **HINTS),
    case("opioid dependence under treatment", diagnosis("icd10cm:F11.20"), smoking(NEVER),
         medication("buprenorphine 8 mg / naloxone 2 mg film"), **HINTS),
    case("opioid dependence, treatment stopped", diagnosis("icd10cm:F11.20"), smoking(NEVER),
         medication("methadone", status="stopped"), **DISORDER),
    case("methadone without an opioid disorder, for pain", CALM, smoking(NEVER), medication("methadone"),
         **CLEAR),
    case("alcohol dependence, only unconfirmed", diagnosis("icd10cm:F10.20", verification="unconfirmed"),
         smoking(NEVER), **HINTS),
    case("alcohol dependence, refuted", CALM, diagnosis("icd10cm:F10.20", verification="refuted"),
         smoking(NEVER),
         **CLEAR),
    case("a fatty liver in words", CALM, diagnosis(text="Non-alcoholic fatty liver disease"), smoking(NEVER), **CLEAR),
    case("alcoholism in words only", diagnosis(text="Alcoholism"), smoking(NEVER), **HINTS),
    *[case(f"{words} in words only", diagnosis(text=words), smoking(NEVER), **HINTS)
      for words in ("EtOH abuse", "IV drug use", "IVDU", "Polysubstance abuse", "Heroin addiction", "Opiate dependence",
                    "Cocaine use disorder", "Methamphetamine abuse")],
    *[case(f"{words} in words only", diagnosis(text=words), smoking(NEVER), **HINTS)
      for words in ("Alcohol misuse", "Stimulant use disorder", "Harmful use of alcohol",
                    "Harmful pattern of use of alcohol")],
    case("alcoholism of the mother in words", CALM, diagnosis(text="Mother: alcoholism"), smoking(NEVER),
         **CLEAR),
    case("a visit's diagnosis without a status, 365 days ago",
         diagnosis("icd10cm:F10.20", clinical=None, category="encounter-diagnosis", recorded="2024-06-15"),
         smoking(NEVER), **DISORDER),
    case("a visit's diagnosis without a status, 366 days ago",
         diagnosis("icd10cm:F10.20", clinical=None, category="encounter-diagnosis", recorded="2024-06-14"),
         smoking(NEVER), **HINTS),

    case("AUDIT-C 6", CALM, smoking(NEVER), number("75626-2", 6, unit="{score}"), **SCORE, says="score 6"),
    case("AUDIT-C 4, a man", CALM, smoking(NEVER), number("75626-2", 4), **SCORE),
    case("AUDIT-C 3, a man", CALM, smoking(NEVER), number("75626-2", 3), **CLEAR),
    case("AUDIT-C 3, a woman", WOMAN, CALM, smoking(NEVER), number("72109-2", 3), **SCORE),
    case("AUDIT-C 2, a woman", WOMAN, CALM, smoking(NEVER), number("75626-2", 2), **CLEAR),
    case("AUDIT-C 3, sex not known", NOT_KNOWN, CALM, smoking(NEVER), number("75626-2", 3), **SCORE),
    case("AUDIT-C 6, 366 days ago", CALM, smoking(NEVER), number("75626-2", 6, "2024-06-14"), **CLEAR),
    case("1 drink a day", CALM, smoking(NEVER), number("74013-4", 1, unit="{drinks}/d"),
         expect="needs-judgement", rule="drinks"),
    case("no drinks", CALM, smoking(NEVER), number("74013-4", 0, unit="{drinks}/d"), **CLEAR),
    case("drinks alcohol", CALM, smoking(NEVER),
         social("11331-6", "2025-04-15", "current drinker", valueCodeableConcept={"text": "Current drinker"}),
         **HINTS),
    case("drinks no alcohol", CALM, smoking(NEVER),
         social("11331-6", "2025-04-15", "none", valueCodeableConcept={"text": "None"}), **CLEAR),
    case("drinks no alcohol, by code", CALM, smoking(NEVER), smoking("105542008", code="11331-6"), **CLEAR),
    case("nicotine patches", CALM, smoking(FORMER), medication("nicotine 21 mg/24 h patch"), **HINTS),
    case("nicotine patches by ATC, on hold", CALM, smoking(FORMER), medication("atc:N07BA01",
         status="on-hold"), **HINTS),
    case("disulfiram", CALM, smoking(NEVER), medication("atc:N07BB01"), **HINTS),
    case("disulfiram, stopped", CALM, smoking(NEVER), medication("atc:N07BB01", status="stopped"), **CLEAR),
    case("prescribed cannabis", CALM, smoking(NEVER), medication("atc:N02BG10"), **HINTS),

    case("no diagnoses are recorded", smoking(NEVER), **UNSEEN, says="no diagnoses are recorded here"),
    case("no medications are recorded", CALM, smoking(NEVER), **CLEAR),
    case("the problem list is forbidden", smoking(NEVER), searches={"problems": "forbidden"}, **UNSEEN),
    case("the encounter diagnoses were cut off", CALM, smoking(NEVER), searches={"diagnoses": "truncated"},
         **UNSEEN),
    case("the social history is forbidden", CALM, searches={"social": "forbidden"}, **UNSEEN,
         says="the social search was forbidden"),
    case("part of the social history is held back", CALM, smoking(NEVER), searches={"social": "suppressed"},
         **UNSEEN),
    case("the social history was cut off, smokes", CALM, smoking(DAILY), searches={"social": "truncated"},
         **SMOKES),
    case("the medications failed", CALM, smoking(NEVER), searches={"medications": "failed"}, **UNSEEN),
    case("a status that cannot be read", CALM, smoking(NEVER),
         social("72166-2", "2025-04-15", "unreadable", issued=["?"]), **UNSEEN,
         says="could not be read"),
]  # fmt: skip
