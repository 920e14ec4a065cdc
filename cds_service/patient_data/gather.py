"""Brings together one person's record: what the EHR sent, then what its FHIR server adds.

The order keeps calls few: first what the gate needs, and the rest only if the trial can still apply.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, NamedTuple

import msgspec

from cds_service.observability.course import UNSENT, Course, SearchStep
from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.drugs import drugs_query, missing_drugs
from cds_service.patient_data.fhir_client import NOT_SENT, Call, FhirClient, FhirServer, SearchResult, Task
from cds_service.patient_data.prefetch import ABSENT, Prefetched, PrefetchState, read_prefetch
from cds_service.patient_data.query_plan import GATE, PREFETCH, REQUIRED, QueryPlan, is_resource_id
from rules.assess import Executor, passes_gates
from rules.criterion import TrialSettings
from rules.entries import ReadEntry, RecordError, build_record
from rules.record import PatientRecord
from rules.resources import Patient
from rules.searches import Search, SearchState
from rules.trial import Trial


class RequiredDataMissing(Exception):
    """Without these data there is no answer: 412. The reason is a sentence without patient data."""

    def __init__(self, keys: tuple[str, ...], reason: str) -> None:
        self.keys = keys
        self.reason = reason
        super().__init__(f"{', '.join(keys)}: {reason}")


class IdentityMismatch(Exception):
    """The Patient that arrived is not the one the request is about. The message holds no identifier."""


class PulledSearch(NamedTuple):
    """One search that was pulled, for logs."""

    name: str
    state: str
    ms: float


@dataclass(frozen=True, slots=True)
class Gathered:
    """The record, and how it came about."""

    record: PatientRecord
    prefetch_states: Mapping[str, str]
    searches: tuple[PulledSearch, ...]
    requests_sent: int
    """Searches sent to the server, without further pages and second attempts."""
    gate_stopped: bool
    """True when nothing more was pulled, because nothing more could make the trial apply."""


def gather(
    *,
    patient_id: str,
    prefetch: Mapping[str, msgspec.Raw],
    server: FhirServer | None,
    trial: Trial,
    executor: Executor,
    on: date,
    zone: tzinfo,
    client: FhirClient,
    deadline: Deadline,
    settings: TrialSettings | None = None,
    plan: QueryPlan | None = None,
    look: Callable[[Iterable[Any]], None] | None = None,
    beside: Callable[[], None] | None = None,
    course: Course | None = None,
) -> Gathered:
    """Return the record of ``patient_id``, as complete as prefetch, server and deadline allow.

    ``plan`` is the trial's, made anew when not given. ``look`` is shown the patient's resources in the prefetch, and
    what it raises ends the call before anything is pulled. ``beside`` is called once the trial may still apply and
    more is about to be pulled: it begins what can be done meanwhile. ``course`` is told how it goes, however it ends.
    Raises `RequiredDataMissing` and `IdentityMismatch`.
    """
    course = course or Course()
    if not is_resource_id(patient_id):
        raise IdentityMismatch("context.patientId is not the id of a FHIR resource.")
    with contextlib.closing(client.call(server, deadline)) if server else contextlib.nullcontext() as call:
        with course.stage("prefetch"):
            gathering = _Gathering(patient_id, read_prefetch(prefetch), call, plan or QueryPlan(trial), on, course)
        gathering.check_identity()
        if look is not None:
            look(gathering.sent())
        try:
            stopped = gathering.run(lambda record: passes_gates(record, trial, executor, on, zone, settings), beside)
        finally:
            course.late = call is not None and deadline.passed
    return Gathered(
        record=gathering.record(),
        prefetch_states=course.prefetch,
        searches=tuple(gathering.pulled),
        requests_sent=call.sent if call else 0,
        gate_stopped=stopped,
    )


_NO_ACCESS = Search(SearchState.NOT_ASKED, "the EHR gave no access to its FHIR server")
_NOT_NEEDED = Search(SearchState.NOT_ASKED, "not asked for: nothing further could make the trial apply")
_NOT_YET = Search(SearchState.TRUNCATED, "not arrived yet")
_DRUGS_OPEN = Search(SearchState.TRUNCATED, "the names of some drugs have not been fetched yet")
_GATE_SHARE = 0.5
"""Share of the deadline that the gate waits for searches it can do without: the rest needs time too."""
_TO_PULL = frozenset({PrefetchState.ABSENT, PrefetchState.PAGED, PrefetchState.UNREADABLE})


class _Gathering:
    """The entries and search states of one call while they come together."""

    def __init__(
        self,
        patient_id: str,
        prefetched: Mapping[str, Prefetched],
        call: Call | None,
        plan: QueryPlan,
        on: date,
        course: Course,
    ) -> None:
        self.prefetched = prefetched
        self._course = course
        course.prefetch = {key: sent.state.value for key, sent in prefetched.items()}
        self.plan = plan
        self.pulled: list[PulledSearch] = []
        self._patient_id = patient_id
        self._call = call
        self._on = on
        self._searches: dict[str, Search] = {}
        self._reads: list[ReadEntry] = []
        self._done: set[str] = set()
        self._followed: set[str] = set()
        self._late: dict[str, tuple[Task, ...]] = {}
        self._drugs_asked: frozenset[str] = frozenset()
        for name, sent in prefetched.items():
            self._reads += sent.page.reads
            if sent.state is not PrefetchState.ABSENT:
                self._searches[name] = sent.search

    def run(self, passes: Callable[[PatientRecord], bool], beside: Callable[[], None] | None) -> bool:
        """Pull what is missing; return True when that ended at the gate.

        ``passes`` says whether the trial may still apply to a record; ``beside`` is called when it may. Raises as
        `gather` does.
        """
        with self._course.stage("gate"):
            self.pull_gate()
            self.check_identity()
            self.check_required()
            if self.has_more():
                if not passes(self.record_for_gate()):
                    return True
                if beside is not None:
                    beside()
        with self._course.stage("pull"):
            self.pull_rest()
        return False

    def sent(self) -> Iterator[Any]:
        """Give what has arrived so far, without what names another subject."""
        own: dict[str | None, bool] = {None: True}  # most resources name their subject in the same way
        for read in self._reads:
            subject = getattr(read.resource, "subject", None)
            named = (subject.reference if subject else None) or None
            if named not in own:
                own[named] = named is not None and named.rsplit("/", 1)[-1] == self._patient_id
            if own[named]:
                yield read.resource

    # -- pulling -------------------------------------------------------------------------------------------

    def pull_gate(self) -> None:
        """Pull what the gate looks at; without a server, nothing.

        One slow search that the gate can do without must not use up the time of all others: it goes on behind them.
        """
        if self._call is None:
            return
        patience = self._call.deadline.remaining * (1 - _GATE_SHARE)
        tasks = self._begin_missing(self._call, GATE)
        self._collect(self._call, {name: tasks.pop(name) for name in REQUIRED if name in tasks})
        for name, parts in tasks.items():
            if self._call.arrived(parts, leaving=patience):
                self._collect(self._call, {name: parts})
            else:
                self._late[name] = parts
                self._done.add(name)
        self._ask_again(self._call)

    def pull_rest(self) -> None:
        """Pull whatever else the trial reads, and the drugs that orders only refer to."""
        drugs = self._begin_drugs()
        if self._call is not None:
            self._collect(self._call, self._begin_missing(self._call, self.plan.searches))
            late, self._late = self._late, {}
            self._collect(self._call, late)
            self._ask_again(self._call)
        self._collect_drugs(drugs)
        self._collect_drugs(self._begin_drugs())  # those that the orders and statements just pulled refer to

    def _begin_missing(self, call: Call, names: Iterable[str]) -> dict[str, tuple[Task, ...]]:
        """Begin what is missing of the searches ``names``, side by side."""
        return {name: self._begin(call, name, follow=self._is_paged(name)) for name in names if self._is_open(name)}

    def _is_paged(self, name: str) -> bool:
        return self.prefetched.get(name, ABSENT).page.next_url is not None

    def _ask_again(self, call: Call) -> None:
        """Where the EHR's next link leads nowhere, ask the whole search anew, once."""
        arrived = sorted(self._followed - self._late.keys())
        self._followed.difference_update(arrived)
        dead_ends = [name for name in arrived if self._searches[name].state is not SearchState.COMPLETE]
        self._collect(call, {name: self._begin(call, name, follow=False) for name in dead_ends})

    def has_more(self) -> bool:
        """True when there is a server and something still to be asked of it."""
        return self._call is not None and (
            bool(self._late)
            or any(self._is_open(name) for name in self.plan.searches)
            or bool(self._missing_drugs(self._call))
        )

    def _is_open(self, name: str) -> bool:
        sent = self.prefetched.get(name, ABSENT)
        return sent.state in _TO_PULL and name not in self._done

    def _begin(self, call: Call, name: str, *, follow: bool) -> tuple[Task, ...]:
        if follow:
            self._followed.add(name)
            return call.follow(name, self.prefetched[name].page)
        return call.start(self.plan.pull(name, self._patient_id, self._on))

    def _collect(self, call: Call, tasks: Mapping[str, tuple[Task, ...]]) -> None:
        for name, parts in tasks.items():
            self._take(name, call.collect(parts))

    def _take(self, name: str, result: SearchResult) -> None:
        self._done.add(name)
        self._reads += result.entries
        self._note(name, result)
        before = self._searches.get(name)
        # A first page that the EHR sent still counts, when the server then refuses the rest.
        kept = before is not None and before.answered and not result.search.answered
        self._searches[name] = before if kept and before else result.search

    def _note(self, name: str, result: SearchResult) -> None:
        state, ms = result.search.state.value, result.elapsed_ms
        self.pulled.append(PulledSearch(name, state, round(ms, 1)))
        outcome = UNSENT if result.search.reason in NOT_SENT else state
        self._course.searches.append(SearchStep(name, outcome, result.began, result.began + ms / 1000))

    # -- drugs ---------------------------------------------------------------------------------------------

    def _missing_drugs(self, call: Call) -> frozenset[str]:
        return missing_drugs(self._reads, call.server.base_url) - self._drugs_asked

    def _begin_drugs(self) -> tuple[Task, ...]:
        missing = self._missing_drugs(self._call) if self._call else frozenset()
        self._drugs_asked |= missing
        return self._call.start(drugs_query(missing)) if self._call and missing else ()

    def _collect_drugs(self, tasks: tuple[Task, ...]) -> None:
        """Drugs that do not arrive leave their orders without a name, which the rules treat as unknown."""
        if self._call and tasks:
            result = self._call.collect(tasks)
            self._reads += result.entries
            self._note("drugs", result)

    # -- checks --------------------------------------------------------------------------------------------

    def check_identity(self) -> None:
        """Raise `IdentityMismatch` when a Patient arrived that is not the one asked for."""
        patients = [read.resource for read in self._reads if isinstance(read.resource, Patient)]
        if any(patient.id != self._patient_id for patient in patients):
            raise IdentityMismatch("The Patient resource is not the patient of context.patientId.")

    def check_required(self) -> None:
        """Raise `RequiredDataMissing` when the Patient or the problem list did not arrive."""
        missing = tuple(name for name in REQUIRED if not self._search(name).answered)
        if missing:
            raise RequiredDataMissing(missing, self._search(missing[0]).reason)
        if not any(isinstance(read.resource, Patient) for read in self._reads):
            raise RequiredDataMissing(("patient",), "the Patient resource is missing or cannot be read")

    def _search(self, name: str) -> Search:
        """Return the state of a search; one that was not sent says what stood in its way."""
        if name in self._searches:
            return self._searches[name]
        if self._call is not None:
            return _NOT_NEEDED
        return ABSENT.search if name in PREFETCH else _NO_ACCESS

    # -- records -------------------------------------------------------------------------------------------

    def record_for_gate(self) -> PatientRecord:
        """Return the record so far. While drugs lack their names, the orders say too little to rest on."""
        searches = {**self._searches, **dict.fromkeys(self._late, _NOT_YET)}
        orders = searches.get("medications")
        if self._call and orders and orders.complete and self._missing_drugs(self._call):
            searches["medications"] = _DRUGS_OPEN
        return self._build(searches)

    def record(self) -> PatientRecord:
        """Return the record with the state of every search that the trial reads."""
        return self._build({name: self._search(name) for name in self.plan.searches})

    def _build(self, searches: Mapping[str, Search]) -> PatientRecord:
        try:
            return build_record(self._reads, searches)
        except RecordError as error:
            raise RequiredDataMissing(("patient",), str(error)) from None
