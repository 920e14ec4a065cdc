"""Clinicians who open charts, answer cards and open the charts again, each over a connection that is kept."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
import requests

from benchmarks.soak.ehr import INJECTED, Ehr, Injected
from benchmarks.soak.people import CANDIDATE, SHAPES, People, kind_of
from cards.override_reasons import REASONS, SYSTEM
from cards.wording import DATA_GAPS
from tests.support.faults import ALONE, CARD, REFUSED, WHOLE
from tests.support.service import FEEDBACK, SERVICE, call
from tests.support.tokens import Client, bearer

FAULTY = 0.15
"""Share of charts behind a server at fault."""
FEEDBACK_SHARE = 0.6
REPLAYED = 0.05
"""Share of tokens that are sent a second time, which must be refused."""
_SECONDS_TO_ANSWER = 30
_OF_EVERY_USER = ("patient-refuses", "action-completed", "patient-ineligible")
"""Reasons that keep the card from everybody; the others keep it from the user who gave them."""

Json = dict[str, Any]


class Variant(NamedTuple):
    """What decides an answer when nothing goes wrong: copies of a person get the same."""

    tenant: str
    kind: str
    shape: str


class Given(NamedTuple):
    """Feedback that was answered 200."""

    tenant: str
    card: str
    outcome: str
    reason: str | None


@dataclass
class Seen:
    """What all users saw together."""

    answers: dict[Variant, Counter[bytes]] = field(default_factory=dict)
    """Answers without what differs from call to call."""
    given: Counter[Given] = field(default_factory=Counter)
    """How often each feedback was answered 200."""
    calls: int = 0
    """Calls of patient-view that were let in, whatever came of them."""
    counts: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    """What was not as it is meant to be, in words, and how often."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, right: bool, what: str) -> None:
        if not right:
            with self.lock:
                self.wrong[what] += 1

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def note(self, variant: Variant, answer: bytes) -> None:
        with self.lock:
            self.answers.setdefault(variant, Counter())[answer] += 1


