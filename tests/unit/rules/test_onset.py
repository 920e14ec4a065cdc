"""The onset as an interval of days: every form the record has for it, cut by what bounds it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.assessment import Confidence, Evidence
from rules.codes import ICD10CM
from rules.dates import Days, completed_years
from rules.diagnoses import diagnoses
from rules.onset import Onset, Phrases, birth_days, onset_of
from tests.criteria.given import Given, diagnosis, patient
from tests.unit.rules.charts import chart, codes

GOUT = codes("gout", (ICD10CM, "M10", "prefix"))
PHRASES = Phrases(infancy_maximum=4, childhood_maximum=12, teens_minimum=10, teens_maximum=19)


def onset(*given: Given, born: str | None = "1990-03-10", bounds: tuple[tuple[date, Evidence], ...] = ()) -> Onset:
    seen = chart(patient(born), *given)
    return onset_of(seen, diagnoses(seen, GOUT), bounds, PHRASES)


def gout(**more: Any) -> Given:
    return diagnosis("icd10cm:M10.9", **more)


def span(*given: Given, born: str | None = "1990-03-10") -> tuple[str, str] | None:
    found = onset(*given, born=born)
    days = found.stated[0].days if found.stated else None
    return (days.first.isoformat(), days.last.isoformat()) if days else None


def age(value: float | str, unit: str = "a", **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "code": unit, **more}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"onset": "2010-05-05"}, ("2010-05-05", "2010-05-05")),
        ({"onset": "2010"}, ("2010-01-01", "2010-12-31")),
        ({"onset": "2025"}, ("2025-01-01", "2025-06-15")),  # cut at the evaluation
        ({"onset": "1990"}, ("1990-03-10", "1990-12-31")),  # cut at birth
        ({"onsetPeriod": {"start": "2010-05"}}, ("2010-05-01", "2010-05-31")),
        ({"onsetPeriod": {"end": "2010-05"}}, None),
        ({"onsetAge": age(12)}, ("2002-03-10", "2003-03-09")),
        ({"onsetAge": age(12, "years")}, ("2002-03-10", "2003-03-09")),
        ({"onsetAge": age(0)}, ("1990-03-10", "1991-03-09")),
        ({"onsetAge": age(18, "mo")}, ("1991-09-10", "1991-10-09")),
        ({"onsetAge": age(2, "wk")}, ("1990-03-24", "1990-03-30")),
        ({"onsetAge": age(10, "d")}, ("1990-03-20", "1990-03-20")),
        ({"onsetAge": age(12.5)}, ("2002-09-10", "2003-09-09")),
        ({"onsetAge": age(12, "furlongs")}, None),
        ({"onsetAge": {"unit": "a"}}, None),
        ({"onsetAge": age(1e30)}, None),
        ({"onsetRange": {"low": age(10), "high": age(12)}}, ("2000-03-10", "2003-03-09")),
        ({"onsetRange": {"low": age(10)}}, ("2000-03-10", "2025-06-15")),
        ({"onsetRange": {"high": age(12)}}, ("1990-03-10", "2003-03-09")),
        ({"onsetRange": {}}, None),
        ({"onsetAge": {**age(12), "comparator": "<"}}, ("1990-03-10", "2003-03-09")),
        ({"onsetAge": {**age(12), "comparator": ">"}}, ("2002-03-10", "2025-06-15")),
        ({"onsetString": "14 yo"}, ("2004-03-10", "2005-03-09")),
        ({"onsetString": "age 12"}, ("2002-03-10", "2003-03-09")),
        ({"onsetString": "Aged 9"}, ("1999-03-10", "2000-03-09")),
        ({"onsetString": "at 12 years old"}, ("2002-03-10", "2003-03-09")),
        ({"onsetString": "12y"}, ("2002-03-10", "2003-03-09")),
        ({"onsetString": "diagnosed in 2003"}, ("2003-01-01", "2003-12-31")),
        ({"onsetString": "in infancy"}, ("1990-03-10", "1995-03-09")),
        ({"onsetString": "childhood"}, ("1990-03-10", "2003-03-09")),
        ({"onsetString": "as a teenager"}, ("2000-03-10", "2010-03-09")),
        ({"onsetString": "12 years ago"}, None),
        ({"onsetString": "long ago"}, None),
        ({"onsetString": "children were well"}, None),
        ({"onsetString": "mother, age 12"}, None),
        ({"onsetString": "age 12?"}, None),
        ({"onsetString": "probably in 2003"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_forms_of_an_onset(stated: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert span(gout(**stated)) == expected


def test_words_are_believed_less() -> None:
    assert onset(gout(onsetString="age 12")).stated[0].confidence is Confidence.LOW
    assert onset(gout(onsetAge=age(12))).stated[0].confidence is Confidence.HIGH


def test_an_age_needs_a_birth_date() -> None:
    assert span(gout(onsetAge=age(12)), born=None) is None
    assert span(gout(onsetString="age 12"), born=None) is None
    assert span(gout(onsetString="in 2003"), born=None) == ("2003-01-01", "2003-12-31")


def test_an_imprecise_birth_widens_an_age() -> None:
    assert span(gout(onsetAge=age(12)), born="1990") == ("2002-01-01", "2003-12-30")


@settings(max_examples=60, deadline=None)
@given(born=st.dates(date(1950, 1, 1), date(2000, 12, 31)), years=st.integers(0, 24))
def test_an_age_in_years_means_completed_years(born: date, years: int) -> None:
    days = onset(gout(onsetAge=age(years)), born=born.isoformat()).stated[0].days
    assert completed_years(born, days.first) == completed_years(born, days.last) == years
    assert completed_years(born, days.first - timedelta(days=1)) == years - 1
    assert completed_years(born, days.last + timedelta(days=1)) == years + 1


@pytest.mark.parametrize("stated", ["2025-06-16", "2026", "1989", "1990-03-09"])
def test_what_cannot_be_true_is_set_aside(stated: str) -> None:
    found = onset(gout(onset=stated))
    assert found.stated == ()
    assert [evidence.date for evidence in found.invalid] == [stated]


def test_the_earliest_statement_comes_first() -> None:
    found = onset(gout(onset="2012"), gout(onset="2008"), gout(onset="2010-01-01"))
    assert [str(source.days.first) for source in found.stated] == ["2008-01-01", "2010-01-01", "2012-01-01"]
    assert found.span(None) == Days(date(2008, 1, 1), date(2008, 12, 31))


def test_recordings_only_bound_it() -> None:
    found = onset(gout(recorded="2020-05-01"), gout(recorded="2018-02"))
    assert found.stated == ()
    assert found.bound == date(2018, 2, 28)
    assert found.span(date(1990, 9, 10)) == Days(date(1990, 9, 10), date(2018, 2, 28))
    assert found.span(None) is None
    assert found.span(date(2019, 1, 1)) is None
    assert len(found.evidence()) == 1


def test_a_bound_cuts_an_imprecise_statement() -> None:
    assert span(gout(onset="2010", recorded="2010-04-01")) == ("2010-01-01", "2010-04-01")
    assert span(gout(onset="2012", recorded="2010-04-01")) == ("2012-01-01", "2012-12-31")


def test_a_date_equal_to_the_recording_is_a_default() -> None:
    found = onset(gout(onset="2020-05-01", recorded="2020-05-01"))
    assert (found.stated, found.bound) == ((), date(2020, 5, 1))
    assert len(onset(gout(onset="2020-05", recorded="2020-05")).stated) == 1  # a month says nothing of the day
    assert len(onset(gout(onset="2020-04-30", recorded="2020-05-01")).stated) == 1


def test_bounds_from_elsewhere() -> None:
    order = Evidence("MedicationRequest/1", "allopurinol")
    found = onset(gout(recorded="2020-05-01"), bounds=((date(2015, 1, 1), order),))
    assert found.bound == date(2015, 1, 1)
    assert found.evidence() == (order,)


def test_agreement() -> None:
    def late(days: Days) -> bool:
        return days.first >= date(2011, 1, 1)

    assert onset(gout(onset="2008"), gout(onset="2010")).agrees(late)
    assert not onset(gout(onset="2008"), gout(onset="2012")).agrees(late)
    assert onset().agrees(late)


def test_birth_days() -> None:
    assert birth_days(chart(patient("1990-03"))) == Days(date(1990, 3, 1), date(1990, 3, 31))
    assert birth_days(chart(patient(None))) is None
