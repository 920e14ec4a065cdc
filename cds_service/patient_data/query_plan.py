"""Which searches make up a record: the prefetch templates, and the URLs of what is pulled.

Real servers refuse `_include`, `_sort` and repeated parameters, and Observation by patient alone; so none
is used, and what comes back is filtered and sorted here. Only what an assessed criterion reads is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from rules.codes import LOINC
from rules.criterion import Declaration, Window
from rules.record import PatientRecord
from rules.trial import NOT_ASSESSED, Trial
from rules.value_sets import ValueSet

_TOKEN = "{{context.patientId}}"  # noqa: S105 - a token of the CDS Hooks template language

PREFETCH: Mapping[str, str] = {
    "patient": f"Patient/{_TOKEN}",
    "problems": f"Condition?patient={_TOKEN}&category=problem-list-item",
    "diagnoses": f"Condition?patient={_TOKEN}&category=encounter-diagnosis",
    "medications": f"MedicationRequest?patient={_TOKEN}",
    "labs": f"Observation?patient={_TOKEN}&category=laboratory&_count=200",
    "vitals": f"Observation?patient={_TOKEN}&category=vital-signs&_count=100",
    "social": f"Observation?patient={_TOKEN}&category=social-history",
    "encounters": f"Encounter?patient={_TOKEN}",
}
"""Prefetch templates by key, as published in discovery."""

REQUIRED = ("patient", "problems")
"""Without these there is no answer (412)."""

GATE = ("patient", "problems", "diagnoses", "medications")
"""What the gate needs; nothing else is asked for until it is passed."""

_CONDITIONS = f"Condition?patient={_TOKEN}"
"""The diagnoses as they are pulled: of any category. FHIR does not require one, and many servers have conditions
without: what no search by category finds must not count as absent (clinical reference, retrieval plan). It brings the
problem list a second time, but the problem list itself stays short, for without it there is no answer."""

_PULLED_ONLY: Mapping[str, str] = {
    "procedures": f"Procedure?patient={_TOKEN}",
    "immunizations": f"Immunization?patient={_TOKEN}",
    "medication-statements": f"MedicationStatement?patient={_TOKEN}",
    "research-subjects": f"ResearchSubject?individual=Patient/{_TOKEN}",
    "consents": f"Consent?patient={_TOKEN}",
    "flags": f"Flag?patient={_TOKEN}",
}

ORDERS: Mapping[str, str] = {"service-requests": f"ServiceRequest?patient={_TOKEN}&status=draft,active,on-hold"}
"""Asked for only where tests are suggested: what is on order must not be suggested again."""

_PULLED_BY_CODE = ("exams",)
"""Examinations such as that of the eyes: no laboratory category, so only their codes find them."""

_OPT_OUT = ("consents", "flags")
"""Asked for whatever the criteria read: they can forbid the use of the data for research."""

_SEARCHES_OF_DATA: Mapping[str, tuple[str, ...]] = {
    "patient": ("patient",),
    "conditions": ("problems", "diagnoses"),
    "medications": ("medications", "medication-statements"),
    "labs": ("labs",),
    "vitals": ("vitals",),
    "social": ("social",),
    "exams": ("exams",),
    "encounters": ("encounters",),
    "procedures": ("procedures",),
    "immunizations": ("immunizations",),
    "research": ("research-subjects",),
}
"""Searches behind the names that a criterion's ``data`` uses."""

TYPES: Mapping[str, frozenset[str]] = {
    "patient": frozenset({"Patient"}),
    "problems": frozenset({"Condition"}),
    "diagnoses": frozenset({"Condition"}),
    "medications": frozenset({"MedicationRequest"}),
    "medication-statements": frozenset({"MedicationStatement"}),
    "drugs": frozenset({"Medication"}),
    "labs": frozenset({"Observation"}),
    "vitals": frozenset({"Observation"}),
    "social": frozenset({"Observation"}),
    "exams": frozenset({"Observation"}),
    "encounters": frozenset({"Encounter"}),
    "procedures": frozenset({"Procedure"}),
    "immunizations": frozenset({"Immunization"}),
    "research-subjects": frozenset({"ResearchSubject"}),
    "consents": frozenset({"Consent"}),
    "flags": frozenset({"Flag"}),
    "service-requests": frozenset({"ServiceRequest"}),
}
"""Resource types a search is asked for; others in its answer are passed over, but for `INCLUDED`."""

