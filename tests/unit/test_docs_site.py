"""The documentation as a site: no warning, no link into the void, nothing loaded from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LARGEST_PICTURE = 200_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs-site` builds it; a link that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_document_is_a_page_of_the_site_and_can_be_found(site: Path) -> None:
    listed = re.findall(r"([\w-]+)\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    written = {path.stem for path in DOCS.glob("*.md")}
    assert written <= set(listed), "add it to nav in mkdocs.yml"
    assert written <= {path.stem for path in site.glob("*.html")}


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?(https?:)?//", html)
        loaded += re.findall(r"<link[^>]*rel=\"?(?:stylesheet|preconnect|icon)[^>]*href=\"?(?:https?:)?//", html)
        assert not loaded, page.name
        assert "mermaid" not in html, f"{page.name}: the theme fetches the drawing of mermaid from elsewhere"


def test_the_site_settings_name_no_address_to_load_from() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert settings["theme"]["font"] is False
    assert "extra_javascript" not in settings
    assert settings["extra_css"] == ["site.css"]
    assert "url(" not in (DOCS / "site.css").read_text(encoding="utf-8")


def test_pictures_are_small_and_used() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in [*DOCS.glob("*.md"), ROOT / "README.md"])
    pictures = [path for path in (DOCS / "images").rglob("*") if path.is_file()]
    assert len(pictures) > 6
    for picture in pictures:
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name
        assert picture.name in text, f"{picture.name} stands in no document"
