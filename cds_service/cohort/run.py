"""``trial-cds screen``: a source in, a folder with candidates, assessments and a report out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from cds_service.cohort.candidates import candidates_csv
from cds_service.cohort.checkpoint import Checkpoint, Plan, Whole
from cds_service.cohort.disclosure import Disclosure
from cds_service.cohort.folders import write_file
from cds_service.cohort.grouping import Grouped
from cds_service.cohort.local import shards_for
from cds_service.cohort.progress import Narrator
from cds_service.cohort.report import Report
from cds_service.cohort.research_subjects import research_subjects
from cds_service.cohort.screener import Outcome, Terms, not_exported
from cds_service.cohort.source import Source
from rules.assessment import Verdict
from rules.trial import Trial

ASSESSMENTS = "assessments.ndjson"
CANDIDATES = "candidates.csv"
SUBJECTS = "research-subjects.json"
REPORT = "report.html"
QUALITY = "quality.json"
NOT_ASSESSED = "not-assessed.ndjson"
QUARANTINE = "quarantine.ndjson"

_MOST_LISTED = 30
"""Different units or codes that quality.json lists."""


class Engine(Protocol):
    """Screens a source: on this machine, or on a cluster."""

    def screen(
        self, source: Source, plan: Plan, checkpoint: Checkpoint, assessments: Path
    ) -> tuple[Outcome, Grouped | None]:
        """Write all assessments to a file; return what came of the people, and what the lines of the source held."""
        ...


@dataclass(frozen=True, slots=True)
class Screening:
    """One run: what is screened, on what terms, and where the results go."""

    source: Source
    terms: Terms
    trial: Trial
    checkpoint: Checkpoint
    """In the folder for the results, and locked."""
    disclosure: Disclosure
    narrator: Narrator

    def run(self, engine: Engine) -> dict[str, Any]:
        """Screen, going on with an interrupted run of the same, and write the results; return the data's quality.

        Raises `checkpoint.RunError` and `grouping.GroupingError`, whose messages say what to do.
        """
        os.umask(0o077)
        plan = Plan.of(self.source, self.terms, shards_for(self.source))
        if self.checkpoint.begin(plan):
            self.narrator.say(f"Going on with the run in {self.out}.")
        whole = self.checkpoint.finished() or self._screen(engine, plan)
        self.checkpoint.tidy()
        return self._write(Outcome.from_json(whole.outcome), whole.lines)

    @property
    def out(self) -> Path:
        return self.checkpoint.out

    def _screen(self, engine: Engine, plan: Plan) -> Whole:
        outcome, lines = engine.screen(self.source, plan, self.checkpoint, self.out / ASSESSMENTS)
        whole = Whole(outcome.to_json(), lines)
        self.checkpoint.finish(whole)
        return whole

    def _write(self, outcome: Outcome, lines: Grouped | None) -> dict[str, Any]:
        quality = self._quality(outcome, lines)
        report = Report(
            tally=outcome.tally,
            trial=self.trial,
            on=self.terms.on,
            not_assessed=len(outcome.not_assessed),
            unreadable_lines=sum(lines.faults.values()) if lines else 0,
            disclosure=self.disclosure,
        )
        write_file(self.out / CANDIDATES, candidates_csv(outcome.candidates))
        write_file(self.out / SUBJECTS, research_subjects(outcome.candidates, self.trial, self.terms.on))
        write_file(self.out / REPORT, report.html())
        write_file(self.out / QUALITY, orjson.dumps(quality, option=orjson.OPT_INDENT_2) + b"\n")
        write_file(self.out / NOT_ASSESSED, _ndjson(("patient", "cause"), sorted(outcome.not_assessed)))
        write_file(self.out / QUARANTINE, _ndjson(("file", "line", "cause"), lines.quarantine if lines else ()))
        return quality

    def _quality(self, outcome: Outcome, lines: Grouped | None) -> dict[str, Any]:
        quality, terms = outcome.quality, self.terms
        return {
            "source": str(self.source.folder),
            "trial": self.trial.id,
            "rulesVersion": terms.rules_version,
            "evaluatedOn": terms.on.isoformat(),
            "patientsAssessed": outcome.tally.people,
            "patientsNotAssessed": _counted(why for _who, why in outcome.not_assessed),
            "verdicts": {verdict.value: outcome.tally.verdicts[verdict.value] for verdict in Verdict},
            "resources": lines.types if lines else {},
            "typesNotExported": list(not_exported(lines.types)) if lines else [],
            "linesNotRead": lines.faults if lines else {},
            "resourcesNotUsed": [dict(zip(("cause", "type", "count"), one, strict=True)) for one in lines.unused]
            if lines
            else [],
            "resourcesNotReadable": dict(sorted(quality.unreadable.items())),
            "resourcesOfAnotherSubject": quality.foreign,
            "resultsWithUnitNotUnderstood": quality.units.total(),
            "unitsNotUnderstood": _listed(quality.units),
            "resourcesWithoutKnownCode": quality.codes.total(),
            "codesNotKnown": _listed(quality.codes),
        }


def _counted(causes: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(causes).items()))


def _listed(counts: Counter[str]) -> dict[str, int]:
    """Return the most frequent, for those are worth mending first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LISTED])


def _ndjson(names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows)