INCLUDED = frozenset({"Medication", "Specimen", "Encounter"})
"""Types that a resource of the asked type may refer to, taken along when a server adds them."""

OPTIONAL_TYPES = frozenset(
    {"MedicationStatement", "ResearchSubject", "Consent", "Flag", "Immunization", "Medication", "ServiceRequest"}
)
"""Types that certified EHRs do not all offer: not offering one is not a failure."""

PAGE = 200
"""Entries asked for a page; the most that Oracle Health and HAPI by default give."""

CODES_A_QUERY = 40
"""LOINC codes in one URL; longer ones are cut or refused by some servers."""

_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.~-]{1,128}")


def is_resource_id(text: str) -> bool:
    """True for text that can stand as an id in a URL: FHIR's ids, a little more leniently."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Query:
    """One search of a record and the relative URLs that together answer it."""

    name: str
    urls: tuple[str, ...]
    instead: tuple[str, ...] = ()
    """What to ask, one after another, a server that rejects the one URL."""
    rejected: frozenset[int] = frozenset({400})
    """Statuses by which it does. Not 403 by default: the same data are refused in any other way, and each refusal
    stands in the hospital's audit."""


def template_url(template: str, patient_id: str) -> str:
    """Return a template with the patient's id in its place."""
    return template.replace(_TOKEN, quote(patient_id, safe=""))


_NOT_WHATEVER_THEIR_CATEGORY = frozenset({400, 403, 404, 405, 422, 501})
"""How servers answer that want a category, or whose token is for one category."""


class QueryPlan:
    """The searches that one trial's assessed criteria need; with ``orders``, also what is on order."""

    def __init__(self, trial: Trial, *, orders: bool = False) -> None:
        assessed = [d for d in trial.declarations if trial.evaluables[d.id] is not NOT_ASSESSED]
        self.searches = (*_searches(assessed), *(ORDERS if orders else ()))
        self._reads = {d.id: _needed([d]) for d in assessed}
        self._labs = _Codes([d for d in assessed if "labs" in d.data], trial.gates)
        self._vitals = _Codes([d for d in assessed if "vitals" in d.data], trial.gates)
        self._exams = _Codes([d for d in assessed if "exams" in d.data], trial.gates)
        self._stays = [window for d in assessed if "encounters" in d.data for window in d.windows.values()]

    def unread(self, record: PatientRecord) -> frozenset[str]:
        """Return the ids of the criteria of whose data some did not arrive."""
        lost = {name for name, search in record.searches.items() if not search.complete}
        return frozenset(criterion for criterion, searches in self._reads.items() if not lost.isdisjoint(searches))

    def pull(self, name: str, patient_id: str, on: date) -> Query:
        """Return how the search ``name`` is pulled for a patient on a day; raises KeyError."""
        if name == "labs":
            urls = self._lab_urls(patient_id, on)
        elif name == "exams":
            since = self._exams.since(on)
            urls = tuple(f"{_by_code(patient_id, batch)}{since}" for batch in _batches(self._exams.dated))
        elif name == "vitals":
            urls = self._vital_urls(patient_id, on)
        elif name == "encounters":
            urls = self._encounter_urls(patient_id, on)
        else:
            return _whole(name, patient_id)
        return Query(name, urls)

    def _lab_urls(self, patient_id: str, on: date) -> tuple[str, ...]:
        since = self._labs.since(on)
        dated = [_by_code(patient_id, batch) + since for batch in _batches(self._labs.dated)]
        return (*dated, *(_by_code(patient_id, batch) for batch in _batches(self._labs.lasting)))

    def _vital_urls(self, patient_id: str, on: date) -> tuple[str, ...]:
        """By category, for blood pressure is found by the code of its panel only."""
        by_category = template_url(PREFETCH["vitals"], patient_id) + self._vitals.since(on)
        return (by_category, *(_by_code(patient_id, batch) for batch in _batches(self._vitals.lasting)))

    def _encounter_urls(self, patient_id: str, on: date) -> tuple[str, ...]:
        """As far back as a criterion looks for a stay, or for the time of what was diagnosed then; and what goes on."""
        base = template_url(PREFETCH["encounters"], patient_id)
        return f"{base}{_since(self._stays, on)}&_count={PAGE}", f"{base}&status=in-progress"


