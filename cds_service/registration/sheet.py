"""One registration sheet as data: everything that has to be entered in an EHR, from the running settings.

The page and the JSON are made from it; nothing on a sheet is written down a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cards import CardSettings
from cards.card import card_links, topic_code
from cards.override_reasons import override_reasons
from cds_service.cds_hooks.discovery import describe_service
from cds_service.fatigue_settings import Fatigue
from cds_service.patient_data.query_plan import ORDERS, REQUIRED, TYPES, pulled_only, readers
from cds_service.protocol_text import number
from cds_service.registration.ehrs import Ehr
from cds_service.registration.latency import measured
from cds_service.settings import Settings
from cds_service.storage.tables import metadata
from cds_service.tenant_settings import TenantSettings
from rules.codes import ICD10, ICD10CM, SNOMED
from rules.criterion import Declaration
from rules.trial import Trial

_DIAGNOSES = {ICD10CM: "ICD-10-CM", ICD10: "ICD-10", SNOMED: "SNOMED CT"}
_MOST_CODES = 4


def registration_sheet(ehr: Ehr, trial: Trial, settings: Settings) -> dict[str, Any]:
    """Return the sheet of ``ehr`` for the service of ``trial``."""
    base = settings.public_url.rstrip("/")
    described = describe_service(trial, base)
    service = f"{base}/cds-services/{trial.service_id}"
    return {
        "ehr": ehr.profile,
        "title": ehr.title,
        "service": {name: described[name] for name in ("id", "hook", "title", "description", "usageRequirements")},
        "endpoints": {
            "discovery": f"{base}/cds-services",
            "service": service,
            "feedback": f"{service}/feedback",
        },
        "prefetch": _prefetch(trial, described["prefetch"]),
        "pulled": _pulled(trial, ehr),
        "scopes": _scopes(trial, ehr),
        "jwt": _jwt(ehr, base, service),
        "links": _links(trial, settings),
        "overrideReasons": _reasons(settings),
        "topic": {"code": topic_code(trial), "note": "The same for every card and every version of the rules."},
        "card": {"profile": ehr.profile, "notes": list(ehr.card_notes)},
        "preFilter": _pre_filter(trial, ehr),
        "latency": _latency(settings),
        "stored": _stored(settings),
        "steps": list(ehr.steps),
        "test": _test(trial, settings),
    }


def _prefetch(trial: Trial, templates: Mapping[str, str]) -> list[dict[str, Any]]:
    read_by = readers(trial)
    return [
        {
            "key": key,
            "template": template,
            "required": key in REQUIRED,
            "readBy": list(read_by.get(key, ())),
            "without": _without(key),
        }
        for key, template in templates.items()
    ]


def _without(key: str) -> str:
    if key in REQUIRED:
        return "no answer (412), unless the FHIR server gives it"
    return "fetched from the FHIR server; else the criteria that read it are unknown"


def _pulled(trial: Trial, ehr: Ehr) -> list[dict[str, Any]]:
    """Return what is fetched besides; what the EHR does not offer is not asked of the person who sets it up."""
    read_by = readers(trial)
    return [
        {"template": template, "readBy": list(read_by[name]) or ["opt-out of research"]}
        for name, template in pulled_only(trial).items()
        if not TYPES[name] <= ehr.lacks
    ]


def _scopes(trial: Trial, ehr: Ehr) -> dict[str, Any]:
    """Return the least that is needed, in both spellings of SMART."""
    types = sorted({kind for name in readers(trial) for kind in TYPES[name]} | {"Medication"})
    offered = [kind for kind in types if kind not in ehr.lacks]
    spelt = {1: "patient/{}.read", 2: "patient/{}.rs"}
    scopes = {f"v{version}": [spelt[version].format(kind) for kind in offered] for version in ehr.smart_versions}
    orders = sorted(kind for name in ORDERS for kind in TYPES[name])
    return {
        **scopes,
        "onlyWithSuggestedOrders": [spelt[max(ehr.smart_versions)].format(kind) for kind in orders],
        "note": "Read and search only; nothing is written. A type that is refused makes the criteria that read it "
        "unknown, and the card says so.",
    }


def _jwt(ehr: Ehr, base: str, service: str) -> dict[str, Any]:
    """Return what tokens must be like; the figures are those of a tenant that says nothing else."""
    usual = {name: field.get_default(call_default_factory=True) for name, field in TenantSettings.model_fields.items()}
    return {
        "header": {"alg": sorted(usual["algorithms"]), "typ": "JWT", "kid": "the id of your key"},
        "audiences": {
            "discovery": f"{base}/cds-services",
            "service": service,
            "feedback": f"{service}/feedback",
        },
        "claims": ["iss", "aud", "exp", "iat", "jti"],
        "maxTokenSeconds": usual["max_token_seconds"],
        "leewaySeconds": usual["leeway_seconds"],
        "operatorEnters": _operator_enters(ehr),
        "notes": [
            "Symmetric algorithms and none are refused.",
            "Each jti is taken once.",
            "A call that is refused is answered with 401 and nothing else; the operator's log says which check failed.",
            *ehr.token_notes,
        ],
    }


_FROM_THE_CLIENT = ("issuer", "tenant_claim", "jwks_url", "audiences", "subject", "fhir_servers", "trigger_actions")
_OF_EPIC = frozenset({"subject", "trigger_actions"})


def _operator_enters(ehr: Ehr) -> list[dict[str, str]]:
    """Return the settings of a tenant that only those who set up the EHR can tell, with their descriptions."""
    names = [name for name in _FROM_THE_CLIENT if ehr.profile == "epic" or name not in _OF_EPIC]
    return [{"setting": name, "means": TenantSettings.model_fields[name].description or ""} for name in names]


def _links(trial: Trial, settings: Settings) -> dict[str, Any]:
    links = card_links(trial, CardSettings(public_url=settings.public_url))
    return {"links": links, "hosts": sorted({urlsplit(link["url"]).hostname or "" for link in links})}


def _pre_filter(trial: Trial, ehr: Ehr) -> dict[str, Any]:
    """Return the conditions that an EHR can check by itself: those of the criteria that are gates."""
    gates = [trial.declaration(name) for name in sorted(trial.gates)]
    conditions = [
        {
            "criterion": gate.id,
            "label": gate.label,
            "limits": _bounds(gate),
            "codes": list(_codes(trial)) if gate.value_sets else [],
        }
        for gate in gates
    ]
    return {"where": ehr.trigger, "conditions": conditions}


_BOUNDS = {"minimum": "at least", "maximum": "at most"}
_UNITS = {"a": "years"}


def _bounds(this: Declaration) -> list[str]:
    """Return the limits of a gate that a native condition can check, in words."""
    limits = ((words, this.limits[name]) for name, words in _BOUNDS.items() if name in this.limits)
    return [f"{words} {number(limit.value)} {_UNITS.get(limit.unit, limit.unit)}" for words, limit in limits]


def _codes(trial: Trial) -> Iterable[str]:
    """Yield the first codes of the disease by system: enough for a native condition, not the whole list."""
    disease = next(iter(trial.declaration(sorted(trial.gates)[-1]).value_sets.values()))
    for system, name in _DIAGNOSES.items():
        codes = [row.code for row in disease.rows if row.system == system and row.verified != "no"]
        if codes:
            more = f" and {len(codes) - _MOST_CODES} more" if len(codes) > _MOST_CODES else ""
            yield f"{name} {', '.join(codes[:_MOST_CODES])}{more}"


def _latency(settings: Settings) -> dict[str, Any]:
    return {
        "deadlineSeconds": settings.limits.deadline_seconds,
        "deadline": "After this time the service answers with what has arrived; the rest is named as unknown.",
        "measured": measured(),
    }


def _reasons(settings: Settings) -> list[dict[str, Any]]:
    """Return the override reasons, and for how many days each keeps the card away."""
    fields = Fatigue.model_fields
    reasons = []
    for reason in override_reasons():
        name = f"{reason['code'].replace('-', '_')}_days"
        pause = {"days": getattr(settings.fatigue, name), "means": fields[name].description or ""}
        reasons.append({**reason, "pause": pause})
    return reasons


_BY_AGE = "when purge finds it old"
_UNLESS_HOLDING = f"{_BY_AGE}, unless it still keeps a card away"
_ROWS = {
    "calls": ("a patient-view call", _BY_AGE),
    "cards_shown": ("a card, with the status of each criterion", _UNLESS_HOLDING),
    "feedback": ("an answer to a card", _UNLESS_HOLDING),
    "used_tokens": ("a token of the EHR, as a hash", "by itself, when the token has expired"),
    "failed_sign_ins": ("a day's count of tokens that were refused", _BY_AGE),
    "switches": ("a turn of the kill switch by the operator", f"{_BY_AGE}, but the last of each tenant"),
    "hash_keys": ("the key of the hashes, where the operator has configured none", "never"),
}
"""What a row of each table is, and when it is deleted."""


def _stored(settings: Settings) -> dict[str, Any]:
    """Return what the database holds, from its own tables, for how long that is needed, and how it is deleted."""
    comments = "kept, and may name a patient" if settings.feedback.store_free_text else "not kept"
    days = settings.fatigue.model_dump()
    longest = max(value for name, value in days.items() if name.endswith("_days"))
    purge = f"trial-cds purge --older-than {longest}d"
    return {
        "notes": [
            "Patients and users are kept as keyed hashes. No name, id, date of birth or value is written down. The "
            "verdict and the status of each criterion are, beside the hash.",
            f"Comments in feedback are {comments}.",
            "Patient data and the access token are held in memory for one call.",
            "The log holds routes, times and outcomes, and neither patient data nor tokens.",
            f"The longest pause of a card that ends by itself is {longest} days. Nothing is deleted by itself but used "
            f"tokens: the operator runs, such as daily, {purge}. It keeps what still keeps a card away: “Not suitable” "
            "holds as long as no criterion changes.",
            "For one person: trial-cds forget deletes all rows about the patients whose ids it is given.",
        ],
        "purge": purge,
        "tables": [
            {
                "name": table.name,
                "row": _ROWS[table.name][0],
                "deleted": _ROWS[table.name][1],
                "columns": [column.name for column in table.columns],
            }
            for table in metadata.sorted_tables
        ],
    }


def _test(trial: Trial, settings: Settings) -> list[str]:
    reached = "Discovery without a token answers 401" if settings.tenants else "Discovery answers 200"
    return [
        f"{reached}, from the network of the EHR.",
        f"Discovery lists {trial.service_id}.",
        "Open a test patient with type 2 diabetes only: 200 with no card.",
        "Open a test patient with type 1 diabetes since more than two years, an HbA1c of 8.4 % of last month and a "
        "C-peptide of 0.1 ng/mL: 200 with one card.",
        "The same without a prefetch: the same card, more slowly.",
        "The same with a wrong aud: 401. The same token a second time: 401.",
        "Override the card with each reason: feedback is answered 200.",
    ]
