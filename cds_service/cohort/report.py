"""report.html: what became of a population, for people who plan the study. It names no patient.

Numbers go through `disclosure`; what the template gets is ready to be shown or drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader

from cds_service.cohort.causes import Group, group_of, words_of
from cds_service.cohort.disclosure import Disclosure
from cds_service.cohort.tally import Tally, order
from rules.assessment import Kind, Verdict
from rules.trial import Trial

_WIDTH = 520
"""Of a full bar, in the picture's own units."""
_MOST_LACKING = 15
_PASSES = (Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE, Verdict.INSUFFICIENT_DATA)

_TEMPLATES = Environment(
    loader=PackageLoader("cds_service.cohort"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the report is about."""

    tally: Tally
    trial: Trial
    on: date
    not_assessed: int
    unreadable_lines: int
    disclosure: Disclosure

    def html(self) -> bytes:
        return (
            _TEMPLATES.get_template("report.html")
            .render(
                trial=self.trial,
                on=self.on,
                registry=self.trial.registry,
                exact=self.disclosure.exact,
                smallest=self.disclosure.smallest,
                tiles=list(self._tiles()),
                scope=self._scope(),
                in_scope=self._text(self.tally.applicable),
                steps=list(self._steps()),
                quiet=self._quiet(),
                lacking=list(self._lacking()),
                groups=list(Group),
                alone=list(self._alone()),
                rows=list(self._rows()),
                causes=list(self._causes()),
                gaps=self._gaps(),
                width=_WIDTH,
            )
            .encode()
        )

    # -- parts -------------------------------------------------------------------------------------------

    def _text(self, count: int) -> str:
        return self.disclosure.text(count)

    def _label(self, criterion: str) -> str:
        return self.trial.declaration(criterion).label

    def _scope(self) -> str:
        gates = [name for name in order(self.trial) if name in self.trial.gates]
        return " and ".join(f"{name} {self._label(name)}" for name in gates)

    def _tiles(self) -> Iterator[dict[str, str]]:
        """Yield the numbers that a slide would begin with."""
        tally, apart = self.tally, sum(self.tally.apart.values())
        verdicts = {verdict: tally.verdicts[verdict.value] for verdict in Verdict}
        yield self._tile("people in the data", tally.people, "")
        yield self._tile("in scope", tally.applicable, self._scope())
        yield self._tile("nothing decisive against", sum(verdicts[v] for v in _PASSES), "no criterion blocks")
        yield self._tile("possibly eligible", verdicts[Verdict.POSSIBLY_ELIGIBLE], "data missing or borderline")
        yield self._tile(
            "potentially eligible", verdicts[Verdict.POTENTIALLY_ELIGIBLE], "all that data can settle is met"
        )
        if apart:
            reasons = [
                rule.name.replace("-", " ") for rule in self.trial.verdict_rules if rule.name in self.tally.apart
            ]
            yield self._tile("set apart beforehand", apart, ", ".join(reasons))

    def _tile(self, name: str, count: int, more: str) -> dict[str, str]:
        return {"name": name, "count": self._text(count), "more": more}

    def _funnel(self) -> Iterator[tuple[str, int, int]]:
        """Yield each criterion after the gates with how many come to it and how many remain after it."""
        remaining = self.tally.applicable
        for name in order(self.trial):
            if name not in self.trial.gates:
                before, remaining = remaining, remaining - self.tally.removed[name]
                yield name, before, remaining

    def _steps(self) -> Iterator[dict[str, Any]]:
        """Yield the bars of the funnel: criteria that remove somebody or are unknown of many."""
        for name, before, remaining in self._funnel():
            if self._is_quiet(name):
                continue
            unknown, still_open = self.tally.unknown[name], self.tally.open[name]
            clear = max(remaining - unknown - still_open, 0)
            x = 0.0
            parts = []
            for kind, count in (
                ("clear", clear),
                ("judge", still_open),
                ("unknown", unknown),
                ("removed", before - remaining),
            ):
                width = self._scaled(count)
                parts.append({"kind": kind, "x": round(x, 1), "width": round(width, 1)})
                x += width
            yield {
                "id": name, "label": self._label(name), "parts": parts, "end": round(x, 1),
                "remaining": self._text(remaining), "removed": self._text(before - remaining),
                "unknown": self._text(unknown),
            }  # fmt: skip

    def _is_quiet(self, name: str) -> bool:
        return self.tally.removed[name] == 0 and self.tally.unknown[name] == 0

    def _quiet(self) -> list[str]:
        return [name for name, _before, _after in self._funnel() if self._is_quiet(name)]

    def _scaled(self, count: int) -> float:
        whole = self.disclosure.length(self.tally.applicable)
        return min(self.disclosure.length(count) / whole, 1.0) * _WIDTH if whole else 0.0

    def _by_cause(self) -> Mapping[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for key, count in self.tally.causes.items():
            name, _slash, cause = key.partition("/")
            if self.trial.declaration(name).kind is not Kind.HEADER:
                found[name][cause] += count
        return found

    def _most_lacking(self) -> list[tuple[str, Counter[str]]]:
        places = {name: place for place, name in enumerate(order(self.trial))}
        return sorted(self._by_cause().items(), key=lambda item: (-item[1].total(), places[item[0]]))

    def _lacking(self) -> Iterator[dict[str, Any]]:
        """Yield the criteria that are unknown most often, with what is behind it and what would settle it."""
        for name, causes in self._most_lacking()[:_MOST_LACKING]:
            groups: Counter[Group] = Counter()
            for cause, count in causes.items():
                groups[group_of(cause)] += count
            x, parts = 0.0, []
            for place, group in enumerate(Group):
                if groups[group]:
                    width = self._scaled(groups[group])
                    parts.append({"kind": f"g{place}", "x": round(x, 1), "width": round(width, 1)})
                    x += width
            yield {
                "id": name, "label": self._label(name), "parts": parts, "end": round(min(x, _WIDTH), 1),
                "count": self._text(causes.total()),
                "percent": self.disclosure.percent(causes.total(), self.tally.applicable),
                "settled_by": self.trial.declaration(name).settled_by,
            }  # fmt: skip

    def _causes(self) -> Iterator[dict[str, Any]]:
        """Yield every criterion that is unknown of somebody, with all causes."""
        for name, causes in self._most_lacking():
            listed = sorted(causes.items(), key=lambda item: (-item[1], item[0]))
            merged: Counter[str] = Counter()
            for cause, count in listed:
                merged[words_of(cause)] += count
            yield {
                "id": name, "label": self._label(name), "count": self._text(causes.total()),
                "causes": [f"{words}: {self._text(count)}" for words, count in merged.items()],
                "settled_by": self.trial.declaration(name).settled_by,
            }  # fmt: skip

    def _alone(self) -> Iterator[dict[str, Any]]:
        """Yield the criteria that are the only thing against somebody: what relaxing each would bring."""
        for name, count in sorted(self.tally.alone.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LACKING]:
            blocked = self.tally.blocked[name]
            yield {
                "id": name, "label": self._label(name), "alone": self._text(count), "blocked": self._text(blocked),
                "width_alone": round(self._scaled(count), 1), "width_blocked": round(self._scaled(blocked), 1),
            }  # fmt: skip

    def _rows(self) -> Iterator[dict[str, str]]:
        for name, before, remaining in self._funnel():
            tally = self.tally
            counts = {
                "reached": before, "removed": before - remaining, "remaining": remaining, "open": tally.open[name],
                "unknown": tally.unknown[name], "blocked": tally.blocked[name], "alone": tally.alone[name],
            }  # fmt: skip
            yield {"id": name, "label": self._label(name), **{key: self._text(n) for key, n in counts.items()}}

    def _gaps(self) -> list[str]:
        """Return what stands behind none of the numbers."""
        found = []
        if self.not_assessed:
            found.append(f"{self._text(self.not_assessed)} patients were not assessed; not-assessed.ndjson says why.")
        if self.unreadable_lines:
            found.append(
                f"{self.unreadable_lines:,} lines of the source could not be read; quarantine.ndjson lists them."
            )
        return found
