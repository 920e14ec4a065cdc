"""Codes and words of a concept, in the form in which they are compared.

Systems are normalised first (OIDs, editions, national editions). Each edition of ICD stays apart, for E10.0 means
one thing in WHO ICD-10 and nothing in ICD-10-CM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

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

_CANONICAL = {
    **{system: system for system in (LOINC, SNOMED, RXNORM, ICD10CM, ICD10, ICD9CM, ATC, CVX, ACT_CODE)},
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


def canonical_system(system: str | None) -> str | None:
    """Return the canonical URI of a code system, without its version; one that is not known comes back trimmed."""
    if not system:
        return None
    return _CANONICAL.get(system) or _normalised(system)


def _normalised(system: str) -> str:
    trimmed = "".join(system.split()).partition("|")[0].rstrip("/")
    plain = trimmed.lower().replace("https://", "http://", 1)
    if _BARE_OID.fullmatch(plain):
        plain = f"urn:oid:{plain}"
    return SNOMED if plain.startswith(SNOMED) else _CANONICAL.get(plain, trimmed)


_BARE_OID = re.compile(r"[012](?:\.\d+)+")


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
    """Yield the traces by which a value set can recognise ``concept``: its words only where codes do not suffice."""
    yield from code_traces(concept)
    if concept is not None and not is_listed_in_full(concept):
        yield from word_traces(words_of(concept))


def word_traces(text: str | None) -> Iterator[Trace]:
    """Yield the traces of the words of free text."""
    if not text:
        return
    if not text.isascii():
        yield ANY_WORD
    for word in words_in(text):
        yield TEXT, word


def words_in(text: str) -> list[str]:
    """Return the words of ``text``, in lower case."""
    return _WORD.findall(text.lower())


_WORD = re.compile(r"\w+")


def words_of(concept: CodeableConcept) -> str:
    """Return the text of a concept, else its displays."""
    return concept.text or " ".join([c.display for c in concept.codings if c.display])


def has_known_code(concept: CodeableConcept) -> bool:
    """True when a coding is of a terminology whose codes the value sets list."""
    return _is_in(concept, _KNOWN)


def is_listed_in_full(concept: CodeableConcept) -> bool:
    """True when a coding is of a system whose lists cover what is asked for, so that words beside it add nothing."""
    return _is_in(concept, _LISTED_IN_FULL)


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
