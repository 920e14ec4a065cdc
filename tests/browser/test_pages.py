"""Every page in light, dark and narrow: nothing for axe-core to find, nothing wider than the window, white on paper."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_sandbox import open_chart

PLACES = (
    "/", "/protocol", "/sandbox", "/registration/epic", "/registration/oracle", "/nothing-here",
    "suggestions", "problem", "checklist",
)  # fmt: skip
LOOKS: tuple[tuple[Literal["light", "dark"], int, dict[str, Any]], ...] = (
    ("light", 1280, {}),
    ("dark", 1280, {"runOnly": ["color-contrast"]}),  # nothing else depends on the scheme
    ("light", 320, {"rules": {"color-contrast": {"enabled": False}}}),  # and contrast not on the width
)
axe = Axe()


def go(page: Page, place: str) -> Page:
    """Open a page with all that it hides unfolded."""
    if place.startswith("/"):
        page.goto(place)
    elif place == "problem":
        page.goto("/sandbox")
        page.get_by_text("A chart of your own").click()
        page.get_by_role("textbox", name="Bundle").fill("{")
        page.get_by_role("button", name="Assess this chart").click()
        expect(page.get_by_role("alert")).to_contain_text("not JSON")
    else:
        open_chart(page, "si-british", recruiting=place == "suggestions")
    if place == "suggestions":
        expect(page.locator(".suggestion")).not_to_have_count(0)
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


@pytest.mark.refusals(400, 404)
@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(page: Page, place: str) -> None:
    shown = go(page, place)
    for scheme, width, rules in LOOKS:
        shown.emulate_media(color_scheme=scheme)
        shown.set_viewport_size({"width": width, "height": 900})
        results = axe.run(shown, options=rules)
        assert results.violations_count == 0, f"{scheme} {width}: {results.generate_report()}"
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, f"{scheme} {width}"


@pytest.mark.parametrize("place", ["/registration/epic", "checklist", "suggestions"])
def test_paper_is_white_without_navigation_and_what_is_folded_is_printed(page: Page, place: str) -> None:
    shown = go(page, place)
    shown.emulate_media(color_scheme="dark", media="print")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(shown.get_by_role("navigation", name="Pages")).to_be_hidden()
    for part in ("body", "main", ".status, h2"):
        light = shown.locator(part).first.evaluate(
            "(one) => getComputedStyle(one).color.match(/\\d+/g).map(Number).reduce((a, b) => Math.max(a, b))"
        )
        assert light < 160, f"{part} is too pale for paper"


def test_the_home_page_says_that_the_service_is_healthy(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("status")).to_contain_text(re.compile("Healthy: .*database.*rules NCT01374854"))


@pytest.mark.refusals(403, 404)
@pytest.mark.parametrize("status", [403, 404])
def test_where_a_proxy_keeps_health_for_operators_the_home_page_does_not_say_that_it_is_ill(
    page: Page, status: int
) -> None:
    page.route("**/health/ready", lambda route: route.fulfill(status=status, content_type="text/html", body="<html>"))
    page.goto("/")
    expect(page.get_by_role("status")).to_have_text("Its health is told to its operators.")
    expect(page.locator(".health.bad")).to_have_count(0)


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


def test_links_lead_into_closed_codes_and_all_but_closed_codes_is_printed(page: Page) -> None:
    page.goto("/protocol#I8")
    expect(page.get_by_role("heading", name="I8 HbA1c")).to_be_in_viewport()
    page.goto("/protocol#codes-hba1c")
    expect(page.get_by_role("cell", name="4548-4", exact=True).first).to_be_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("details:not([open], .codes)")).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.locator("#I8 .rules li").first).to_be_visible()
    expect(page.get_by_role("cell", name="4548-4", exact=True).first).to_be_visible()
    expect(page.locator("#codes-insulin summary")).to_be_visible()
    expect(page.locator("#codes-insulin td").first).to_be_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 42
