"""The layout of a card's detail: which parts, in which order, and how long. The words are in `wording`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cards import wording
from cards.escape import Markdown, escape
from cards.groups import Group, Groups, group, is_open, open_items
from cards.settings import CardSettings
from rules.assessment import Assessment, Basis, CriterionResult, Effect, Kind
from rules.trial import Trial

MOST_GAPS = 5
"""Open items listed in one group; the rest is counted."""
MOST_SOURCES = 2
"""Entries of the record named for one criterion."""
MOST_DATA_GAPS = 8

Line = Callable[[CriterionResult], Markdown]


def detail(assessment: Assessment, trial: Trial, settings: CardSettings) -> Markdown:
    """Return the detail in Markdown narrow enough for a side panel: short lists, no table."""
    groups = group(assessment, trial, settings.sensitive_detail == "full")
    parts = [
        *_study(assessment, trial, settings),
        wording.why_flagged(groups[Group.FITS], _blocks(assessment)),
        *_against(groups),
        *_open(assessment, groups, settings),
        *_titled(wording.FITS, [_with_sources(r, wording.finding) for r in groups[Group.FITS]]),
        *_titled(wording.CLEAR, _clear(groups)),
        *_titled(wording.NOT_ASSESSED, _not_assessed(assessment, groups)),
        *_titled(wording.TEXT_DEFECTS, [wording.text_defect(r) for r in _with_defect(assessment, groups)]),
        *_titled(wording.DATA_GAPS, _capped([escape(gap) for gap in assessment.data_gaps], MOST_DATA_GAPS)),
        *_titled(wording.LIMITS, [wording.limits(assessment)]),
        *_closing(assessment, trial, settings),
    ]
    return Markdown("\n\n".join(parts))


def _study(assessment: Assessment, trial: Trial, settings: CardSettings) -> list[Markdown]:
    attestation = settings.attested(assessment.evaluated_on)
    status = wording.registry_status(trial.registry)
    if attestation:
        status = wording.attested_status(trial.registry, attestation)
    return [wording.DEMONSTRATION, status] if settings.demo else [status]


def _against(groups: Groups) -> list[Markdown]:
    """Return what blocks; only a site that asks for such cards sees it."""
    inclusions = groups.split(Group.BLOCKS, Kind.INCLUSION)
    exclusions = groups.split(Group.BLOCKS, Kind.EXCLUSION)
    return [
        *_titled(wording.BLOCKS_INCLUSION, [_with_sources(r, wording.finding) for r in inclusions]),
        *_titled(wording.BLOCKS_EXCLUSION, [_with_sources(r, wording.finding) for r in exclusions]),
    ]


def _open(assessment: Assessment, groups: Groups, settings: CardSettings) -> list[Markdown]:
    """Return the open items, weak blocks first."""
    confidential = groups[Group.CONFIDENTIAL]
    present = sum(result.effect is Effect.BLOCKS for result in confidential)
    still_open = sum(result.effect is Effect.OPEN for result in confidential)
    human = [_human(result, settings) for result in groups[Group.HUMAN]]
    return [
        wording.open_heading(open_items(assessment), len(groups[Group.NOT_ASSESSED])),
        *_bullets(wording.confidential(present, still_open)),
        *_titled(wording.UNCONFIRMED, _most_decisive(groups[Group.UNCONFIRMED], wording.unconfirmed)),
        *_titled(wording.JUDGEMENT, _most_decisive(groups[Group.JUDGEMENT], wording.gap)),
        *_titled(wording.MISSING, _most_decisive(groups[Group.MISSING], wording.gap)),
        *_titled(wording.HUMAN, human),
    ]


def _human(result: CriterionResult, settings: CardSettings) -> Markdown:
    """Return the line of a question for people; confidential hints are not shown, nor that there are any."""
    if result.sensitive and settings.sensitive_detail == "minimal":
        return wording.human_without_hints(result)
    return _with_sources(result, wording.human)


def _clear(groups: Groups) -> list[Markdown]:
    """Return the exclusions not found: with their values, or in one line where nothing is recorded."""
    seen = [result for result in groups[Group.CLEAR] if result.basis is not Basis.ABSENCE]
    absent = [result for result in groups[Group.CLEAR] if result.basis is Basis.ABSENCE]
    hidden = sum(result.effect is Effect.SUPPORTS for result in groups[Group.CONFIDENTIAL])
    return [
        *(_with_sources(result, wording.finding) for result in seen),
        *([wording.no_record_of(absent)] if absent else ()),
        *([wording.confidential_clear(hidden)] if hidden else ()),
    ]


def _with_defect(assessment: Assessment, groups: Groups) -> list[CriterionResult]:
    """Return the criteria on this card whose text in the registry had to be interpreted."""
    not_shown = {r.id for r in (*groups[Group.CONFIDENTIAL], *groups[Group.NOT_ASSESSED])}
    shown = (r for r in assessment.criteria if r.kind is not Kind.HEADER and r.id not in not_shown)
    return [result for result in shown if result.text_defect]


def _not_assessed(assessment: Assessment, groups: Groups) -> list[Markdown]:
    """Return one line for the criteria that this version leaves out, as the study's record orders them."""
    ids = {result.id for result in groups[Group.NOT_ASSESSED]}
    return [wording.not_assessed([r for r in assessment.criteria if r.id in ids])] if ids else []


def _closing(assessment: Assessment, trial: Trial, settings: CardSettings) -> list[Markdown]:
    attestation = settings.attested(assessment.evaluated_on)
    return [
        wording.fixed_text(trial),
        wording.links(trial.registry.url, settings.link("protocol")),
        *([wording.contact(attestation)] if attestation else ()),
    ]


# --- parts of a list ---------------------------------------------------------------------------------------


def _most_decisive(results: Sequence[CriterionResult], line: Line) -> list[Markdown]:
    return _capped([_with_sources(result, line) for result in results], MOST_GAPS)


def _with_sources(result: CriterionResult, line: Line) -> Markdown:
    sources = _capped([wording.source(evidence) for evidence in result.evidence], MOST_SOURCES)
    return Markdown(f"{line(result)} Source: {'; '.join(sources)}" if sources else line(result))


def _capped(lines: Sequence[Markdown], most: int) -> list[Markdown]:
    rest = len(lines) - most
    return [*lines[:most], wording.and_more(rest)] if rest > 0 else list(lines)


def _bullets(lines: Iterable[Markdown]) -> list[Markdown]:
    """Return one part, a list; none for no lines."""
    listed = "\n".join(f"- {line}" for line in lines)
    return [Markdown(listed)] if listed else []


def _titled(title: Markdown, lines: Sequence[Markdown]) -> list[Markdown]:
    return [title, *_bullets(lines)] if lines else []


def _blocks(assessment: Assessment) -> int:
    return sum(not is_open(result) for result in assessment.with_effect(Effect.BLOCKS))
