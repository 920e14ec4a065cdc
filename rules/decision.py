"""Decision tables: the declared rules that turn a finding's fact into a status.

A table is a sequence of rules for one criterion. A rule holds when all its conditions hold; the first rule
of the table that holds decides (DMN hit policy "first"). The same declarations are compiled for
durable_rules (`rules.engine`) and evaluated directly (`rules.reference`).

Null never satisfies a comparison: a half-open interval has a null bound, so ``low > limit`` cannot hold
for a value that is not bounded below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from rules.assessment import Basis, Confidence, Status, Verdict

FactValue: TypeAlias = int | bool | str | None
Fact: TypeAlias = Mapping[str, FactValue]

RESERVED = frozenset({"id", "sid", "table"})
"""Names that durable_rules (``id``, ``sid``) or the adapter (``table``) use themselves."""

LARGEST_EXACT = 2**53
"""durable_rules keeps integers exact below this."""


class Operator(StrEnum):
    """Comparisons that both executors support, with the sign they are printed with."""

    EQUAL = "="
    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one field of a fact with another field, or with a constant of the same type."""

    left: str
    operator: Operator
    right: FactValue | Field

    def __str__(self) -> str:
        right = self.right.name if isinstance(self.right, Field) else _literal(self.right)
        return f"{self.left} {self.operator.value} {right}"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a fact; comparing it makes a `Condition`."""

    name: str

    def __gt__(self, other: int | Field) -> Condition:
        return Condition(self.name, Operator.GREATER, other)

    def __ge__(self, other: int | Field) -> Condition:
        return Condition(self.name, Operator.AT_LEAST, other)

    def __lt__(self, other: int | Field) -> Condition:
        return Condition(self.name, Operator.LESS, other)

    def __le__(self, other: int | Field) -> Condition:
        return Condition(self.name, Operator.AT_MOST, other)

    def equals(self, value: int | bool | str) -> Condition:
        return Condition(self.name, Operator.EQUAL, value)

    @property
    def holds(self) -> Condition:
        return Condition(self.name, Operator.EQUAL, True)

    @property
    def fails(self) -> Condition:
        return Condition(self.name, Operator.EQUAL, False)


class _Fields:
    """``field.low`` reads better in a table than ``Field("low")``."""

    def __getattr__(self, name: str) -> Field:
        return Field(name)


field = _Fields()


Outcome = TypeVar("Outcome", Status, Verdict)


@dataclass(frozen=True, slots=True)
class Rule(Generic[Outcome]):
    """One row of a decision table; its ``status`` is a criterion's status, or the verdict of the trial.

    ``says`` is the sentence shown to the clinician; ``{name}`` is replaced by the finding's words.
    An empty ``when`` is the "otherwise" row.
    """

    name: str
    when: tuple[Condition, ...]
    status: Outcome
    says: str
    confidence: Confidence = Confidence.HIGH
    basis: Basis = Basis.DIRECT

    def __str__(self) -> str:
        conditions = " and ".join(str(condition) for condition in self.when) or "otherwise"
        return f"{self.name}: {conditions} -> {self.status.value}"


Table: TypeAlias = tuple[Rule[Any], ...]


class TableError(ValueError):
    """A decision table or a fact breaks the rules that keep both executors in agreement."""


def check_table(name: str, table: Sequence[Rule[Any]]) -> Mapping[str, bool]:
    """Return for each field that ``table`` compares whether it holds text (else numbers).

    Raises `TableError` when the table is empty, repeats a name, uses a reserved field, or compares in a way
    that durable_rules would answer differently from what is declared.
    """
    if not table:
        raise TableError(f"{name}: the decision table has no rule; declare at least one.")
    names = [rule.name for rule in table]
    if len(set(names)) != len(names):
        raise TableError(f"{name}: two rules share a name: {sorted(names)}.")
    is_text: dict[str, bool] = {}
    for rule in table:
        for condition in rule.when:
            where = f"{name}.{rule.name} ({condition})"
            for field_name, text in _compared(where, condition):
                if field_name in RESERVED:
                    raise TableError(f"{where}: the field name {field_name!r} is reserved.")
                if is_text.setdefault(field_name, text) is not text:
                    raise TableError(f"{where}: {field_name} is compared with text and with numbers.")
    return is_text


def _compared(where: str, condition: Condition) -> list[tuple[str, bool]]:
    """Return the fields of a condition and whether it takes them for text.

    durable_rules finds two null fields equal, orders text with numbers, and holds 5 for "5".
    """
    right, equal = condition.right, condition.operator is Operator.EQUAL
    if right is None:
        raise TableError(f"{where}: a comparison with null never holds; leave it out.")
    if isinstance(right, Field):
        if equal:
            raise TableError(f"{where}: two fields cannot be tested for equality.")
        return [(condition.left, False), (right.name, False)]
    if isinstance(right, str) and not equal:
        raise TableError(f"{where}: text has no order.")
    return [(condition.left, isinstance(right, str))]


def check_fact(name: str, fact: Fact, is_text: Mapping[str, bool]) -> None:
    """Raise `TableError` for a value that durable_rules would read differently from what was meant.

    ``is_text`` comes from `check_table`.
    """
    if not RESERVED.isdisjoint(fact):
        raise TableError(f"{name}: the field name {min(RESERVED.intersection(fact))!r} is reserved.")
    for key, value in fact.items():
        if value is None:
            continue
        text = isinstance(value, str)
        if not text:
            if not isinstance(value, int):
                raise TableError(f"{name}.{key}: {type(value).__name__} is not allowed in a fact; scale to an integer.")
            if not -LARGEST_EXACT < value < LARGEST_EXACT:
                raise TableError(f"{name}.{key}: the integer does not fit below 2^53.")
        if is_text.get(key, text) is not text:
            raise TableError(f"{name}.{key}: the table expects {'text' if is_text[key] else 'a number'}.")


def _literal(value: FactValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
