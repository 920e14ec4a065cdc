"""The EHRs' FHIR servers: one that is mostly sound, and one that answers nobody as it should.

A person's id says what goes wrong: ``golden-ada.17.o4`` has a fault in the searches for orders of drugs, the fourth
of the table of faults; with ``e`` it is everywhere. So each call has its own fault, whatever others run beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock

import orjson

from benchmarks.soak.people import People
from tests.support.fault_server import Behaviour, FaultServer, Handler
from tests.support.faults import ALONE, FAULTS, Fault

_PERSON = re.compile(r"[a-z0-9-]+\.[0-9]+(?:\.([eo])([0-9]+))?")
ORDERS = "MedicationRequest"


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault, and whether it is everywhere or only in the searches for orders of drugs."""

    number: int
    everywhere: bool

    @property
    def fault(self) -> Fault:
        return FAULTS[self.number]

    @property
    def expected(self) -> str:
        return self.fault.everywhere if self.everywhere else self.fault.in_orders

    @property
    def suffix(self) -> str:
        """End of the id of a person whose server goes wrong so."""
        return f".{'e' if self.everywhere else 'o'}{self.number}"

    @property
    def sick(self) -> bool:
        """Whether the whole server is out of order, so that it will be left alone after some calls."""
        return self.everywhere and self.expected == ALONE


INJECTED: Sequence[Injected] = [Injected(n, place) for n in range(len(FAULTS)) for place in (True, False)]


class Ehr:
    """The servers. Each call's token is the id of its person: another one is noted as a leak."""

    def __init__(self, people: People, sound: FaultServer, sick: FaultServer) -> None:
        self.sound, self.sick = sound, sick
        self.leaks: list[str] = []
        self.searches = 0
        self._lock = Lock()
        self._behaviours = [one.fault.make(self._right_document) for one in INJECTED]
        self._people = people
        sound.otherwise = sick.otherwise = self.answer

    def base_url(self, injected: Injected | None) -> str:
        return (self.sick if injected and injected.sick else self.sound).base_url

    def answer(self, handler: Handler) -> None:
        """Answer as the person's id says."""
        with self._lock:
            self.searches += 1
        found = _PERSON.search(handler.path)
        if found is None:
            # The link to the next of pages without end names nobody.
            self._endless(handler)
            return
        if handler.headers.get("Authorization") != f"Bearer {found[0]}":
            self.leaks.append(handler.type)
        place, number = found.groups()
        if place and (place == "e" or handler.type == ORDERS):
            self._behaviours[INJECTED.index(Injected(int(number), place == "e"))](handler)
        else:
            self._right(handler)

    def forget(self) -> None:
        """Drop what the servers of the tests note of every request."""
        for server in (self.sound, self.sick):
            server.urls.clear()
            server.headers.clear()
            server.connections.clear()

    def _right(self, handler: Handler) -> None:
        handler.reply(200, self._content(handler))

    def _right_document(self, handler: Handler) -> None:
        """The same for faults that change documents on their way out."""
        handler.reply_json(orjson.loads(self._content(handler)))

    def _content(self, handler: Handler) -> bytes:
        person = _PERSON.search(handler.path)
        assert person is not None
        return self._people.answer(person[0], handler.path.removeprefix("/fhir/"))

    @property
    def _endless(self) -> Behaviour:
        number = next(n for n, one in enumerate(INJECTED) if one.fault.name == "pages without end")
        return self._behaviours[number]


@contextmanager
def running_ehr(people: People) -> Iterator[Ehr]:
    """Start both servers on loopback."""
    with ExitStack() as stack:
        yield Ehr(people, *(stack.enter_context(FaultServer()) for _ in range(2)))
