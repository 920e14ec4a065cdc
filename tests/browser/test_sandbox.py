"""The page that plays the EHR, as a person uses it: charts, cards, answers, a chart of one's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from cds_service.sandbox.patients import ALL, SyntheticPatient
from cds_service.sandbox.processes import local_session
from tests.support.demo import Demo
from tests.support.fhir import C_PEPTIDE, HBA1C, bundle, condition, observation, patient

SHOWN = {"potentially-eligible", "possibly-eligible"}
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>[x](javascript:window.hacked=1)'


RECRUITING = "The site states that it recruits"


def open_chart(
    page: Page, name: str, prefetch: str = "everything asked for", *, ehr: str = "generic", recruiting: bool = False
) -> None:
    page.goto("/sandbox")
    page.get_by_label("Kind of EHR").first.select_option(ehr)
    page.get_by_label(RECRUITING).first.set_checked(recruiting)
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
    open_chart(page, "si-german")
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#feedback")).to_contain_text("Feedback sent: overridden.")
    page.get_by_role("button", name="Open the chart again").click()
    expect(page.get_by_role("heading", name="Patient si-german")).to_be_focused()
    expect(page.locator(".no-card")).to_contain_text("Held back: the card was put aside earlier with “Not now”.")
    expect(page.locator("article.card")).to_have_count(0)
    expect(page.locator(".behind .word code")).to_have_text("possibly-eligible")


def test_a_suggestion_is_accepted_and_then_on_order(page: Page, demo: Demo) -> None:
    """The real service suggests, the EHR puts the draft into the chart and sends feedback, and the service sees it."""
    open_chart(page, "age-forty-four", recruiting=True)
    expect(page.locator("article.card")).to_contain_text("Nobody, invented for the sandbox, stated on")
    suggested = page.locator(".suggestion button")
    expect(suggested).to_have_count(4)
    page.get_by_role("button", name="Accept: Lipid panel").click()
    expect(page.locator("#feedback")).to_contain_text("Feedback sent: accepted. The service stored it.")
    said = page.locator("#feedback").text_content() or ""
    order = said.partition("(")[2].partition(")")[0]
    with local_session() as session:
        stored = session.get(f"{demo.fhir_url}/{order}", timeout=10).json()
    assert (stored["status"], stored["code"]["text"]) == ("draft", "Lipid panel")
    assert stored["subject"] == {"reference": "Patient/age-forty-four"}
    page.get_by_role("button", name="Open the chart again").click()
    expect(page.get_by_role("heading", name="Patient age-forty-four")).to_be_focused()
    expect(suggested).to_have_count(3)
    expect(page.get_by_role("button", name="Accept: Lipid panel")).to_have_count(0)


@pytest.mark.parametrize(
    ("ehr", "path", "sources"), [("epic", "/sandbox/epic/", True), ("oracle", "/sandbox/oracle/", False)]
)
def test_the_card_is_made_for_the_kind_of_ehr(page: Page, ehr: str, path: str, sources: bool) -> None:
    open_chart(page, "golden-ada", ehr=ehr)
    page.get_by_text("Request", exact=True).click()
    expect(page.get_by_text("POST of JSON to")).to_contain_text(f"{path}cds-services/t1dm-trial-screening")
    assert ("Source: Observation/" in (page.locator("article.card .detail").text_content() or "")) is sources
    expect(page.get_by_label("Kind of EHR").first).to_have_value(ehr)


@pytest.mark.refusals(400)
def test_what_cannot_be_opened_is_said_and_what_was_typed_stays(page: Page, unused_port: int) -> None:
    page.goto("/sandbox")
    page.get_by_text("Another FHIR server").click()
    page.get_by_label("Base address").fill("https://ehr.example.org/fhir")
    page.get_by_label("Patient id").fill("p1")
    page.get_by_role("button", name="Open this chart").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("not one that the service may call")
    expect(page.get_by_label("Patient id")).to_have_value("p1")
    page.get_by_label("Base address").fill(f"http://127.0.0.1:{unused_port}/fhir")
    page.get_by_role("button", name="Open this chart").click()
    expect(page.locator(".answer")).to_contain_text("The service answered 412: Required data are missing")
    expect(page.locator(".answer")).to_contain_text("The EHR could not read from this FHIR server either")


def test_the_keyboard_alone_suffices(page: Page) -> None:
    page.goto("/sandbox")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # the kind of EHR
    expect(page.get_by_label("Kind of EHR").first).to_be_focused()
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
    rows = checklist.locator("li.item, table.criteria tbody tr")
    expect(rows).to_have_count(42)
    expect(checklist.get_by_role("img", name="HbA1c over time")).to_be_visible()


def evil_everywhere() -> dict[str, Any]:
    """A chart in which every text that a record may hold is HTML."""
    recently = (datetime.now(UTC).date() - timedelta(days=30)).isoformat()
    narrative = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{EVIL}</div>'}
    hba1c = observation(HBA1C, 8.4, EVIL, recently) | {
        "code": {"coding": [{"system": "http://loinc.org", "code": HBA1C, "display": EVIL}], "text": EVIL},
        "valueQuantity": {"value": 8.4, "unit": EVIL, "system": "http://unitsofmeasure.org", "code": "%"},
        "note": [{"text": EVIL}],
        "text": narrative,
        "interpretation": [{"text": EVIL}],
    }
    crp = observation("30522-7", 0.4, "mg/L", recently) | {
        "referenceRange": [{"text": EVIL, "high": {"value": 3, "unit": EVIL}}],
        "valueQuantity": {"value": 0.4, "unit": EVIL},
    }
    hemoglobin = observation("718-7", 14, "g/dL", recently) | {
        "referenceRange": [{"text": EVIL, "low": {"value": 12, "unit": "g/dL"}}]
    }
    smoking = observation("72166-2", 1, "1", recently) | {"valueString": EVIL}
    del smoking["valueQuantity"]
    person = patient(name=[{"text": EVIL, "family": EVIL}], text=narrative)
    diabetes = condition(onset="2015-03-01") | {"note": [{"text": EVIL}]}
    diabetes["code"] = {**diabetes["code"], "text": EVIL}
    cancer = condition(onset="2024-03-01") | {"id": "c2", "code": {"text": f"breast cancer {EVIL}"}}
    insulin = {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "subject": diabetes["subject"], "authoredOn": recently,
        "medicationCodeableConcept": {"text": f"insulin glargine {EVIL}"}, "dosageInstruction": [{"text": EVIL}],
    }  # fmt: skip
    return bundle(person, diabetes, cancer, hba1c, crp, hemoglobin, smoking, insulin, type="collection")


def is_inert(page: Page) -> None:
    """Nothing of a chart's text became an element, and none of it ran."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, a[href^='javascript']").count() == 0


