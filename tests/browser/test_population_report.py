"""The report of a screening, as a file on a computer without a network: in light, dark and narrow."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from rules.trial_folder import load_trial
from tests.support.population import PACKAGE
from tests.unit.cohort.test_results import html

axe = Axe()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(load_trial(PACKAGE)), encoding="utf-8")
    return path


@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 1000), ("light", 320)])
def test_axe_finds_nothing_nothing_is_wide_and_no_label_is_cut(
    browser: Browser, report: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(_LABELS_THAT_MEET_A_NUMBER) == []
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert asked == [report.as_uri()]
    context.close()


_LABELS_THAT_MEET_A_NUMBER = """[...document.querySelectorAll('figure > svg')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')].map(one => [one.textContent, one.getBBox()]);
  const edge = svg.viewBox.baseVal.width;
  const wide = texts.filter(([_, box]) => box.x < 0 || box.x + box.width > edge);
  const meet = texts.filter(([_, a], n) => texts.slice(n + 1).some(([_, b]) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height - 3 && b.y < a.y + a.height - 3));
  return [...wide, ...meet].map(([text, _]) => text);
})"""
