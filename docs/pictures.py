"""Takes the pictures of the pages that stand in ``docs/images``: ``python -m docs.pictures [folder]``.

With ``--all`` every page in light, dark, narrow and as printed, in pieces, for a look before a release.
``--only NAME,...`` takes those whose name begins so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.support.chromium import running_browser
from tests.support.demo import Demo, running_demo

FOLDER = Path(__file__).with_name("images")
HEIGHT = 620
PIECE, MOST_PIECES = 1600, 4
"""Height of the pieces of a long page, and how many are taken of it."""
RECRUITING = "The site states that it recruits"


@dataclass(frozen=True)
class Look:
    width: int
    scheme: Literal["light", "dark"] = "light"
    media: Literal["screen", "print"] = "screen"


LOOKS: Mapping[str, Look] = {
    "light": Look(1000),
    "dark": Look(1000, "dark"),
    "narrow": Look(320),
    "print": Look(720, "dark", "print"),  # the paper stays white, whatever the screen
}

# --- the pages: each is brought to what is pictured -------------------------------------------------------------


def at(path: str) -> Callable[[Page], Page]:
    def go(page: Page) -> Page:
        page.goto(path)
        return page

    return go


def home(page: Page) -> Page:
    page.goto("/")
    page.get_by_text("Healthy").wait_for()
    return page


def search(page: Page) -> Page:
    page.goto("/protocol")
    page.get_by_role("searchbox").fill("hs-CRP")
    return page


def chart(
    patient: str, ehr: str = "generic", *, recruiting: bool = False, behind: bool = False
) -> Callable[[Page], Page]:
    def go(page: Page) -> Page:
        page.goto("/sandbox")
        page.get_by_label("Kind of EHR").first.select_option(ehr)
        if recruiting:
            page.get_by_label(RECRUITING).first.check()
        page.get_by_role("button", name=patient).click()
        page.get_by_role("heading", name=f"Patient {patient}").wait_for()
        if behind:
            page.evaluate("document.querySelectorAll('.chart details').forEach((one) => { one.open = true; })")
        page.mouse.move(0, 0)
        if recruiting:
            page.locator(".suggestions").evaluate("(one) => one.scrollIntoView({block: 'center'})")
        return page

    return go


def put_aside(page: Page) -> Page:
    chart("text-only-labs", "oracle")(page)
    if page.get_by_role("button", name="Not now").count():  # an earlier picture has put it aside
        page.get_by_role("button", name="Not now").click()
        page.get_by_role("button", name="Open the chart again").click()
    page.get_by_text("Held back").wait_for()
    return page


def feedback(page: Page) -> Page:
    chart("year-only-onset", recruiting=True)(page)
    page.locator(".suggestion button").first.click()
    page.locator("#feedback").wait_for()
    return page


def another_server(patient: str, server: str = "") -> Callable[[Page], Page]:
    def go(page: Page) -> Page:
        page.goto("/sandbox")
        page.get_by_text("Another FHIR server").click()
        page.get_by_label("Base address").fill(server or str(page.evaluate("window.name")))
        page.get_by_label("Patient id").fill(patient)
        page.get_by_role("button", name="Open this chart").click()
        page.locator("#problem, #chart-title").first.wait_for()
        return page

    return go


def bundle(text: str) -> Callable[[Page], Page]:
    def go(page: Page) -> Page:
        page.goto("/sandbox")
        page.get_by_text("A chart of your own").click()
        page.get_by_role("textbox", name="Bundle").fill(text)
        page.get_by_role("button", name="Assess this chart").click()
        page.locator("#problem, #chart-title").first.wait_for()
        return page

    return go


def checklist(patient: str) -> Callable[[Page], Page]:
    def go(page: Page) -> Page:
        chart(patient)(page)
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Checklist").click()
        opened.value.wait_for_load_state()
        return opened.value

    return go


PERSON = '{"resource": {"resourceType": "Patient", "id": "p1", "birthDate": "1993-04-02"}}'
BUNDLE = '{"resourceType": "Bundle", "entry": [%s]}'

PLACES: Mapping[str, Callable[[Page], Page]] = {
    "home": home,
    "protocol": at("/protocol#I8"),
    "protocol-search": search,
    "sandbox": at("/sandbox"),
    "chart": chart("long-chart"),
    "chart-potentially-eligible": chart("golden-ada"),
    "chart-insufficient-data": chart("no-key-labs"),
    "chart-not-eligible": chart("pregnancy"),
    "chart-not-applicable": chart("type-2-only"),
    "chart-behind": chart("near-threshold", behind=True),
    "chart-oracle": chart("si-german", "oracle"),
    "chart-suggestions": chart("si-british", "epic", recruiting=True),
    "chart-accepted": feedback,
    "chart-held-back": put_aside,
    "other-server": another_server("golden-ada"),
    "other-server-away": another_server("p1", "http://127.0.0.1:9/fhir"),
    "other-server-refused": another_server("p1", "https://ehr.example.org/fhir"),
    "bundle": bundle(BUNDLE % PERSON),
    "bundle-no-json": bundle("{not JSON"),
    "bundle-nobody": bundle(BUNDLE % ""),
    "bundle-two-people": bundle(BUNDLE % f"{PERSON}, {PERSON.replace('p1', 'p2')}"),
    "checklist": checklist("long-chart"),
    "checklist-not-eligible": checklist("c-peptide-preserved"),
    "registration": at("/registration/generic"),
    "registration-epic": at("/registration/epic"),
    "nothing-here": at("/nothing-here"),
}
KEPT = (
    ("home", "light"), ("protocol", "light"), ("chart", "light"), ("chart", "dark"), ("chart", "narrow"),
    ("chart-suggestions", "light"), ("checklist", "light"),
)  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.pictures")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="", help="the beginning of a name, or several with commas")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    every = [(place, look) for place in PLACES for look in LOOKS] if given.all else KEPT
    with running_demo() as demo, running_browser() as browser:
        for place, look in every:
            if place.startswith(tuple(given.only.split(","))):
                with _page(browser, demo, LOOKS[look]) as page:
                    shown = PLACES[place](page)
                    shown.emulate_media(media=LOOKS[look].media)
                    for path in _taken(shown, given.folder / f"{place}-{look}", whole=given.all):
                        print(f"{path}: {path.stat().st_size // 1000} kB")
    return 0


@contextmanager
def _page(browser: Browser, demo: Demo, look: Look) -> Iterator[Page]:
    context = browser.new_context(
        base_url=demo.url,
        color_scheme=look.scheme,
        viewport={"width": look.width, "height": HEIGHT},
        reduced_motion="reduce",
    )
    context.add_init_script(f"window.name = '{demo.fhir_url}'")
    yield context.new_page()
    context.close()


def _taken(page: Page, name: Path, whole: bool) -> Iterator[Path]:
    """Take one screen of the page, or the whole page in pieces."""
    if not whole:
        path = name.with_suffix(".png")
        page.screenshot(path=path)
        yield path
        return
    if page.evaluate("matchMedia('print').matches"):
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
    width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    shown = min(height, PIECE * MOST_PIECES)
    page.set_viewport_size({"width": width, "height": shown})
    for number, top in enumerate(range(0, shown, PIECE), start=1):
        path = name.with_name(f"{name.name}-{number}.png")
        page.screenshot(path=path, clip={"x": 0, "y": top, "width": width, "height": min(PIECE, shown - top)})
        yield path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
