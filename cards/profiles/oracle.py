"""Oracle Health: what its CDS Hooks page says about cards.

They stand in a panel of an eighth of the screen, so the text is short; ``critical`` would open a window of its own;
``appContext`` is not supported; links to hosts that were not registered are taken out on arrival.
"""

from __future__ import annotations

from cards.profiles.profile import Card, Hosts, Layout, Profile, with_links, without

NARROW = Layout(gaps=4, gap_reasons=False, sources=0, data_gaps=3, cleared_values=False, defects_in_full=False)


def adapt(card: Card, hosts: Hosts) -> Card:
    """Return ``card`` without what Oracle does not show, and never as a window that interrupts."""
    listed = with_links(card, hosts)
    calm = {**listed, "indicator": "warning" if listed["indicator"] == "critical" else listed["indicator"]}
    if "links" in calm:
        calm["links"] = [without(link, "appContext") for link in calm["links"]]
    return calm


ORACLE = Profile("oracle", NARROW, adapt)
