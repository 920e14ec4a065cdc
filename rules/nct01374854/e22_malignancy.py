"""E22: any malignancy.

A malignant tumour that is recorded as current excludes; skin cancer other than melanoma too, with the remark
that it is often waived. A past tumour or a history of one, a tumour in situ or of uncertain behaviour, and a
single inpatient diagnosis need judgement. Benign tumours, screening and family history are no findings.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Status
from rules.corroboration import rests_on_one_stay
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses
from rules.diagnosis_groups import grouped_finding

RULES = (
    Rule("current", (field.malignant >= 1,), Status.MET, "A malignancy is recorded as current: {malignant}."),
    Rule("current-skin-cancer", (field.skin >= 1,), Status.MET,
         "Skin cancer is recorded as current, which a clinician may waive: {skin}."),
    Rule("one-hospital-stay", (field.single >= 1,), Status.NEEDS_JUDGEMENT,
         "A malignancy rests on one stay, or an encounter not at hand, which can code suspicion: {single}."),
    Rule("past", (field.past >= 1,), Status.NEEDS_JUDGEMENT,
         "A malignancy is recorded, not as current: {past}."),
    Rule("in-situ-or-uncertain", (field.uncertain >= 1,), Status.NEEDS_JUDGEMENT,
         "A tumour in situ or of uncertain behaviour is recorded: {uncertain}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "A tumour, not confirmed, only as free text, or coded as benign, screening or family history too: {doubtful}.",
         Confidence.LOW),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No malignancy among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("none", (), Status.NOT_MET, "No malignancy is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return tumours by behaviour and course."""
    sets = {name: chart.value_set(name) for name in _TUMOURS}
    everything = diagnoses(chart, *sets.values())
    certain = [d for d in everything if d.certain and not _is_in(chart, d, _DENYING)]
    milder = [d for d in certain if any(_is_in(chart, d, name) for name in _MILDER)]
    cancers = [d for d in certain if d not in milder]
    current = [d for d in cancers if d.current]
    single = current if rests_on_one_stay(chart, cancers) else []
    counting = [d for d in current if d not in single]
    groups: dict[str, list[Diagnosis]] = {
        "malignant": [d for d in counting if _is_in(chart, d, "malignancy")],
        "skin": [d for d in counting if not _is_in(chart, d, "malignancy")],
        "single": single,
        "past": [*(d for d in cancers if not d.current), *(d for d in milder if not _is_uncertain(chart, d))],
        "uncertain": [d for d in milder if _is_uncertain(chart, d)],
        "doubtful": [d for d in everything if d not in certain],
    }
    return grouped_finding(groups, absence(chart, *sets.values()))


_MILDER = ("tumour_uncertain", "malignancy_history")
"""An entry that has such a code beside one of a malignancy contradicts itself: judgement."""
_DENYING = "traps_e22"
"""So does one that is coded as benign, as screening or as family history as well; not a lump in the breast or a
polyp of the colon, in which cancer is found."""
_TUMOURS = ("malignancy", "skin_cancer", *_MILDER)


def _is_in(chart: Chart, diagnosis: Diagnosis, name: str) -> bool:
    return chart.value_set(name).find(diagnosis.condition.code) is not None


def _is_uncertain(chart: Chart, diagnosis: Diagnosis) -> bool:
    """True for a tumour in situ or of uncertain behaviour that no code of the entry calls a past cancer."""
    return _is_in(chart, diagnosis, "tumour_uncertain") and not _is_in(chart, diagnosis, "malignancy_history")
