"""Renders Markdown as a CDS client would, and looks at what came out of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

# Raw HTML on, as in the public CDS Hooks sandbox: what a text can do at worst.
_RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

# What renderers of GitHub-flavoured Markdown turn into links, after escapes are undone.
BARE_LINK = re.compile(r"(https?|ftp)://|www\.|[-.\w+]+@[-\w]+\.", re.IGNORECASE)


class Rendered(HTMLParser):
    """The elements and the text of a rendered document."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(_RENDERER.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.tags.append("!--")

    def handle_decl(self, decl: str) -> None:
        self.tags.append("!")

    def handle_pi(self, data: str) -> None:
        self.tags.append("?")
