"""Takes the pictures of the pages that stand in ``docs/images``: ``python -m docs.pictures [folder]``.

With ``--all`` every page in light, dark and narrow, whole, for a look before a release; they are not kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.support.chromium import running_browser
from tests.support.demo import Demo, running_demo

FOLDER = Path(__file__).with_name("images")
PLACES = ("home", "protocol", "sandbox", "chart", "checklist")
LOOKS: dict[str, tuple[Literal["light", "dark"], int]] = {
    "light": ("light", 1000),
    "dark": ("dark", 1000),
    "narrow": ("light", 320),
}
KEPT = (
    ("home", "light"), ("protocol", "light"), ("chart", "light"), ("chart", "dark"), ("chart", "narrow"),
    ("checklist", "light"),
)  # fmt: skip
HEIGHT = 620
PATIENT = "long-chart"


def main(arguments: list[str]) -> int:
    every = "--all" in arguments
    named = [argument for argument in arguments if not argument.startswith("--")]
    folder = Path(named[0]) if named else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(place, look) for place in PLACES for look in LOOKS] if every else KEPT
    with running_demo() as demo, running_browser() as browser:
        for place, look in wanted:
            with _page(browser, demo, look) as page:
                shown = _go(page, place)
                path = folder / f"{place}-{look}.png"
                shown.screenshot(path=path, full_page=every)
                print(f"{path}: {path.stat().st_size // 1000} kB")
    return 0


@contextmanager
def _page(browser: Browser, demo: Demo, look: str) -> Iterator[Page]:
    scheme, width = LOOKS[look]
    context = browser.new_context(
        base_url=demo.url, color_scheme=scheme, viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def _go(page: Page, place: str) -> Page:
    """Bring the page to what is pictured."""
    page.goto({"home": "/", "protocol": "/protocol#I8"}.get(place, "/sandbox"))
    if place == "home":
        page.get_by_text("Healthy").wait_for()
    if place in ("chart", "checklist"):
        page.get_by_role("button", name=PATIENT).click()
        page.get_by_role("heading", name=f"Patient {PATIENT}").wait_for()
    if place == "checklist":
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Checklist").click()
        page = opened.value
        page.wait_for_load_state()
    return page


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
