"""The page that plays the EHR, as a person uses it: charts, cards, answers, a chart of one's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cds_service.sandbox.patients import ALL, SyntheticPatient
from cds_service.sandbox.processes import local_session
from tests.support.demo import Demo
from tests.support.fhir import C_PEPTIDE, HBA1C, bundle, condition, observation, patient

SHOWN = {"potentially-eligible", "possibly-eligible"}
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>[x](javascript:window.hacked=1)'


def open_chart(page: Page, name: str, prefetch: str = "everything asked for") -> None:
    page.goto("/sandbox")
    page.get_by_label(prefetch).first.check()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=f"Patient {name}")).to_be_focused()


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(20):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("twenty times Tab does not lead there")


def paste(page: Page, content: dict[str, Any]) -> None:
    page.goto("/sandbox")
    page.get_by_text("A chart of your own").click()
    page.get_by_role("textbox", name="Bundle").fill(json.dumps(content))
    page.get_by_role("button", name="Assess this chart").click()
    expect(page.get_by_role("heading", name="Patient of the Bundle")).to_be_focused()


def own_chart(**changes: Any) -> dict[str, Any]:
    """A Bundle that gives a card; ``changes`` are those of its HbA1c."""
    recently = (datetime.now(UTC).date() - timedelta(days=30)).isoformat()
    hba1c = observation(HBA1C, 8.4, "%", recently) | changes
    c_peptide = observation(C_PEPTIDE, 0.1, "ng/mL", recently)
    return bundle(patient(), condition(onset="2015-03-01"), hba1c, c_peptide, type="collection")


@pytest.mark.parametrize("person", ALL, ids=lambda person: person.id)
def test_each_patient_gives_the_expected_card(page: Page, person: SyntheticPatient) -> None:
    open_chart(page, person.id)
    expect(page.locator(".behind .word code")).to_have_text(person.expected_verdict)
    cards = page.locator("article.card")
    if person.expected_verdict in SHOWN:
        expect(cards).to_have_count(1)
        expect(cards.get_by_role("heading")).to_contain_text("NCT01374854")
        expect(cards.locator(".indicator")).to_have_text("Information")
        expect(cards.get_by_role("button")).to_have_count(6)
    else:
        expect(cards).to_have_count(0)
        expect(page.locator(".no-card")).to_contain_text("No card.")


@pytest.mark.parametrize(
    ("choice", "keys", "pulled"),
    [("everything asked for", 8, False), ("patient and problems only", 2, True), ("nothing", 0, True)],
)
def test_the_switch_decides_how_much_is_prefetched(page: Page, choice: str, keys: int, pulled: bool) -> None:
    open_chart(page, "golden-ada", choice)
    expect(page.locator(".behind .word code")).to_have_text("potentially-eligible")
    request = json.loads(page.locator("pre").first.text_content() or "")
    assert len(request.get("prefetch", {})) == keys
    searches = page.locator("table.data").last
    assert ("labs" in (searches.text_content() or "")) is pulled


def test_behind_the_card_stand_all_criteria_with_value_date_and_source(page: Page) -> None:
    open_chart(page, "golden-ada")
    page.get_by_text("All 39 criteria").click()
    rows = page.locator("table.criteria tbody tr")
    expect(rows).to_have_count(42)
    hba1c = rows.filter(has=page.get_by_role("link", name="I8", exact=True))
    expect(hba1c).to_contain_text("met")
    expect(hba1c).to_contain_text("8.4 %")
    expect(hba1c).to_contain_text("Observation/golden-ada-observation-")
    expect(page.get_by_role("img", name="HbA1c over time")).to_be_visible()


def test_feedback_keeps_the_card_away(page: Page) -> None:
    open_chart(page, "si-british")
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#feedback")).to_contain_text("Feedback sent: overridden.")
    page.get_by_role("button", name="Open the chart again").click()
    expect(page.get_by_role("heading", name="Patient si-british")).to_be_focused()
    expect(page.locator(".no-card")).to_contain_text("Held back: the card was put aside earlier with “Not now”.")
    expect(page.locator("article.card")).to_have_count(0)
    expect(page.locator(".behind .word code")).to_have_text("possibly-eligible")


def test_the_keyboard_alone_suffices(page: Page) -> None:
    page.goto("/sandbox")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # the choice of prefetch
    tab_to(page, page.get_by_role("button", name="text-only-labs"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Patient text-only-labs")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("region", name="Detail of the card")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Not now"))
    page.keyboard.press("Enter")
    expect(page.locator("#feedback")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".no-card")).to_contain_text("Held back")
    tab_to(page, page.get_by_text("All 39 criteria"))
    page.keyboard.press("Enter")
    expect(page.locator("table.criteria")).to_be_visible()


def test_what_happens_is_announced(page: Page) -> None:
    open_chart(page, "golden-ada")
    expect(page.locator("[data-said]")).to_have_text("Patient golden-ada")


def test_a_pasted_bundle_gives_a_card(page: Page) -> None:
    paste(page, own_chart())
    expect(page.locator("article.card h3")).to_contain_text("NCT01374854")
    expect(page.locator(".behind .word code")).to_have_text("possibly-eligible")


def test_the_checklist_is_reached_from_the_card(page: Page) -> None:
    open_chart(page, "golden-ada")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Checklist for the research nurse").click()
    checklist = opened.value
    expect(checklist.get_by_role("heading", name="Checklist for NCT01374854")).to_be_visible()
    expect(checklist.locator("li.item")).to_have_count(42)
    expect(checklist.get_by_role("img", name="HbA1c over time")).to_be_visible()


def test_html_in_chart_text_does_nothing(page: Page, demo: Demo) -> None:
    evil = own_chart(
        code={"coding": [{"system": "http://loinc.org", "code": HBA1C, "display": EVIL}], "text": EVIL},
        valueQuantity={"value": 8.4, "unit": EVIL, "system": "http://unitsofmeasure.org", "code": "%"},
    )
    paste(page, evil)
    expect(page.locator("article.card .detail")).to_contain_text("<script>window.hacked=1</script>")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Checklist").click()
    expect(opened.value.locator("main")).to_contain_text("<script>window.hacked=1</script>")
    named = patient(id="evil-name", name=[{"family": EVIL}])
    with local_session() as session:
        answer = session.put(f"{demo.fhir_url}/Patient/evil-name", json=named, timeout=10)
        assert answer.ok, answer.text
    page.get_by_text("Another FHIR server").click()
    page.get_by_label("Base address").fill(demo.fhir_url)
    page.get_by_label("Patient id").fill("evil-name")
    page.get_by_role("button", name="Open this chart").click()
    expect(page.locator(".banner")).to_contain_text("<script>window.hacked=1</script>")
    for one in (page, opened.value):
        assert one.evaluate("window.hacked") is None
        assert one.locator("main img, main script, a[href^='javascript']").count() == 0


def test_without_scripts_the_forms_do_the_same(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(base_url=demo.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/sandbox")
    page.get_by_role("button", name="golden-ada").click()
    expect(page.get_by_role("heading", name="Patient golden-ada")).to_be_visible()
    expect(page.locator("article.card")).to_have_count(1)
    with context.expect_page() as opened:
        page.get_by_role("button", name="Checklist").click()
    expect(opened.value.get_by_role("heading", name="Checklist for NCT01374854")).to_be_visible()
    context.close()
