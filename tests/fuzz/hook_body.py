"""Calls the service, signed in, with charts in which anything may be wrong, and looks for failures and leaks.

    python -m tests.fuzz.hook_body --cases 50000

A case is a good call of which some parts were left out, doubled, renamed or replaced, and whose bytes may be damaged.
In some the FHIR server answers with such parts. Whatever comes in: no answer is a 5xx, each keeps its schema, and
neither answers nor the log hold a token, a name or another of the planted secrets.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy.exc import SQLAlchemyError

from cds_service.logs import JsonLines
from cds_service.sandbox.patients import ALL
from cds_service.setting_parts import Limits
from cds_service.storage import lane
from cds_service.storage.lane import DatabaseBusy
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer, Handler
from tests.support.service import SERVICE, TODAY, call, make_app, valid
from tests.support.tokens import PUBLIC_URL, bearer, st_luke, st_mary

PERSON = "person-4711"
"""In a log or an error it must not be; a card may refer to a resource by it."""
ACCESS_TOKEN = "hush-access-token-0123456789"
SECRET = "hush"
"""Part of everything planted, in small letters or capitals: the token, names, numbers, addresses, notes, narratives."""

# The first is a candidate.
PATIENTS = ("golden-ada", "near-threshold", "pregnancy", "type-2-only", "c-peptide-preserved", "mody-as-type-1")
PULLED_OF = 40
"""One of so many cases has a FHIR server behind it."""


# -- what a good call looks like -----------------------------------------------------------------------------


@cache
def charts() -> tuple[tuple[dict[str, Any], ...], ...]:
    """Return the resources of some synthetic patients, with secrets planted."""
    found = {patient.id: patient for patient in ALL}
    return tuple(_chart(found[name].build(TODAY), name) for name in PATIENTS)


def _chart(resources: Any, name: str) -> tuple[dict[str, Any], ...]:
    texts = (resource.model_dump_json().replace(f"Patient/{name}", f"Patient/{PERSON}") for resource in resources)
    return tuple(_planted(orjson.loads(text)) for text in texts)


def _planted(resource: dict[str, Any]) -> dict[str, Any]:
    note = [{"text": "hush: as told on the telephone"}]
    narrative = {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>hush</div>"}
    if resource["resourceType"] == "Patient":
        return {
            **resource, "id": PERSON, "text": narrative, "name": [{"family": "Hush", "given": ["Hush"]}],
            "identifier": [{"system": "urn:hush", "value": "hush-4711"}], "telecom": [{"value": "+49 hush"}],
            "address": [{"line": ["hush street 1"], "city": "Hush", "postalCode": "HUSH"}],
        }  # fmt: skip
    return {**resource, "text": narrative, "note": note, "identifier": [{"value": "hush-1"}]}


_NOBODY = "http://127.0.0.1:9/hush"
"""A FHIR server of the tenant that does not answer: the port of the discard protocol, on which nothing listens."""

KEYS = {
    "Patient": "patient", "problem-list-item": "problems", "encounter-diagnosis": "diagnoses",
    "MedicationRequest": "medications", "laboratory": "labs", "vital-signs": "vitals", "social-history": "social",
    "Encounter": "encounters",
}  # fmt: skip


def prefetch_key(resource: dict[str, Any]) -> str | None:
    """Return the prefetch key under which an EHR would send a resource."""
    codes = [coding.get("code") for category in resource.get("category", ()) for coding in category.get("coding", ())]
    return next((KEYS[name] for name in (resource["resourceType"], *codes) if name in KEYS), None)


def good_call(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a call that sends ``resources`` along, and names no FHIR server."""
    prefetch: dict[str, Any] = {key: {"resourceType": "Bundle", "type": "searchset"} for key in KEYS.values()}
    for resource in resources:
        key = prefetch_key(resource)
        if key == "patient":
            prefetch[key] = resource
        elif key:
            prefetch[key].setdefault("entry", []).append({"resource": resource, "search": {"mode": "match"}})
    access = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "patient": PERSON}
    return call(prefetch, of=PERSON, fhirAuthorization=access)


# -- and what may be wrong with it ---------------------------------------------------------------------------

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, -1e-308, float("nan"), float("inf"), 2**53 + 1, 10**30, "", " ", "\0", "\ud800",
    "a" * 5_000, "٣", "1e5", "<5", ">= 7", "-0", "2026", "2026-13-45", "0000-00-00", "2026-02-30T25:61:61Z",
    "2026-11-22T10:00:00+99:99", "9999-12-31", "1000-01-01", "unknown", "Patient/", "#", "../x", "<script>x</script>",
    "![x](https://evil.example/x.png)", "%", "mmol/mol", "mg/dL", "{score}", "urn:oid:2.16.840", [], {}, [[]], [None],
    {"coding": []}, {"coding": [None]}, {"coding": [{}]}, {"value": "7.1"}, {"value": 7.1}, {"value": {}, "unit": []},
    {"start": "2026", "end": "1999"}, {"reference": None}, {"reference": "Patient/x"}, {"resourceType": "Patient"},
    {"resourceType": "Bundle", "entry": {}}, {"resourceType": "Bundle", "link": [{"relation": "next", "url": "x"}]},
    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]},
)  # fmt: skip

