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

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = {ord(c): "\\" + c for c in r"\`*_[]()#+-!|~$"} | {ord(c): e for c, e in _ENTITIES.items()}

# Renderers make links of bare addresses, some of them after undoing escapes; a blank stops all of them.
_BARE_LINKS = (
    (re.compile(r":(?=//)"), ": "),
    (re.compile(r"(www)(?=\.)", re.IGNORECASE), r"\1 "),
    (re.compile(r"(?<=\S)@"), " @"),
)
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
    for pattern, replacement in _BARE_LINKS:
        line = pattern.sub(replacement, line)
    return line


def escape(text: str, limit: int = LONGEST) -> Markdown:
    """Return ``text`` as one line of Markdown that renders as the text itself."""
    line = defused(one_line(text, limit)).translate(_SPECIAL)
    line = _ACTIVE_DOT.sub(r"\\.", line)
    return Markdown(_LIST_NUMBER.sub(r"\1\\.", line))
