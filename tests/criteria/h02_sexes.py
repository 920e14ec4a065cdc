"""H2: all sexes."""

from tests.criteria.given import case, patient

CRITERION = "H2"

CASES = [
    case("a woman", patient(gender="female"), expect="met", rule="all", says="recorded: female"),
    case("a man", patient(gender="male"), expect="met"),
    case("gender other", patient(gender="other"), expect="met"),
    case("gender unknown", patient(gender="unknown"), expect="met"),
    case("no gender recorded", patient(gender=None), expect="met", says="not recorded"),
]
