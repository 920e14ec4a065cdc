"""compose.yaml and deploy/kubernetes: what they name exists, what must be closed is closed, and the times fit."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cards import Attestation
from cds_service.cli import _parser
from cds_service.settings import PREFIX, Settings, SettingsError, load_settings
from tests.support.service import make_app

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
TOML = KUBERNETES / "trial-cds.toml"
SECRETS = {
    "TRIAL_CDS_DATABASE__URL": "postgresql://trial_cds:password@db.example.org/trial_cds",
    "TRIAL_CDS_PRIVACY__HASH_KEYS": '["a key for tests, of no worth to anybody"]',
    "TRIAL_CDS_MONITORING__TOKEN": "a-token-for-tests-of-no-worth-to-anybody",
}
SERVICE, MAINTENANCE = "service", "maintenance"
OURS = ("service", "migration", "purge")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))
    texts = [(KUBERNETES / name).read_text(encoding="utf-8") for name in kustomization["resources"]]
    return [document for text in texts for document in yaml.safe_load_all(text)]


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return {rule.rule for rule in make_app(tmp_path_factory.mktemp("app")).url_map.iter_rules()}


def settings_by(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings as the service reads them there: the shipped file, and the variables."""
    for name, value in {**SECRETS, **variables}.items():
        if name.startswith(PREFIX) and name != "TRIAL_CDS_CONFIG":
            monkeypatch.setenv(name, value)
    return load_settings(TOML)


def understood(command: list[str]) -> bool:
    """Whether the command line of the service knows ``command``."""
    program, *arguments = command
    return program == "trial-cds" and _parser().parse_args(arguments) is not None


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return int(found[1])


def test_the_changelog_names_every_command() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^- Command line: (.*?)\.$", changelog, re.MULTILINE | re.DOTALL)
    (commands,) = (action.choices for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert set(re.findall(r"`(?:trial-cds )?(\w+)", listed)) >= set(commands)


# -- compose.yaml --------------------------------------------------------------------------------------------


def test_every_container_is_locked_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert service.get("user") != "0", name


def test_the_database_is_reached_by_the_service_alone(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert services["postgresql"]["networks"] == ["back"]
    assert compose["networks"]["back"]["internal"] is True
    assert {name for name, service in services.items() if "back" in service["networks"]} == {*OURS, "postgresql"}
    assert services["nginx"]["networks"] == ["front"]


def test_compose_holds_no_secret_and_says_where_they_go(compose: dict[str, Any]) -> None:
    named = (ROOT / "deploy" / "compose" / "env.example").read_text(encoding="utf-8")
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|KEY|TOKEN|SECRET", name):
                wanted = re.match(r"\$\{(\w+):\?", value)
                assert wanted, name
                assert re.search(rf"^{wanted[1]}=$", named, re.MULTILINE), wanted[1]
            assert not re.search(r"://[^@/]*:[^@/]*@", value), name
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", OURS)
def test_the_service_understands_what_compose_says(
    name: str, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = compose["services"][name]
    secret = {name: SECRETS[name] for name in ("TRIAL_CDS_PRIVACY__HASH_KEYS", "TRIAL_CDS_MONITORING__TOKEN")}
    assert secret.keys() < service["environment"].keys()
    settings = settings_by({**service["environment"], **secret}, monkeypatch)
    assert settings.server.peers
    assert not settings.database.is_sqlite
    assert understood(service.get("command", ["trial-cds", "serve"]))
    if name == "service":
        server = settings.server
        assert seconds(service["stop_grace_period"]) > server.drain_seconds + server.graceful_seconds


def test_the_service_starts_after_the_database_and_its_tables(compose: dict[str, Any]) -> None:
    services = compose["services"]
    needed = {name: on["condition"] for name, on in services["service"]["depends_on"].items()}
    assert needed == {"migration": "service_completed_successfully", "postgresql": "service_healthy"}
    assert services["migration"]["restart"] == "no"
    assert services["nginx"]["depends_on"]["service"]["condition"] == "service_healthy"


def test_files_that_compose_mounts_are_shipped_or_asked_for(compose: dict[str, Any]) -> None:
    told = (ROOT / "compose.yaml").read_text(encoding="utf-8").split("name: trial-cds")[0]
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", ())]
    for source, target, *mode in (mount.split(":") for mount in mounts):
        if not source.startswith("./"):
            assert source in compose["volumes"]
            continue
        assert mode == ["ro"], target
        assert (ROOT / source).exists() or source.removeprefix("./") in told, source


def test_the_image_is_named_by_the_version_of_the_project(compose: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {compose["services"][name]["image"] for name in OURS} == {f"trial-cds:{version}"}
    (image,) = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))["images"]
    assert (image["name"], image["newTag"]) == ("trial-cds", version)


# -- deploy/systemd ------------------------------------------------------------------------------------------


def test_the_unit_of_systemd_starts_the_service_and_gives_it_time_to_stop() -> None:
    text = (ROOT / "deploy" / "systemd" / "trial-cds.service").read_text(encoding="utf-8")
    unit = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))
    assert understood(["trial-cds", *unit["ExecStart"].split()[1:]])
    assert unit["ExecStart"].startswith("/opt/trial-cds/bin/trial-cds ")
    assert int(unit["TimeoutStopSec"]) > Settings().server.graceful_seconds
    assert unit["KillMode"] == "mixed", "workers that are told to stop by others than their server come back"
    assert unit["WorkingDirectory"] == f"/var/lib/{unit['StateDirectory']}"


