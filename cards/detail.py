"""The layout of a card's detail: which parts, in which order, and how long. The words are in `wording`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cards import wording
from cards.escape import Markdown, escape
from cards.groups import Group, Groups, group, is_open, open_items
from cards.profiles import Layout
from cards.settings import CardSettings
from rules.assessment import Assessment, Basis, CriterionResult, Effect, Kind
from rules.standard_of_care import OverdueTest
from rules.trial import Trial

Line = Callable[[CriterionResult], Markdown]


def detail(
    assessment: Assessment,
    trial: Trial,
    settings: CardSettings,
    links: Sequence[dict[str, str]],
    overdue: Sequence[OverdueTest] = (),
) -> Markdown:
    """Return the detail in Markdown: why there is a card, what is open, then all else. Short lists, no table.

    ``overdue`` are the tests that the card suggests.
    """
    layout = settings.ehr.layout
    groups = group(assessment, trial, settings.sensitive_detail == "full")
    parts = [
        *([wording.DEMONSTRATION] if settings.demo else ()),
        _why(assessment, trial, groups),
        _study(assessment, trial, settings),
        *_against(groups, layout),
        *_open(assessment, groups, settings, layout),
        *_titled(wording.OVERDUE, [wording.overdue(test) for test in overdue]),
        *_titled(wording.FITS, [_with_sources(r, wording.finding, layout) for r in groups[Group.FITS]]),
        *_titled(wording.CLEAR, _clear(groups, layout)),
        *_titled(wording.NOT_ASSESSED, _not_assessed(assessment, groups)),
        *_titled(wording.TEXT_DEFECTS, _defects(assessment, groups, layout)),
        *_titled(wording.DATA_GAPS, _capped([escape(gap) for gap in assessment.data_gaps], layout.data_gaps)),
        *_titled(wording.LIMITS, [wording.limits(assessment)]),
        *_closing(assessment, trial, settings, links),
    ]
    return Markdown("\n\n".join(parts))


def _why(assessment: Assessment, trial: Trial, groups: Groups) -> Markdown:
    """Return the first line: what raised the card, with the results that weigh most."""
    blocks = sum(not is_open(result) for result in assessment.with_effect(Effect.BLOCKS))
    measured = frozenset(d.id for d in trial.declarations if d.laboratory)
    if blocks:
        return wording.why_against([wording.fact(r, r.id in measured) for r in groups[Group.BLOCKS]], blocks)
    return wording.why_flagged([wording.fact(r, r.id in measured) for r in groups[Group.FITS]])


def _study(assessment: Assessment, trial: Trial, settings: CardSettings) -> Markdown:
    attestation = settings.attested(assessment.evaluated_on)
    if attestation:
        return wording.attested_status(trial.registry, attestation)
    return wording.registry_status(trial.registry)


def _against(groups: Groups, layout: Layout) -> list[Markdown]:
    """Return what blocks; only a site that asks for such cards sees it."""
    inclusions = groups.split(Group.BLOCKS, Kind.INCLUSION)
    exclusions = groups.split(Group.BLOCKS, Kind.EXCLUSION)
    return [
        *_titled(wording.BLOCKS_INCLUSION, [_with_sources(r, wording.finding, layout) for r in inclusions]),
        *_titled(wording.BLOCKS_EXCLUSION, [_with_sources(r, wording.finding, layout) for r in exclusions]),
    ]


def _open(assessment: Assessment, groups: Groups, settings: CardSettings, layout: Layout) -> list[Markdown]:
    """Return the open items, weak blocks first."""
    confidential = groups[Group.CONFIDENTIAL]
    present = sum(result.effect is Effect.BLOCKS for result in confidential)
    still_open = sum(result.effect is Effect.OPEN for result in confidential)
    missing = wording.gap if layout.gap_reasons else wording.needed
    return [
        wording.open_heading(open_items(assessment), len(groups[Group.NOT_ASSESSED])),
        *_bullets(wording.confidential(present, still_open)),
        *_titled(wording.UNCONFIRMED, _most_decisive(groups[Group.UNCONFIRMED], wording.unconfirmed, layout)),
        *_titled(wording.JUDGEMENT, _most_decisive(groups[Group.JUDGEMENT], wording.gap, layout)),
        *_titled(wording.MISSING, _most_decisive(groups[Group.MISSING], missing, layout)),
        *_titled(wording.HUMAN, _human(groups[Group.HUMAN], settings, layout)),
    ]


def _human(results: Sequence[CriterionResult], settings: CardSettings, layout: Layout) -> list[Markdown]:
    """Return the questions for people: those with hints each, all others in one line.

    A confidential question stands in that line for everybody, so that nobody can tell whether there are hints.
    """
    hinted = [r for r in results if r.evidence and not (r.sensitive and settings.sensitive_detail == "minimal")]
    others = [r for r in results if r not in hinted]
    lines = [_with_sources(r, wording.human, layout) for r in hinted]
    return [*lines, wording.for_investigator(others)] if others else lines


def _clear(groups: Groups, layout: Layout) -> list[Markdown]:
    """Return the exclusions not found: with their values, or in one line where nothing is recorded."""
    seen = [result for result in groups[Group.CLEAR] if result.basis is not Basis.ABSENCE]
    absent = [result for result in groups[Group.CLEAR] if result.basis is Basis.ABSENCE]
    hidden = sum(result.effect is Effect.SUPPORTS for result in groups[Group.CONFIDENTIAL])
    by_value = [_with_sources(result, wording.finding, layout) for result in seen]
    return [
        *(by_value if layout.cleared_values or not seen else [wording.cleared_by_record(seen)]),
        *([wording.no_record_of(absent)] if absent else ()),
        *([wording.confidential_clear(hidden)] if hidden else ()),
    ]


def _defects(assessment: Assessment, groups: Groups, layout: Layout) -> list[Markdown]:
    found = _with_defect(assessment, groups)
    if layout.defects_in_full or not found:
        return [wording.text_defect(result) for result in found]
    return [wording.text_defects(found)]


def _with_defect(assessment: Assessment, groups: Groups) -> list[CriterionResult]:
    """Return the criteria on this card whose text in the registry had to be interpreted."""
    not_shown = {r.id for r in (*groups[Group.CONFIDENTIAL], *groups[Group.NOT_ASSESSED])}
    shown = (r for r in assessment.criteria if r.kind is not Kind.HEADER and r.id not in not_shown)
    return [result for result in shown if result.text_defect]


def _not_assessed(assessment: Assessment, groups: Groups) -> list[Markdown]:
    """Return one line for the criteria that this version leaves out, as the study's record orders them."""
    ids = {result.id for result in groups[Group.NOT_ASSESSED]}
    return [wording.not_assessed([r for r in assessment.criteria if r.id in ids])] if ids else []


def _closing(
    assessment: Assessment, trial: Trial, settings: CardSettings, links: Sequence[dict[str, str]]
) -> list[Markdown]:
    attestation = settings.attested(assessment.evaluated_on)
    return [
        wording.fixed_text(trial),
        *([wording.links(links)] if links else ()),
        *([wording.contact(attestation)] if attestation else ()),
    ]


# --- parts of a list ---------------------------------------------------------------------------------------


def _most_decisive(results: Sequence[CriterionResult], line: Line, layout: Layout) -> list[Markdown]:
    return _capped([_with_sources(result, line, layout) for result in results], layout.gaps)


def _with_sources(result: CriterionResult, line: Line, layout: Layout) -> Markdown:
    if not layout.sources:
        return line(result)
    named = dict.fromkeys(wording.source(evidence, result.summary) for evidence in result.evidence)
    sources = _capped(list(named), layout.sources)
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
