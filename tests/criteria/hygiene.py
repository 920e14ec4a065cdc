"""Lines that criteria about diagnoses, or about drugs, share: what asserts nothing, is not sure, or was not seen."""

from __future__ import annotations

from typing import Any

from tests.criteria.given import Case, Given, case, diagnosis, dispensed, medication, resource, unnamed

OTHER = diagnosis("icd10cm:E10.9")
"""Another diagnosis, so that not finding the one asked for may count."""

_DOUBTFUL = {"expect": "needs-judgement", "rule": "doubtful", "confidence": "low"}
_ABSENT = {"expect": "not-met", "rule": "none", "confidence": "low", "basis": "absence-of-record"}
_UNSEEN = {"expect": "unknown", "rule": "not-all-seen"}


def diagnosis_hygiene(name: str, code: str, **more: Any) -> list[Case]:
    """Return the lines for a diagnosis called ``name`` that is ``met`` when it is confirmed and current.

    ``more`` is what the diagnosis needs besides its code, such as its onset.
    """

    def recorded(**changed: Any) -> Given:
        return diagnosis(code, **{**more, **changed})

    lost = {"forbidden": "refused", "failed": "lost", "truncated": "cut off"}
    return [
        case(f"{name}, verification not stated", recorded(verification=None), expect="met"),
        *(
            case(f"{name}, {status}", recorded(verification=status), **_DOUBTFUL)
            for status in ("provisional", "differential", "unconfirmed")
        ),
        case(f"{name}, refuted", OTHER, recorded(verification="refuted"), **_ABSENT),
        case(f"{name}, entered in error", OTHER, recorded(verification="entered-in-error", clinical=None), **_ABSENT),
        case(f"{name} refuted, and nothing else", recorded(verification="refuted"), **_UNSEEN),
        case("another diagnosis only", OTHER, **_ABSENT),
        case("no diagnosis at all", **_UNSEEN, says="no diagnoses are recorded here"),
        *(
            case(f"the problem list was {words}", OTHER, **_UNSEEN, searches={"problems": state})
            for state, words in lost.items()
        ),
        *(
            case(f"the encounter diagnoses were {words}", OTHER, **_UNSEEN, searches={"diagnoses": state})
            for state, words in lost.items()
        ),
        case("the encounter diagnoses were not asked for", OTHER, **_ABSENT, searches={"diagnoses": "not-asked"}),
        case(f"{name}, though the problem list was cut off", recorded(), expect="met",
             searches={"problems": "truncated"}),
        case(f"{name}, though the encounter diagnoses were lost", recorded(), expect="met",
             searches={"diagnoses": "failed"}),
        case("an entry that cannot be read", OTHER, recorded(onsetPeriod=7), **_UNSEEN, says="could not be read"),
    ]  # fmt: skip


def order_hygiene(code: str) -> list[Case]:
    """Return the lines for the order of a drug that is ``met`` while it is taken for long."""
    other = medication("rxnorm:6809")
    missing = {"expect": "unknown", "rule": "medications-missing"}
    return [
        case("a drug without a name", other, unnamed(), **missing, says="could not be identified"),
        case("a drug without a name, stopped", other, unnamed(status="stopped"), expect="not-met"),
        case("ordered for tomorrow", other, medication(code, authored="2025-06-16"), expect="not-met"),
        case("ordered for tomorrow, and nothing else", medication(code, authored="2025-06-16"), expect="unknown"),
        case("ordered two years ago, dispensed in May", medication(code, authored="2023-06-01"),
             dispensed(code, "2025-05-10"), expect="met"),
        case("ordered two years ago, dispensed over a year ago", medication(code, authored="2023-06-01"),
             dispensed(code, "2024-06-14"), expect="needs-judgement", rule="doubtful"),
        case("an order that cannot be read", other,
             resource("MedicationRequest", "an unreadable order", status=["active"]), **missing),
    ]  # fmt: skip
