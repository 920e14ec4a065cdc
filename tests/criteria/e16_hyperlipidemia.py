"""E16: fasting LDL > 130 mg/dL or fasting triglycerides > 200 mg/dL; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, lab, medication, resource

CRITERION = "E16"

DAY, OTHER_DAY = "2025-05-20", "2025-04-10"
FASTED = {"note": [{"text": "Fasting"}]}


def ldl(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("2089-1", value, when, **more)


def fasting_ldl(value: str, when: str = DAY) -> Given:
    return ldl(value, when, **FASTED)


def tg(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("2571-8", value, when, **more)


def fasting_tg(value: str, when: str = DAY) -> Given:
    return lab("3048-6", value, when)


CASES = [
    # both fasting
    case("LDL 130 and triglycerides 150, both fasting", fasting_ldl("130 mg/dL"), fasting_tg("150 mg/dL"),
         expect="not-met", rule="fasting-within", confidence="high", near=True),
    case("fasting LDL 131", fasting_ldl("131 mg/dL"), fasting_tg("150 mg/dL"), expect="met",
         rule="fasting-ldl-above", near=True),
    case("fasting LDL 140", fasting_ldl("140 mg/dL"), fasting_tg("150 mg/dL"), expect="met", near=False,
         confidence="high"),
    case("fasting LDL 140 alone excludes", fasting_ldl("140 mg/dL"), expect="met"),
    case("3.37 mmol/L is 130.3", fasting_ldl("3.37 mmol/L"), fasting_tg("1.5 mmol/L"), expect="met",
         near=True),
    case("3.36 mmol/L is 129.9", fasting_ldl("3.36 mmol/L"), fasting_tg("1.5 mmol/L"), expect="not-met",
         near=True),
    case("1.4 g/L is 140", fasting_ldl("1.4 g/L"), fasting_tg("1 g/L"), expect="met"),
    case("fasting triglycerides 200", fasting_ldl("100 mg/dL"), fasting_tg("200 mg/dL"), expect="not-met",
         rule="fasting-within", near=True),
    case("fasting triglycerides 201", fasting_ldl("100 mg/dL"), fasting_tg("201 mg/dL"), expect="met",
         rule="fasting-triglycerides-above", near=True),
    case("triglycerides 250 by the fasting code", fasting_tg("250 mg/dL"), expect="met", confidence="high",
         near=False),
    case("triglycerides 2.3 mmol/L, 12 hours fasting", lab("30524-3", "2.3 mmol/L", DAY), expect="met"),
    case("triglycerides 2.25 mmol/L are 199.3", fasting_ldl("100 mg/dL"), lab("30524-3", "2.25 mmol/L", DAY),
         expect="not-met", near=True),
    case("triglycerides 250 with a note that says fasting", tg("250 mg/dL", **FASTED), expect="met"),
    # fasting not known
    case("LDL 131, fasting not known, still excludes", ldl("131 mg/dL"), tg("150 mg/dL"), expect="met",
         rule="ldl-above", confidence="moderate", near=True),
    case("LDL 140, fasting not known", ldl("140 mg/dL"), expect="met", near=False),
    case("LDL 125, fasting not known, and triglycerides 150", ldl("125 mg/dL"), tg("150 mg/dL"),
         expect="unknown",
         rule="ldl-needs-fasting"),
    case("LDL 122, fasting not known", ldl("122 mg/dL"), tg("150 mg/dL"), expect="not-met",
         rule="well-within",
         confidence="moderate"),
    case("LDL 123, fasting not known", ldl("123 mg/dL"), tg("150 mg/dL"), expect="unknown"),
    case("LDL 130, fasting not known", ldl("130 mg/dL"), tg("150 mg/dL"), expect="unknown",
         rule="ldl-needs-fasting"),
    case("triglycerides 250, fasting not known", tg("250 mg/dL"), ldl("100 mg/dL"), expect="unknown",
         rule="triglycerides-need-fasting", says="food raises it"),
    case("triglycerides 250, fasting not known, without LDL", tg("250 mg/dL"), expect="unknown"),
    case("triglycerides 180 and LDL 100, fasting not known", tg("180 mg/dL"), ldl("100 mg/dL"),
         expect="not-met",
         rule="well-within"),
    case("triglycerides 200, fasting not known, are at the limit", tg("200 mg/dL"), ldl("100 mg/dL"),
         expect="not-met"),
    case("triglycerides 201, fasting not known", tg("201 mg/dL"), ldl("100 mg/dL"), expect="unknown"),
    case("fasting LDL 125, triglycerides 150 of another day, fasting not known", fasting_ldl("125 mg/dL"),
         tg("150 mg/dL", OTHER_DAY), expect="not-met", rule="fasting-ldl-within", confidence="moderate"),
    case("fasting LDL 130, triglycerides 200, fasting not known", fasting_ldl("130 mg/dL"),
         tg("200 mg/dL", OTHER_DAY),
         expect="not-met", rule="fasting-ldl-within"),
    case("fasting LDL 100, triglycerides 250, fasting not known", fasting_ldl("100 mg/dL"),
         tg("250 mg/dL", OTHER_DAY), expect="unknown", rule="triglycerides-need-fasting"),
    case("LDL beside fasting-coded triglycerides counts as fasting", ldl("125 mg/dL"),
         fasting_tg("150 mg/dL"),
         expect="not-met", rule="fasting-within"),
    case("LDL of the same specimen as fasting-coded triglycerides",
         ldl("125 mg/dL", "2025-05-20T08:00:00Z", specimen={"reference": "Specimen/a"}),
         lab("3048-6", "150 mg/dL", "2025-05-20T09:30:00Z", specimen={"reference": "Specimen/a"}),
         expect="not-met",
         rule="fasting-within"),
    case("LDL of another day than fasting-coded triglycerides", ldl("125 mg/dL"),
         fasting_tg("150 mg/dL", OTHER_DAY),
         expect="unknown", rule="ldl-needs-fasting"),
    case("a fasting-coded test with the note non-fasting",
         lab("3048-6", "250 mg/dL", DAY, note=[{"text": "non-fasting"}]), expect="unknown",
         rule="triglycerides-need-fasting"),
    *[case(f"a remark that does not say that the person fasted: {remark}", ldl("100 mg/dL"),
           tg("250 mg/dL", note=[{"text": remark}]), expect="unknown", rule="triglycerides-need-fasting")
      for remark in ("Fasting status unknown", "Reference range for fasting samples: below 150 mg/dL")],
    case("of one time, the fasting value stands for the other", ldl("100 mg/dL"), fasting_tg("180 mg/dL"),
         tg("250 mg/dL"), expect="not-met"),
    # calculated LDL
    case("calculated LDL 100 with triglycerides 401 is not used", lab("13457-7", "100 mg/dL", DAY),
         tg("401 mg/dL"),
         expect="unknown", says="not valid with triglycerides above 400"),
    case("calculated LDL 140 with triglycerides 401 is not used", lab("13457-7", "140 mg/dL", DAY),
         tg("401 mg/dL"),
         expect="unknown"),
    case("calculated LDL 140 with triglycerides 400", lab("13457-7", "140 mg/dL", DAY), tg("400 mg/dL"),
         expect="met", rule="ldl-above"),
    case("direct LDL 140 with triglycerides 450", lab("18262-6", "140 mg/dL", DAY), tg("450 mg/dL"),
         expect="met"),
    case("calculated LDL 140, triglycerides above 400 on another day", lab("13457-7", "140 mg/dL", DAY),
         tg("450 mg/dL", OTHER_DAY), expect="met"),
    case("an older valid LDL beside a calculated one that is not", lab("13457-7", "100 mg/dL", DAY),
         tg("450 mg/dL"), ldl("140 mg/dL", OTHER_DAY), expect="met"),
    # codes
    case("an LDL goal is no LDL", lab("86911-5", "100 mg/dL", DAY), tg("150 mg/dL"), expect="unknown",
         says="LDL: no result"),
    case("an LDL subfraction is no LDL", lab("91105-7", "200 mg/dL", DAY), expect="unknown"),
    case("the deprecated triglyceride code", lab("3049-4", "250 mg/dL", DAY), expect="unknown"),
    case("LDL by electrophoresis", lab("49132-4", "140 mg/dL", DAY), expect="met"),
    case("LDL by Martin-Hopkins", lab("96259-7", "140 mg/dL", DAY), expect="met"),
    case("direct molar LDL", lab("69419-0", "4 mmol/L", DAY), expect="met"),
    # comparators, windows, statuses
    case("LDL below 100", ldl("<100 mg/dL"), tg("150 mg/dL"), expect="not-met"),
    case("LDL below 150 may be either side", ldl("<150 mg/dL"), tg("150 mg/dL"), expect="unknown",
         rule="straddles"),
    case("LDL at most 130, fasting", ldl("<=130 mg/dL", **FASTED), fasting_tg("150 mg/dL"), expect="not-met"),
    case("LDL above 130", ldl(">130 mg/dL"), expect="met"),
    case("fasting triglycerides above 150 may be either side", ldl("100 mg/dL"),
         lab("3048-6", ">150 mg/dL", DAY), expect="unknown", rule="straddles"),
    case("fasting LDL below 150 may be either side", ldl("<150 mg/dL", **FASTED), fasting_tg("150 mg/dL"),
         expect="unknown", rule="straddles"),
    case("fasting LDL below 150, triglycerides fasting not known", ldl("<150 mg/dL", **FASTED),
         tg("150 mg/dL", OTHER_DAY), expect="unknown", rule="straddles"),
    case("triglycerides at least 200, fasting not known", ldl("100 mg/dL"), tg(">=200 mg/dL"),
         expect="unknown",
         rule="straddles"),
    case("LDL above 125, fasting not known, may be either side", ldl(">125 mg/dL"), tg("150 mg/dL"),
         expect="unknown", rule="straddles"),
    case("fasting LDL 125 without triglycerides", fasting_ldl("125 mg/dL"), expect="unknown", rule="unknown"),
    case("LDL 100, fasting not known, without triglycerides", ldl("100 mg/dL"), expect="unknown",
         rule="unknown"),
    case("LDL 122, fasting not known, without triglycerides", ldl("122 mg/dL"), expect="unknown",
         rule="unknown"),
    case("180 days old still decides", ldl("140 mg/dL", "2024-12-17"), expect="met"),
    case("181 days old is stale", ldl("140 mg/dL", "2024-12-16"), expect="unknown",
         says="older than 180 days"),
    case("December 2024 does not tell", ldl("140 mg/dL", "2024-12"), expect="unknown", says="does not tell"),
    case("LDL 100 without triglycerides", fasting_ldl("100 mg/dL"), expect="unknown",
         says="Triglycerides: no result"),
    case("triglycerides 150 without LDL", fasting_tg("150 mg/dL"), expect="unknown", says="LDL: no result"),
    case("nothing measured", expect="unknown", rule="unknown"),
    case("preliminary alone", ldl("140 mg/dL", status="preliminary"), expect="unknown", says="preliminary"),
    case("a newer preliminary LDL differs", ldl("100 mg/dL", OTHER_DAY), tg("150 mg/dL"),
         ldl("140 mg/dL", status="preliminary"), expect="needs-judgement", rule="ldl-conflict"),
    case("dated tomorrow", ldl("140 mg/dL", "2025-06-16"), expect="unknown", says="in the future"),
    case("entered in error", ldl("140 mg/dL", status="entered-in-error"), expect="unknown"),
    case("without a unit", ldl("140"), expect="unknown", says="no unit"),
    case("unknown unit", ldl("140 umol/L"), expect="unknown", says="not recognised"),
    case("not calculated, said in text", ldl("not calculated", text=True), tg("150 mg/dL"), expect="unknown"),
    case("two fasting LDL of one day, both within", fasting_ldl("120 mg/dL"), fasting_ldl("125 mg/dL"),
         fasting_tg("150 mg/dL"), expect="not-met"),
    case("two LDL of one day on both sides", ldl("100 mg/dL"), ldl("140 mg/dL"), expect="needs-judgement",
         rule="ldl-conflict"),
    case("two triglycerides of one day on both sides", ldl("100 mg/dL"), tg("100 mg/dL"), tg("240 mg/dL"),
         expect="needs-judgement", rule="triglycerides-conflict"),
    case("two LDL of one day disagree, but fasting triglycerides exclude", ldl("100 mg/dL"), ldl("140 mg/dL"),
         fasting_tg("240 mg/dL"), expect="met"),
    case("labs forbidden", searches={"labs": "forbidden"}, expect="unknown", says="forbidden"),
    case("labs truncated", fasting_ldl("100 mg/dL"), fasting_tg("150 mg/dL"), searches={"labs": "truncated"},
         expect="unknown"),
    case("treatment is context only", fasting_ldl("140 mg/dL"), medication("atorvastatin 20 mg"),
         expect="met",
         says="Lipid-lowering treatment: atorvastatin"),
    *[case(f"triglycerides 250 after {hours} hours without food",
           tg("250 mg/dL", DAY, specimen={"reference": "Specimen/s1"}),
           resource("Specimen", f"specimen, fasting {hours} h", id="s1", collection={"fastingStatusDuration": {
               "value": hours, "code": "h", "system": "http://unitsofmeasure.org"}}), expect=status)
      for hours, status in ((8, "met"), (7.95, "unknown"))],
    case("treatment by its class is context only", fasting_ldl("140 mg/dL"), medication("atc:C10AA05"), expect="met",
         says="Lipid-lowering treatment"),
    case("365 days old is still shown", ldl("140 mg/dL", "2024-06-15"), expect="unknown", says="older than 180 days"),
    case("366 days old is not shown", ldl("140 mg/dL", "2024-06-14"), expect="unknown",
         says="no result in the last 365 days"),
    case("a goal under an LDL code as well", lab("2089-1 86911-5", "140 mg/dL", DAY), expect="unknown"),
]  # fmt: skip