odd = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    ),
)


def _places(content: Any, unopened: str = "") -> list[tuple[Any, Any]]:
    """Return every container with every key or index in it, but for what lies under the key ``unopened``."""
    found, left = [], [content]
    while left:
        node = left.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        found += [(node, key) for key in keys]
        left += [node[key] for key in keys if key != unopened]
    return found


def _resources(content: Any) -> list[Any]:
    """Return what stands where the resources of a call do, or of a FHIR server."""
    if isinstance(content, list):
        return content
    prefetch = content.get("prefetch")
    values = list(prefetch.values()) if isinstance(prefetch, dict) else []
    entries = [value["entry"] for value in values if isinstance(value, dict) and isinstance(value.get("entry"), list)]
    return [*values, *itertools.chain.from_iterable(entries)]


CHANGES = (0, 1, 1, 2, 3, 6)
WHERE = ("anywhere", "around", *6 * ("resource",))


@st.composite
def changed(draw: st.DrawFn, content: Any) -> Any:
    """Return a copy of ``content`` with none, one or a few changes."""
    content = orjson.loads(orjson.dumps(content))
    for _ in range(draw(st.sampled_from(CHANGES))):
        where = draw(st.sampled_from(WHERE))
        if where == "resource" and (resources := _resources(content)):
            places = _places(draw(st.sampled_from(resources)))
        else:
            places = _places(content, unopened="prefetch" if where == "around" else "")
        if not places:
            continue
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        _change(draw, holder, key)
    return content


