"""Code systems and value sets: which codings of a record mean what a criterion asks for.

Systems are normalised (OIDs, editions, national editions) before they are compared. ICD codes match by
prefix without their dot, each edition by its own rows, for E10.0 means one thing in WHO ICD-10 and nothing
in ICD-10-CM. Everything else matches exactly; rows marked unverified are listed and never matched.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from msgspec import Struct

from rules.datatypes import LONGEST_VALUE, CodeableConcept, Coding

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD9CM = "http://hl7.org/fhir/sid/icd-9-cm"
ATC = "http://www.whocc.no/atc"
CVX = "http://hl7.org/fhir/sid/cvx"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
TEXT = "text"
"""Pseudo-system of the rows that match whole words of free text."""

_ALIASES = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.90": ICD10CM,
    "urn:oid:2.16.840.1.113883.6.3": ICD10,
    "urn:oid:2.16.840.1.113883.6.103": ICD9CM,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.73": ATC,
    "urn:oid:2.16.840.1.113883.12.292": CVX,
    "http://fhir.de/codesystem/bfarm/icd-10-gm": ICD10,
    "http://fhir.de/codesystem/dimdi/icd-10-gm": ICD10,
    "http://hl7.org/fhir/sid/icd-10-de": ICD10,
    "http://hl7.org/fhir/sid/icd-10-nl": ICD10,
    "http://hl7.org/fhir/sid/icd-10-us": ICD10CM,
    "http://fhir.de/codesystem/bfarm/atc": ATC,
    "http://fhir.de/codesystem/dimdi/atc": ATC,
    "http://hl7.org/fhir/v3/actcode": ACT_CODE,
    "urn:oid:2.16.840.1.113883.5.4": ACT_CODE,
}
_CLINICAL = frozenset({SNOMED, ICD10CM, ICD10, ICD9CM})
_DRUG = frozenset({RXNORM, ATC})
_ICD = frozenset({ICD10CM, ICD10, ICD9CM})
HIERARCHIES = _ICD | {ATC}
"""Systems whose codes begin with the code of what they are a kind of: only these match by prefix."""

_KNOWN = _CLINICAL | _DRUG
_LISTED_IN_FULL = _ICD | _DRUG
"""Systems whose prefixes and lists cover what is asked for, so that words beside their codes add nothing."""

_CUES = re.compile(
    r"\b(no|not|denies|denied|without|negative|r/o|rule[sd]? out|ruled|possible|possibly|probable|probably|"
    r"suspect(?:ed)?|suspicion|query|family|fh|fhx|mother|father|sister|brother|parent|screen(?:ing|ed)?|"
    r"risk)\b|\?",
    re.IGNORECASE,
)
"""Words that take the assertion out of a phrase: negation, doubt, family, screening."""


@lru_cache(maxsize=4096)
def canonical_system(system: str | None) -> str | None:
    """Return the canonical URI of a code system, without its version; one that is not known comes back trimmed."""
    if not system:
        return None
    trimmed = "".join(system.split()).partition("|")[0].rstrip("/")
    plain = trimmed.lower().replace("https://", "http://", 1)
    if _BARE_OID.fullmatch(plain):
        plain = f"urn:oid:{plain}"
    if plain.startswith(SNOMED):
        return SNOMED
    return _ALIASES.get(plain) or (plain if plain in _CANONICAL_LOWER else trimmed)


_BARE_OID = re.compile(r"[012](?:\.\d+)+")
_CANONICAL_LOWER = frozenset({LOINC, SNOMED, RXNORM, ICD10CM, ICD10, ICD9CM, ATC, CVX})


def plain_code(system: str, code: str) -> str:
    """Return ``code`` as it is compared: ICD without dot and in upper case, others trimmed."""
    code = code.strip()
    return code.replace(".", "").upper() if system in _ICD else code


def code_key(coding: Coding) -> tuple[str, str] | None:
    """Return system and code as they are compared; None for a coding that lacks one of them."""
    system = canonical_system(coding.system)
    return (system, plain_code(system, coding.code)) if system and coding.code else None


Trace: TypeAlias = tuple[str, str]
"""What a concept shows of itself: a system with a code or the beginning of one, or `TEXT` with a word.

