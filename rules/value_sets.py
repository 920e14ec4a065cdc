"""Value sets: which codings of a record mean what a criterion asks for.

ICD and ATC codes match by prefix, ICD without its dot and each edition by its own rows. Everything else matches
exactly; rows marked unverified are listed and never matched.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from rules.codes import (
    ANY_WORD,
    HIERARCHIES,
    SNOMED,
    TEXT,
    Trace,
    code_key,
    is_listed_in_full,
    plain_code,
    words_in,
    words_of,
)
from rules.datatypes import LONGEST_VALUE, CodeableConcept, Coding

_CUES = re.compile(
    r"\b(no|not|denies|denied|without|negative|r/o|rule[sd]? out|ruled|possible|possibly|probable|probably|"
    r"suspect(?:ed)?|suspicion|query|family|fh|fhx|mother|father|sister|brother|parent|screen(?:ing|ed)?|"
    r"(?<!high[ -])risks?|risks? (?:of|for|factors?)|keine?[rnms]?|nicht|ohne|verdacht|ausschluss)\b|\?",
    re.IGNORECASE,
)
"""Words that take the assertion out of a phrase: negation, doubt, family, screening; negation in German too.
"High risk" takes nothing out ("high risk retinopathy")."""
_ABSENT = re.compile(r"\b(?:none|never|nil|absent|absence|excluded?|unlikely)\b", re.IGNORECASE)
"""Words that deny what an answer names. Beside a diagnosis they speak of something else ("HIV, never treated")."""
_WITHOUT = re.compile(r"\b(?:without|ohne)\b", re.IGNORECASE)

_TAKES_BACK_FIRST = re.compile(
    r"\W*(?:\?|(?:r/o|rule[sd]? out|suspect(?:ed)?|suspicion|possibl[ey]|probabl[ey]|query|verdacht|v\. ?a\.|"
    r"ausschluss|not?|denies|negative for|keine?[rnms]?|family history|fhx?(?=\W+\w)|"
    r"(?:mother|father|sister|brother|parents?)(?: with| ha[sd]|:)|(?:at )?risks? (?:of|for)|"
    r"screen(?:ing)? (?:for|of))(?!\w))",
    re.IGNORECASE,
)
_LAST_WORDS = (
    r"(?:\?|(?<!\w)(?:r/o|ruled? out|excluded|unlikely|denied|negative|not confirmed|unconfirmed|suspected|possible|"
    r"probable|query|verdacht|family history|fhx?|screen(?:ing)?|(?<!high[ -])(?<!at )risk))\W*"
)
_TAKES_BACK_LAST = re.compile(rf"(?<=\w)\W*{_LAST_WORDS}\Z", re.IGNORECASE)
_TAKES_BACK_ALONE = re.compile(rf"\W*(?:{_LAST_WORDS}|(?:mother|father)\W*)|.*\?\W*", re.IGNORECASE | re.DOTALL)
"""How a text begins, ends, or has for its last clause, what takes back the code beside it. Within names of diseases
such words mean little ("without complications", "not elsewhere classified")."""
_NEXT_CLAUSE = re.compile(r"[,;\n]|(?<!\b\w)\.(?:\s|\Z)")
"""What ends a clause; a stop behind one letter is an abbreviation ("V. a. …"), one within a number a point."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a value set file."""

    system: str
    code: str
    display: str
    match: str
    """exact, prefix, descendants (the listed code, unless a terminology server expands it), or text."""
    exceptions: tuple[str, ...]
    """Beginnings of ICD codes, or words of a text, that keep it from matching."""
    verified: str
    source: str
    note: str


class Match(Struct, frozen=True):
    """Why a coding or a text belongs to a value set."""

    row: Row
    coding: Coding | None
    """None when the text matched."""

    @property
    def by_text(self) -> bool:
        return self.coding is None


