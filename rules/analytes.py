"""The units and analytes of a trial, read from its ``units.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from rules.assessment import Confidence
from rules.quantities import Analyte, AssumedUnit, Conversion, Units


def read_analytes(document: Mapping[str, Any], problems: list[str]) -> tuple[Units, dict[str, Analyte]]:
    """Return the units and the analytes by name; what is wrong with them is added to ``problems``."""
    try:
        units = Units(document["aliases"])
    except KeyError:
        problems.append("units.yaml: aliases is missing")
        units = Units({})
    except ValueError as error:
        problems.append(f"units.yaml: {error}")
        units = Units({})
    analytes = {}
    for name, item in document.items():
        if name == "aliases":
            continue
        try:
            analytes[name] = _analyte(name, item)
            strange = _strange(analytes[name], units)
            problems += [f"units.yaml {name}: {unit} is no canonical spelling" for unit in strange]
        except (KeyError, ValueError, TypeError) as error:
            problems.append(f"units.yaml {name}: {type(error).__name__}: {error}")
    return units, analytes


def _analyte(name: str, item: Mapping[str, Any]) -> Analyte:
    plausible = item.get("plausible")
    return Analyte(
        name=item.get("title") or name,
        canonical=item["canonical"],
        units={unit: _conversion(given) for unit, given in item["units"].items()},
        by_code={
            code: {unit: _conversion(given) for unit, given in special.items()}
            for code, special in (item.get("by_code") or {}).items()
        },
        assumed=tuple(
            AssumedUnit(
                Fraction(rule["range"][0]), Fraction(rule["range"][1]), rule["unit"],
                Confidence(rule["confidence"]), frozenset(rule.get("codes") or ()), rule.get("comparators", False),
            )
            for rule in item.get("missing_unit") or ()
        ),
        plausible=(Fraction(plausible[0]), Fraction(plausible[1])) if plausible else None,
        by_range={
            unit: (Fraction(given["below"]), _conversion(given))
            for unit, given in (item.get("by_reference_high") or {}).items()
        },
    )  # fmt: skip


def _strange(analyte: Analyte, units: Units) -> list[str]:
    """Return the units of an analyte that no result can have, for the aliases do not list them."""
    special = [unit for conversions in analyte.by_code.values() for unit in conversions]
    assumed = [rule.unit for rule in analyte.assumed]
    named = {analyte.canonical, *analyte.units, *special, *assumed, *analyte.by_range}
    return sorted(unit for unit in named if units.canonical(unit) != unit)


def _conversion(given: Mapping[str, str]) -> Conversion:
    unknown = sorted(set(given) - {"factor", "divisor", "offset", "below"})
    if unknown:
        raise ValueError(f"a conversion has factor, divisor and offset, not {', '.join(unknown)}")
    return Conversion(
        Fraction(given.get("factor", "1")),
        Fraction(given.get("divisor", "1")),
        Fraction(given.get("offset", "0")),
    )
