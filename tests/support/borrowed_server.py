"""A FHIR R4 server that is not ours alone: a test run puts its own charts there and takes them away again.

Nothing that stood there before is read or touched. The server gives the ids, each resource bears the tag of the
run, and each patient an identifier of the run, so that no chart is taken for, or merged with, somebody else's.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from cds_service.patient_data.outbound import parse_base_url, pinned
from cds_service.sandbox.processes import local_session
from tests.support.charts import address, redirected

Json = dict[str, Any]

RUN = "urn:trial-cds:test-run"
"""System of the tags and identifiers by which a run knows what is its own."""

SECONDS = 120.0
"""Longest wait for one answer: large transactions take their time."""
_ADDRESS = re.compile(r"([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/[^/]*)?/?$")


class Refused(RuntimeError):
    """The server did not take, or did not give up, what the run asked for."""


class BorrowedServer:
    """Use as a context manager: whatever happens inside the block, what was put there is deleted at its end."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self.run = uuid.uuid4().hex
        self._put: list[list[str]] = []
        self._types: set[str] = set()
        self._session = local_session()
        # HAPI answers a search that it has seen before from memory, unless it is told otherwise.
        self._session.headers.update({"Accept": "application/fhir+json", "Cache-Control": "no-cache"})
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.clean_up()
        finally:
            self._session.close()

    def software(self) -> str:
        """Return what the server says that it is."""
        software = self._get("metadata").get("software", {})
        return f"{software.get('name', 'unnamed')} {software.get('version', '')}".strip()

    # -- in ------------------------------------------------------------------------------------------------

    def put(self, resources: Sequence[Json]) -> dict[str, str]:
        """Create ``resources`` in one transaction; return where each now is, as ``Type/id`` by old ``Type/id``.

        References among them are kept. Raises `Refused`.
        """
        urns = {address(resource): f"urn:uuid:{uuid.uuid4()}" for resource in resources}
        entries = [
            {
                "fullUrl": urns[address(resource)],
                "resource": self._marked(resource, urns),
                "request": {"method": "POST", "url": resource["resourceType"]},
            }
            for resource in resources
        ]
        self._types |= {resource["resourceType"] for resource in resources}
        answers = self._transaction(entries)
        places = [_place(answer) for answer in answers]
        self._put.append(places)
        return dict(zip(urns, places, strict=True))

    def _marked(self, resource: Json, urns: Mapping[str, str]) -> Json:
        marked = redirected(resource, urns)
        marked.pop("id")
        meta = marked.setdefault("meta", {})
        meta["tag"] = [*meta.get("tag", ()), {"system": RUN, "code": self.run}]
        if resource["resourceType"] == "Patient":
            marked["identifier"] = [{"system": RUN, "value": f"{self.run}-{resource['id']}"}]
        return marked

    # -- out -----------------------------------------------------------------------------------------------

    def clean_up(self) -> None:
        """Delete all that bears the tag of this run; raises `Refused` when something stays."""
        if not self._types:
            return
        while self._put:
            self._delete(self._put.pop())
        if lost := self.remains():
            self._delete(lost)
            if kept := self.remains():
                raise Refused(f"the server kept {len(kept)} resources of the test run: {', '.join(kept)}")

    def remains(self) -> list[str]:
        """Return what bears the tag of this run: also what came in by a request whose answer was lost."""
        found: list[str] = []
        for name in sorted(self._types):
            page: Json | None = self._get(f"{name}?_tag={RUN}|{self.run}&_count=200")
            while page is not None:
                entries = [entry["resource"] for entry in page.get("entry", ())]
                found += [address(resource) for resource in entries if resource["resourceType"] == name]
                page = self._next(page)
        return found

    def _next(self, page: Json) -> Json | None:
        following = [link["url"] for link in page.get("link", ()) if link["relation"] == "next"]
        if not following:
            return None
        target = pinned(parse_base_url(self.base_url), following[0])
        if target is None:
            raise Refused("a next link leads away from the server: the token does not go there")
        return self._get(target)

    def _delete(self, addresses: Iterable[str]) -> None:
        """In one transaction, where order is the server's affair; one by one where it refuses that."""
        left = list(addresses)
        try:
            self._transaction([{"request": {"method": "DELETE", "url": name}} for name in left])
        except Refused:
            while left and (stay := [name for name in left if not self._is_deleted(name)]) != left:
                left = stay  # what others still refer to goes in a later round

    def _is_deleted(self, name: str) -> bool:
        return self._session.delete(f"{self.base_url}/{name}", timeout=SECONDS).status_code in (200, 202, 204, 404, 410)

    # -- HTTP ----------------------------------------------------------------------------------------------

    def _transaction(self, entries: Sequence[Json]) -> list[Json]:
        body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        headers = {"Content-Type": "application/fhir+json"}
        answer = self._session.post(self.base_url, data=body.encode(), headers=headers, timeout=SECONDS)
        if not answer.ok:
            raise Refused(f"the server answered {answer.status_code} to a transaction: {answer.text[:500]}")
        given: list[Json] = answer.json()["entry"]
        return given

    def _get(self, url: str) -> Json:
        target = url if "://" in url else f"{self.base_url}/{url}"
        answer = self._session.get(target, timeout=SECONDS)
        if not answer.ok:
            raise Refused(f"the server answered {answer.status_code} to {url.partition('?')[0]}: {answer.text[:500]}")
        body: Json = answer.json()
        return body


def _place(answer: Json) -> str:
    response = answer.get("response", {})
    found = _ADDRESS.search(response.get("location", ""))
    if not found:
        raise Refused(f"the server does not say where it put a resource: {response.get('status', 'no status')}")
    return found[1]
