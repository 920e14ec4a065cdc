"""Why a request is refused: an HTTP status, an OperationOutcome code and a sentence that says what to do."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):
    """A request that cannot be answered with cards.

    ``sentence`` goes to the caller: it never holds patient data, tokens or internals.
    ``code`` is from the FHIR value set issue-type.
    """

    def __init__(self, status: HTTPStatus, code: str, sentence: str) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence
        super().__init__(sentence)


def malformed(sentence: str, code: str = "structure") -> Refused:
    """400: the request itself is wrong."""
    return Refused(HTTPStatus.BAD_REQUEST, code, sentence)


def unknown_service(known: str) -> Refused:
    return Refused(
        HTTPStatus.NOT_FOUND, "not-found",
        f"There is no service of this id here. GET /cds-services lists what there is: {known}.",
    )  # fmt: skip


def nothing_here(sentence: str) -> Refused:
    """404: an address with a name in it that stands for nothing."""
    return Refused(HTTPStatus.NOT_FOUND, "not-found", sentence)


def data_missing(sentence: str) -> Refused:
    """412: required data are neither in the prefetch nor to be had from the FHIR server."""
    return Refused(HTTPStatus.PRECONDITION_FAILED, "incomplete", sentence)


def too_large(limit: int) -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-long",
        f"The body is larger than {limit} bytes. Send less in the prefetch and a fhirServer for the rest.",
    )  # fmt: skip


def too_slow() -> Refused:
    return Refused(
        HTTPStatus.REQUEST_TIMEOUT, "timeout",
        "The body did not arrive in time. Send the request again, in one go.",
    )  # fmt: skip


def database_busy() -> Refused:
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "transient",
        "The database is busy or fails, and this feedback may not have been stored. Send it again later: what is there "
        "already is not stored twice.",
    )  # fmt: skip


def sign_in_busy() -> Refused:
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "transient",
        "The database is busy or fails, and the token could not be checked for being used before. Call again later.",
    )  # fmt: skip


def rules_unusable() -> Refused:
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "exception",
        "The rules did not pass their own test when the service started, so it gives no card. Ask its operator.",
    )  # fmt: skip


def other_host() -> Refused:
    return Refused(
        HTTPStatus.BAD_REQUEST, "security",
        "The Host header names neither this computer itself nor the host of the setting public_url. "
        "The operator can set public_url to the address by which the service is called.",
    )  # fmt: skip


def other_page() -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, "forbidden", "This form may be sent from this service's own pages only.")


def not_json(sentence: str) -> Refused:
    return Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "structure", sentence)


_BY_STATUS = {
    HTTPStatus.BAD_REQUEST: ("structure", "The request cannot be read."),
    HTTPStatus.NOT_FOUND: (
        "not-found",
        "There is nothing at this address. GET /cds-services lists the services.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "not-supported",
        "This address does not take this method; see the Allow header.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too-long", "The request is too large."),
}


def of_status(status: int) -> Refused:
    """Return the refusal for an error that the web framework raised by itself."""
    known = HTTPStatus(status) if status in set(HTTPStatus) else HTTPStatus.INTERNAL_SERVER_ERROR
    code, sentence = _BY_STATUS.get(known, ("processing", f"{known.phrase}."))
    return Refused(known, code, sentence)


def unexpected(request_id: str) -> Refused:
    """500: nothing about the cause, only what a log line can be found by."""
    return Refused(
        HTTPStatus.INTERNAL_SERVER_ERROR, "exception",
        f"The service failed and could not answer. Ask its operator to look for request {request_id} in the log.",
    )  # fmt: skip
