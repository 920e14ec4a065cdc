"""The keys of each issuer, kept fresh in the background, so that no request ever waits for the network.

Keys that were good stay in use while their source is away: an outage of a key server is no outage of this service.
A key goes when its issuer's set no longer holds it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cds_service.logs import log, log_failure
from cds_service.process import PerProcess
from cds_service.security.key_set import Key, KeySetUnreadable, read_key_set
from cds_service.security.key_source import FETCH_SECONDS, KeySource, KeysUnreachable, key_source
from cds_service.security.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between attempts to read a key set, besides the pause of its source."""

    after_failure: float = 15.0
    unknown_key: float = 60.0
    """Tokens with unknown keys, which anybody can send, bring one early look forward in this time."""


OnLook = Callable[[str, bool], None]
"""Is told the name of an issuer whose source was looked at, and whether it could be read."""
_FRESH_LOOKS = 3
"""Pauses between looks after which keys that could not be read again are stale."""
_FRESH_SECONDS = 60.0


class KeyState(StrEnum):
    """How far an issuer's keys can be relied on."""

    FRESH = "fresh"
    STALE = "stale"
    """Read before, and in use; what the source says now is not known."""
    ABSENT = "absent"


class KeysMissing(RuntimeError):
    """No issuer's keys have been read yet, so nobody can sign in."""


class KeyStore:
    """The keys of one issuer."""

    def __init__(self, name: str, source: KeySource, pace: Pace | None = None, on_look: OnLook | None = None) -> None:
        """``name`` is what the log calls the issuer; ``on_look`` is told of each look at the source."""
        self.name = name
        self._source = source
        self._pace = pace or Pace()
        self._keys: Mapping[str, Key] = {}
        self._loaded = False
        self._read_at: datetime | None = None
        self._on_look = on_look
        self._reading = threading.Lock()
        self._refresher = PerProcess(self._start)

    @property
    def loaded(self) -> bool:
        """True once a key set has been read, however old it is now."""
        return self._loaded

    @property
    def read_at(self) -> datetime | None:
        """When the source was last read with success."""
        return self._read_at

    def state(self) -> KeyState:
        """Return how far the keys can be relied on."""
        read = self._read_at
        if not self._loaded or read is None:
            return KeyState.ABSENT
        age = (datetime.now(UTC) - read).total_seconds()
        return KeyState.STALE if age > max(_FRESH_LOOKS * self._source.seconds, _FRESH_SECONDS) else KeyState.FRESH

    def find(self, kid: str) -> Key | None:
        """Return the key of that id. When it is not there, the next look at the source comes earlier."""
        key = self._keys.get(kid)
        refresher = self._refresher.get()
        if key is None:
            refresher.hurry()
        return key

    def start(self) -> None:
        """Begin to keep the keys fresh in this process. Call after the fork; `find` does it otherwise."""
        self._refresher.get()

    def stop(self) -> None:
        """End what `start` began."""
        self._refresher.get().stop()

    def refresh(self) -> bool:
        """Read the source now; False when the keys stay as they were because it could not be read."""
        with self._reading:
            good = self._look()
            if self._on_look:
                self._on_look(self.name, good)
            return good

    def _look(self) -> bool:
        try:
            document = self._source.read()
            if document is not None:
                self._take(document)
        except (KeysUnreachable, KeySetUnreadable) as error:
            log("keys not refreshed", logging.WARNING, tenant=self.name, reason=str(error), kept=len(self._keys))
            return False
        self._read_at = datetime.now(UTC)
        return True

    def wait(self, seconds: float) -> bool:
        """Wait for the first look of this process to end; True when there are keys."""
        self._refresher.get().looked.wait(seconds)
        return self._loaded

    def _take(self, document: bytes) -> None:
        found = read_key_set(document)
        if not self._loaded or found.keys.keys() != self._keys.keys():
            log("keys read", tenant=self.name, keys=len(found.keys), unusable=len(found.unusable))
        self._keys, self._loaded = found.keys, True

    def _start(self) -> _Refresher:
        refresher = _Refresher(self.refresh, self._source.seconds, self._pace)
        refresher.start()
        return refresher


class _Refresher(threading.Thread):
    """Looks at a source again and again, in a process of its own for each worker."""

    def __init__(self, refresh: Callable[[], bool], pause: float, pace: Pace) -> None:
        super().__init__(name="keys", daemon=True)
        self.looked = threading.Event()
        self._refresh = refresh
        self._pause = pause
        self._pace = pace
        self._early = threading.Event()
        self._ended = False
        self._hurried = float("-inf")
        self._lock = threading.Lock()

    def hurry(self) -> None:
        """Look earlier, unless that was asked for a short time ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._hurried < self._pace.unknown_key:
                return
            self._hurried = now
        self._early.set()

    def stop(self) -> None:
        """Look no more; returns when a look under way has ended."""
        self._ended = True
        self._early.set()
        self.join()

    def run(self) -> None:
        while not self._ended:
            try:
                good = self._refresh()
            except Exception as error:  # noqa: BLE001 or keys would be used that were taken back
                log_failure("keys not refreshed", error)
                good = False
            self.looked.set()
            self._early.wait(self._pause if good else min(self._pause, self._pace.after_failure))
            self._early.clear()


class KeyStores:
    """The stores of all issuers."""

    def __init__(
        self,
        tenants: Iterable[Tenant],
        ca_bundle: str | None = None,
        pace: Pace | None = None,
        on_look: OnLook | None = None,
    ) -> None:
        self._stores: dict[str, KeyStore] = {}
        for tenant in tenants:
            if tenant.token and tenant.token.issuer not in self._stores:
                store = KeyStore(tenant.name, key_source(tenant.token, ca_bundle), pace, on_look)
                self._stores[tenant.token.issuer] = store

    def __len__(self) -> int:
        return len(self._stores)

    def __iter__(self) -> Iterator[KeyStore]:
        return iter(self._stores.values())

    def of(self, issuer: str) -> KeyStore:
        """Return the store of a configured issuer."""
        return self._stores[issuer]

    def read_all(self) -> None:
        """Read every source once, side by side. Call before the fork: a worker that starts in an outage has these."""
        if self._stores:
            with ThreadPoolExecutor(len(self._stores)) as pool:
                list(pool.map(KeyStore.refresh, self._stores.values()))

    def start(self) -> None:
        """Begin to keep all keys fresh in this process, and give the first looks time to end."""
        for store in self._stores.values():
            store.start()
        give_up = time.monotonic() + 2 * FETCH_SECONDS
        for store in self._stores.values():
            store.wait(max(0.0, give_up - time.monotonic()))

    def stop(self) -> None:
        """End what `start` began."""
        for store in self._stores.values():
            store.stop()

    def check(self) -> None:
        """Raise `KeysMissing` when nobody could sign in. One issuer without keys does not stop the others."""
        if self._stores and not any(store.loaded for store in self._stores.values()):
            raise KeysMissing("no key set of any tenant has been read")
