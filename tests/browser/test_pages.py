"""Every page in light, dark and narrow: nothing for axe-core to find, nothing wider than the window."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_sandbox import open_chart
from tests.support.demo import Demo

PLACES = ("/", "/protocol", "/sandbox", "/registration/epic", "chart", "checklist")
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "narrow": ("light", 320)}
axe = Axe()


def go(page: Page, place: str) -> Page:
    """Open a page with all that it hides unfolded."""
    if place.startswith("/"):
        page.goto(place)
    else:
        open_chart(page, "golden-ada")
    if place == "checklist":
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Checklist").click()
        page = opened.value
        page.wait_for_load_state()
    if place == "/protocol":  # one template writes all its parts, thousands of lines long: a few of each will do
        page.evaluate("""for (const kind of [".criterion", ".codes"])
            [...document.querySelectorAll(kind)].slice(4).forEach((one) => one.remove())""")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    return page


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    browser: Browser, demo: Demo, place: str, look: str
) -> None:
    scheme, width = LOOKS[look]
    context = browser.new_context(
        base_url=demo.url,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
    )
    page = go(context.new_page(), place)
    results = axe.run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_home_page_says_that_the_service_is_healthy(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("status")).to_contain_text("Healthy: database, rules NCT01374854")


def test_the_protocol_sheet_can_be_searched(page: Page) -> None:
    page.goto("/protocol")
    expect(page.locator("section.criterion:visible")).to_have_count(42)
    page.get_by_role("searchbox").fill("e3")
    expect(page.locator("section.criterion:visible")).to_have_count(1)
    expect(page.get_by_role("heading", name="E3 hs-CRP")).to_be_visible()
    page.get_by_role("searchbox").fill("4548-4")
    expect(page.get_by_role("status")).to_contain_text("value sets hold it.")
    expect(page.locator("#codes-hba1c")).to_be_visible()
    expect(page.locator("#codes-insulin")).to_be_hidden()


def test_a_link_leads_to_a_criterion_and_into_a_closed_list_of_codes(page: Page) -> None:
    page.goto("/protocol#I8")
    expect(page.get_by_role("heading", name="I8 HbA1c")).to_be_in_viewport()
    page.goto("/protocol#codes-hba1c")
    expect(page.get_by_role("cell", name="4548-4", exact=True).first).to_be_visible()


def test_what_is_folded_is_printed(page: Page) -> None:
    page.goto("/protocol")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("details:not([open])")).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 42
