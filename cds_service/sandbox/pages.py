"""``/sandbox``: plays the EHR for people. It opens charts by calling the service over HTTP, as any client does.

Only with ``sandbox.enabled``, for synthetic patients. Nothing of a chart is kept: each form carries what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec
import orjson
import requests
from flask import Blueprint, render_template, request

from cards.override_reasons import SYSTEM
from cds_service.assess_files import UnusableFile
from cds_service.assessment_json import described
from cds_service.cds_hooks import errors
from cds_service.pages import checklist
from cds_service.pages.forms import read_form
from cds_service.pages.plot import Plot, plot
from cds_service.patient_data.outbound import OutboundError, parse_base_url
from cds_service.patient_data.query_plan import is_resource_id
from cds_service.registration.ehrs import EHRS
from cds_service.sandbox.card_view import CardView, card_view
from cds_service.sandbox.ehr import HOOK, Answer, Ehr, EhrError, Prefetch, Sign
from cds_service.sandbox.no_card import why_no_card
from cds_service.sandbox.shorten import pretty, shortened
from cds_service.sandbox.sites import Site
from cds_service.sandbox.synthetic import SyntheticPatient
from cds_service.screening import Screening
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings
from cds_service.web import note
from rules.entries import RecordError
from rules.timeline import Series

_TYPED = ("server", "patient", "prefetch")


class SandboxProblem(RuntimeError):
    """What was asked cannot be done; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened chart, as the page shows it."""

    title: str
    banner: Mapping[str, str]
    cards: tuple[CardView, ...]
    assessment: Mapping[str, Any]
    plots: tuple[Plot, ...]
    form: Mapping[str, str]
    """Hidden fields by which the same chart is opened again, or its checklist made."""
    signed_as: str | None = None
    """The tenant as which the call was signed; None in the open mode."""
    called: str = ""
    """The address of the service that was called."""
    answer: Answer | None = None
    """The call; None for a pasted Bundle, for which there is none."""
    request_text: str = ""
    response_text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows besides the list of patients."""

    opened: Opened | None = None
    said: str = ""
    """What came of the last feedback."""
    again: Mapping[str, str] | None = None
    """The chart to open again after feedback."""
    problem: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """What was typed in, so that it need not be typed again."""


