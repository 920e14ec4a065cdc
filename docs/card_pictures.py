"""Takes the pictures of ``docs/cards.md``: ``python -m docs.card_pictures [folder]``; with ``--all`` whole cards."""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2 import Environment, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from docs.cards import IMAGES, cards_of
from tests.support.chromium import chromium, running_browser

WIDTHS = {"oracle": 320}
WIDTH, HEIGHT = 440, 560

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_PAGE = Environment(autoescape=select_autoescape(default=True)).from_string(
    """<!doctype html><html lang="en"><meta charset="utf-8"><title>card</title><style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2733; --soft: #55616e; --line: #d5dbe2; --link: #0b5394;
  --bar: #2f6f9f; --tint: #f3f6f9; }
@media (prefers-color-scheme: dark) { :root { --paper: #171c22; --ink: #e4e9ee; --soft: #a9b4c0; --line: #38424d;
  --link: #8fc1f0; --bar: #6ba6d3; --tint: #20272f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.45 "DejaVu Sans", sans-serif; }
article { border-left: 5px solid var(--bar); padding: 12px 14px; overflow-wrap: anywhere; }
h1 { font-size: 15px; line-height: 1.35; margin: 0 0 2px; }
.source { color: var(--soft); font-size: 12px; margin: 0 0 10px; }
a { color: var(--link); }
p { margin: 8px 0; } ul { margin: 4px 0 8px; padding-left: 18px; } li { margin: 2px 0; }
.suggestion, .reasons { border: 1px solid var(--line); background: var(--tint); border-radius: 4px; padding: 6px 9px;
  margin: 6px 0; font-size: 13px; }
.suggestion b { display: block; }
</style><article><h1>{{ card.summary }}</h1><p class="source">{{ card.source.label }}</p>
{% for s in card.suggestions %}<div class="suggestion"><b>{{ s.label }}</b>{{ s.actions[0].description }}</div>
{% endfor %}{{ detail }}
<div class="reasons">{% for r in card.overrideReasons %}{{ r.display }}{{ " · " if not loop.last }}{% endfor %}</div>
</article></html>"""
)


def main(arguments: list[str]) -> int:
    whole = "--all" in arguments
    named = [argument for argument in arguments if not argument.startswith("--")]
    folder = Path(named[0]) if named else IMAGES
    if chromium() is None:
        print("The pictures need Chromium (Debian: apt install chromium), or name it: CHROMIUM=...", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with running_browser() as browser:
        for example, card in cards_of():
            size = {"width": WIDTHS.get(example.profile, WIDTH), "height": HEIGHT}
            scheme = "dark" if example.look == "dark" else "light"
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            page.set_content(_PAGE.render(card=card, detail=Markup(_MARKDOWN.render(card["detail"]))))
            path = folder / example.image.name
            page.screenshot(path=path, full_page=whole)
            page.close()
            print(f"{path.name}: {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
