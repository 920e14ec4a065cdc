"""What each kind of EHR makes of a card: how much text it can show, and which attributes it takes."""

from __future__ import annotations

from collections.abc import Mapping

from cards.profiles.epic import EPIC
from cards.profiles.generic import GENERIC
from cards.profiles.oracle import ORACLE
from cards.profiles.profile import Card, Layout, Profile

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (GENERIC, EPIC, ORACLE)}
"""The profiles by the name that settings use."""

__all__ = ["PROFILES", "Card", "Layout", "Profile"]
