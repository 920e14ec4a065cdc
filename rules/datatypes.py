"""The datatypes of FHIR R4 that resources are made of, as lenient structs: see `rules.resources`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

import msgspec


class Struct(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all parts: frozen, camelCase on the wire."""


Code: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000)]
"""A code, or the address of a system. Longer ones are none, and every beginning of a code is looked up."""


class Coding(Struct, frozen=True, gc=False):
    system: Code | None = None
    code: Code | None = None
    display: str | None = None
    extension: list[CodingExtension] | None = None


class CodingExtension(Struct, frozen=True, gc=False):
    """What a national profile adds to a coding."""

    url: str | None = None
    value_coding: Coding | None = None


class CodeableConcept(Struct, frozen=True, gc=False):
    coding: list[Coding | None] | None = None
    text: str | None = None

    @property
    def codings(self) -> list[Coding]:
        given = self.coding
        if given and None in given:
            return [coding for coding in given if coding is not None]
        return given or []  # type: ignore[return-value]  # there is no None in it

    @property
    def name(self) -> str | None:
        """The text, else the first display; None where a code stands alone."""
        return self.text or next((c.display for c in self.codings if c.display), None)

    @property
    def display(self) -> str:
        """A name for people, else the first code."""
        return self.name or next((c.code for c in self.codings if c.code), None) or "(no code)"


class Reference(Struct, frozen=True, gc=False):
    reference: str | None = None


class NamedReference(Reference, frozen=True, gc=False):
    """A reference whose name is used where it leads nowhere."""

    display: str | None = None


LARGEST_EXPONENT = 40
"""No measurement needs more digits on either side of the point; exact arithmetic on 1e999999999 never ends."""


def check_number(number: Decimal | None) -> None:
    """Raise ValueError for a number that exact arithmetic cannot hold: NaN, infinity, endless digits."""
    if number is None:
        return
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -LARGEST_EXPONENT or number.adjusted() > LARGEST_EXPONENT:
        raise ValueError("a number is not finite or has too many digits")


_PLAIN = 20
_DIGITS = "-.0123456789"
"""Of the numbers that charts are made of: few digits near the point, without an exponent. They need no closer look,
and a long chart has hundreds that nobody asks for anything else."""


class Quantity(Struct, frozen=True, gc=False):
    value: Decimal | None = None
    comparator: str | None = None
    unit: Code | None = None
    code: Code | None = None

    def __post_init__(self) -> None:
        """Refuse a value that cannot be computed with, which makes the resource unreadable."""
        if self.value is not None:
            written = str(self.value)
            if len(written) > _PLAIN or written.strip(_DIGITS):
                check_number(self.value)


class Age(Quantity, frozen=True, gc=False):
    """A Quantity of time."""


class Range(Struct, frozen=True, gc=False):
    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Struct, frozen=True, gc=False):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Struct, frozen=True, gc=False):
    start: str | None = None
    end: str | None = None


class Meta(Struct, frozen=True, gc=False):
    tag: list[Coding] | None = None
    security: list[Coding] | None = None


class Extension(Struct, frozen=True, gc=False):
    url: str | None = None
    value_code: str | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_codeable_concept: CodeableConcept | None = None
    extension: list[Extension] | None = None


LONGEST_VALUE = 300
"""Characters of a text that a value, a range or the name of a product is looked for in: a longer one is prose.

Patterns that try each way to part a run of blanks or digits take the square of its length.
"""


class Annotation(Struct, frozen=True, gc=False):
    text: str | None = None


class Repeat(Struct, frozen=True, gc=False):
    frequency: int | None = None
    frequency_max: int | None = None
    period: Decimal | None = None
    period_max: Decimal | None = None
    period_unit: str | None = None
    duration: Decimal | None = None
    duration_unit: str | None = None
    when: list[str] | None = None
    time_of_day: list[str] | None = None
    day_of_week: list[str] | None = None
    bounds_period: Period | None = None
    bounds_duration: Quantity | None = None
    bounds_range: Range | None = None

    def __post_init__(self) -> None:
        """Refuse periods that cannot be computed with."""
        check_number(self.period)
        check_number(self.period_max)
        check_number(self.duration)


class Timing(Struct, frozen=True, gc=False):
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Struct, frozen=True, gc=False):
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None
    rate_range: Range | None = None


class Dosage(Struct, frozen=True, gc=False):
    sequence: int | None = None
    text: str | None = None
    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_and_rate: list[DoseAndRate] | None = None
    max_dose_per_period: Ratio | None = None
