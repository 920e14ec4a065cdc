"""The trial as served, as plain text: ``trial-cds protocol``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from rules.criterion import Declaration
from rules.trial import Trial

_WIDTH = 100


def protocol_text(trial: Trial) -> str:
    """Return each criterion's text, reading, limits, windows and rules."""
    return "\n".join(_lines(trial))


def _lines(trial: Trial) -> Iterator[str]:
    yield f"{trial.id}: {trial.title}"
    yield f"rules {trial.rules_version}; {trial.registry.url}"
    yield f"registry status {trial.registry.status}, last verified {trial.registry.verified}"
    yield str(trial.expansions)
    for declaration in trial.declarations:
        yield ""
        yield from _criterion(trial, declaration)


def _criterion(trial: Trial, this: Declaration) -> Iterator[str]:
    yield f"{this.id} ({this.kind.value}) {this.label}"
    yield from _wrapped("text", this.text)
    yield from _wrapped("read as", this.interpretation)
    yield from _wrapped("because", this.reason)
    if this.text_defect:
        yield from _wrapped("defect of the text", this.text_defect)
    for name, limit in this.limits.items():
        yield from _wrapped("limit", f"{name} = {number(limit.value)} {limit.unit} ({limit.source})")
    for name, window in this.windows.items():
        yield from _wrapped("window", f"{name} = {window} ({window.source})")
    for rule in trial.evaluables[this.id].rules:
        yield from _wrapped("rule", str(rule))
    if this.value_sets:
        yield from _wrapped("value sets", ", ".join(this.value_sets))


def number(value: Fraction) -> str:
    """Return an exact decimal, such as a limit, without rounding it."""
    return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


def _wrapped(title: str, text: str) -> list[str]:
    lead = f"    {title}: "
    return textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent=lead, subsequent_indent=" " * 8)
