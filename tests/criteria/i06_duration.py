"""I6: at least 2 and at most 20 years since the onset of type 1 diabetes, to the day."""

from tests.criteria.given import Given, case, diagnosis, lab, medication, patient

CRITERION = "I6"

BORN_1985 = patient("1985-01-01")


def t1(onset: str | None = None, recorded: str | None = None, **more: object) -> Given:
    return diagnosis("icd10cm:E10.9", onset=onset, recorded=recorded, **more)


CASES = [
    case("two years to the day", BORN_1985, t1("2023-06-15"), expect="met", rule="within"),
    case("a day short of two years", BORN_1985, t1("2023-06-16"), expect="not-met", recheck="2025-06-16",
         rule="too-short"),
    case("twenty years to the day", BORN_1985, t1("2005-06-15"), expect="met"),
    case("twenty years and a day", BORN_1985, t1("2005-06-14"), expect="not-met", rule="too-long"),
    case("2005: between 19 and 20 years and a half", BORN_1985, t1("2005"), expect="unknown", says="too imprecise"),
    case("2004: over 20 years", BORN_1985, t1("2004"), expect="not-met"),
    case("2023: perhaps two years", BORN_1985, t1("2023"), expect="unknown"),
    case("March 2010", BORN_1985, t1("2010-03"), expect="met"),
    case("June 2005: the month holds the limit", BORN_1985, t1("2005-06"), expect="unknown"),
    case("July 2005: within", BORN_1985, t1("2005-07"), expect="met"),
    case("2024 and 2025: too short whatever the day", BORN_1985, t1("2024"), expect="not-met", recheck="2026-12-31"),
    case("only recorded in 2015, born 2003: the start is open", patient("2003-01-01"), t1(recorded="2015-01-01"),
         expect="unknown", says="onset itself is not recorded"),
    case("only recorded in 2015, born 2007: at most 18 years", patient("2007-01-01"), t1(recorded="2015-01-01"),
         expect="met", confidence="moderate"),
    case("ketoacidosis last year beside an onset in 2010", BORN_1985, t1("2010-03"),
         diagnosis("icd10cm:E10.10", onset="2024-08-08"), expect="met", rule="within"),
    case("only kidney disease of type 1 diabetes, a year ago: how long before is not told", BORN_1985,
         diagnosis("icd10cm:E10.21", onset="2024-05-03"), expect="unknown", says="onset itself is not recorded"),
    case("only neuropathy of type 1 diabetes, over 20 years ago", BORN_1985,
         diagnosis("icd10cm:E10.42", onset="2003-05-03"), expect="not-met", rule="too-long"),
    case("only recorded a year ago, born 2007", patient("2007-01-01"), t1(recorded="2024-06-15"), expect="unknown"),
    case("insulin since 2012 bounds a bare recording", patient("2007-01-01"), t1(recorded="2024-06-15"),
         medication("insulin aspart", authored="2012-01-01"), expect="met"),
    case("recorded in March of the year of onset", BORN_1985, t1("2023", recorded="2023-03-01"), expect="met"),
    case("an onset stated after the diabetes was recorded", BORN_1985, t1("2024-03-01", recorded="2015-01-08"),
         expect="needs-judgement", rule="sources-differ", says="proved by 2015-01-08"),
    case("an onset stated after insulin was ordered", BORN_1985, t1("2024-03-01"),
         medication("insulin aspart", authored="2015-01-01"), expect="needs-judgement"),
    case("an onset stated long after a recording over 20 years ago", BORN_1985, t1("2010-03", recorded="2003-01-01"),
         expect="needs-judgement"),
    case("a ketoacidosis dated this year beside diabetes recorded in 2015", BORN_1985, t1(recorded="2015-01-08"),
         diagnosis("icd10cm:E10.10", onset="2025-03-01", category="encounter-diagnosis"), expect="unknown",
         says="only recorded by 2015-01-08"),
    case("LADA alone", BORN_1985, diagnosis("snomed:426875007", onset="2012-01-01"), expect="met"),
    case("two sources within the limits", BORN_1985, t1("2010-01-01"), t1("2012-01-01"), expect="met"),
    case("two sources that disagree", BORN_1985, t1("2000-01-01"), t1("2012-01-01"), expect="needs-judgement",
         rule="sources-differ"),
    case("onset on 29 February, two years later on 1 March", patient("1985-01-01"), t1("2024-02-29"),
         expect="not-met", recheck="2026-03-01"),
    case("at the age of 20, born 1990", patient("1990-01-01"),
         t1(onsetAge={"value": 20, "unit": "a"}), expect="met"),
    case("at 20 years of age, two years ago at the most", patient("2003-06-15"),
         t1(onsetAge={"value": 20, "unit": "a"}), expect="unknown"),
    case("at 19 years of age, twenty years ago at the least", patient("1985-06-16"),
         t1(onsetAge={"value": 19, "unit": "a"}), expect="unknown"),
    case("in words", BORN_1985, t1(onsetString="since 2012"), expect="met", confidence="low"),
    case("no date of birth, exact onset", patient(None), t1("2012-01-01"), expect="met"),
    case("no onset", BORN_1985, t1(), expect="unknown", says="no onset is recorded"),
    case("no diagnosis", BORN_1985, expect="unknown", rule="unknown"),
    case("onset in the future", BORN_1985, t1("2026-01-01"), expect="unknown", says="not possible"),
    case("the problem list was cut off before any diabetes", BORN_1985, searches={"problems": "truncated"},
         expect="unknown", says="truncated"),
    case("an onset, but the encounter diagnoses failed", BORN_1985, t1("2012-01-01"),
         searches={"diagnoses": "failed"}, expect="unknown", rule="not-all-seen"),
    # what the words stand for: each end of an age
    case("childhood that ended two years ago", patient("2010-06-16"), t1(onsetString="in childhood"), expect="met"),
    case("childhood that ended a day later", patient("2010-06-17"), t1(onsetString="in childhood"), expect="unknown"),
    case("infancy that ended two years ago", patient("2018-06-16"), t1(onsetString="as an infant"), expect="met"),
    case("infancy that ended a day later", patient("2018-06-17"), t1(onsetString="as an infant"), expect="unknown"),
    case("teens that began 20 years ago", patient("1995-06-15"), t1(onsetString="as a teenager"), expect="met"),
    case("teens that began a day earlier", patient("1995-06-14"), t1(onsetString="as a teenager"), expect="unknown"),
    case("teens that ended two years ago", patient("2003-06-16"), t1(onsetString="as a teenager"), expect="met"),
    case("teens that ended a day later", patient("2003-06-17"), t1(onsetString="as a teenager"), expect="unknown"),
    # bounds
    case("six months old 20 years ago: no earlier onset is credible", patient("2004-12-15"),
         t1(recorded="2020-01-01"), expect="met"),
    case("six months old a day earlier", patient("2004-12-14"), t1(recorded="2020-01-01"), expect="unknown"),
    case("bounded by an HbA1c of 6.5 %", patient("2007-01-01"), t1(), lab("4548-4", "6.5 %", "2020-01-01"),
         expect="met"),
    case("not bounded by an HbA1c of 6.4 %", patient("2007-01-01"), t1(), lab("4548-4", "6.4 %", "2020-01-01"),
         expect="unknown"),
]  # fmt: skip
