"""One browser and one demo for all tests; each page that a test opens is watched for errors and stray requests."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.chromium import chromium, running_browser
from tests.support.demo import Demo, running_demo

_HERE = Path(__file__).parent
_LOCAL = ("127.0.0.1", "")
PATIENCE_MS = 30_000
"""For what is to come on a page, on a machine that is busy otherwise."""
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process, so that they share browser and demo; say what is missing to run them."""
    lacks = [
        *([] if chromium() else ["Chromium (Debian: apt install chromium; or name it: CHROMIUM=...)"]),
        *([] if (Path(sysconfig.get_path("scripts")) / "sekmet").is_file() else ["the `sandbox` extra"]),
    ]
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
            if lacks:
                item.add_marker(pytest.mark.skip(reason=f"needs {' and '.join(lacks)}"))


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with running_demo() as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


class Watch:
    """What happened on the pages of a context that should not."""

    def __init__(self, context: BrowserContext, refusals: tuple[int, ...] = ()) -> None:
        """``refusals`` are the statuses of answers that the test asks for: browsers log each as an error."""
        self._expected = tuple(f"responded with a status of {status}" for status in refusals)
        self.problems: list[str] = []
        context.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        context.on("weberror", lambda error: self._note(True, str(error.error)))
        context.on("request", lambda request: self._note(urlsplit(request.url).hostname not in _LOCAL, request.url))
        context.on("dialog", lambda dialog: self._note(True, f"dialog {dialog.message}"))

    def _note(self, is_problem: bool, text: str) -> None:
        if is_problem and not any(expected in text for expected in self._expected):
            self.problems.append(text)


@pytest.fixture
def context(browser: Browser, demo: Demo, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser as of a new person. Marks: ``without_scripts``, and ``refusals`` with statuses that are asked for."""
    refusals = request.node.get_closest_marker("refusals")
    made = browser.new_context(
        base_url=demo.url,
        viewport={"width": 1280, "height": 900},
        java_script_enabled=request.node.get_closest_marker("without_scripts") is None,
    )
    made.set_default_timeout(PATIENCE_MS)
    watch = Watch(made, refusals.args if refusals else ())
    yield made
    made.close()
    assert not watch.problems, watch.problems


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