def _change(draw: st.DrawFn, holder: Any, key: Any) -> None:
    what = draw(st.sampled_from(["replace", "replace", "remove", "double", "rename", "wrap", "nest"]))
    if what == "remove":
        del holder[key]
    elif what == "double" and isinstance(holder, list):
        holder.append(holder[key])
    elif what == "rename" and isinstance(holder, dict):
        holder[draw(st.sampled_from(["extension", "value", "_value", "valueString", "id", "x"]))] = holder.pop(key)
    elif what == "wrap":
        holder[key] = [holder[key]]
    elif what == "nest":
        for _ in range(draw(st.sampled_from([1, 20, 400, 2_000]))):
            holder[key] = {"extension": [holder[key]]} if len(str(key)) % 2 else [holder[key]]
    else:
        # A copy, for the next change may be made in it.
        holder[key] = copy.deepcopy(draw(odd))


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Return bytes of which some are cut off, replaced or put in."""
    at = draw(st.integers(0, max(0, len(content) - 1)))
    what = draw(st.sampled_from([b"", b"\xff\xfe", b"\0", b"}", b"[" * 3_000, b'"', b"\xed\xa0\x80", b"1e999"]))
    return draw(st.sampled_from([content[:at], content[:at] + what + content[at:], what + content[at:], what]))


@dataclass(frozen=True)
class Case:
    """The body of a call, and what its FHIR server holds."""

    body: bytes
    held: tuple[dict[str, Any], ...] | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    candidate, *others = charts()
    chart = candidate if draw(st.booleans()) else draw(st.sampled_from(others))
    person, rest = chart[0], chart[1:]
    first, last = sorted((draw(st.integers(0, len(rest))), draw(st.integers(0, len(rest)))))
    some = [person, *(rest if draw(st.booleans()) else rest[first:last])]
    body = good_call(some)
    pulled = draw(st.integers(1, PULLED_OF)) == 1
    if pulled or draw(st.integers(1, 16)) == 1:
        body["fhirServer"] = _SERVER if pulled else _NOBODY
    if pulled:
        for key in draw(st.sets(st.sampled_from(sorted(KEYS.values())), min_size=1)):
            body["prefetch"].pop(key, None)
    if draw(st.integers(1, 60)) == 1:
        labs = body["prefetch"].get("labs", {})
        labs["entry"] = labs.get("entry", []) * 30
    body = draw(changed(body))
    content = _json(body)
    if draw(st.integers(1, 20)) == 1:
        content = draw(damaged(content))
    return Case(content, tuple(draw(changed(some))) if pulled else None)


_SERVER = "http://fhir.server"
"""Stands for the address of the FHIR server until it is known."""


def _json(content: Any) -> bytes:
    try:
        return json.dumps(content).encode()
    except RecursionError:
        return b"[" * 5_000


# -- the run -------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """Calls the service case by case and counts how it answers."""

    client: Any
    server: FaultServer
    lines: list[str]
    statuses: Counter[int] = field(default_factory=Counter)
    busy: int = 0
    """Calls sent again because the machine was too busy to remember their token in time (503)."""
    cards: int = 0

    def __post_init__(self) -> None:
        self._signers = itertools.cycle((st_mary(), st_luke()))

    def __call__(self, case: Case) -> None:
        """Raise AssertionError for an answer or a log line that must not be."""
        self.server.otherwise = _holding(case.held or ())
        body = case.body.replace(_SERVER.encode(), self.server.base_url.encode())
        token, response = self._post(body)
        if response.status_code == 503 and b"could not be checked for being used before" in response.data:
            self.busy += 1
            token, response = self._post(body)
        written = "\n".join(self.lines)
        self.lines.clear()
        self.statuses[response.status_code] += 1
        assert response.status_code in (200, 400, 412, 413), response.status_code
        content = response.get_json(force=True)
        said = response.text + json.dumps(content, ensure_ascii=False)
        if response.status_code == 200:
            valid("response", content)
            self.cards += len(content["cards"])
        else:
            assert content["resourceType"] == "OperationOutcome"
            assert PERSON not in said, "an error names the patient"
        assert PERSON not in written, "the log names the patient"
        for name, words in (("an answer", said), ("the log", written)):
            assert SECRET not in words.casefold(), f"{name} holds a planted secret"
            assert not any(part in words for part in token.split(".")), f"{name} holds a token"
        assert '"unlisted"' not in written

    def _post(self, body: bytes) -> tuple[str, Any]:
        token = next(self._signers).token(SERVICE, sub="hush-sub")
        headers = bearer(token)
        return token, self.client.post(SERVICE, data=body, content_type="application/json", headers=headers)


def _holding(held: tuple[Any, ...]) -> faults.Behaviour:
    def answer(handler: Handler) -> None:
        found = [one for one in held if isinstance(one, dict) and one.get("resourceType") == handler.type]
        if handler.type == "Patient" and found:
            handler.reply(200, _json(found[0]))
        else:
            bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in found]}
            handler.reply(200, _json(bundle))

    return answer


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def service(folder: Path) -> Iterator[Run]:
    """Start a service with two tenants and one FHIR server, whose log is looked at."""
    lines: list[str] = []
    handler, logger = _Lines(lines), logging.getLogger()
    own = logging.getLogger("trial_cds")
    levels = logger.level, own.level
    with FaultServer() as server:
        fields: dict[str, Any] = {"test": True, "fhir_servers": [server.base_url, _NOBODY]}
        tenants = (st_mary().tenant(folder, **fields), st_luke().tenant(folder, test=True))
        privacy = {"hash_keys": ["a key for runs of the fuzz, which keep nothing"]}
        limits = Limits(deadline_seconds=2, server_failures=10**9)
        app = make_app(folder, public_url=PUBLIC_URL, tenants=tenants, limits=limits, privacy=privacy)
        app.extensions["trial_cds_keys"].read_all()
        logger.addHandler(handler)
        own.setLevel(logging.INFO)
        try:
            yield Run(app.test_client(), server, lines)
        finally:
            app.extensions["trial_cds_keys"].stop()
            logger.removeHandler(handler)
            logger.setLevel(levels[0])
            own.setLevel(levels[1])


def fuzz(run: Callable[[Case], None], number: int, start: int | None = None) -> None:
    """Run ``number`` cases; raises AssertionError for the smallest that fails."""

    @settings(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases())
    def one(case: Case) -> None:
        run(case)

    (seed(start)(one) if start is not None else one)()


class _InPlace(Executor):
    """Does the database's work in the thread that asks: on a busy machine each change of threads takes its time."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(work(*arguments, **more))
        except (SQLAlchemyError, DatabaseBusy) as error:
            future.set_exception(error)
        return future


_BATCH = 1_000
"""Cases of one round; each has its own seed, printed before it starts."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzzes the body of patient-view calls.")
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=7_200, help="begin no further round after so long")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; default: a new one each time")
    options = parser.parse_args()
    start = options.seed if options.seed is not None else time.time_ns() % 2**32
    settings.register_profile("fuzz", derandomize=False)
    settings.load_profile("fuzz")
    lane.ThreadPoolExecutor = _InPlace  # type: ignore[misc, assignment]
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as run:
        began = time.monotonic()
        for number, done in enumerate(range(0, options.cases, _BATCH)):
            if time.monotonic() - began > options.seconds:
                break
            print(f"seed {start + number}", flush=True)
            fuzz(run, min(_BATCH, options.cases - done), start + number)
            counts = ", ".join(f"{status}: {count}" for status, count in sorted(run.statuses.items()))
            total, seconds = sum(run.statuses.values()), time.monotonic() - began
            again = f", {run.busy} sent again" if run.busy else ""
            print(f"{total} cases in {seconds:.0f} s; {counts}{again}; {run.cards} cards; no 5xx, no leak", flush=True)


if __name__ == "__main__":
    main()
