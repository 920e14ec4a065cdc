"""What the words of an eye examination say of proliferative retinopathy and macular edema, clause by clause.

A denial holds for its own clause: "proliferative retinopathy, no macular edema" is proliferative retinopathy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from rules.datatypes import LONGEST_VALUE
from rules.value_sets import ValueSet, any_of, is_doubted


class Said(StrEnum):
    """What words say of a disease that they name."""

    PRESENT = "present"
    DOUBTFUL = "doubtful"
    DENIED = "denied"


_NONPROLIFERATIVE = re.compile(r"\b(?:non[-\u2010\u2011\u2013 ]?|n-)(?:proliferative|pdr)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[;.\n]|\b(?:but|however|although)\b", re.IGNORECASE)
_CLAUSE = re.compile(r",|(?=\bwithout\b)", re.IGNORECASE)
_END = re.compile(r"[,;.\n]|\b(?:but|however|although|with|without)\b", re.IGNORECASE)

_NOT_PLAIN = re.compile(
    r"\b(?:no|not|none|nor|neither|never|nil|absent|absence|den(?:y|ies|ied)|without|negative|exclud(?:ed?|ing)|unlikely|"
    r"cannot|unable|unknown|unclear|equivocal|indeterminate|ungradable|n/a|"
    r"stable|quiescent|inactive|regressed|resolved|history|previous(?:ly)?)\b",
    re.IGNORECASE,
)
"""A word of a clause that keeps it from asserting active disease: of denial, of doubt, of what is over."""
_DENIED_BEFORE = re.compile(
    r"\b(?:no|neither|nor|without|absence of|negative for|den(?:ies|ied))\b"
    r"(?!.*\b(?:and|with|longer|only|new|high|cent(?:er|r)|fovea|recurr|chang|improve|better|wors|progress|regress|respon|treat|resol|doubt))",
    re.IGNORECASE | re.DOTALL,
)
"""A denial that reaches the disease after it; "no change of", "no high-risk" and "no hemorrhage and" do not."""
_DENIED_AFTER = re.compile(
    r"[\s,;:=()\u2013-]*(?:(?:is|was|are|has been|have been)\s+)?"
    r"(?:absent|none|nil|no(?: evidence| signs?)?|negative|excluded|ruled out|unlikely|denied|"
    r"not (?:present|seen|found|detected|identified|evident|observed|noted|visible))"
    r"(?:\s+(?:in either eye|in both eyes|bilaterally|ou))?\s*(?=[,;.\n)]|\bbut\b|\bwith|\Z)",
    re.IGNORECASE,
)
"""A denial that follows the disease and ends its clause: "macular edema: none", but not "…, no hemorrhage"."""
_ASSERTED_AFTER = re.compile(
    r"[\s:=-]*(?:is|was)?\s*(?:present|found|seen|detected|noted|positive|yes)\b", re.IGNORECASE
)


def read_words(text: str | None, diseases: Iterable[ValueSet]) -> Said | None:
    """Return what ``text`` says of the ``diseases``, the gravest first; None where it names none of them.

    In a text that is longer than an answer is, what is named is for a person to read.
    """
    text = _NONPROLIFERATIVE.sub(" ", text or "")
    named = any_of({row.code for disease in diseases for row in disease if row.match == "text"})
    if named is None:
        return None
    if len(text) > LONGEST_VALUE:
        return Said.DOUBTFUL if named.search(text) else None
    said = {_of_mention(text[: name.start()], text[name.end() :]) for name in named.finditer(text)}
    return next((meaning for meaning in Said if meaning in said), None)


def _of_mention(before: str, after: str) -> Said:
    """Return what is said of one mention of a disease, by the words of its clause before and after it."""
    sentence = _SENTENCE.split(before)[-1]
    clause = _CLAUSE.split(sentence)[-1]
    listed = clause.strip().casefold() == "or"
    if _DENIED_AFTER.match(after) or _DENIED_BEFORE.search(sentence if listed else clause):
        return Said.DENIED
    words = f"{clause} {_END.split(after, maxsplit=1)[0]}"
    if _NOT_PLAIN.search(words) or is_doubted(words):
        return Said.DOUBTFUL
    may_go_on = _NOT_PLAIN.search(sentence) and not _ASSERTED_AFTER.match(after)
    return Said.DOUBTFUL if may_go_on else Said.PRESENT
