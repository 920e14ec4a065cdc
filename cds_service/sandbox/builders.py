"""Writes a synthetic patient's chart line by line, as R4B models, dated backwards from the day of the run."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.encounter import Encounter
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.practitioner import Practitioner
from fhir.resources.R4B.specimen import Specimen
from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox.codes import (
    AMBULATORY,
    BLOOD_PRESSURE,
    BODY_HEIGHT,
    BODY_WEIGHT,
    DIASTOLIC,
    SYSTOLIC,
    TERMINOLOGY,
    Code,
)
from cds_service.sandbox.codes import BMI as BODY_MASS_INDEX

UCUM = "http://unitsofmeasure.org"
PRACTITIONER = "Practitioner/example"
# Where clinicians write a unit otherwise than UCUM does.
UNIT_AS_WRITTEN = {
    "mm[Hg]": "mmHg", "{INR}": "INR", "U/L": "IU/L", "mL/min/{1.73_m2}": "mL/min/1.73m2", "[U]": "units",
}  # fmt: skip


def before(on: date, *, years: int = 0, months: int = 0, days: int = 0) -> date:
    """The calendar day that long before `on`; a day that its month lacks becomes the month's last."""
    month_count = on.year * 12 + on.month - 1 - years * 12 - months
    year, month = divmod(month_count, 12)
    day = min(on.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day) - timedelta(days=days)


def test_data_meta() -> dict[str, Any]:
    """Marks a resource as test health data, as every resource of the sandbox is."""
    label = {"system": f"{TERMINOLOGY}/v3-ActReason", "code": "HTEST", "display": "test health data"}
    return {"security": [label]}


