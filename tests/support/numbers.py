"""What `/metrics` says, as numbers by name and labels."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Sample = tuple[str, frozenset[tuple[str, str]]]


def read(text: str) -> dict[Sample, float]:
    """Return every sample of a scrape."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: Mapping[Sample, float], name: str, **labels: str) -> float:
    """Return the sum over all samples of that name, its prefix left out, that have at least these labels."""
    wanted = frozenset(labels.items())
    return sum(value for (given, has), value in samples.items() if given == f"trial_cds_{name}" and wanted <= has)