class _Codes:
    """LOINC codes that some criteria read, and how far back."""

    def __init__(self, declarations: list[Declaration], gates: frozenset[str]) -> None:
        self._windows = [window for d in declarations for window in _result_windows(d)]
        sets = [(d, name) for d in declarations for name in d.value_sets if not name.startswith("traps_")]
        self.lasting = _loinc(d.value_sets[name] for d, name in sets if _is_lasting(d, name, gates))
        self.dated = _loinc(d.value_sets[name] for d, name in sets) - self.lasting

    def since(self, on: date) -> str:
        """Return the parameter for the oldest day on which a result counts."""
        return _since(self._windows, on)


def _result_windows(declaration: Declaration) -> list[Window]:
    """Return the windows in which a result decides or is shown; others are about events."""
    return [w for name, w in declaration.windows.items() if name.startswith(("decide", "shown"))]


def _is_lasting(declaration: Declaration, name: str, gates: frozenset[str]) -> bool:
    """True for results that count however old they are, and so are asked for without a date.

    A set is declared so, or has a window of its own name (height), which reads further back than the rest of its
    criterion; a gate without windows for results reads the whole history.
    """
    own = name in declaration.lasting or name in declaration.windows
    return own or (declaration.id in gates and not _result_windows(declaration))


def _loinc(value_sets: Iterable[ValueSet]) -> frozenset[str]:
    """Return codes of tests; those that begin with letters (LA32-8) are answers, not what is asked for."""
    return frozenset(code for value_set in value_sets for code in value_set.codes(LOINC) if code[0].isdigit())


def _searches(assessed: list[Declaration]) -> tuple[str, ...]:
    """Return names in the order of the templates, then of what is only pulled."""
    needed = _needed(assessed) | {*GATE, *_OPT_OUT}
    return tuple(name for name in (*PREFETCH, *_PULLED_ONLY, *_PULLED_BY_CODE) if name in needed)


def _needed(assessed: list[Declaration]) -> frozenset[str]:
    """Return the searches whose data the criteria read."""
    return frozenset(name for d in assessed for data in d.data for name in _SEARCHES_OF_DATA[data])


def readers(trial: Trial) -> Mapping[str, tuple[str, ...]]:
    """Return for each search that ``trial`` needs the criteria that read it: why the data are asked for."""
    assessed = [d for d in trial.declarations if trial.evaluables[d.id] is not NOT_ASSESSED]
    return {
        name: tuple(d.id for d in assessed if any(name in _SEARCHES_OF_DATA[data] for data in d.data))
        for name in _searches(assessed)
    }


def pulled_only(trial: Trial) -> Mapping[str, str]:
    """Return the searches of ``trial`` that no prefetch template asks for, as templates; lists of codes shortened."""
    by_code = dict.fromkeys(_PULLED_BY_CODE, f"Observation?patient={_TOKEN}&code=...&date=ge...")
    known = {**_PULLED_ONLY, **by_code}
    return {name: known[name] for name in readers(trial) if name in known}


def _whole(name: str, patient_id: str) -> Query:
    """Return the search for all of a type, in large pages; in the server's own where it rejects that.

    The pages of many servers are of 10 or 20 entries: a long history would cost as many requests, one after another.
    """
    published = PREFETCH.get(name) or _PULLED_ONLY.get(name) or ORDERS[name]
    plain = template_url(published, patient_id)
    if "?" not in plain or "_count=" in plain:
        return Query(name, (plain,))
    if name == "diagnoses":
        every = template_url(_CONDITIONS, patient_id)
        return Query(name, (f"{every}&_count={PAGE}",), (every, plain), _NOT_WHATEVER_THEIR_CATEGORY)
    return Query(name, (f"{plain}&_count={PAGE}",), (plain,))


def _batches(codes: frozenset[str]) -> Iterator[list[str]]:
    ordered = sorted(codes)
    for start in range(0, len(ordered), CODES_A_QUERY):
        yield ordered[start : start + CODES_A_QUERY]


def _by_code(patient_id: str, codes: list[str]) -> str:
    listed = quote(",".join(f"{LOINC}|{code}" for code in codes), safe=":/,-")
    return f"Observation?patient={quote(patient_id, safe='')}&code={listed}&_count={PAGE}"


def _since(windows: Sequence[Window], on: date) -> str:
    """Return the parameter for the oldest day at the site that any of the windows reaches; empty without windows.

    A server compares instants, in a zone of its own: where it is behind the site, the day begins there the day before.
    """
    if not windows:
        return ""
    day = min(window.start(on) for window in windows) - timedelta(days=1)
    return f"&date=ge{day.isoformat()}"
