"""Takes the picture of docs/population.md: ``python -m docs.population_picture [report.html]``, with Chromium.

Without a report it invents and screens 10,000 people first, which takes some minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from cds_service.cli import main as trial_cds
from cds_service.cohort.synthetic.write import LAST_DAY
from tests.support.chromium import chromium, running_browser

PICTURE = Path(__file__).with_name("images") / "population-report.png"
PEOPLE = 10_000
WIDTH = 1000


def take(report: Path, picture: Path) -> None:
    """Picture the head of a report: the numbers and the funnel."""
    with running_browser() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme="light")
        page.goto(report.as_uri())
        funnel = page.locator("figure").first.bounding_box()
        assert funnel is not None
        height = funnel["y"] + funnel["height"] + 2
        page.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})


def main(arguments: list[str]) -> int:
    if chromium() is None:
        print("The picture needs Chromium (Debian: apt install chromium), or name it: CHROMIUM=...", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(arguments[0]) if arguments else _screened(Path(scratch))
        take(report.resolve(), PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1000} kB")
    return 0


def _screened(folder: Path) -> Path:
    """Invent a population, screen it, and return the report."""
    source, out = folder / "population", folder / "result"
    for command in (
        ["synth", "--patients", str(PEOPLE), "--seed", "1", "--out", str(source)],
        ["screen", str(source), "--out", str(out), "--date", LAST_DAY.isoformat()],
    ):
        if trial_cds(command) != 0:
            raise SystemExit(f"trial-cds {command[0]} has failed")
    return out / "report.html"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