def test_html_in_chart_text_does_nothing(page: Page, demo: Demo) -> None:
    for chart in (evil_everywhere(), own_chart(valueQuantity={"value": 8.4, "unit": EVIL, "code": "%"})):
        paste(page, chart)
        expect(page.locator(".chart")).to_contain_text("<script>window.hacked=1</script>")
        is_inert(page)
    expect(page.locator("article.card .detail")).to_contain_text("<script>window.hacked=1</script>")
    paste(page, evil_everywhere())
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Checklist").click()
    expect(opened.value.locator("main")).to_contain_text("<script>window.hacked=1</script>")
    is_inert(opened.value)


def test_html_in_the_chart_of_another_server_does_nothing(page: Page, demo: Demo) -> None:
    entries = [entry["resource"] for entry in evil_everywhere()["entry"]]
    renamed = json.loads(json.dumps(entries).replace("Patient/p1", "Patient/evil-name"))
    with local_session() as session:
        for number, resource in enumerate(renamed):
            named = resource | {"id": f"evil-{number}" if number else "evil-name"}
            answer = session.put(f"{demo.fhir_url}/{named['resourceType']}/{named['id']}", json=named, timeout=10)
            assert answer.ok, answer.text
    page.goto("/sandbox")
    page.get_by_text("Another FHIR server").click()
    page.get_by_label("Base address").fill(demo.fhir_url)
    page.get_by_label("Patient id").fill("evil-name")
    page.get_by_role("button", name="Open this chart").click()
    expect(page.locator(".banner")).to_contain_text("<script>window.hacked=1</script>")
    expect(page.locator(".behind")).to_contain_text("<script>window.hacked=1</script>")
    is_inert(page)


@pytest.mark.refusals(400)
@pytest.mark.parametrize("text", [EVIL, json.dumps({"resourceType": EVIL}), json.dumps(bundle({"resourceType": EVIL}))])
def test_html_in_what_cannot_be_assessed_does_nothing(page: Page, text: str) -> None:
    page.goto("/sandbox")
    page.get_by_text("A chart of your own").click()
    page.get_by_role("textbox", name="Bundle").fill(text)
    page.get_by_role("button", name="Assess this chart").click()
    expect(page.get_by_role("alert")).to_contain_text("The Bundle cannot be assessed")
    is_inert(page)


@pytest.mark.without_scripts
def test_without_scripts_the_forms_do_the_same(page: Page) -> None:
    page.goto("/sandbox")
    page.get_by_role("button", name="golden-ada").click()
    expect(page.get_by_role("heading", name="Patient golden-ada")).to_be_visible()
    expect(page.locator("article.card")).to_have_count(1)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Checklist").click()
    expect(opened.value.get_by_role("heading", name="Checklist for NCT01374854")).to_be_visible()


@pytest.mark.without_scripts
@pytest.mark.refusals(400)
def test_without_scripts_a_bundle_that_cannot_be_assessed_is_still_there_and_inert(page: Page) -> None:
    page.goto("/sandbox")
    page.get_by_text("A chart of your own").click()
    page.get_by_role("textbox", name="Bundle").fill(f"</textarea>{EVIL}")
    page.get_by_role("button", name="Assess this chart").click()
    expect(page.get_by_role("alert")).to_contain_text("not JSON")
    expect(page.get_by_role("textbox", name="Bundle")).to_have_value(f"</textarea>{EVIL}")
    assert page.locator("main img, main script").count() == 0
