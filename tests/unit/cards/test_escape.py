"""Text from a chart stays text, whatever it holds."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cards.escape import LONGEST, defused, escape, one_line
from tests.support.markdown import BARE_LINK, Rendered

SNIPPETS = (
    "<b>", "</li>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- ", "-->", "<?php",
    "<![CDATA[", "[a](http://b.example)", "![a](x.png)", "<http://a.example>", "[a]: http://b.example",
    "https://", "http://a.example/x", "www.a.example", "WWW.", "a@b.example", "mailto:a@b.example",
    "`", "```", "~~~", "~~", "**", "_", "__", "# ", "> ", "- ", "+ ", "* ", "1. ", "12) ", "---", "===",
    "| a | b |", "|---|---|", "&lt;", "&#60;", "&amp;", "\\", "\\\\", "\n", "\r\n\r\n", "\n    code", "\t",
    "\u2028", "\x00", "\x1b[31m", "\u202e", "\u200b", "\ud800", "javascript:", "- [ ] ", "[^1]", "$x$", " ",
    "  ", "µg/L", "<0.1 ng/mL", "8.4 %",
)  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=8)), max_size=12).map("".join)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_each_snippet_alone_is_inert(snippet: str) -> None:
    assert set(Rendered(escape(snippet)).tags) <= {"p"}


@given(hostile)
def test_renders_as_the_text_itself_and_as_nothing_else(text: str) -> None:
    rendered = Rendered(escape(text))
    assert set(rendered.tags) <= {"p"}
    assert rendered.text.strip() == defused(one_line(text))


@given(hostile)
@example("-\n- <b>")
def test_is_inert_in_the_middle_of_a_list_item_too(text: str) -> None:
    rendered = Rendered(f"**Findings**\n\n- **Name** (I8): {escape(text)}, {escape(text)}\n- next")
    assert set(rendered.tags) <= {"p", "strong", "ul", "li"}
    assert rendered.tags.count("li") == 2
    assert rendered.links == []


@given(hostile)
def test_makes_no_bare_link_even_for_renderers_that_look_after_escapes_are_undone(text: str) -> None:
    assert not BARE_LINK.search(Rendered(escape(text)).text)


@given(st.text(), st.integers(min_value=1, max_value=400))
def test_one_line_is_short_visible_and_on_one_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line == line.strip()
    assert not [c for c in line if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in ("Zl", "Zp")]
    assert not re.search(r"\s\s|[^\S ]", line)
    line.encode()


def test_a_long_text_is_cut_and_says_so() -> None:
    assert one_line("x" * 1000) == "x" * (LONGEST - 1) + "…"
    assert one_line("x" * LONGEST) == "x" * LONGEST
    assert one_line("\u200b" * 100_000) == "…"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<0.1 ng/mL", "&lt;0.1 ng/mL"),
        ("a & b", "a &amp; b"),
        (r"*_[]()#+-!|~`" + "\\", r"\*\_\[\]\(\)\#\+\-\!\|\~\`" + "\\\\"),
        ("two\r\n\tlines", "two lines"),
        ("see https://a.example", r"see https: //a\.example"),
        ("www.a.example", r"www .a\.example"),
        ("me@a.example", r"me @a\.example"),
        ("1. first", r"1\. first"),
        ("8.4 %", "8.4 %"),
        ("Observation/123", "Observation/123"),
    ],
)
def test_escapes_each_kind(text: str, expected: str) -> None:
    assert escape(text) == expected
