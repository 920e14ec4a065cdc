"""An assessment as data for whoever shows it: the sandbox's answer and the pages are made from this form alone."""

from __future__ import annotations

from typing import Any

from rules.assessment import Assessment


def described(assessment: Assessment) -> dict[str, Any]:
    """Return the form that the command line prints, and with it what only people need: labels, defects, gaps."""
    content = assessment.to_json()
    del content["source"]
    content["dataGaps"] = list(assessment.data_gaps)
    for given, result in zip(content["criteria"], assessment.criteria, strict=True):
        given["label"] = result.label
        given["textDefect"] = result.text_defect
        given["sensitive"] = result.sensitive
        given["softened"] = result.softened
    return content
