"""The invented chart of one person, as FHIR R4 resources in plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from cds_service.cohort.synthetic import measures
from cds_service.cohort.synthetic.chance import Chance
from cds_service.cohort.synthetic.measures import Measure, Way
from cds_service.cohort.synthetic.person import Diabetes, Person
from cds_service.sandbox import codes
from cds_service.sandbox.codes import TERMINOLOGY, Code, icd10cm, snomed

Resource = dict[str, Any]

UCUM = "http://unitsofmeasure.org"

_BACK_PAIN = (icd10cm("M54.50", "Low back pain, unspecified"),)
_LOCAL_DIAGNOSIS = (Code("urn:example:synthetic:problems", "4711", "Tinea pedis"),)
_COMMON = (
    ((icd10cm("E78.5", "Hyperlipidemia, unspecified"), snomed("55822004", "Hyperlipidemia")), 0.30),
    (codes.HYPERTENSION, 0.28),
    (codes.HYPOTHYROIDISM, 0.08),
    (_BACK_PAIN, 0.20),
    (_LOCAL_DIAGNOSIS, 0.10),
    ((icd10cm("J45.909", "Unspecified asthma, uncomplicated"),), 0.08),
    ((icd10cm("F32.A", "Depression, unspecified"),), 0.09),
    ((icd10cm("K21.9", "Gastro-esophageal reflux disease without esophagitis"),), 0.12),
)
_SERIOUS = (
    ((icd10cm("I50.9", "Heart failure, unspecified"),), 0.10),
    ((icd10cm("I25.10", "Atherosclerotic heart disease of native coronary artery"),), 0.16),
    ((icd10cm("I63.9", "Cerebral infarction, unspecified"),), 0.05),
    ((icd10cm("N18.30", "Chronic kidney disease, stage 3 unspecified"),), 0.12),
    ((icd10cm("C50.911", "Malignant neoplasm of unspecified site of right female breast"),), 0.05),
    ((icd10cm("K80.20", "Calculus of gallbladder without cholecystitis without obstruction"),), 0.08),
    ((icd10cm("I71.40", "Abdominal aortic aneurysm, without rupture, unspecified"),), 0.02),
    ((icd10cm("J96.10", "Chronic respiratory failure, unspecified"),), 0.02),
    ((icd10cm("F17.210", "Nicotine dependence, cigarettes, uncomplicated"),), 0.10),
)
_DRUGS = (
    ((Code(codes.RXNORM, "83367", "atorvastatin"), Code(codes.ATC, "C10AA05", "atorvastatin")), 0.35),
    ((Code(codes.RXNORM, "29046", "lisinopril"), Code(codes.ATC, "C09AA03", "lisinopril")), 0.30),
    ((Code(codes.RXNORM, "161", "acetaminophen"), Code(codes.ATC, "N02BE01", "paracetamol")), 0.25),
    ((Code(codes.RXNORM, "11289", "warfarin"), Code(codes.ATC, "B01AA03", "warfarin")), 0.03),
    ((Code(codes.RXNORM, "8640", "prednisone"), Code(codes.ATC, "H02AB07", "prednisone")), 0.03),
)
_RETINA = (
    (codes.NO_RETINOPATHY, 0.84),
    (Code(codes.LOINC, "LA18644-7", "Mild non-proliferative retinopathy"), 0.10),
    (Code(codes.LOINC, "LA18648-8", "Proliferative retinopathy"), 0.06),
)
_TOBACCO = (
    (codes.NEVER_SMOKER, 0.60),
    (snomed("8517006", "Ex-smoker"), 0.22),
    (snomed("449868002", "Current every day smoker"), 0.14),
    (snomed("266927001", "Tobacco smoking consumption unknown"), 0.04),
)
_SEROLOGY = (codes.HIV_SCREEN, codes.HCV_ANTIBODY, codes.HBV_SURFACE_ANTIGEN, codes.TB_IGRA)
SHARED_DRUGS = (*codes.GLARGINE, *codes.ASPART, *codes.METFORMIN[:1])
"""Drugs that some orders name by reference to a Medication which all patients share."""


def shared_resources() -> list[Resource]:
    """Return the Medications that belong to no patient."""
    return [{"resourceType": "Medication", "id": f"drug-{c.code}", "code": _concept((c,))} for c in SHARED_DRUGS]


class ChartWriter:
    """Writes one person's chart, from what is drawn for them."""

    def __init__(self, person: Person, on: date, chance: Chance) -> None:
        self.person = person
        self.on = on
        self.chance = chance
        self.resources: list[Resource] = []
        self._subject = {"reference": f"Patient/{person.id}"}
        self._offset = "+01:00" if person.si_units else "-05:00"

    def write(self) -> list[Resource]:
        """Return the chart, the Patient first."""
        self._patient()
        self._diabetes()
        self._other_diagnoses()
        self._drugs()
        for visit in range(self.person.visits):
            self._visit(self.person.last_seen + visit * self.person.every, first=visit == 0)
        self._once()
        return self.resources

    # -- who ---------------------------------------------------------------------------------------------

    def _patient(self) -> None:
        person, chance = self.person, self.chance
        born = self.on - timedelta(days=int(person.age * 365.25) + chance.between(0, 364))
        birth_date = born.isoformat()[:4] if chance.happens(0.01) else born.isoformat()
        body: Resource = {
            "resourceType": "Patient",
            "id": person.id,
            "identifier": [{"system": "urn:example:synthetic:mrn", "value": f"SYN-{person.id}"}],
            "name": [{"family": "Synthetic", "given": [f"Person {person.id}"]}],
            "gender": "female" if person.female else "male",
        }
        if not chance.happens(0.004):
            body["birthDate"] = birth_date
        if chance.happens(0.03 * person.frailty):
            body["deceasedBoolean"] = True
        self.resources.append(body)
        if chance.happens(0.012):
            self._add("Consent", {
                "status": "active",
                "scope": _concept((Code(f"{TERMINOLOGY}/consentscope", "research", "Research"),)),
                "category": [_concept((Code(f"{TERMINOLOGY}/consentcategorycodes", "research", "Research"),))],
                "patient": self._subject,
                "provision": {"type": "deny"},
            })  # fmt: skip

    # -- diagnoses ---------------------------------------------------------------------------------------

    def _diabetes(self) -> None:
        person, chance = self.person, self.chance
        if person.diabetes is Diabetes.NONE:
            return
        if person.diabetes is Diabetes.TYPE_1:
            concept: Sequence[Code] = codes.T1DM_GERMAN if person.si_units else codes.T1DM
            if chance.happens(0.12):
                concept = codes.T1DM_SNOMED
        else:
            concept = codes.T2DM
        onset = self.on - timedelta(days=int((person.age - person.onset_age) * 365.25) + chance.between(1, 364))
        text = onset.isoformat()[: 4 if chance.happens(0.15) else 7 if chance.happens(0.3) else 10]
        self._condition(concept, onset=None if chance.happens(0.12) else text, recorded=onset)
        for _ in range(chance.between(0, 4)):
            self._condition(concept, listed_as="encounter-diagnosis", recorded=self._earlier(900))
        if person.diabetes is Diabetes.TYPE_1:
            if chance.happens(0.06):
                self._condition(codes.T2DM, listed_as="encounter-diagnosis", recorded=self._earlier(900))
            if chance.happens(0.10):
                self._condition(codes.KETOACIDOSIS, listed_as="encounter-diagnosis", recorded=self._earlier(1500))

    def _other_diagnoses(self) -> None:
        for concept, share in _COMMON:
            if self.chance.happens(share * (0.4 + self.person.frailty)):
                self._condition(concept, recorded=self._earlier(3000))
        for concept, share in _SERIOUS:
            if self.chance.happens(share * self.person.frailty):
                self._condition(concept, recorded=self._earlier(3000))
        if self.chance.happens(0.01):
            self._condition((icd10cm("C18.9", "Malignant neoplasm of colon"),), verification="entered-in-error")
        if self.person.female and 17 < self.person.age < 45 and self.chance.happens(0.03):
            self._condition(codes.PREGNANT, recorded=self._earlier(200))

    def _condition(
        self,
        concept: Sequence[Code],
        *,
        onset: str | None = None,
        recorded: date | None = None,
        listed_as: str = "problem-list-item",
        verification: str = "confirmed",
    ) -> None:
        body: Resource = {
            "category": [_concept((Code(f"{TERMINOLOGY}/condition-category", listed_as, listed_as),))],
            "verificationStatus": _concept((Code(f"{TERMINOLOGY}/condition-ver-status", verification, verification),)),
            "code": _concept(concept),
            "subject": self._subject,
        }
        if verification != "entered-in-error":
            body["clinicalStatus"] = _concept((Code(f"{TERMINOLOGY}/condition-clinical", "active", "Active"),))
        if onset:
            body["onsetDateTime"] = onset
        if recorded:
            body["recordedDate"] = recorded.isoformat()
        self._add("Condition", body)

    # -- drugs -------------------------------------------------------------------------------------------

    def _drugs(self) -> None:
        person, chance = self.person, self.chance
        if person.diabetes is Diabetes.TYPE_1 and not chance.happens(0.04):
            self._insulin()
        if person.diabetes is Diabetes.TYPE_2:
            if chance.happens(0.75):
                self._order(codes.METFORMIN, dose=(chance.pick((500, 850, 1000)), "mg"), per_day=2)
            if chance.happens(0.25):
                self._insulin()
        for drug, share in _DRUGS:
            if chance.happens(share * (0.3 + person.frailty)):
                self._order(drug, dose=(chance.pick((5, 10, 20, 40)), "mg"), per_day=1)

    def _insulin(self) -> None:
        chance, si = self.chance, self.person.si_units
        basal, rapid = (codes.GLARGINE_ATC, codes.LISPRO_ATC) if si else (codes.GLARGINE, codes.ASPART)
        units = max(8, int(chance.around(22, 7)))
        self._order(basal, dose=(units, "[U]"), per_day=1)
        self._order(rapid, dose=(max(2, units // 3), "[U]"), per_day=3)

    def _order(self, concept: Sequence[Code], *, dose: tuple[int, str], per_day: int) -> None:
        value, unit = dose
        body: Resource = {
            "status": "active" if self.chance.happens(0.9) else "stopped",
            "intent": "order",
            "subject": self._subject,
            "authoredOn": self._moment(self.chance.between(5, 420)),
        }
        if concept[0] in SHARED_DRUGS and self.chance.happens(0.3):
            body["medicationReference"] = {"reference": f"Medication/drug-{concept[0].code}"}
        else:
            body["medicationCodeableConcept"] = _concept(concept)
        if not self.chance.happens(0.15):
            body["dosageInstruction"] = [{
                "timing": {"repeat": {"frequency": per_day, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}],
            }]  # fmt: skip
        self._add("MedicationRequest", body)

    # -- visits ------------------------------------------------------------------------------------------

    def _visit(self, days: int, *, first: bool) -> None:
        person, chance = self.person, self.chance
        inpatient = chance.happens(0.02 + 0.05 * person.frailty)
        kind = codes.INPATIENT if inpatient else codes.AMBULATORY
        period = {"start": self._moment(days, 8), "end": self._moment(max(0, days - 3 * inpatient), 11)}
        place = {"system": kind.system, "code": kind.code, "display": kind.display}
        self._add("Encounter", {"status": "finished", "class": place, "subject": self._subject, "period": period})
        self._vitals(days)
        self._panel((*measures.METABOLIC, *measures.UNASKED), days)
        thorough = person.thorough and first
        if first or chance.happens(0.5):
            self._panel((*measures.BLOOD_COUNT, *measures.LIPIDS, *measures.LIVER), days)
        if person.diabetes is not Diabetes.NONE:
            self._result(measures.HBA1C, days, level=person.hba1c)
            if thorough or chance.happens(0.6):
                self._panel((measures.ALBUMIN_CREATININE_RATIO,), days)
        if thorough or chance.happens(0.35):
            self._panel(measures.PROTEIN, days)
        if thorough or chance.happens(0.25):
            self._panel(measures.CLOTTING, days)

    def _vitals(self, days: int) -> None:
        person, chance = self.person, self.chance
        systolic = int(chance.around(116 + 26 * person.frailty, 9))
        parts = [
            {"code": _concept((code,)), "valueQuantity": _quantity(value, "mmHg", "mm[Hg]")}
            for code, value in ((codes.SYSTOLIC, systolic), (codes.DIASTOLIC, int(systolic * 0.62)))
        ]
        self._observation(codes.BLOOD_PRESSURE, {"component": parts}, days, group="vital-signs")
        kind = person.diabetes
        bmi = chance.around({Diabetes.TYPE_1: 25.2, Diabetes.TYPE_2: 31.0}.get(kind, 26.0), 2.6)
        height = (164 if person.female else 177) + (int(person.id[1:]) % 13) - 6
        weight = round(bmi * (height / 100) ** 2, 1)
        for code, value, unit, ucum in (
            (codes.BODY_HEIGHT, height, "cm", "cm"),
            (codes.BODY_WEIGHT, weight, "kg", "kg"),
            (codes.BMI, round(bmi, 1), "kg/m2", "kg/m2"),
        ):
            self._observation(code, {"valueQuantity": _quantity(value, unit, ucum)}, days, group="vital-signs")
        self._panel(measures.UNASKED_VITALS, days, group="vital-signs")

    def _panel(self, panel: Iterable[Measure], days: int, group: str = "laboratory") -> None:
        for measure in panel:
            if not self.chance.happens(0.04):
                self._result(measure, days, group=group)

    def _result(self, measure: Measure, days: int, *, level: float | None = None, group: str = "laboratory") -> None:
        chance, frailty = self.chance, self.person.frailty
        number = chance.around(measure.mean if level is None else level, measure.deviation)
        if level is None and chance.happens(0.25 * frailty):
            number *= 1 + frailty * chance.pick((-0.4, 0.5, 1.2))
        way = self._way(measure)
        body = self._answer(way, round(number * way.factor + way.offset, way.digits))
        if way is measure.conventional and (measure.low or measure.high):
            bounds = {"low": measure.low, "high": measure.high}
            body["referenceRange"] = [{k: _quantity(v, way.unit, way.ucum) for k, v in bounds.items() if v}]
        self._observation(way.code, body, days, group=group)

    def _way(self, measure: Measure) -> Way:
        if measure.odd and self.chance.happens(0.04):
            return measure.odd
        return measure.si if self.person.si_units else measure.conventional

    def _answer(self, way: Way, value: float) -> Resource:
        """Return the value[x], now and then as laboratories should not write it."""
        number = int(value) if way.digits == 0 else value
        noise = self.chance.between(0, 199)
        if noise == 0:
            return {"valueString": f"{number} {way.unit}"}
        if noise == 1:
            return {"valueString": "see comment"}
        if noise == 2:
            return {"valueQuantity": {"value": number}}
        if noise == 3:
            absent = Code(f"{TERMINOLOGY}/data-absent-reason", "error", "Error")
            return {"dataAbsentReason": _concept((absent,))}
        return {"valueQuantity": _quantity(number, way.unit, way.ucum)}

    def _observation(self, code: Code, answer: Resource, days: int, *, group: str) -> None:
        draw = self.chance.between(0, 199)
        status = {0: "preliminary", 1: "entered-in-error", 2: "cancelled", 3: "corrected"}.get(draw, "final")
        body: Resource = {
            "status": status,
            "category": [_concept((Code(f"{TERMINOLOGY}/observation-category", group, group),))],
            "code": _concept((code,)),
            "subject": self._subject,
            **answer,
        }
        if draw != 4:
            body["effectiveDateTime"] = self._moment(days, 8) if draw != 5 else self._moment(days, 8)[:7]
        self._add("Observation", body)

    # -- what is done once, if at all --------------------------------------------------------------------

    def _once(self) -> None:
        person, chance = self.person, self.chance
        since = person.last_seen
        ago = 60 if person.thorough else 420
        if person.diabetes is Diabetes.TYPE_1:
            self._type_1_laboratory(since)
        elif person.diabetes is Diabetes.TYPE_2 and chance.happens(0.15):
            self._result(measures.C_PEPTIDE, since + chance.between(0, 700), level=chance.around(2.4, 0.5))
        if person.diabetes is not Diabetes.NONE and (person.thorough or chance.happens(0.6)):
            days = since + chance.between(0, ago)
            for eye in (codes.LEFT_EYE_RETINOPATHY, codes.RIGHT_EYE_RETINOPATHY):
                self._coded(eye, self._one_of(_RETINA), days, group="exam")
        if person.thorough or chance.happens(0.65):
            self._coded(codes.TOBACCO_STATUS, self._one_of(_TOBACCO), since + chance.between(0, ago), "social-history")
        if chance.happens(0.75 if person.thorough else 0.08):
            for test in _SEROLOGY:
                self._coded(test, codes.NEGATIVE, since + chance.between(0, 60))
        if chance.happens(0.5):
            self._add("Immunization", {
                "status": "completed",
                "vaccineCode": _concept((Code("http://hl7.org/fhir/sid/cvx", "150", "influenza, injectable"),)),
                "patient": self._subject,
                "occurrenceDateTime": self._moment(since + chance.between(0, 360)),
            })  # fmt: skip

    def _type_1_laboratory(self, since: int) -> None:
        chance, person = self.chance, self.person
        if person.thorough or chance.happens(0.55):
            measure = measures.C_PEPTIDE_FASTING if chance.happens(0.45) else measures.C_PEPTIDE
            new = person.age - person.onset_age < 3
            level = chance.around(0.55, 0.12) if new or chance.happens(0.15) else None
            self._result(measure, since + chance.between(0, 60 if person.thorough else 420), level=level)
        if person.thorough:
            self._result(measures.HS_CRP, since)
        elif chance.happens(0.35):
            self._result(measures.HS_CRP, since + chance.between(0, 60))

    def _coded(self, code: Code, answer: Code, days: int, group: str = "laboratory") -> None:
        self._observation(code, {"valueCodeableConcept": _concept((answer,))}, days, group=group)

    def _one_of(self, shares: Sequence[tuple[Code, float]]) -> Code:
        left = self.chance.between(0, 999) / 1000
        for code, share in shares:
            left -= share
            if left < 0:
                return code
        return shares[0][0]

    # -- small parts -------------------------------------------------------------------------------------

    def _add(self, kind: str, body: Resource) -> None:
        identity = f"{self.person.id}-{len(self.resources)}"
        self.resources.append({"resourceType": kind, "id": identity, **body})

    def _earlier(self, days: int) -> date:
        return self.on - timedelta(days=self.chance.between(1, days))

    def _moment(self, days: int, hour: int = 9) -> str:
        return f"{self.on - timedelta(days=days)}T{hour:02d}:30:00{self._offset}"


def _concept(codings: Sequence[Code]) -> Resource:
    return {"coding": [{"system": c.system, "code": c.code, "display": c.display} for c in codings]}


def _quantity(value: float, unit: str, ucum: str | None) -> Resource:
    coded = {"system": UCUM, "code": ucum} if ucum else {}
    return {"value": value, "unit": unit, **coded}
