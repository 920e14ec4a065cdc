"""The trial as served, as JSON: ``/protocol.json``. The page ``/protocol`` shows the same for people."""

from __future__ import annotations

from typing import Any

from cds_service.protocol_text import number
from rules.assessment import Basis, Kind, Status
from rules.criterion import Declaration
from rules.decision import Rule, Table
from rules.standard_of_care import CareTest, StandardOfCare
from rules.trial import Trial
from rules.value_sets import ValueSet

MISSING_DATA = (
    "Missing, stale, unreadable or refused data, an unknown unit and a search that was cut off make a criterion "
    "unknown, with the reason, unless what did arrive decides already. The rules below say which status follows; "
    "the first that holds decides. For an exclusion, met means that the person is excluded."
)


def protocol_json(trial: Trial) -> dict[str, Any]:
    """Return registry facts, every criterion with its reading, the verdict's rules, codes, intervals and sources."""
    registry = trial.registry
    return _filled(
        {
            "id": trial.id,
            "service": trial.service_id,
            "title": trial.title,
            "shortTitle": trial.short_title,
            "intervention": trial.intervention,
            "rulesVersion": trial.rules_version,
            "history": [{"version": one.version, "date": one.date, "changes": one.changes} for one in trial.history],
            "registry": {
                "url": registry.url,
                "status": registry.status,
                "lastKnownStatus": registry.last_known_status,
                "verified": registry.verified,
                "lastUpdate": registry.last_update,
                "actualEnrolment": registry.actual_enrolment,
            },
            "missingData": MISSING_DATA,
            "gates": sorted(trial.gates),
            "criteria": [_criterion(trial, declaration) for declaration in trial.declarations],
            "verdict": _rules(trial.verdict_rules),
            "standardOfCare": _care(trial.standard_of_care) if trial.standard_of_care else None,
            "valueSets": {name: _value_set(value_set) for name, value_set in trial.value_sets.items()},
            "sources": dict(trial.sources),
        }
    )


def _criterion(trial: Trial, this: Declaration) -> dict[str, Any]:
    rules = _rules(trial.evaluables[this.id].rules)
    return _filled(
        {
            "id": this.id,
            "kind": this.kind.value,
            "label": this.label,
            "text": this.text,
            "textDefect": this.text_defect,
            "interpretation": this.interpretation,
            "reason": this.reason,
            "computability": this.computability,
            "consequence": this.consequence,
            "decidesVerdict": this.kind is not Kind.HEADER,
            "assessed": this.module is not None,
            "sensitive": this.sensitive,
            "data": list(this.data),
            "limits": {
                name: {"value": number(limit.value), "unit": limit.unit, "source": limit.source}
                for name, limit in this.limits.items()
            },
            "windows": {
                name: _filled({"days": window.days, "months": window.months, "source": window.source})
                for name, window in this.windows.items()
            },
            "valueSets": list(this.value_sets),
            "rules": rules,
            "whenMissing": [
                {name: rule[name] for name in ("name", "status", "says")}
                for rule in rules
                if rule["status"] == Status.UNKNOWN.value
            ],
            "settledBy": this.settled_by,
            "sources": list(this.sources),
        }
    )


def _rules(table: Table) -> list[dict[str, Any]]:
    return [_rule(rule) for rule in table]


def _rule(rule: Rule[Any]) -> dict[str, Any]:
    """Return a row of a decision table; in ``says``, names in braces are filled in from the record."""
    return _filled(
        {
            "name": rule.name,
            "when": [str(condition) for condition in rule.when] or ["otherwise"],
            "status": rule.status.value,
            "says": rule.says,
            "confidence": rule.confidence.value,
            "basis": None if rule.basis is Basis.DIRECT else rule.basis.value,
        }
    )


def _value_set(value_set: ValueSet) -> dict[str, Any]:
    return {
        "title": value_set.title,
        "codes": [
            _filled(
                {
                    "system": row.system,
                    "code": row.code,
                    "display": row.display,
                    "match": row.match,
                    "except": list(row.exceptions),
                    "verified": row.verified,
                    "source": row.source,
                    "note": row.note,
                }
            )
            for row in value_set.rows
        ],
    }


def _care(care: StandardOfCare) -> dict[str, Any]:
    return {"note": care.note, "tests": [_care_test(test) for test in care.tests]}


def _care_test(test: CareTest) -> dict[str, Any]:
    goal = test.above_goal
    return _filled(
        {
            "id": test.id,
            "name": test.name,
            "criterion": test.criterion,
            "every": f"{test.every}",
            "source": test.every.source,
            "aboveGoal": {
                "from": number(goal.value), "every": f"{goal.window}", "source": goal.window.source
            } if goal else None,
            "yearsAfterOnset": test.years_after_onset,
            "onlyIf": {
                "criterion": test.only_if.criterion, "rules": sorted(test.only_if.rules)
            } if test.only_if else None,
            "order": {"system": test.order.system, "code": test.order.code, "display": test.order.display},
        }
    )  # fmt: skip


def _filled(content: dict[str, Any]) -> dict[str, Any]:
    """Return ``content`` without what is empty."""
    return {name: value for name, value in content.items() if value not in (None, "", [], {})}
