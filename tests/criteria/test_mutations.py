"""The mutation run works, and the table of one criterion notices every change of its own numbers and codes."""

from __future__ import annotations

from tests.criteria.mutations import killed_of


def test_the_table_of_one_criterion_notices_its_own_mutants() -> None:
    killed = killed_of("I8")
    own = [name for name in killed if name.startswith(("I8 ", "value set hba1c"))]
    assert {"I8 limit minimum lower", "I8 window decide longer", "value set hba1c without loinc.org"} <= set(own)
    assert not [name for name in own if not killed[name]]
