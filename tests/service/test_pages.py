"""The pages for people: complete, escaped, and in need of nothing from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.pages import blueprint
from cds_service.pages import words as words_of_pages
from rules.assessment import Status
from rules.trial import Trial
from tests.support.assessments import assessment, result, trial_for, usual


@dataclass(frozen=True)
class Settings:
    public_url: str = "https://cds.example.org/trial"


class Page(HTMLParser):
    """Ids, links, elements and text of a page; refuses HTML that does not close what it opens."""

    VOID = frozenset({"meta", "link", "br", "input", "wbr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]

    def words(self) -> str:
        return " ".join(self.text.split())


def client_of(trial: Trial) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(blueprint(trial, Settings()))
    return app.test_client()


def page(trial: Trial, path: str) -> Page:
    answer = client_of(trial).get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    return Page(answer.text)


PATHS = ("/", "/protocol")


# --- the trial as shipped ---


def test_the_protocol_sheet_has_every_criterion_with_its_anchor_text_and_reading(trial: Trial) -> None:
    sheet = page(trial, "/protocol")
    ids, words = set(sheet.all("id")), sheet.words()
    assert len(trial.declarations) == 42
    for this in trial.declarations:
        assert this.id in ids
        for text in (this.text, this.interpretation, this.reason, this.text_defect or "", this.settled_by):
            assert " ".join(text.split()) in words, f"{this.id} lacks: {text}"


def test_the_protocol_sheet_has_every_limit_window_code_rule_and_source(trial: Trial) -> None:
    words = page(trial, "/protocol").words()
    for this in trial.declarations:
        for name, limit in this.limits.items():
            unit = re.escape(words_of_pages.unit(limit.unit))
            assert re.search(rf"{name}\s*{re.escape(_decimal(limit.value))}\s*{unit}", words), name
        for window in this.windows.values():
            assert f"{window}{window.source}".replace(" ", "") in words.replace(" ", "")
        if this.module:
            assert all(str(rule) in words for rule in trial.evaluables[this.id].rules)
    for value_set in trial.value_sets.values():
        assert f"{value_set.name}: {value_set.title} ({len(value_set.rows)})" in words
    codes = {row.code for value_set in trial.value_sets.values() for row in value_set.rows}
    assert all(code in words for code in codes)
    assert all(" ".join(source.split()) in words for source in trial.sources.values())
    assert all(str(rule) in words for rule in trial.verdict_rules)


def test_limits_have_units_as_clinicians_write_them(trial: Trial) -> None:
    written = {words_of_pages.unit(limit.unit) for this in trial.declarations for limit in this.limits.values()}
    assert {"years", "mmHg", "kg/m²", "mg/24 h", "U a day", "°F", "INR", ""} <= written
    assert not [unit for unit in written if re.search(r"[\[\]{}*]|^[amds]$", unit)]


def test_windows_of_medications_stand_where_medications_are_read(trial: Trial) -> None:
    assert all(("order" in this.windows) == ("medications" in this.data) for this in trial.declarations)


def _decimal(value: object) -> str:
    """An exact decimal by another way than the page's: long division of a fraction."""
    whole, text = divmod(value.numerator, value.denominator), ""  # type: ignore[attr-defined]
    rest = whole[1]
    while rest:
        digit, rest = divmod(rest * 10, value.denominator)  # type: ignore[attr-defined]
        text += str(digit)
    return f"{whole[0]}.{text}" if text else str(whole[0])


def test_every_link_within_the_sheet_leads_somewhere(trial: Trial) -> None:
    sheet = page(trial, "/protocol")
    ids = sheet.all("id")
    assert len(ids) == len(set(ids)), "an id stands twice"
    targets = {href[1:] for href in sheet.all("href") if href.startswith("#")}
    assert targets <= set(ids), targets - set(ids)


def test_what_is_not_assessed_is_said_at_the_criterion_and_above(trial: Trial) -> None:
    missing = [this.id for this in trial.declarations if this.module is None]
    sheet = page(trial, "/protocol").words()
    assert sheet.count("Not assessed by this version. Reported as unknown") == len(missing)
    if missing:
        assert f"Not assessed by this version: {', '.join(missing)}" in sheet


