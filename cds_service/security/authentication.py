"""Who calls: the tenant that a request belongs to."""

from __future__ import annotations

from cds_service.security.tenants import Tenant, Tenants


class Unauthenticated(Exception):
    """The caller has not shown who it is: a bare 401. The code of the failed check is for the log alone."""

    def __init__(self, check: str) -> None:
        self.check = check
        super().__init__(check)


class Authenticator:
    """Tells which tenant calls."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    def tenant_of(self, authorization: str | None, path: str) -> Tenant:
        """Return the tenant that calls the address ``path`` under public_url; raises `Unauthenticated`.

        ``authorization`` is the header of that name. In the open mode it is not looked at.
        """
        if self._tenants.open is not None:
            return self._tenants.open
        raise Unauthenticated("no token")