class Sandbox:
    """Does what the page's buttons say."""

    def __init__(
        self,
        screening: Screening,
        settings: Settings,
        tenant: Tenant,
        played: Sequence[Site] = (),
        sign: Sign | None = None,
    ) -> None:
        self._screening = screening
        self._settings = settings
        self._tenant = tenant
        self._sites: dict[tuple[str, bool], Site] = {(site.profile, site.recruiting): site for site in played}
        self._own = played[0] if played else Site(tenant.profile, False, tenant, "")
        self._sign = sign

    @property
    def profiles(self) -> tuple[str, ...]:
        """The kinds of EHR that it can be; none to choose from where calls are signed."""
        return tuple(dict.fromkeys(profile for profile, _ in self._sites))

    def open_chart(self, form: Mapping[str, str]) -> Opened:
        """Call patient-view; raises `SandboxProblem`, `EhrError` and requests.RequestException."""
        patient, prefetch = _patient_id(form), _prefetch(form)
        with self._ehr(form) as ehr:
            answer = ehr.open_chart(patient, prefetch)
            person = ehr.patient(patient)
        return Opened(
            title=f"Patient {patient}",
            banner=_banner(person),
            cards=tuple(card_view(card) for card in answer.cards),
            assessment=answer.assessment,
            plots=_plots(answer.assessment),
            form={
                **_chosen(form),
                "patient": patient,
                "server": form.get("server", ""),
                "prefetch": prefetch.value,
            },
            signed_as=self._tenant.name if self._sign else None,
            called=ehr.hook_url,
            answer=answer,
            request_text=pretty(shortened(answer.request)),
            response_text=pretty(answer.body),
        )

    def open_bundle(self, form: Mapping[str, str]) -> Opened:
        """Assess a pasted Bundle, without a call; raises `SandboxProblem`."""
        content = form.get("bundle", "").strip()
        if not content:
            raise SandboxProblem("Paste a FHIR R4 Bundle of one patient, or choose a file with one.")
        try:
            screened = self._screening.of_bundle(content.encode())
        except (UnusableFile, RecordError) as error:
            raise SandboxProblem(
                f"The Bundle cannot be assessed: {error}. Give a FHIR R4 Bundle in JSON with exactly one Patient."
            ) from None
        cards = self._screening.cards(screened.assessment, self._site(form).tenant)
        return Opened(
            title="Patient of the Bundle",
            banner={},
            cards=tuple(card_view(card) for card in cards),
            assessment=described(screened.assessment),
            plots=tuple(plot(series) for series in screened.timelines),
            form={**_chosen(form), "bundle": content},
        )

    def give_feedback(self, form: Mapping[str, str]) -> str:
        """Do what an EHR does with an answer to a card, send feedback, and say what came of both."""
        card, reason, suggestion = form.get("card", ""), form.get("reason", ""), form.get("suggestion", "")
        done = ""
        with self._ehr(form) as ehr:
            if suggestion:
                done = self._order(ehr, form)
                answer = ehr.feedback(card, "accepted", suggestion=suggestion)
            elif reason:
                answer = ehr.feedback(card, "overridden", reason={"system": SYSTEM, "code": reason})
            else:
                raise SandboxProblem("Choose a reason for putting the card aside.")
        if answer.status != 200:
            raise SandboxProblem(f"The service answered {answer.status} to the feedback: {answer.summary}")
        what = "accepted" if suggestion else "overridden"
        return f"{done}Feedback sent: {what}. The service stored it. Open the chart again to see what it changes."

    def _order(self, ehr: Ehr, form: Mapping[str, str]) -> str:
        """Put the drafts of an accepted suggestion into the chart, if it is one of the sandbox's own, and say so."""
        if ehr.fhir_url != self._settings.sandbox.fhir_server:
            return "An EHR would now hold the draft order; this page writes to no other FHIR server. "
        made = [ehr.put_into_chart(draft) for draft in _drafts(form.get("drafts", ""))]
        return f"The draft order is in the chart ({', '.join(made)}). " if made else ""

    def checklist_form(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """Return the fields for ``/checklist``, which pulls everything itself."""
        if "bundle" in form:
            return {"bundle": form["bundle"]}
        body = {
            "hook": HOOK,
            "hookInstance": str(uuid4()),
            "fhirServer": self._server(form),
            "context": {"userId": "Practitioner/example", "patientId": form["patient"]},
        }
        return {"request": orjson.dumps(body).decode()}

    @contextmanager
    def _ehr(self, form: Mapping[str, str]) -> Iterator[Ehr]:
        address = f"{self._settings.public_url}{self._site(form).path}"
        with Ehr(address, self._server(form), self._sign) as ehr:
            yield ehr

    def _site(self, form: Mapping[str, str]) -> Site:
        chosen = (form.get("ehr") or self._own.profile, bool(form.get("recruiting")))
        if self._sites and chosen not in self._sites:
            raise SandboxProblem(f"Choose one of these kinds of EHR: {', '.join(self.profiles)}.")
        return self._sites.get(chosen, self._own)

    def _server(self, form: Mapping[str, str]) -> str:
        given = form.get("server", "").strip() or self._settings.sandbox.fhir_server
        if not given:
            raise SandboxProblem("Name the FHIR server that holds the patient.")
        try:
            base_url = parse_base_url(given)
        except OutboundError as error:
            raise SandboxProblem(f"This FHIR server cannot be used: {error}.") from None
        if not self._tenant.may_call(base_url):
            raise SandboxProblem(
                "This FHIR server is not one that the service may call: only those on this computer, and those "
                "listed in the setting open.fhir_servers."
            )
        return str(base_url)


def blueprint(
    sandbox: Sandbox, screening: Screening, settings: Settings, patients: tuple[SyntheticPatient, ...]
) -> Blueprint:
    """Return ``/sandbox`` and the checklist; ``patients`` are listed when the setting names their server."""
    pages = Blueprint("sandbox", __name__, template_folder="templates")
    pages.add_app_template_filter(why_no_card)
    pages.register_blueprint(checklist.blueprint(screening, settings.limits.body_bytes))
    listed = patients if settings.sandbox.fhir_server else ()

    def shown(page: Page, status: int = 200) -> tuple[str, int]:
        opened = page.opened
        more = {"checklist_form": sandbox.checklist_form(opened.form)} if opened and opened.assessment else {}
        kinds = {profile: EHRS[profile].title for profile in sandbox.profiles}
        return render_template("sandbox.html", patients=listed, page=page, kinds=kinds, **more), status

    @contextmanager
    def told() -> Iterator[None]:
        """Turn what can go wrong between an EHR, a FHIR server and the service into a sentence for the page."""
        try:
            yield
        except EhrError as error:
            raise SandboxProblem(f"The EHR could not go on: {error}.") from None
        except requests.RequestException as error:
            raise SandboxProblem(
                f"The service did not answer at {settings.public_url} ({type(error).__name__}). The sandbox calls it "
                "by the setting public_url: it must be an address by which this computer reaches the service."
            ) from None

    @pages.get("/sandbox")
    def start() -> tuple[str, int]:
        return shown(Page())

    @pages.post("/sandbox")
    def act() -> tuple[str, int]:
        form = read_form(request, settings.limits.body_bytes)
        given = _chosen(form) | {name: form[name] for name in _TYPED if name in form}
        try:
            with told():
                return shown(_acted(sandbox, form, given))
        except SandboxProblem as problem:
            typed = given | {name: form[name] for name in ("action", "bundle") if name in form}
            return shown(Page(problem=str(problem), given=typed), 400)

    @pages.errorhandler(errors.Refused)
    def refused(error: errors.Refused) -> tuple[str, int]:
        note(refused=error.sentence)
        return shown(Page(problem=error.sentence), int(error.status))

    return pages


def _acted(sandbox: Sandbox, form: Mapping[str, str], given: Mapping[str, str]) -> Page:
    """Do what the pressed button says."""
    action = form.get("action", "open")
    if action == "bundle":
        return Page(opened=sandbox.open_bundle(form), given=given)
    if action == "feedback":
        return Page(said=sandbox.give_feedback(form), again=given, given=given)
    return Page(opened=sandbox.open_chart(form), given=given)


def _patient_id(form: Mapping[str, str]) -> str:
    patient = form.get("patient", "").strip().removeprefix("Patient/")
    if not is_resource_id(patient):
        raise SandboxProblem("Give the bare id of a FHIR Patient, such as 123.")
    return patient


def _chosen(form: Mapping[str, str]) -> dict[str, str]:
    """Return which site the form stands for."""
    return {name: form[name] for name in ("ehr", "recruiting") if name in form}


def _drafts(text: str) -> list[dict[str, Any]]:
    """Return the orders that a form carries from a suggestion; nothing else is put into a chart."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise SandboxProblem("The form does not carry the order of its suggestion: open the chart again.") from None
    orders = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    return [one for one in orders if (one.get("resourceType"), one.get("status")) == ("ServiceRequest", "draft")]


def _prefetch(form: Mapping[str, str]) -> Prefetch:
    try:
        return Prefetch(form.get("prefetch", Prefetch.FULL))
    except ValueError:
        raise SandboxProblem("Choose how much is prefetched: full, part or none.") from None


def _plots(assessment: Mapping[str, Any]) -> tuple[Plot, ...]:
    return tuple(plot(series) for series in msgspec.convert(assessment.get("timelines", ()), tuple[Series, ...]))


def _banner(patient: Mapping[str, Any]) -> dict[str, str]:
    """Return what an EHR's banner says of a Patient, as far as it is there and of the expected form."""
    names = patient.get("name")
    name = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
    given = name.get("given")
    parts = [*(given if isinstance(given, list) else ()), name.get("family")]
    found = {
        "Name": name.get("text") or " ".join(part for part in parts if isinstance(part, str)),
        "Born": patient.get("birthDate"),
        "Gender": patient.get("gender"),
    }
    return {title: value for title, value in found.items() if isinstance(value, str) and value}