def test_the_home_page_says_what_it_is_and_that_the_study_may_be_closed(trial: Trial) -> None:
    words = page(trial, "/").words()
    assert "lists this study as Unknown, last verified November 2012" in words
    assert "https://cds.example.org/trial/cds-services/t1dm-trial-screening" in words
    assert "What this is not" in words


# --- any trial ---


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_accessible_in_their_bones(path: str) -> None:
    shown = page(usual()[1], path)
    elements = dict(shown.elements)
    assert elements["html"]["lang"] == "en"
    assert "main" in elements
    assert shown.words().startswith(("Pre-screening", "Protocol"))
    assert ("a", {"class": "skip", "href": "#content"}) in shown.elements
    assert [tag for tag, _ in shown.elements].count("h1") == 1
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    assert all("scope" in attrs for tag, attrs in shown.elements if tag == "th")


@pytest.mark.parametrize("path", PATHS)
def test_pages_have_nothing_inline_and_nothing_from_elsewhere(path: str) -> None:
    shown = page(usual()[1], path)
    assert not {"style", "img", "iframe", "form"} & {tag for tag, _ in shown.elements}
    assert not [a for _, attrs in shown.elements for a in attrs if a == "style" or a.startswith("on")]
    scripts = [attrs for tag, attrs in shown.elements if tag == "script"]
    assert scripts == [{"src": "/assets/pages.js", "defer": None}]
    loaded = [attrs["href"] for tag, attrs in shown.elements if tag == "link"]
    assert loaded == ["/assets/mark.svg", "/assets/pages.css"]
    for address in ("/assets/pages.js", *loaded):
        content = client_of(usual()[1]).get(address or "").text.replace("http://www.w3.org/2000/svg", "")
        assert content
        assert not re.search(r"url\(|@import|https?:|innerHTML|\beval\b", content), address


def test_the_look_follows_the_reader_and_the_printer() -> None:
    css = client_of(usual()[1]).get("/assets/pages.css")
    assert css.mimetype == "text/css"
    for condition in ("prefers-color-scheme: dark", "@media print", ":focus-visible"):
        assert condition in css.text


@pytest.mark.parametrize("path", PATHS)
def test_pages_link_only_to_what_is_switched_on(path: str) -> None:
    links = page(usual()[1], path).all("href")
    assert not [link for link in links if "sandbox" in link or "registration" in link]


def test_everything_from_the_data_files_is_escaped() -> None:
    evil = '<script>alert("x")</script>'
    given = assessment(result("I8", Status.MET, label=evil, text=evil, text_defect=evil))
    trial = trial_for(given, title=evil, intervention=evil, sources={"S1": evil})
    for path in PATHS:
        shown = page(trial, path)
        assert [attrs for tag, attrs in shown.elements if tag == "script"] == [
            {"src": "/assets/pages.js", "defer": None}
        ]
        assert evil in shown.text


def test_pages_work_behind_a_path_prefix() -> None:
    answer = client_of(usual()[1]).get("/", environ_overrides={"SCRIPT_NAME": "/trial"})
    links = Page(answer.text).all("href")
    assert {"/trial/protocol", "/trial/assets/pages.css", "/trial/cds-services"} <= set(links)


def test_a_trial_with_every_criterion_assessed_has_no_such_note() -> None:
    given, _ = usual()
    complete = trial_for(given)
    for path in PATHS:
        assert "Not assessed by this version" not in page(complete, path).text


def test_pages_are_read_only() -> None:
    assert client_of(usual()[1]).post("/protocol").status_code == 405


def test_unverified_and_excepted_codes_are_marked() -> None:
    _, trial = usual()
    value_set = trial.value_sets["hba1c"]
    row = value_set.rows[0]
    value_set.rows = (
        replace(row, verified="no"),
        replace(row, match="prefix", exceptions=("E10A", "E10B")),
    )
    words = page(trial, "/protocol").words()
    assert "listed only: not verified, never matched" in words
    assert "this code and all below it, except E10A, E10B" in words
