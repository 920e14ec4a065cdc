"""Who calls: the tenant that a request belongs to."""

from __future__ import annotations

from typing import Protocol

from cds_service.security.client_token import (
    BadToken,
    Check,
    TokenUse,
    Unverified,
    bearer_token,
    check_header,
    read_unverified,
    verify,
)
from cds_service.security.key_store import KeyStores
from cds_service.security.tenants import Tenant, Tenants
from cds_service.storage.failed_sign_ins import FailedSignIns
from cds_service.storage.replay import UsedTokens
from cds_service.tenant_settings import TenantSettings

_REMEMBER_SECONDS = 2.0
"""Longest wait for the database to remember a token, without which nobody is let in."""


class Unauthenticated(Exception):
    """The caller has not shown who it is: a bare 401. What failed is for the log alone."""

    def __init__(self, check: Check, tenant: str | None) -> None:
        """``tenant`` is the one that the caller claims to be, if there is one of that issuer."""
        self.check = check
        self.tenant = tenant
        super().__init__(check.value)


class TellsTenant(Protocol):
    """What knows who calls an address."""

    def tenant_of(self, authorization: str | None, path: str) -> Tenant:
        """As `Authenticator.tenant_of`."""


class Authenticator:
    """Tells which tenant calls, by its token; in the open mode it is always the same."""

    def __init__(
        self, tenants: Tenants, keys: KeyStores, used: UsedTokens, failed: FailedSignIns, public_url: str
    ) -> None:
        self._tenants = tenants
        self._keys = keys
        self._used = used
        self._failed = failed
        self._public_url = public_url

    def tenant_of(self, authorization: str | None, path: str) -> Tenant:
        """Return the tenant that calls the address ``path`` under public_url.

        ``authorization`` is the header of that name; in the open mode it is not looked at. Raises
        `Unauthenticated`, and `DatabaseBusy` or SQLAlchemyError when the token cannot be remembered.
        """
        if self._tenants.open is not None:
            return self._tenants.open
        tenant: Tenant | None = None
        try:
            given = read_unverified(bearer_token(authorization))
            tenant, expected = self._claimed(given)
            use = self._check(given, expected, f"{self._public_url}{path}")
            self._first_use(expected.issuer, use)
        except BadToken as bad:
            claimed = tenant.name if tenant else None
            self._failed.count(claimed, bad.check.value)
            raise Unauthenticated(bad.check, claimed) from None
        return tenant

    def _claimed(self, given: Unverified) -> tuple[Tenant, TenantSettings]:
        """Return the tenant that a token claims to come from, by its issuer and, if that has several, its tenant."""
        of_issuer = self._tenants.of_issuer(given.issuer)
        if not of_issuer:
            raise BadToken(Check.ISSUER)
        by_claim = {expected.tenant_claim: (tenant, expected) for tenant, expected in of_issuer}
        named = given.claims.get("tenant")
        found = by_claim.get(named) if isinstance(named, str) else None
        found = found or by_claim.get(None)  # it is the only one of its issuer then
        if found is None:
            raise BadToken(Check.TENANT)
        return found

    def _check(self, given: Unverified, expected: TenantSettings, address: str) -> TokenUse:
        check_header(given, expected)
        key = self._keys.of(expected.issuer).find(given.key_id)
        if key is None:
            raise BadToken(Check.KEY)
        return verify(given, key, expected, {address, *expected.audiences})

    def _first_use(self, issuer: str, use: TokenUse) -> None:
        if not self._used.first_use(issuer, use.jti, use.until, _REMEMBER_SECONDS):
            raise BadToken(Check.REPLAY)