class ValueSet:
    """A named set of codes with one meaning for one purpose.

    ``concepts`` are the SNOMED codes that the trial lists anywhere, verified or not. The lists hold few of
    SNOMED's concepts, so the words beside any other are read as free text is. None: no SNOMED code needs words.
    """

    def __init__(self, name: str, title: str, rows: Iterable[Row], concepts: frozenset[str] | None = None) -> None:
        self._concepts = concepts
        self.name = name
        self.title = title
        self.rows = tuple(rows)
        self._exact: dict[tuple[str, str], Row] = {}
        self._prefixes: dict[tuple[str, str], Row] = {}
        self._texts: dict[str, Row] = {}
        for row in self.rows:
            if row.verified != "no":
                self._add(row)
        self._place = {key: place for place, key in enumerate(self._exact)}
        self._words = any_of(self._texts)
        firsts = {_first_word(phrase) for phrase in self._texts}
        self._first_words = firsts - {""}
        self._any_word = "" in firsts
        self.triggers = frozenset(
            (*self._exact, *self._prefixes, *((TEXT, word) for word in firsts), *([ANY_WORD] if firsts else []))
        )

    def _add(self, row: Row) -> None:
        key = (row.system, plain_code(row.system, row.code))
        if row.match == "text":
            self._texts[_phrase(row.code)] = row
        elif row.match == "prefix":
            self._prefixes[key] = row
        else:
            self._exact[key] = row

    def codes(self, system: str) -> list[str]:
        """Return the codes of ``system`` that match exactly, sorted: what a FHIR search can ask for."""
        return sorted(code for code_system, code in self._exact if code_system == system)

    def in_order(self, keys: frozenset[Trace]) -> list[Trace]:
        """Return those of ``keys`` that are codes which match exactly, in the order of the rows."""
        known = [key for key in keys if key in self._exact]
        return sorted(known, key=self._place.__getitem__) if len(known) > 1 else known

    @property
    def exact_rows(self) -> Mapping[tuple[str, str], Row]:
        """Rows that match one code each, by system and code as they are compared."""
        return self._exact

    def find(self, concept: CodeableConcept | None) -> Match | None:
        """Return why one of the codings of ``concept`` belongs to this set, or None."""
        for coding in (concept.coding or ()) if concept else ():
            row = self._row_of(coding) if coding else None
            if row:
                return Match(row, coding)
        return None

    def _row_of(self, coding: Coding) -> Row | None:
        key = code_key(coding)
        exact = self._exact.get(key) if key else None
        if exact or key is None or not self._prefixes:
            return exact
        system, code = key
        for length in range(len(code), 0, -1) if system in HIERARCHIES else ():
            row = self._prefixes.get((system, code[:length]))
            if row and not code.startswith(row.exceptions):
                return row
        return None

    def find_text(self, concept: CodeableConcept | None) -> Match | None:
        """Return the whole-word text match of a concept without a code that tells what it is, as `find_named` does."""
        if concept is None or not self._texts or self._codes_suffice(concept):
            return None
        return self.find_named(words_of(concept))

    def _codes_suffice(self, concept: CodeableConcept) -> bool:
        """True when a code is of a system that is listed in full, or of a SNOMED concept that is listed."""
        if is_listed_in_full(concept):
            return True
        concepts = self._concepts
        keys = (code_key(coding) for coding in concept.codings)
        return any(key[0] == SNOMED and (concepts is None or key[1] in concepts) for key in keys if key)

    def find_named(self, text: str | None) -> Match | None:
        """Return the whole-word match in a name in free text; a cue of negation, doubt, family or screening forbids it.

        "Without" denies what follows, and nothing before it: "ketoacidosis without coma" is ketoacidosis.
        """
        found = self._search(_WITHOUT.split(text, maxsplit=1)[0] if text else text)
        return None if found is None or is_doubted(found.string) else self._match_in(found.string)

    def find_words(self, text: str | None, *, cues: bool = True) -> Match | None:
        """Return the whole-word match in an answer in free text, which "none" or "absent" denies as a cue does.

        ``cues=False`` is for phrases that are negations themselves ("no research").
        """
        if cues:
            return self.find_named(text) if text and not _ABSENT.search(text) else None
        found = self._search(text)
        return self._match_in(found.string) if found else None

    def _match_in(self, text: str) -> Match | None:
        phrases = self._words.finditer(text) if self._words else ()
        rows = (self._texts[_phrase(phrase.group())] for phrase in phrases)
        return next((Match(row, None) for row in rows if not _has_words(text, row.exceptions)), None)

    def mentions(self, text: str | None) -> bool:
        """True when free text holds one of the phrases, even denied or doubted."""
        return self._search(text) is not None

    def _search(self, text: str | None) -> re.Match[str] | None:
        """Search for a phrase, unless the text has the first word of none."""
        if not text or self._words is None:
            return None
        if text.isascii() and not self._any_word and self._first_words.isdisjoint(words_in(text)):
            return None
        return self._words.search(text)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def find_match(concept: CodeableConcept | None, *value_sets: ValueSet) -> Match | None:
    """Return why ``concept`` belongs to one of ``value_sets``: by code first, then by text."""
    for value_set in value_sets:
        match = value_set.find(concept)
        if match:
            return match
    for value_set in value_sets:
        match = value_set.find_text(concept)
        if match:
            return match
    return None


