"""Draws lines over a logarithmic or plain axis as SVG: no library, no script, legible in light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 620, 56, 248
"""The area of the lines; above it stand title and legend, below it the ticks."""

_STEPS = (1, 2, 2.5, 5, 10)
_MOST_TICKS = 6
_STYLE = """\
  svg { --paper: #ffffff; --ink: #16211f; --soft: #55635f; --line: #dde4e1; --a: #0b6b64; --b: #b4530a; --c: #5b4bb7 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #15201e; --ink: #e9efec; --soft: #a9b7b2; --line: #33423e; --a: #58c7bb; --b: #f0a45b; --c: #b3a7ff }
  }
  .paper { fill: var(--paper) } text { fill: var(--ink); font: 13px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 15px } .soft { fill: var(--soft); font-size: 12px }
  .grid { stroke: var(--line) } .limit { stroke: var(--soft); stroke-dasharray: 6 4 }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
  .a { stroke: var(--a) } .b { stroke: var(--b) } .c { stroke: var(--c) }
  .dot.a { fill: var(--a) } .dot.b { fill: var(--b) } .dot.c { fill: var(--c) } .dot { stroke: none }"""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: up to three lines, over an axis that is plain, or logarithmic where steps multiply."""

    title: str
    across: str
    """What the horizontal axis counts, with its unit."""
    up: str
    lines: Mapping[str, Points]
    """Points by the name of their line."""
    logarithmic: bool = False
    limit: tuple[str, float] | None = None
    """A budget: its name and the value that is not to be exceeded."""

    def svg(self) -> str:
        """Return the picture as a document of its own; the same chart gives the same text."""
        return "\n".join([*self._head(), *self._axes(), *self._limit(), *self._lines(), "</svg>", ""])

    # -- parts ---------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">'
        )
        yield f'  <title id="t">{escape(self.title)}</title>'
        yield f'  <desc id="d">{escape(self.description)}</desc>'
        yield f"  <style>\n{_STYLE}\n  </style>"
        yield f'  <rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="10"/>'
        yield f'  <text class="title" x="16" y="26">{escape(self.title)}</text>'

    @property
    def description(self) -> str:
        """All that the picture shows, in words: for who cannot see it, and for who searches it."""
        said = (
            f"{name}: " + ", ".join(f"{y:.4g} at {x:,.6g}" for x, y in points) for name, points in self.lines.items()
        )
        return f"{self.up} by {self.across}. {'; '.join(said)}."

    def _axes(self) -> Iterator[str]:
        for value in _ticks(self._top):
            y = self._y(value)
            yield f'  <path class="grid" d="M{LEFT} {y}H{RIGHT}"/>'
            yield f'  <text class="soft" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.6g}</text>'
        for value in self._places():
            label = f"{value:,.6g}</text>"
            yield f'  <text class="soft" x="{self._x(value)}" y="{BOTTOM + 18}" text-anchor="middle">{label}'
        yield f'  <text class="soft" x="{LEFT}" y="{TOP - 12}">{escape(self.up)}</text>'
        yield f'  <text class="soft" x="{RIGHT}" y="{BOTTOM + 38}" text-anchor="end">{escape(self.across)}</text>'

    def _limit(self) -> Iterator[str]:
        if self.limit:
            name, value = self.limit
            y = self._y(value)
            yield f'  <path class="limit" d="M{LEFT} {y}H{RIGHT}"/>'
            yield f'  <text class="soft" x="{LEFT + 6}" y="{y - 6:.1f}">{escape(name)}</text>'

    def _lines(self) -> Iterator[str]:
        x = float(RIGHT)
        for name, colour in reversed(list(zip(self.lines, "abc", strict=False))):
            x -= 24 + 7.2 * len(name)
            yield f'  <path class="line {colour}" d="M{x:.1f} 22h16"/>'
            yield f'  <text x="{x + 22:.1f}" y="26">{escape(name)}</text>'
            x -= 12
        for (_name, points), colour in zip(self.lines.items(), "abc", strict=False):
            places = [(self._x(a), self._y(b)) for a, b in points]
            yield f'  <path class="line {colour}" d="M{"L".join(f"{a} {b}" for a, b in places)}"/>'
            yield from (f'  <circle class="dot {colour}" cx="{a}" cy="{b}" r="3.5"/>' for a, b in places)

    # -- places --------------------------------------------------------------------------------------------

    @property
    def _top(self) -> float:
        return 1.08 * max([y for _x, y in self._points] + ([self.limit[1]] if self.limit else []))

    @property
    def _points(self) -> list[tuple[float, float]]:
        return [point for points in self.lines.values() for point in points]

    def _places(self) -> list[float]:
        """Return what is written along the axis: each place measured where they are few, else round numbers."""
        measured = sorted({x for x, _y in self._points})
        return measured if len(measured) <= _MOST_TICKS else _ticks(measured[-1])

    def _x(self, value: float) -> float:
        at: Callable[[float], float] = math.log if self.logarithmic else float
        measured = [at(x) for x, _y in self._points]
        low, high = min(measured), max(measured)
        return round(LEFT + 16 + (at(value) - low) / (high - low) * (RIGHT - LEFT - 32), 1)

    def _y(self, value: float) -> float:
        return round(BOTTOM - value / self._top * (BOTTOM - TOP), 1)


def _ticks(top: float) -> list[float]:
    """Return round numbers from zero to ``top``, a handful of them."""
    power = 10 ** math.floor(math.log10(top / _MOST_TICKS))
    step = next(one * power for one in _STEPS if top / (one * power) <= _MOST_TICKS)
    return [round(step * number, 10) for number in range(int(top / step) + 1)]
