"""I5: onset of type 1 diabetes at <= 35 completed years of age."""

from tests.criteria.given import Given, case, diagnosis, encounter, lab, medication, patient, resource

CRITERION = "I5"

BORN_1985 = patient("1985-01-01")
BORN_1990 = patient("1990-01-01")


def t1(onset: str | None = None, recorded: str | None = None, **more: object) -> Given:
    return diagnosis("icd10cm:E10.9", onset=onset, recorded=recorded, **more)


def onset_age(value: float, unit: str) -> Given:
    return t1(onsetAge={"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"})


CASES = [
    case("the day before the 36th birthday", BORN_1985, t1("2020-12-31"), expect="met", near=True),
    case("on the 36th birthday", BORN_1985, t1("2021-01-01"), expect="not-met", near=False, rule="too-late"),
    case("a year in which the person was 35", BORN_1985, t1("2020"), expect="met"),
    case("a year in which the person was 36", BORN_1985, t1("2021"), expect="not-met"),
    case("a year that holds the 36th birthday", patient("1985-07-01"), t1("2021"), expect="unknown",
         says="too imprecise"),
    case("a month before the 36th birthday", patient("1985-07-15"), t1("2021-06"), expect="met"),
    case("the month of the 36th birthday", patient("1985-07-15"), t1("2021-07"), expect="unknown"),
    case("long ago", BORN_1990, t1("2002-05-05"), expect="met", near=False, confidence="high"),
    case("at 35 years of age", BORN_1985, onset_age(35, "a"), expect="met"),
    case("at 36 years of age", BORN_1985, onset_age(36, "a"), expect="not-met"),
    case("at 430 months of age", BORN_1985, onset_age(430, "mo"), expect="met"),
    case("at 432 months of age", BORN_1985, onset_age(432, "mo"), expect="not-met"),
    case("at 35 years by the word", BORN_1985, t1(onsetAge={"value": 35, "unit": "years"}), expect="met"),
    case("between 10 and 12 years", BORN_1985,
         t1(onsetRange={"low": {"value": 10, "unit": "a"}, "high": {"value": 12, "unit": "a"}}), expect="met"),
    case("between 30 and 40 years", BORN_1985,
         t1(onsetRange={"low": {"value": 30, "unit": "a"}, "high": {"value": 40, "unit": "a"}}), expect="unknown"),
    case("period beginning at 20", BORN_1985, t1(onsetPeriod={"start": "2005-03-01"}), expect="met"),
    case("recorded at 29, no onset", BORN_1990, t1(recorded="2019-05-01"), expect="met", confidence="moderate"),
    case("recorded at 40, no onset", BORN_1985, t1(recorded="2025-03-01"), expect="unknown",
         says="onset itself is not recorded"),
    case("onset equal to the recording day is a default, not an onset", BORN_1985,
         t1("2025-03-01", recorded="2025-03-01"), expect="unknown"),
    case("the same default at 29 still bounds it", BORN_1990, t1("2019-05-01", recorded="2019-05-01"), expect="met",
         confidence="moderate"),
    case("onset equal to the day of the encounter is a default", BORN_1985,
         resource("Encounter", "visit of 2025-03-01", id="e1", status="finished", period={"start": "2025-03-01"}),
         t1("2025-03-01", encounter={"reference": "Encounter/e1"}), expect="unknown"),
    case("insulin ordered at 30 bounds it", BORN_1985, t1(recorded="2025-03-01"),
         medication("insulin glargine", authored="2015-06-01"), expect="met", confidence="moderate"),
    case("a diabetic HbA1c at 30 bounds it", BORN_1985, t1(recorded="2025-03-01"),
         lab("4548-4", "6.5 %", "2015-06-01"), expect="met", confidence="moderate"),
    case("a normal HbA1c at 30 bounds nothing", BORN_1985, t1(recorded="2025-03-01"),
         lab("4548-4", "6.4 %", "2015-06-01"), expect="unknown"),
    case("the words 'diagnosed in childhood'", BORN_1985, t1(onsetString="diagnosed in childhood"), expect="met",
         confidence="low"),
    case("the word 'adolescence'", BORN_1985, t1(onsetString="in adolescence"), expect="met", confidence="low"),
    case("the word 'toddler'", BORN_1985, t1(onsetString="as a toddler"), expect="met", confidence="low"),
    case("'age 12'", BORN_1985, t1(onsetString="age 12"), expect="met", confidence="low"),
    case("'40 years old'", patient("1975-01-01"), t1(onsetString="40 years old"), expect="not-met", confidence="low"),
    case("'around 2001'", BORN_1985, t1(onsetString="around 2001"), expect="met", confidence="low"),
    case("words without an age", BORN_1985, t1(onsetString="long ago"), expect="unknown"),
    case("'15 years ago' is no age", BORN_1985, t1(onsetString="15 years ago"), expect="unknown"),
    case("'for 5 years' is no age", BORN_1985, t1(onsetString="for 5 years"), expect="unknown"),
    case("'5 years prior' is no age", BORN_1985, t1(onsetString="5 years prior"), expect="unknown"),
    case("onset in the future is not possible", BORN_1990, t1("2030-01-01"), expect="unknown", says="not possible"),
    case("a year of onset in the future", BORN_1985, t1("2030"), expect="unknown", says="not possible"),
    case("onset before birth is not possible", BORN_1990, t1("1980-01-01"), expect="unknown", says="not possible"),
    case("onset at three months of age", BORN_1990, t1("1990-04-01"), expect="needs-judgement", rule="neonatal"),
    case("onset on the day the person is six months old", BORN_1990, t1("1990-07-01"), expect="met"),
    case("an onset at 36, but recorded at 30", BORN_1985, t1("2021-03-01", recorded="2015-01-01"),
         expect="needs-judgement", rule="sources-differ"),
    case("below 40 years of age", BORN_1985, t1(onsetAge={"value": 40, "unit": "a", "comparator": "<"}),
         expect="unknown"),
    case("from 10 years of age on", BORN_1985, t1(onsetRange={"low": {"value": 10, "unit": "a"}}), expect="unknown"),
    case("up to 12 years of age", BORN_1985, t1(onsetRange={"high": {"value": 12, "unit": "a"}}), expect="met"),
    case("'14 yo'", BORN_1985, t1(onsetString="14 yo"), expect="met", confidence="low"),
    case("LADA with an onset at 37", BORN_1985, diagnosis("snomed:426875007", onset="2022-06-01"), expect="not-met"),
    case("two sources, both early", BORN_1990, t1("2002-01-01"), t1("2010-01-01"), expect="met"),
    case("two sources that disagree", patient("1980-01-01"), t1("2002-01-01"), t1("2020-01-01"),
         expect="needs-judgement", rule="sources-differ"),
    case("an unconfirmed source does not count beside a confirmed one", patient("1980-01-01"), t1("2002-01-01"),
         diagnosis("icd10cm:E10.9", onset="2020-01-01", verification="provisional"), expect="met"),
    case("a refuted source changes nothing", patient("1980-01-01"), t1("2002-01-01"),
         diagnosis("icd10cm:E10.9", onset="2020-01-01", verification="refuted"), expect="met"),
    case("no onset and no recording day", BORN_1985, t1(), expect="unknown", says="no onset is recorded"),
    case("no date of birth", patient(None), t1("2002-01-01"), expect="unknown", says="date of birth"),
    case("year of birth only, onset far away", patient("1985"), t1("2000"), expect="met"),
    case("year of birth only, onset at 35 or 36", patient("1985"), t1("2021-06-01"), expect="unknown"),
    case("born on 29 February, onset the day before the 36th birthday", patient("1984-02-29"), t1("2020-02-28"),
         expect="met"),
    case("the problem list was refused", BORN_1985, searches={"problems": "forbidden"}, expect="unknown",
         says="problems search was forbidden"),
    case("an onset, but the encounter diagnoses failed", BORN_1990, t1("2002-05-05"), searches={"diagnoses": "failed"},
         expect="unknown", rule="not-all-seen"),
    case("no type 1 diabetes", BORN_1985, diagnosis("icd10cm:I10", onset="2000-01-01"), expect="unknown"),
    case("an encounter proves nothing about onset", BORN_1985, encounter("AMB", "2000-01-01", "2000-01-01"),
         t1(recorded="2025-03-01"), expect="unknown"),
    case("onset the day before six months of age", BORN_1990, t1("1990-06-30"), expect="needs-judgement",
         rule="neonatal"),
    # what the words stand for
    case("childhood is birth to 12", BORN_1990, t1(None, onsetString="in childhood"), expect="met",
         says="0 to 12 years"),
    case("infancy is birth to 4", BORN_1990, t1(None, onsetString="as an infant"), expect="met", says="0 to 4 years"),
    case("the teens are 10 to 19", BORN_1990, t1(None, onsetString="as a teenager"), expect="met",
         says="10 to 19 years"),
]  # fmt: skip
