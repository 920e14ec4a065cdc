"""H1: the registry's ages, 18 to 40."""

from tests.criteria.given import case, patient

CRITERION = "H1"

CASES = [
    case("40 years and 364 days", patient("1984-06-16"), expect="met", rule="within", says="Age 40"),
    case("41 years and 0 days", patient("1984-06-15"), expect="needs-judgement", rule="conflict"),
    case("the 18th birthday is today", patient("2007-06-15"), expect="met"),
    case("the 18th birthday is tomorrow", patient("2007-06-16"), expect="not-met", rule="too-young",
         recheck="2025-06-16"),
    case("65 until tomorrow", patient("1959-06-16"), expect="needs-judgement"),
    case("66 today", patient("1959-06-15"), expect="not-met", rule="too-old"),
    case("born in 1984, so 40 or 41", patient("1984"), expect="needs-judgement"),
    case("born in 2007, so 17 or 18", patient("2007"), expect="unknown", rule="about-the-minimum"),
    case("born in 1959, so 65 or 66", patient("1959"), expect="unknown", rule="about-the-text-maximum"),
    case("no birth date", patient(None), expect="unknown", rule="no-birth-date"),
    case("the site's age policy does not change the registry field", patient("1984-06-15"),
         settings={"age_policy": "text"}, expect="needs-judgement"),
]  # fmt: skip
