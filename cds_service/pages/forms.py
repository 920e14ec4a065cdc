"""Reads what a page's form sends, within the same limits as every other body."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from urllib.parse import urlsplit

from flask import Request
from werkzeug.formparser import FormDataParser

from cds_service.cds_hooks import errors
from cds_service.cds_hooks.body import read_bytes

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_OWN_PAGES = ("same-origin", "none")


def read_form(request: Request, limit: int) -> Mapping[str, str]:
    """Return the fields of a form, files as text; raises `errors.Refused` with 400, 403, 408, 413 or 415.

    Other sites' pages may not send it: a form, unlike a call, is sent by a browser without asking first.
    """
    if not _sent_by_own_page(request):
        raise errors.other_page()
    if request.mimetype not in _FORMS:
        raise errors.not_json("Send the form of the page.")
    body = read_bytes(request, limit)
    parser = FormDataParser(max_form_memory_size=limit, max_form_parts=20)
    try:
        _, fields, files = parser.parse(BytesIO(body), request.mimetype, len(body), request.mimetype_params)
    except (ValueError, UnicodeDecodeError):
        raise errors.malformed("The form cannot be read.") from None
    uploaded = {name: _text(file.read()) for name, file in files.items(multi=False)}
    # A file that was not chosen arrives as an empty one and must not hide what was pasted.
    return dict(fields.items(multi=False)) | {name: text for name, text in uploaded.items() if text}


def _sent_by_own_page(request: Request) -> bool:
    """True as well for a program, which says neither where a request comes from nor how."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None or origin is None:
        return site is None or site in _OWN_PAGES
    try:  # a browser that says no more than this, as by plain http to another computer
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise errors.malformed("The file is not text in UTF-8.") from None
