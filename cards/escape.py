"""Makes any text inert in GitHub-flavoured Markdown: shown as it reads, never a tag, link, image or code.

Clients differ in what they do with Markdown; the public CDS Hooks sandbox renders raw HTML in it. So every
text that this package did not write itself goes through `escape`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

Markdown = NewType("Markdown", str)
"""Text that may stand in a card's detail: escaped, or written by this package."""

LONGEST = 300
"""Characters kept of one text. A chart may hold megabytes where a name is expected."""

_SPECIAL = (*((c, "\\" + c) for c in r"\`*_[]()#+-!|~$"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
"""In an order in which nothing that is put in is replaced again: the backslash and the ampersand before all others."""

# Renderers make links of bare addresses, some of them after undoing escapes; a blank stops all of them.
_WEB_HOST = re.compile(r"(www)(?=\.)", re.IGNORECASE)
_MAIL = re.compile(r"(?<=\S)@")
# Dots inside words, which some renderers take for host names, and after a number that would start a list.
_ACTIVE_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_])")
_LIST_NUMBER = re.compile(r"^(\d+)\.(?=\s|$)")


def one_line(text: str, limit: int = LONGEST) -> str:
    """Return ``text`` on one line: blanks folded, invisible characters dropped, cut to ``limit``."""
    # Cut before the work as well as after it: what is dropped does not count.
    start = text[: 4 * limit]
    visible = start if start.isprintable() else "".join(map(_visible, start))
    line = " ".join(visible.split())
    whole = len(line) <= limit and len(start) == len(text)
    return line if whole else line[: limit - 1].rstrip() + "…"


def _visible(character: str) -> str:
    """Return a blank for any white space, and nothing for what cannot be seen."""
    if character.isspace():
        return " "
    return "" if unicodedata.category(character)[0] == "C" else character


def defused(line: str) -> str:
    """Return ``line`` with a blank inside whatever looks like a web or mail address."""
    line = line.replace("://", ": //")
    if "www." in line.lower():  # looking first is cheap, and there is hardly ever anything
        line = _WEB_HOST.sub(r"\1 ", line)
    return _MAIL.sub(" @", line) if "@" in line else line


def escape(text: str, limit: int = LONGEST) -> Markdown:
    """Return ``text`` as one line of Markdown that renders as the text itself."""
    line = defused(one_line(text, limit))
    for character, inert in _SPECIAL:  # twice as fast as str.translate
        line = line.replace(character, inert)
    if "." in line:
        line = _ACTIVE_DOT.sub(r"\\.", line)
        line = _LIST_NUMBER.sub(r"\1\\.", line)
    return Markdown(line)