def _phrase(words: str) -> str:
    return " ".join(words.split()).casefold()


def _first_word(phrase: str) -> str:
    """Return the first whole word that text must have to hold ``phrase``; empty where that cannot be said."""
    words = words_in(phrase) if phrase.isascii() else []
    return words[0] if words else ""


def _has_words(text: str, phrases: tuple[str, ...]) -> bool:
    words = any_of(phrases)
    return words is not None and words.search(text) is not None


def any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Return one pattern for whole words of any phrase, the longest first; None when there is none."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    options = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in longest_first)
    return re.compile(rf"(?<!\w)(?:{'|'.join(options)})(?!\w)", re.IGNORECASE) if longest_first else None


def cues_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the cues of negation, doubt, family or screening in free text, in their order."""
    return _CUES.finditer(text)


def is_doubted(text: str) -> bool:
    """True when free text has a cue of negation, doubt, family or screening: it asserts nothing."""
    return _CUES.search(text) is not None


def denies_its_code(concept: CodeableConcept | None) -> bool:
    """True when the words of a coded concept say "suspected", "family history of" or "no": code and words disagree."""
    if concept is None or not concept.codings:
        return False
    names = [concept.text] if concept.text else [coding.display for coding in concept.codings]
    return any(name is not None and len(name) <= LONGEST_VALUE and _takes_back(name) for name in names)


def _takes_back(name: str) -> bool:
    """Tell it of one clause alone: what "no rupture, aneurysm of 3.5 cm" denies is not what is coded."""
    clauses = [clause for clause in _NEXT_CLAUSE.split(name) if clause.strip()]
    if len(clauses) == 1:
        return bool(_TAKES_BACK_FIRST.match(clauses[0]) or _TAKES_BACK_LAST.search(clauses[0]))
    return bool(clauses) and _TAKES_BACK_ALONE.fullmatch(clauses[-1]) is not None


COLUMNS = ("system", "code", "display", "match", "except", "verified", "source", "note")
_MATCHES = ("exact", "prefix", "descendants", "text")
_VERIFIED = ("yes", "partial", "no")


class ValueSetError(ValueError):
    """A value set file is not as it should be; the message names file, line and what is wrong."""


def read_value_set(name: str, title: str, lines: Iterable[str]) -> ValueSet:
    """Read a value set from the lines of its CSV file; raises `ValueSetError`."""
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueSetError(f"{name}.csv: the columns must be {', '.join(COLUMNS)}; found {reader.fieldnames}.")
    rows = [_row(name, reader.line_num, values) for values in reader]
    if not rows:
        raise ValueSetError(f"{name}.csv: the value set has no row.")
    return ValueSet(name, title, rows)


def with_rows(value_set: ValueSet, rows: Iterable[Row]) -> ValueSet:
    """Return ``value_set`` with further ``rows``."""
    return ValueSet(value_set.name, value_set.title, (*value_set.rows, *rows))


def with_concepts(value_sets: Mapping[str, ValueSet]) -> dict[str, ValueSet]:
    """Return ``value_sets``, each knowing the SNOMED codes that any of them lists."""
    concepts = frozenset(row.code for value_set in value_sets.values() for row in value_set if row.system == SNOMED)
    return {name: ValueSet(name, old.title, old.rows, concepts) for name, old in value_sets.items()}


def _row(name: str, line: int, values: Mapping[str | None, Any]) -> Row:
    where = f"{name}.csv line {line}"
    if None in values:
        raise ValueSetError(f"{where}: there are more than {len(COLUMNS)} columns.")
    system, code = (values["system"] or "").strip(), (values["code"] or "").strip()
    match, verified = (values["match"] or "").strip(), (values["verified"] or "").strip()
    if not system or not code:
        raise ValueSetError(f"{where}: system and code must not be empty.")
    if match not in _MATCHES:
        raise ValueSetError(f"{where}: match must be one of {', '.join(_MATCHES)}; found {match!r}.")
    if verified not in _VERIFIED:
        raise ValueSetError(f"{where}: verified must be one of {', '.join(_VERIFIED)}; found {verified!r}.")
    if match == "prefix" and system not in HIERARCHIES:
        raise ValueSetError(f"{where}: only codes of ICD and ATC match by prefix.")
    exceptions = tuple(plain_code(system, part) for part in (values["except"] or "").split(";") if part.strip())
    return Row(
        system, code, (values["display"] or "").strip(), match, exceptions, verified,
        (values["source"] or "").strip(), (values["note"] or "").strip(),
    )  # fmt: skip