class User:
    """One client of the service."""

    def __init__(
        self, number: int, url: str, clients: Sequence[Client], people: People, ehr: Ehr, seen: Seen, seed: int
    ) -> None:
        self._number, self._url, self._clients, self._people, self._ehr = number, url, clients, people, ehr
        self._seen = seen
        self._chance = random.Random(f"{seed}/{number}")
        self._session = requests.Session()
        self._session.trust_env = False
        self._stories = 0

    def work(self, until: float) -> None:
        """Open charts until then; what goes wrong on the way is noted, and the next chart opened."""
        while time.monotonic() < until:
            try:
                self._story()
            except requests.RequestException as error:
                self._seen.expect(False, f"a call without an answer: {type(error).__name__}")
        self._session.close()

    # -- stories -------------------------------------------------------------------------------------------

    def _story(self) -> None:
        self._stories += 1
        client, shape = self._chance.choice(self._clients), self._chance.choice(list(SHAPES))
        user = f"Practitioner/u{self._number}-{self._stories}"
        copy = self._number * 1_000_000 + self._stories
        if self._chance.random() < FAULTY:
            injected = self._chance.choice(INJECTED)
            self._behind_a_fault(client, user, f"{CANDIDATE}.{copy}{injected.suffix}", injected)
            return
        person = f"{self._chance.choice(self._people.kinds)}.{copy}"
        cards = self._open_as_alone(client, user, person, shape)
        if cards and self._chance.random() < FEEDBACK_SHARE:
            reason = self._answer_card(client, cards[0]["uuid"])
            self._open_again(client, user, person, shape, reason)

    def _open_as_alone(self, client: Client, user: str, person: str, shape: str) -> list[Json]:
        answer = self._open(client, user, person, shape, None)
        if answer.status_code == 503:
            self._seen.expect(False, "answer 503: the database was too late to check a token")
            return []
        variant = Variant(client.name, kind_of(person), shape)
        self._seen.note(variant, comparable(answer.status_code, answer.content, person))
        self._seen.count(f"prefetch {shape}")
        return cards_of(answer)

    def _open_again(self, client: Client, user: str, person: str, shape: str, reason: str | None) -> None:
        other = f"{user}-colleague"
        if reason is None:
            self._open_as_alone(client, user, person, shape)
            return
        silent = not cards_of(self._open(client, user, person, shape, None))
        self._seen.expect(silent, f"a card that was put aside for {reason} came back")
        self._seen.count("cards suppressed")
        if reason in _OF_EVERY_USER:
            silent = not cards_of(self._open(client, other, person, shape, None))
            self._seen.expect(silent, f"a card that was put aside for {reason} came to a colleague")
            self._seen.count("cards suppressed")
        else:
            self._open_as_alone(client, other, person, shape)

    def _behind_a_fault(self, client: Client, user: str, person: str, injected: Injected) -> None:
        answer = self._open(client, user, person, "none", injected)
        fault = injected.fault
        self._seen.count("calls behind a fault")
        self._seen.expect(_outcome(answer) == injected.expected, f"{fault.name}: {_outcome(answer)}")
        if injected.expected == CARD:
            text = cards_of(answer)[0]["detail"].replace("\\", "") if cards_of(answer) else ""
            self._seen.expect(fault.reason in text, f"{fault.name}: the card does not say why")

    # -- calls ---------------------------------------------------------------------------------------------

    def _open(self, client: Client, user: str, person: str, shape: str, injected: Injected | None) -> requests.Response:
        body = call(
            self._people.prefetch(person, shape) or ...,
            user,
            person,
            fhirServer=self._ehr.base_url(injected),
            fhirAuthorization={"access_token": person, "token_type": "Bearer", "expires_in": 300, "scope": "",
                               "subject": client.name, "patient": person},
        )  # fmt: skip
        answer = self._post(client, SERVICE, body)
        with self._seen.lock:
            self._seen.calls += 1
        return answer

    def _answer_card(self, client: Client, card: str) -> str | None:
        """Accept the card or put it aside; return the reason that keeps it away from now on."""
        reason = self._chance.choice([None, *REASONS])
        entry: Json = {"card": card, "outcome": self._chance.choice(["accepted", "overridden"])}
        entry["outcomeTimestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        if entry["outcome"] == "overridden" and reason:
            spelt = self._chance.choice(["overrideReason", "overrideReasons"])
            value = {"reason": {"code": reason, "system": SYSTEM}}
            entry[spelt] = value if spelt == "overrideReason" else [value]
            self._seen.count(f"feedback spelt {spelt}")
        else:
            reason = None
        self._send(client, entry, reason, new=1)
        if self._chance.random() < 0.3:
            self._seen.count("feedback sent twice")
            self._send(client, entry, reason, new=0)
        return reason

    def _send(self, client: Client, entry: Json, reason: str | None, *, new: int) -> None:
        answer = self._post(client, FEEDBACK, {"feedback": [entry]})
        stored = answer.json().get("stored") if answer.status_code == 200 else None
        self._seen.expect(stored == new, f"feedback: answer {answer.status_code}, stored {stored} instead of {new}")
        if answer.status_code == 200:
            with self._seen.lock:
                self._seen.given[Given(client.name, entry["card"], entry["outcome"], reason)] += 1

    def _post(self, client: Client, path: str, body: Json) -> requests.Response:
        content = orjson.dumps(body)
        headers = {"Content-Type": "application/json", **bearer(client.token(path))}
        answer = self._send_signed(path, content, headers)
        if self._chance.random() < REPLAYED:
            self._seen.count("tokens sent twice")
            again = self._send_signed(path, content, headers).status_code
            self._seen.expect(again == 401, f"a token sent twice: {again}")
        return answer

    def _send_signed(self, path: str, content: bytes, headers: Mapping[str, str]) -> requests.Response:
        return self._session.post(f"{self._url}{path}", data=content, headers=dict(headers), timeout=_SECONDS_TO_ANSWER)


def cards_of(answer: Any) -> list[Json]:
    """Return the cards of an answer, none when there is an error in their place."""
    cards: list[Json] = orjson.loads(answer.content)["cards"] if answer.status_code == 200 else []
    return cards


def comparable(status: int, content: bytes, person: str) -> bytes:
    """Return an answer without what tells copies of a person apart, and without the ids that cards get anew."""
    copy = person.removeprefix(kind_of(person)).encode()
    document = orjson.loads(content.replace(copy, b"") or b"null")  # a refusal is bare
    _without_uuids(document)
    return b"%d %s" % (status, orjson.dumps(document))


def _without_uuids(part: Any) -> None:
    if isinstance(part, dict):
        part.pop("uuid", None)
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _without_uuids(value)


def _outcome(answer: requests.Response) -> str:
    if answer.status_code != 200:
        return {412: ALONE, 400: REFUSED}.get(answer.status_code, f"answer {answer.status_code}")
    cards = cards_of(answer)
    if not cards:
        return "no card"
    return CARD if DATA_GAPS in cards[0]["detail"].replace("\\", "") else WHOLE