A concept belongs to a value set only if one of its traces is among the set's `ValueSet.triggers`, so that an
index by trace finds what may belong, and nothing else needs to be looked at.
"""
ANY_WORD: Trace = (TEXT, "")
"""Trace of text beyond ASCII, whose words are not told apart, and of phrases without such a word."""


def code_traces(concept: CodeableConcept | None) -> Iterator[Trace]:
    """Yield the traces of the codes of ``concept``."""
    for coding in (concept.coding or ()) if concept else ():
        key = code_key(coding) if coding else None
        if key is None:
            continue
        yield key
        system, code = key
        if system in HIERARCHIES:
            yield from ((system, code[:length]) for length in range(1, len(code)))


def traces(concept: CodeableConcept | None) -> Iterator[Trace]:
    """Yield the traces by which `find_match` can recognise ``concept``: its words only where codes do not suffice."""
    yield from code_traces(concept)
    if concept is not None and not _is_in(concept, _LISTED_IN_FULL):
        yield from word_traces(words_of(concept))


def word_traces(text: str | None) -> Iterator[Trace]:
    """Yield the traces of the words of free text."""
    if not text:
        return
    if not text.isascii():
        yield ANY_WORD
    for word in _words_in(text):
        yield TEXT, word


def _words_in(text: str) -> list[str]:
    return _WORD.findall(text.lower())


_WORD = re.compile(r"\w+")


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
        self._words = _any_of(self._texts)
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
        """Return the whole-word text match of a concept without a code that tells what it is.

        A phrase with a cue of negation, doubt, family or screening does not match.
        """
        if concept is None or not self._texts or self._codes_suffice(concept):
            return None
        return self.find_words(words_of(concept))

    def _codes_suffice(self, concept: CodeableConcept) -> bool:
        """True when a code is of a system that is listed in full, or of a SNOMED concept that is listed."""
        if _is_in(concept, _LISTED_IN_FULL):
            return True
        concepts = self._concepts
        keys = (code_key(coding) for coding in concept.codings)
        return any(key[0] == SNOMED and (concepts is None or key[1] in concepts) for key in keys if key)

    def find_words(self, text: str | None, *, cues: bool = True) -> Match | None:
        """Return the whole-word match in free text; a cue of negation, doubt or family forbids it.

        ``cues=False`` is for phrases that are negations themselves ("no research").
        """
        found = self._search(text)
        if found is None or self._words is None or (cues and is_doubted(found.string)):
            return None
        rows = (self._texts[_phrase(phrase.group())] for phrase in self._words.finditer(found.string))
        return next((Match(row, None) for row in rows if not _has_words(found.string, row.exceptions)), None)

    def mentions(self, text: str | None) -> bool:
        """True when free text holds one of the phrases, even denied or doubted."""
        return self._search(text) is not None

    def _search(self, text: str | None) -> re.Match[str] | None:
        """Search for a phrase, unless the text has the first word of none."""
        if not text or self._words is None:
            return None
        if text.isascii() and not self._any_word and self._first_words.isdisjoint(_words_in(text)):
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


def words_of(concept: CodeableConcept) -> str:
    """Return the text of a concept, else its displays."""
    return concept.text or " ".join([c.display for c in concept.codings if c.display])


def _phrase(words: str) -> str:
    return " ".join(words.split()).casefold()


def _first_word(phrase: str) -> str:
    """Return the first whole word that text must have to hold ``phrase``; empty where that cannot be said."""
    word = _WORD.search(phrase) if phrase.isascii() else None
    return word.group() if word else ""


def _has_words(text: str, phrases: tuple[str, ...]) -> bool:
    words = _any_of(phrases)
    return words is not None and words.search(text) is not None


def _any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Return one pattern for whole words of any phrase, the longest first; None when there is none."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    options = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in longest_first)
    return re.compile(rf"(?<!\w)(?:{'|'.join(options)})(?!\w)", re.IGNORECASE) if longest_first else None


def is_doubted(text: str) -> bool:
    """True when free text has a cue of negation, doubt, family or screening: it asserts nothing."""
    return _CUES.search(text) is not None


def has_known_code(concept: CodeableConcept) -> bool:
    """True when a coding is of a terminology whose codes the value sets list."""
    return _is_in(concept, _KNOWN)


def _is_in(concept: CodeableConcept, systems: frozenset[str]) -> bool:
    return any(c and c.code and canonical_system(c.system) in systems for c in concept.coding or ())


_NOT_KNOWN = frozenset({
    "http://terminology.hl7.org/codesystem/data-absent-reason", "http://hl7.org/fhir/data-absent-reason",
    "http://terminology.hl7.org/codesystem/v3-nullflavor", "http://hl7.org/fhir/v3/nullflavor",
    "urn:oid:2.16.840.1.113883.5.1008",
})  # fmt: skip
"""Systems whose codes say why something is not known (in lower case)."""
_NO_NAME = re.compile(r"\W*(?:unknown|unspecified|not known|n/?a)(?: (?:drug|medication|medicine))?\W*", re.IGNORECASE)


def names_nothing(concept: CodeableConcept) -> bool:
    """True for a drug that nobody can name: no words, and no code but local ones or those for "unknown"."""
    told = [c for c in concept.codings if (c.system or "").lower().rstrip("/") not in _NOT_KNOWN]
    names = [name for name in (concept.text, *(c.display for c in told)) if name]
    words = [name for name in names if len(name) > LONGEST_VALUE or not _NO_NAME.fullmatch(name)]
    return not words and not any(c.code and canonical_system(c.system) in _DRUG for c in told)


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
