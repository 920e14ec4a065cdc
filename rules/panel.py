"""Several measurements of which any one can exclude, and which are all needed to clear.

Each part gives its own fields to the fact: ``NAME_state``, ``NAME_low``, ``NAME_high`` and its limits
``NAME_LIMIT``, on a scale of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from rules.assessment import Basis, Confidence
from rules.causes import Cause
from rules.criterion import Finding
from rules.decision import FactValue
from rules.measurements import Classify, Selection, near
from rules.quantities import Interval, TooFine, scaled
from rules.words import by_reason


class Part(Struct, frozen=True):
    """One measurement, the limits it is compared with, and what that comparison means for the whole."""

    name: str
    title: str
    selection: Selection
    limits: Mapping[str, Fraction | None]
    excluding: Fraction | None = None
    """The limit whose crossing excludes: for nearness, and to name the values beyond it."""
    beyond: bool = False
    """The value alone excludes."""
    beside: str = ""
    """What the value is compared with, in words."""
    confidence: Confidence = Confidence.HIGH
    derived: bool = False

    @property
    def known(self) -> bool:
        return self.selection.state == "value"

    @property
    def near(self) -> bool:
        return self.known and self.excluding is not None and near(self.selection.chosen, self.excluding)

    @property
    def certainty(self) -> Confidence:
        return self.confidence.at_most(self.selection.confidence)

    def __str__(self) -> str:
        words = self.selection.words()
        beside = f" ({self.beside})" if self.beside else ""
        value = words["value"].replace("{", "").replace("}", "").removesuffix(f" {self.title}")  # "INR 1.0 INR"
        return f"{self.title} {value} on {words['date']}{beside}"

    def fields(self) -> dict[str, FactValue]:
        limits = {f"{self.name}_{key}": limit for key, limit in self.limits.items() if limit is not None}
        absent = {f"{self.name}_{key}": None for key, limit in self.limits.items() if limit is None}
        numbers = scaled({self.name: self.selection.interval}, limits)
        return {f"{self.name}_state": self.selection.state, **numbers, **absent}


def comparable(part: Part) -> tuple[Part, dict[str, FactValue]]:
    """Return ``part`` with its fields; as unknown when the rule engine cannot hold its numbers exactly."""
    try:
        return part, part.fields()
    except TooFine as error:
        unknown = replace(part.selection, state="unknown", cause=Cause.TOO_FINE, why=str(error))
        part = replace(part, selection=unknown, limits=dict.fromkeys(part.limits), beyond=False)
        return part, part.fields()


def panel_finding(
    parts: Sequence[Part], *, notes: Iterable[str] = (), missing: Sequence[str] = (), **fields: FactValue
) -> Finding:
    """Return the finding of all parts.

    Words: ``{beyond}`` the values that exclude, ``{values}`` all values, ``{why}`` what is unknown and why
    (``{open}`` as a sentence, if anything is), and each part by its name. A value beyond its limit decides
    with its own confidence and nearness; where none is beyond, the weakest part bounds the confidence of all.
    """
    compared = [comparable(p) for p in parts]
    parts = [p for p, _fields in compared]
    said = {p.name: str(p) for p in parts}
    beyond = [p for p in parts if p.beyond]
    known = [p for p in parts if p.known]
    weighed = beyond or known
    certainty = [p.certainty for p in weighed]
    order = (Confidence.LOW, Confidence.MODERATE, Confidence.HIGH)
    confidence = (max if beyond else min)(certainty, key=order.index, default=Confidence.HIGH)
    why = by_reason((p.title, p.selection.why) for p in parts if not p.known)
    values = "; ".join(said[p.name] for p in known)
    derived = any(p.derived for p in known) and not beyond
    return Finding(
        fact={**{key: value for _part, own in compared for key, value in own.items()}, **fields},
        words={
            "beyond": "; ".join(said[p.name] for p in beyond),
            "values": values or "no value",
            "known": f"Known: {values}. " if values else "",
            "why": why,
            "open": f" {why}." if why else "",
            **said,
        },
        evidence=[item for p in parts for item in p.selection.evidence()],
        notes=[*(f"{p.title}: {note}." for p in known for note in p.selection.notes), *notes],
        confidence=confidence,
        basis=Basis.DERIVED if derived else None,
        near_threshold=all(p.near for p in beyond) if beyond else any(p.near for p in known),
        missing=missing,
    )


def below(selection: Selection, limit: Fraction | None) -> bool:
    """True when the chosen value is wholly below ``limit``."""
    return limit is not None and _interval(selection).wholly_below(limit)


def above(selection: Selection, limit: Fraction | None) -> bool:
    """True when the chosen value is wholly above ``limit``."""
    return limit is not None and _interval(selection).wholly_above(limit)


def not_above(selection: Selection, limit: Fraction | None) -> bool:
    """True when the chosen value is wholly at or below ``limit``."""
    return limit is not None and _interval(selection).wholly_below(limit, inclusive=True)


def _interval(selection: Selection) -> Interval:
    return selection.interval or Interval(None, None)


def sides(*limits: Fraction | None) -> Classify:
    """Return a classifier for `rules.measurements.newest`: where a value lies beside each of ``limits``."""
    known = [limit for limit in limits if limit is not None]

    def outcome(value: Interval) -> tuple[tuple[bool, bool, bool, bool], ...]:
        return tuple(
            (
                value.wholly_below(limit), value.wholly_below(limit, inclusive=True),
                value.wholly_above(limit), value.wholly_above(limit, inclusive=True),
            )
            for limit in known
        )  # fmt: skip

    return outcome