def concept(codes: Code | Sequence[Code], text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept; its text is the first display unless another is given."""
    listed = [codes] if isinstance(codes, Code) else list(codes)
    codings = [{"system": c.system, "code": c.code, "display": c.display} for c in listed]
    return {"coding": codings, "text": text or listed[0].display}


def quantity(value: str, unit: str, comparator: str | None = None) -> dict[str, Any]:
    """A UCUM Quantity of a decimal written as text."""
    body = {"value": Decimal(value), "unit": UNIT_AS_WRITTEN.get(unit, unit), "system": UCUM, "code": unit}
    return body | ({"comparator": comparator} if comparator else {})


def category(code: str, system: str = "observation-category") -> list[dict[str, Any]]:
    """The one-entry category list that searches filter on."""
    display = code.replace("-", " ").title()
    return [{"coding": [{"system": f"{TERMINOLOGY}/{system}", "code": code, "display": display}]}]


def practitioner() -> Practitioner:
    """The clinician whom every chart names and who opens them in the demo."""
    return Practitioner.model_validate(
        {
            "id": PRACTITIONER.partition("/")[2],
            "meta": test_data_meta(),
            "identifier": [{"system": "urn:example:sandbox:staff", "value": "S-0001"}],
            "active": True,
            "name": [{"family": "Exampledoc", "given": ["Dora"], "prefix": ["Dr."]}],
        }
    )


class Chart:
    """One synthetic patient's chart. `days`, `months`, `years` always count back from the day of the run.

    Times of day are in the morning, in `zone`, so that no entry lies after the moment of the run.
    """

    def __init__(self, patient_id: str, on: date, zone: tzinfo = UTC) -> None:
        self.patient_id = patient_id
        self.on = on
        self.zone = zone
        self.subject = {"reference": f"Patient/{patient_id}"}
        self.resources: list[FHIRAbstractModel] = []

    # Dates

    def day(self, *, years: int = 0, months: int = 0, days: int = 0) -> str:
        """That day, as YYYY-MM-DD."""
        return before(self.on, years=years, months=months, days=days).isoformat()

    def month(self, *, years: int = 0, months: int = 0) -> str:
        """That month, as YYYY-MM."""
        return self.day(years=years, months=months)[:7]

    def year(self, years: int) -> str:
        """That calendar year, as YYYY."""
        return str(self.on.year - years)

    def moment(self, days: int, hour: int = 8, minute: int = 30) -> str:
        """That day at a time of the morning, with the zone's offset."""
        day = before(self.on, days=days)
        return datetime.combine(day, time(hour, minute), tzinfo=self.zone).isoformat()

    # Resources

    def add(self, model: type[FHIRAbstractModel], body: dict[str, Any], resource_id: str | None = None) -> str:
        """Validates one resource, files it and returns its reference, `Type/id`."""
        kind = model.get_resource_type()
        count = sum(r.get_resource_type() == kind for r in self.resources) + 1
        identity = resource_id or f"{self.patient_id}-{kind.lower()}-{count}"
        self.resources.append(model.model_validate({"id": identity, "meta": test_data_meta()} | body))
        return f"{kind}/{identity}"

    def patient(self, given: str, gender: str, *, born: str, died: str | None = None, language: str = "en-US") -> None:
        """The person; every family name is `Testperson`."""
        body: dict[str, Any] = {
            "identifier": [{
                "use": "usual",
                "type": concept(Code(f"{TERMINOLOGY}/v2-0203", "MR", "Medical record number")),
                "system": "urn:example:sandbox:mrn",
                "value": f"TEST-{self.patient_id}",
            }],
            "active": True,
            "name": [{"use": "official", "family": "Testperson", "given": [given]}],
            "gender": gender,
            "birthDate": born,
            "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language}]}}],
        }  # fmt: skip
        self.add(Patient, body | ({"deceasedDateTime": died} if died else {}), self.patient_id)

    def encounter(
        self,
        days: int,
        *,
        kind: Code = AMBULATORY,
        reason: str = "Diabetes follow-up",
        hours: int = 1,
        status: str = "finished",
    ) -> str:
        """A contact that began `days` ago; `in-progress` has no end. Returns its reference."""
        period = {"start": self.moment(days, 8, 0)}
        if status == "finished":
            period["end"] = self.moment(days, 8 + hours, 0)
        return self.add(
            Encounter,
            {
                "status": status,
                "class": {"system": kind.system, "code": kind.code, "display": kind.display},
                "type": [{"text": reason}],
                "subject": self.subject,
                "participant": [{"individual": {"reference": PRACTITIONER}}],
                "period": period,
            },
        )

    def condition(
        self,
        codes: Sequence[Code],
        *,
        recorded: str | None = None,
        onset: dict[str, Any] | None = None,
        listed_as: str = "problem-list-item",
        clinical: str = "active",
        verification: str = "confirmed",
        encounter: str | None = None,
    ) -> str:
        """A diagnosis. `onset` is any onset[x], as in {"onsetDateTime": "2012-09"}."""
        body: dict[str, Any] = {
            "category": category(listed_as, "condition-category"),
            "verificationStatus": _status("condition-ver-status", verification),
            "code": concept(codes),
            "subject": self.subject,
            "recorder": {"reference": PRACTITIONER},
        } | (onset or {})
        # FHIR invariant con-5: an entry made in error has no clinical status.
        if verification != "entered-in-error":
            body["clinicalStatus"] = _status("condition-clinical", clinical)
        if recorded:
            body["recordedDate"] = recorded
        if encounter:
            body["encounter"] = {"reference": encounter}
        return self.add(Condition, body)

    def medication(self, codes: Sequence[Code], *, dose: tuple[str, str], per_day: int = 1, days: int = 45) -> str:
        """An active order of `dose` (value, UCUM unit), `per_day` times a day, signed `days` ago."""
        value, unit = dose
        repeat = {"frequency": per_day, "period": 1, "periodUnit": "d"}
        return self.add(
            MedicationRequest,
            {
                "status": "active",
                "intent": "order",
                "medicationCodeableConcept": concept(codes),
                "subject": self.subject,
                "authoredOn": self.moment(days, 9, 15),
                "requester": {"reference": PRACTITIONER},
                "dosageInstruction": [{
                    "text": f"{value} {UNIT_AS_WRITTEN.get(unit, unit)}, {per_day} x daily",
                    "timing": {"repeat": repeat},
                    "doseAndRate": [{"doseQuantity": quantity(value, unit)}],
                }],
            },
        )  # fmt: skip

    def observation(
        self, code: Code, answer: dict[str, Any], *, days: int, group: str = "laboratory", **more: Any
    ) -> str:
        """Any final observation; `answer` is its value[x] or its components."""
        body = {
            "status": "final",
            "category": category(group),
            "code": concept(code),
            "subject": self.subject,
            "performer": [{"reference": PRACTITIONER}],
        }
        # The laboratory releases its results an hour after the sample.
        when = {"effectiveDateTime": self.moment(days), "issued": self.moment(days, 9, 30)}
        return self.add(Observation, body | when | answer | more)

    def lab(
        self,
        code: Code,
        value: str,
        unit: str,
        *,
        days: int,
        low: str | None = None,
        high: str | None = None,
        comparator: str | None = None,
        **more: Any,
    ) -> str:
        """A numeric result in a UCUM unit, with the laboratory's range and flag where it has one."""
        answer: dict[str, Any] = {"valueQuantity": quantity(value, unit, comparator)}
        if low or high:
            answer["referenceRange"] = [_reference_range(low, high, unit)]
            answer["interpretation"] = [_flag(value, low, high)]
        return self.observation(code, answer, days=days, **more)

    def text_lab(self, code: Code, text: str, *, days: int) -> str:
        """A result that the laboratory sent as text only."""
        return self.observation(code, {"valueString": text}, days=days)

    def coded(self, code: Code, answer: Code, *, days: int, group: str = "laboratory") -> str:
        """A result or answer that is itself a code."""
        return self.observation(code, {"valueCodeableConcept": concept(answer)}, days=days, group=group)

    def blood_pressure(self, systolic: int, diastolic: int, *, days: int, encounter: str | None = None) -> str:
        """A panel in mmHg, as US Core has it: no value of its own, two components."""
        parts = [
            {"code": concept(SYSTOLIC), "valueQuantity": quantity(str(systolic), "mm[Hg]")},
            {"code": concept(DIASTOLIC), "valueQuantity": quantity(str(diastolic), "mm[Hg]")},
        ]
        where = {"encounter": {"reference": encounter}} if encounter else {}
        return self.observation(BLOOD_PRESSURE, {"component": parts}, days=days, group="vital-signs", **where)

    def body_size(self, height_cm: int, weight_kg: str, *, days: int) -> None:
        """Height, weight and the BMI that the EHR computes from them, to one decimal."""
        bmi = Decimal(weight_kg) / (Decimal(height_cm) / 100) ** 2
        self.lab(BODY_HEIGHT, str(height_cm), "cm", days=days, group="vital-signs")
        self.lab(BODY_WEIGHT, weight_kg, "kg", days=days, group="vital-signs")
        self.lab(BODY_MASS_INDEX, f"{bmi:.1f}", "kg/m2", days=days, group="vital-signs")

    def fasting_specimen(self, days: int) -> dict[str, Any]:
        """A blood sample drawn fasting; pass it to `lab` as `specimen`."""
        fasting = Code(f"{TERMINOLOGY}/v2-0916", "F", "Patient was fasting prior to the procedure.")
        collection = {
            "collectedDateTime": self.moment(days),
            "fastingStatusCodeableConcept": concept(fasting),
        }
        blood = {"text": "Venous blood"}
        return {"reference": self.add(Specimen, {"type": blood, "subject": self.subject, "collection": collection})}

    def research_refusal(self, days: int) -> str:
        """A consent that denies the use of the record for research."""
        scope = Code(f"{TERMINOLOGY}/consentscope", "research", "Research")
        kind = Code(f"{TERMINOLOGY}/consentcategorycodes", "research", "Research Information Access")
        return self.add(
            Consent,
            {
                "status": "active",
                "scope": concept(scope),
                "category": [concept(kind)],
                "patient": self.subject,
                "dateTime": self.moment(days),
                "policyRule": {"text": "Local research-use policy"},
                "provision": {"type": "deny"},
            },
        )


def _status(system: str, code: str) -> dict[str, Any]:
    display = code.replace("-", " ").title()
    return {"coding": [{"system": f"{TERMINOLOGY}/{system}", "code": code, "display": display}]}


def _reference_range(low: str | None, high: str | None, unit: str) -> dict[str, Any]:
    written = UNIT_AS_WRITTEN.get(unit, unit)
    one_sided = f"<= {high} {written}" if high else f">= {low} {written}"
    text = f"{low} - {high} {written}" if low and high else one_sided
    bounds = {"low": low, "high": high}
    return {side: quantity(bound, unit) for side, bound in bounds.items() if bound} | {"text": text}


def _flag(value: str, low: str | None, high: str | None) -> dict[str, Any]:
    number = Decimal(value)
    if low and number < Decimal(low):
        code, display = "L", "Low"
    elif high and number > Decimal(high):
        code, display = "H", "High"
    else:
        code, display = "N", "Normal"
    return concept(Code(f"{TERMINOLOGY}/v3-ObservationInterpretation", code, display))
