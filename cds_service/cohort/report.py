"""report.html: what became of a population, for people who plan the study. It names no patient.

Numbers go through `disclosure`; what the template gets is ready to be shown or drawn. Every count that it gets must
stand in `Report.counts` too, for there it is tried whether the small ones stay hidden.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader

from cds_service.cohort.causes import Group, group_of, words_of
from cds_service.cohort.disclosure import CannotHideError, Disclosure, Sum
from cds_service.cohort.tally import Tally, order
from rules.assessment import Kind, Verdict
from rules.trial import Trial

_WIDTH = 535
"""Of a full bar, in the picture's own units."""
_MOST_LACKING = 15
_SCOPE, _PASSED = "in scope", "passed"
"""Names of the counts at both ends of the funnel."""
_PASSES = (Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE, Verdict.INSUFFICIENT_DATA)

_TEMPLATES = Environment(
    loader=PackageLoader("cds_service.cohort"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True)
class Step:
    """A criterion in its place in the funnel."""

    name: str
    reached: int
    removed: int
    open: int
    """Of those who remain: a person must judge, or it is borderline."""
    unknown: int

    @property
    def remaining(self) -> int:
        return self.reached - self.removed

    @property
    def is_quiet(self) -> bool:
        return self.removed == 0 and self.unknown == 0


@dataclass(frozen=True, slots=True)
class Because:
    """Why a criterion is unknown, of how many people."""

    words: str
    group: Group
    count: int


@dataclass(frozen=True, slots=True)
class Lacking:
    """Of how many a criterion is unknown, and why as far as that may be told."""

    total: int
    causes: tuple[Because, ...]


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
        """Return the report, rounded as coarsely as the small counts need; without details where none is enough."""
        try:
            return replace(self, disclosure=self.disclosure.safe(*self.counts()))._html(detailed=True)
        except CannotHideError:
            return self._html(detailed=False)

    def _html(self, *, detailed: bool) -> bytes:
        return (
            _TEMPLATES.get_template("report.html")
            .render(
                trial=self.trial,
                on=self.on,
                registry=self.trial.registry,
                shown=self.disclosure,
                detailed=detailed,
                tiles=list(self._tiles()),
                scope=self._scope(),
                in_scope=self._text(self.tally.applicable),
                steps=list(self._steps()),
                quiet=self._quiet(),
                hidden_after=self._hidden_after(),
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

    # -- what is shown -----------------------------------------------------------------------------------

    def counts(self) -> tuple[dict[str, int], list[Sum]]:
        """Return every count of people that the report shows, by a name, and how they add up."""
        counts, sums = self._counts_of_tiles()
        for more, added in (self._counts_of_funnel(), self._counts_of_causes()):
            counts |= more
            sums += added
        last = next((f"{step.name} remaining" for step in reversed(list(self._funnel()))), _SCOPE)
        if counts[last] == counts[_PASSED]:
            sums.append(Sum(last, (_PASSED,)))
        return counts, sums

    def _counts_of_tiles(self) -> tuple[dict[str, int], list[Sum]]:
        tally = self.tally
        passed = {verdict: tally.verdicts[verdict.value] for verdict in _PASSES}
        counts = {
            "people": tally.people, "apart": sum(tally.apart.values()), _SCOPE: tally.applicable,
            _PASSED: sum(passed.values()), "potentially": passed[Verdict.POTENTIALLY_ELIGIBLE],
            "possibly": passed[Verdict.POSSIBLY_ELIGIBLE],
        }  # fmt: skip
        return counts, [
            Sum("people", ("apart", _SCOPE), exact=False),
            Sum(_PASSED, ("potentially", "possibly"), exact=False),
        ]

    def _counts_of_funnel(self) -> tuple[dict[str, int], list[Sum]]:
        counts: dict[str, int] = {}
        sums: list[Sum] = []
        reached = _SCOPE
        for step in self._funnel():
            here = {
                "removed": step.removed, "remaining": step.remaining, "open": step.open, "unknown": step.unknown,
                "blocked": self.tally.blocked[step.name], "alone": self.tally.alone[step.name],
            }  # fmt: skip
            counts |= {f"{step.name} {what}": count for what, count in here.items()}
            removed, remaining, still_open, unknown, blocked, alone = (f"{step.name} {what}" for what in here)
            sums += [
                Sum(reached, (removed, remaining)),
                Sum(remaining, (still_open, unknown), exact=False),
                Sum(removed, (alone,), exact=False),
                Sum(blocked, (removed,), exact=False),
            ]
            reached = remaining
        return counts, sums

    def _counts_of_causes(self) -> tuple[dict[str, int], list[Sum]]:
        counts: dict[str, int] = {}
        sums: list[Sum] = []
        in_funnel = {step.name for step in self._funnel()}
        for name, lacking in self._by_cause().items():
            total = f"{name} unknown in all"
            listed = {f"{total}: {one.words}": one.count for one in lacking.causes}
            counts |= {total: lacking.total, **listed}
            if listed:
                sums.append(Sum(total, tuple(listed)))
            if name in in_funnel:  # of whom it is unknown there are some of those
                sums.append(Sum(total, (f"{name} unknown",), exact=False))
        return counts, sums

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
        tally = self.tally
        verdicts = {verdict: tally.verdicts[verdict.value] for verdict in Verdict}
        reasons = [rule.name.replace("-", " ") for rule in self.trial.verdict_rules if rule.name in tally.apart]
        yield self._tile("people in the data", tally.people, "")
        yield self._tile("set apart beforehand", sum(tally.apart.values()), ", ".join(reasons))
        yield self._tile("in scope", tally.applicable, self._scope())
        yield self._tile("nothing decisive against", sum(verdicts[v] for v in _PASSES), "no criterion blocks")
        yield self._tile("possibly eligible", verdicts[Verdict.POSSIBLY_ELIGIBLE], "data missing or borderline")
        yield self._tile(
            "potentially eligible", verdicts[Verdict.POTENTIALLY_ELIGIBLE], "all that data can settle is met"
        )

    def _tile(self, name: str, count: int, more: str) -> dict[str, str]:
        return {"name": name, "count": self._text(count), "more": more}

    def _funnel(self) -> Iterator[Step]:
        """Yield each criterion after the gates, up to where so few remain that nothing is told of what follows."""
        tally, remaining = self.tally, self.tally.applicable
        for name in order(self.trial):
            if name in self.trial.gates:
                continue
            if self.disclosure.hides(remaining):
                return
            step = Step(name, remaining, tally.removed[name], tally.open[name], tally.unknown[name])
            remaining = step.remaining
            yield step

    def _hidden_after(self) -> str | None:
        """Return the criterion after which so few remain that nothing is told of what follows."""
        last = next((step for step in self._funnel() if self.disclosure.hides(step.remaining)), None)
        return last.name if last else None

    def _steps(self) -> Iterator[dict[str, Any]]:
        """Yield the bars of the funnel: criteria that remove somebody or are unknown of many."""
        for step in self._funnel():
            if step.is_quiet:
                continue
            # What is clear is drawn as the rest of what is shown, so that its length tells nothing more.
            judge, unknown, removed, remaining = map(
                self._scaled, (step.open, step.unknown, step.removed, step.remaining)
            )
            clear = max(remaining - judge - unknown, 0.0)
            bar = {"clear": clear, "judge": judge, "unknown": unknown, "removed": removed}
            yield {
                "id": step.name, "label": self._label(step.name), "parts": _laid_out(bar.items()),
                "remaining": self._text(step.remaining), "removed": self._text(step.removed),
                "unknown": self._text(step.unknown),
            }  # fmt: skip

    def _quiet(self) -> list[str]:
        return [step.name for step in self._funnel() if step.is_quiet]

    def _scaled(self, count: int) -> float:
        whole = self.disclosure.length(self.tally.applicable)
        return min(self.disclosure.length(count) / whole, 1.0) * _WIDTH if whole else 0.0

    def _by_cause(self) -> dict[str, Lacking]:
        """Return what is unknown, the most frequent first; small causes are told together."""
        found: dict[str, dict[str, Because]] = defaultdict(dict)
        for key, count in self.tally.causes.items():
            name, _slash, cause = key.partition("/")
            if self.trial.declaration(name).kind is not Kind.HEADER:
                words = words_of(cause)
                before = found[name].get(words, Because(words, group_of(cause), 0))
                found[name][words] = replace(before, count=before.count + count)
        lacking = {name: self._told_together(list(causes.values())) for name, causes in found.items()}
        places = {name: place for place, name in enumerate(order(self.trial))}
        # By what is shown, so that the order tells nothing more.
        ranked = sorted(lacking, key=lambda name: (-self._length(lacking[name].total), places[name]))
        return {name: lacking[name] for name in ranked}

    def _told_together(self, causes: list[Because]) -> Lacking:
        total = sum(one.count for one in causes)
        if self.disclosure.hides(total):
            return Lacking(total, ())
        small = [one for one in causes if self.disclosure.hides(one.count)]
        if len(small) > 1:
            others = Because("other reasons", Group.OTHER, sum(one.count for one in small))
            causes = [*(one for one in causes if one not in small), others]
        return Lacking(total, tuple(sorted(causes, key=lambda one: (-self._length(one.count), one.words))))

    def _length(self, count: int) -> float:
        return self.disclosure.length(count)

    def _lacking(self) -> Iterator[dict[str, Any]]:
        """Yield the criteria that are unknown most often, with what is behind it and what would settle it."""
        for name, lacking in itertools.islice(self._by_cause().items(), _MOST_LACKING):
            groups = dict.fromkeys(Group, 0.0)
            for one in lacking.causes or (Because("", Group.OTHER, lacking.total),):
                groups[one.group] += self._scaled(one.count)
            bar = [(f"g{place}", groups[group]) for place, group in enumerate(Group)]
            yield {
                "id": name, "label": self._label(name), "parts": _laid_out(bar), "count": self._text(lacking.total),
                "percent": self.disclosure.percent(lacking.total, self.tally.applicable),
                "settled_by": self.trial.declaration(name).settled_by,
            }  # fmt: skip

    def _causes(self) -> Iterator[dict[str, Any]]:
        """Yield every criterion that is unknown of somebody, with its causes."""
        for name, lacking in self._by_cause().items():
            yield {
                "id": name, "label": self._label(name), "count": self._text(lacking.total),
                "causes": [f"{one.words}: {self._text(one.count)}" for one in lacking.causes],
                "settled_by": self.trial.declaration(name).settled_by,
            }  # fmt: skip

    def _alone(self) -> Iterator[dict[str, Any]]:
        """Yield the criteria that are the only thing against somebody: what relaxing each would bring."""
        told = [step.name for step in self._funnel() if self.tally.alone[step.name]]
        ranked = sorted(told, key=lambda name: -self._length(self.tally.alone[name]))
        for name in ranked[:_MOST_LACKING]:
            count, blocked = self.tally.alone[name], self.tally.blocked[name]
            yield {
                "id": name, "label": self._label(name), "alone": self._text(count), "blocked": self._text(blocked),
                "width_alone": round(self._scaled(count), 1), "width_blocked": round(self._scaled(blocked), 1),
            }  # fmt: skip

    def _rows(self) -> Iterator[dict[str, str]]:
        for step in self._funnel():
            counts = {
                "reached": step.reached, "removed": step.removed, "remaining": step.remaining, "open": step.open,
                "unknown": step.unknown, "blocked": self.tally.blocked[step.name], "alone": self.tally.alone[step.name],
            }  # fmt: skip
            yield {
                "id": step.name,
                "label": self._label(step.name),
                **{key: self._text(n) for key, n in counts.items()},
            }

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


def _laid_out(bar: Iterable[tuple[str, float]]) -> list[dict[str, Any]]:
    """Return the parts of a bar one after the other, as far as there is room."""
    parts, end = [], 0.0
    for kind, length in bar:
        width = min(length, _WIDTH - end)
        if width > 0:
            parts.append({"kind": kind, "x": round(end, 1), "width": round(width, 1)})
            end += width
    return parts
