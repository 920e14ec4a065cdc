"""Patients and users as keyed hashes: stable, apart by tenant and kind, and known after a change of keys."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from cds_service.storage.pseudonyms import Pseudonyms, own_key
from cds_service.storage.tables import metadata

KEY, OTHER = b"k" * 40, b"o" * 40


def test_the_same_person_is_the_same_hash() -> None:
    assert Pseudonyms([KEY]).patient("a", "p1") == Pseudonyms([KEY]).patient("a", "p1")


def test_tenants_kinds_ids_and_keys_are_apart() -> None:
    one, two = Pseudonyms([KEY]), Pseudonyms([OTHER])
    all_of_them = [
        one.patient("a", "p1"), one.patient("b", "p1"), one.patient("a", "p2"), one.user("a", "p1"),
        one.patient("ap", "1"), two.patient("a", "p1"), one.patient('a","patient', "p1"),
    ]  # fmt: skip
    assert len({pseudonym.newest for pseudonym in all_of_them}) == len(all_of_them)


def test_the_newest_key_writes_and_the_older_ones_recognise() -> None:
    rotated = Pseudonyms([OTHER, KEY]).patient("a", "p1")
    assert rotated.newest == Pseudonyms([OTHER]).patient("a", "p1").newest
    assert Pseudonyms([KEY]).patient("a", "p1").newest in rotated.hashes


def test_a_hash_says_nothing_of_the_id() -> None:
    (only,) = Pseudonyms([KEY]).patient("a", "12345678").hashes
    assert len(only) == 64
    assert "12345678" not in only


def test_without_a_key_there_are_no_pseudonyms() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Pseudonyms([])


def test_a_database_makes_its_key_once() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        assert own_key(connection) == own_key(connection)
        assert len(own_key(connection)) == 64
