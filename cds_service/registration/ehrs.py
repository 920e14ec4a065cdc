"""What differs between EHRs when this service is registered: from their own public CDS Hooks pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ehr:
    """One kind of EHR, as a person who sets it up sees it."""

    profile: str
    """Name of the card profile, and of the sheet."""
    title: str
    lacks: frozenset[str]
    """Resource types that it does not offer."""
    smart_versions: tuple[int, ...]
    """Versions of the SMART scope syntax that it takes."""
    token_notes: tuple[str, ...]
    card_notes: tuple[str, ...]
    trigger: str
    """How the native criteria are set up that decide when the service is called."""
    steps: tuple[str, ...]


GENERIC = Ehr(
    profile="generic",
    title="Any CDS Hooks client",
    lacks=frozenset(),
    smart_versions=(1, 2),
    token_notes=(
        "A token comes with every call, also of discovery and feedback, as Authorization: Bearer.",
        "Publish the keys as a JWK Set; a new key may be added at any time, each with a kid of its own.",
    ),
    card_notes=(
        "The detail is GitHub-flavoured Markdown without HTML and without tables.",
        "The indicator is always info.",
        "Send feedback: it decides for how long a card stays away.",
    ),
    trigger="Call it when a clinician opens the chart of a person who meets both conditions.",
    steps=(
        "Register this service with your authorization server as a confidential client with the scopes below.",
        "Read the discovery document and take over the prefetch templates.",
        "Tell the operator of this service: the issuer (iss) of your tokens, where your JWK Set is, and the base "
        "addresses of your FHIR servers.",
        "Allow-list the hosts below for links of cards.",
        "Map the override reasons below, and send feedback.",
        "Test as described below with a test patient.",
    ),
)

EPIC = Ehr(
    profile="epic",
    title="Epic",
    lacks=frozenset({"MedicationStatement"}),
    smart_versions=(1, 2),
    token_notes=(
        "Epic signs with RS384 by default and for 900 seconds: the operator sets max_token_seconds to 900.",
        "aud is typed by hand in Epic: type the address of the service above, exactly.",
        "sub is this service's client id at Epic: the operator sets it as subject.",
        "iss is the FHIR base address of the organisation, jku an address under its Interconnect base.",
    ),
    card_notes=(
        "Cards say by an extension that their detail is GitHub-flavoured Markdown.",
        "Suggestions, where switched on, carry one action each; Epic shows its description. Map the order codes to "
        "preference list items, which the operator sets for each test.",
        "The topic's code never changes, so that Epic keeps to a clinician's override.",
        "Epic may batch feedback, and may send it as overrideReasons with an extension: both are understood.",
    ),
    trigger=(
        "In the criteria record of the OurPractice Advisory that calls this service, at the trigger Open Patient Chart "
        "(trigger action 60). Epic advises against a call on every chart."
    ),
    steps=(
        "Request a client id for this service with the scopes below as incoming APIs, and list the endpoint of the "
        "service exactly as it stands below: a call to another spelling arrives without data.",
        "In the criteria (LGL) record, enter the endpoint and type the prefetch templates below, each under its key: "
        "Epic does not read discovery.",
        "Give the criteria record the native conditions below, and restrict it to ambulatory settings.",
        "Map each override reason's code to an acknowledgement reason.",
        "Tell the operator of this service: iss, the address of the JWK Set, the client id (sub), the FHIR base "
        "address, and which trigger actions will call.",
        "Allow-list the links below.",
        "Test as described below with a test patient, and watch the criteria record's response log.",
    ),
)

ORACLE = Ehr(
    profile="oracle",
    title="Oracle Health",
    lacks=frozenset({"MedicationStatement", "ResearchSubject"}),
    smart_versions=(2,),
    token_notes=(
        "iss is https://cds-hooks.cerner.com for every organisation: where tokens carry the claim tenant, the operator "
        "sets it as tenant_claim.",
        "jku must be one that https://authorization.cerner.com/jwk lists.",
    ),
    card_notes=(
        "The panel is narrow: cards name fewer sources, and no exclusion by its value.",
        "critical, which opens a window of its own, is never used.",
        "appContext is not sent. Links to hosts that are not registered are removed by the EHR.",
    ),
    trigger="Enter it as the trigger condition of the registration.",
    steps=(
        "Ask Oracle Health to register the service with hook, title, address, trigger condition and scopes below.",
        "Enter the allowed links below: any other link is removed from the card.",
        "Name the tenants (domains) and the roles that are to see cards.",
        "Tell the operator of this service: the tenant's id and its FHIR base address.",
        "Test as described below with a test patient in a non-production domain.",
    ),
)

EHRS: Mapping[str, Ehr] = {ehr.profile: ehr for ehr in (GENERIC, EPIC, ORACLE)}
"""The sheets by their name."""
