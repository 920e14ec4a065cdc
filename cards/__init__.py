"""Assessment -> CDS Hooks cards. Pure: no clock, file, network or global setting; imports only `rules`."""

from cards.card import build_cards
from cards.settings import Attestation, CardSettings

__all__ = ["Attestation", "CardSettings", "build_cards"]