def test_the_command_of_a_host_runs_as_the_unit_does(tmp_path: Path) -> None:
    (tmp_path / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (tmp_path / "systemd-run").chmod(0o700)
    asked = ["tenant", "off", "st-mary", "--why", "wrong charts, it seems"]
    command = [str(ROOT / "deploy" / "systemd" / "trial-cds"), *asked]
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        command, env={"PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    )
    *options, program = done.stdout.splitlines()[: -len(asked)]
    assert program == "/opt/trial-cds/bin/trial-cds"
    assert done.stdout.splitlines()[-len(asked) :] == asked
    unit = (ROOT / "deploy" / "systemd" / "trial-cds.service").read_text(encoding="utf-8").splitlines()
    given = dict(
        option.lstrip("-").removeprefix("property=").split("=", 1)
        for option in options
        if "setenv" not in option and "=" in option
    )
    assert f"User={given.pop('uid')}" in unit
    assert f"Group={given.pop('gid')}" in unit
    assert f"WorkingDirectory={given.pop('working-directory')}" in unit
    assert {f"{name}={value}" for name, value in given.items()} < set(unit)
    assert given.keys() == {"EnvironmentFile", "StateDirectory", "StateDirectoryMode", "UMask"}
    variables = [option.removeprefix("--setenv=") for option in options if "setenv" in option]
    assert f"Environment={variables[0]}" in unit
    assert re.fullmatch(r"LOGNAME=\S+", variables[1])


def test_a_new_version_leaves_settings_and_keys_of_a_host_alone() -> None:
    host = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8").split("## A host")[1].split("\n## ")[0]
    program, once = re.findall(r"```sh\n(.*?)```", host, re.DOTALL)
    assert "/etc/trial-cds" not in program
    assert "nginx" not in program
    assert "secrets.env" in once
    assert "deploy/systemd" not in once, "what comes with the program is renewed with it"
    assert once.index("trial-cds db upgrade") < once.index("enable --now")


# -- deploy/kubernetes ---------------------------------------------------------------------------------------


def of_kind(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [document for document in manifests if document["kind"] == kind]
    return found


def pods(manifests: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each pod that is made: the kind of what makes it, and its template."""
    for document in manifests:
        spec = document.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            yield document["kind"], template


def variables_of(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["env"]}


def test_there_is_what_a_cluster_needs(manifests: list[dict[str, Any]]) -> None:
    assert sorted(document["kind"] for document in manifests) == [
        "CronJob", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "Namespace", "NetworkPolicy",
        "NetworkPolicy", "PodDisruptionBudget", "Service",
    ]  # fmt: skip


def test_every_pod_is_locked_down(manifests: list[dict[str, Any]]) -> None:
    found = dict(pods(manifests))
    assert set(found) == {"Deployment", "Job", "CronJob"}
    for kind, template in found.items():
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"], kind
        assert spec["securityContext"]["runAsUser"] == 10001, kind
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, kind
        assert spec["automountServiceAccountToken"] is False, kind
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, kind
            for limits in (container["resources"]["requests"], container["resources"]["limits"]):
                assert limits.keys() == {"cpu", "memory"}, kind


def test_the_service_understands_what_the_manifests_say(
    manifests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, template in pods(manifests):
        (container,) = template["spec"]["containers"]
        settings = settings_by(variables_of(container), monkeypatch)
        assert settings.server.peers, kind
        assert understood(container.get("command", ["trial-cds", "serve"]))
        assert container["envFrom"] == [{"secretRef": {"name": "trial-cds-secrets"}}]
        assert variables_of(container)["TRIAL_CDS_CONFIG"] == f"/etc/trial-cds/{TOML.name}"
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounted["settings"] == "/etc/trial-cds"
        assert mounted.keys() == {volume["name"] for volume in template["spec"]["volumes"]}


def test_a_pod_has_the_time_to_answer_what_is_under_way(
    manifests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]
    settings = settings_by(variables_of(spec["containers"][0]), monkeypatch)
    server = settings.server
    assert spec["terminationGracePeriodSeconds"] > server.drain_seconds + server.graceful_seconds
    assert server.graceful_seconds > settings.limits.deadline_seconds
    readiness = spec["containers"][0]["readinessProbe"]
    noticed = readiness["periodSeconds"] * readiness["failureThreshold"]
    assert server.drain_seconds >= noticed, "it answers on until whoever looks has seen that it is not ready"


def test_kubernetes_own_variables_do_not_reach_the_settings(
    manifests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(template["spec"]["enableServiceLinks"] is False for _, template in pods(manifests))
    name = of_kind(manifests, "Service")["metadata"]["name"].upper().replace("-", "_")
    monkeypatch.setenv(f"{name}_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(SettingsError, match="TRIAL_CDS_SERVICE_HOST: no setting has this name"):
        load_settings(TOML)


def test_probes_ask_what_is_answered(manifests: list[dict[str, Any]], routes: set[str]) -> None:
    (container,) = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    command = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1]
    assert yaml.safe_load(command)[-2:] == ["--port", str(port["containerPort"])]
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {get["port"] for get in asked.values()} == {port["name"]}
    assert {name: get["path"] for name, get in asked.items()} == {
        "startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready",
    }  # fmt: skip
    assert {get["path"] for get in asked.values()} <= routes


def test_every_public_address_is_let_in_and_nothing_else(manifests: list[dict[str, Any]], routes: set[str]) -> None:
    (rule,) = of_kind(manifests, "Ingress")["spec"]["rules"]
    exact = {path["path"] for path in rule["http"]["paths"] if path["pathType"] == "Exact"}
    under = {path["path"] for path in rule["http"]["paths"] if path["pathType"] == "Prefix"}
    let_in = {route for route in routes if route in exact or any(f"{route}/".startswith(f"{p}/") for p in under)}
    inside = {route for route in routes if route == "/metrics" or route.startswith("/health/")}
    assert let_in == routes - inside
    assert all(any(f"{route}/".startswith(f"{path}/") for route in routes) for path in exact | under)


def test_what_no_annotation_of_the_ingress_says_is_told_in_the_words_of_the_shipped_nginx() -> None:
    told = (
        (KUBERNETES / "ingress.yaml").read_text(encoding="utf-8").split("http-snippets: |\n")[1].split("apiVersion:")[0]
    )
    lines = [line.lstrip("# ") for line in told.splitlines()]
    shipped = (ROOT / "deploy" / "nginx" / "trial-cds.conf").read_text(encoding="utf-8")
    assert lines == re.findall(r"^ +(\w*client_header_buffer\w* .*;)$", shipped, re.MULTILINE)


def test_selectors_find_their_pods(manifests: list[dict[str, Any]]) -> None:
    labels = {kind: template["metadata"]["labels"] for kind, template in pods(manifests)}
    service = labels["Deployment"]
    deployment = of_kind(manifests, "Deployment")["spec"]
    assert deployment["selector"]["matchLabels"] == service
    assert of_kind(manifests, "Service")["spec"]["selector"] == service
    assert of_kind(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == service
    for constraint in deployment["template"]["spec"]["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == service
    policies = [document["spec"] for document in manifests if document["kind"] == "NetworkPolicy"]
    assert all(policy["policyTypes"] == ["Ingress", "Egress"] for policy in policies)
    chosen = [policy["podSelector"]["matchLabels"] for policy in policies]
    assert all(label in chosen for label in labels.values())
    target = of_kind(manifests, "HorizontalPodAutoscaler")["spec"]
    assert target["scaleTargetRef"]["name"] == of_kind(manifests, "Deployment")["metadata"]["name"]
    assert target["minReplicas"] >= 2


def test_prometheus_asks_each_pod_with_the_token_of_the_secret(
    manifests: list[dict[str, Any]], routes: set[str]
) -> None:
    monitored = yaml.safe_load((KUBERNETES / "podmonitor.example.yaml").read_text(encoding="utf-8"))["spec"]
    deployment = of_kind(manifests, "Deployment")["spec"]
    assert monitored["selector"] == deployment["selector"]
    job = deployment["template"]["metadata"]["labels"][monitored["jobLabel"]]
    asked = (ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r'job="([^"]*)"', asked)) == {job}
    (endpoint,) = monitored["podMetricsEndpoints"]
    (container,) = deployment["template"]["spec"]["containers"]
    assert endpoint["port"] == container["ports"][0]["name"]
    assert endpoint["path"] in routes
    token = endpoint["authorization"]["credentials"]
    assert token["key"] in SECRETS
    assert {"secretRef": {"name": token["name"]}} in container["envFrom"]


def test_the_secret_is_an_example_and_names_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text(encoding="utf-8"))
    assert secret["stringData"] == dict.fromkeys(SECRETS, "")
    assert "secret" not in (KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8").split("resources:")[1]
    settings = settings_by({}, monkeypatch)
    assert settings.database.url == SECRETS["TRIAL_CDS_DATABASE__URL"]
    assert settings.monitoring.token


def test_the_settings_of_the_example_are_cautious(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_by({}, monkeypatch)
    assert settings.recruitment.require_site_attestation
    assert settings.tenants
    assert not settings.open.allow


def test_the_attestation_of_the_example_holds_once_it_is_filled_in(tmp_path: Path) -> None:
    text = TOML.read_text(encoding="utf-8")
    filled = re.sub(r"^# (\[recruitment\.attestation\]|\w+ = )", r"\1", text, flags=re.MULTILINE)
    (tmp_path / TOML.name).write_text(filled, encoding="utf-8")
    attestation = load_settings(tmp_path / TOML.name).recruitment.attestation
    assert attestation is not None
    assert Attestation(**attestation.model_dump()).problems(attestation.expires) == ()
