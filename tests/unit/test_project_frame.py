"""The project's frame: locks, make commands, container files, package data, and no machine's paths."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("bootstrap", "build", "run", "sandbox", "dev", "otel")
MAKE_COMMANDS = (
    "setup", "demo", "test", "test-browser", "check", "bench", "docs", "docs-site", "pictures", "image-proof", "lock",
    "clean",
)  # fmt: skip
PACKAGES = ("rules", "cards", "cds_service")

# Made by tools, and kept out of the repository by .gitignore.
GENERATED_FOLDERS = {"build", "dist", "htmlcov", "__pycache__"}
HIDDEN_BUT_OURS = {".ci", ".dockerignore", ".gitignore"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def lock_entries(lock: str) -> list[str]:
    """Each requirement of a lock with its hashes, on one line; comments left out."""
    without_comments = re.sub(r"^\s*#.*\n", "", read(f"requirements/{lock}.lock"), flags=re.MULTILINE)
    return [line for line in without_comments.replace("\\\n", " ").splitlines() if line.strip()]


def pinned(lock: str) -> dict[str, str]:
    """Name -> version of every package in a lock."""
    requirements = [Requirement(entry.split("--hash")[0].strip()) for entry in lock_entries(lock)]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


def asked(source: str) -> list[Requirement]:
    """The requirements of a .in file."""
    lines = (line.split("#")[0].strip() for line in read(f"requirements/{source}.in").splitlines())
    return [Requirement(line) for line in lines if line]


def files_of_the_tree() -> Iterator[Path]:
    """Every file that belongs to the repository, as far as can be told without git."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in GENERATED_FOLDERS
            and not name.endswith(".egg-info")
            and (not name.startswith(".") or name in HIDDEN_BUT_OURS)
        ]
        for name in names:
            if not name.startswith(".") or name in HIDDEN_BUT_OURS:
                yield Path(folder, name)


def makefile_rules() -> dict[str, str]:
    """Target -> its recipe, for the plain commands of the Makefile."""
    rules = re.findall(r"^([a-z-]+):(?!=)[^\n]*\n((?:\t[^\n]*\n)*)", read("Makefile"), re.MULTILINE)
    return dict(rules)


# --- locks ---


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    entries = lock_entries(lock)
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^\s;]+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_download_address(lock: str) -> None:
    text = read(f"requirements/{lock}.lock")
    assert "://" not in text
    options = re.findall(r"^\s*(-\w|--(?!hash=)[a-z-]+)", text, re.MULTILINE)
    assert not options, "a lock holds packages and hashes; where they come from is the installer's setting"


@pytest.mark.parametrize(
    ("lock", "sources"),
    [
        ("bootstrap", ["bootstrap"]),
        ("build", ["build"]),
        ("run", ["run"]),
        ("sandbox", ["run", "sandbox"]),
        ("dev", ["run", "sandbox", "dev"]),
        ("otel", ["otel"]),
    ],
)
def test_locks_answer_what_the_sources_ask(lock: str, sources: list[str]) -> None:
    versions = pinned(lock)
    for requirement in (r for source in sources for r in asked(source)):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{lock}.lock lacks {requirement.name}: run `make lock`"
        assert requirement.specifier.contains(version), f"{lock}.lock has {version} for {requirement}"


def test_what_is_tested_is_what_runs() -> None:
    assert pinned("run").items() <= pinned("sandbox").items() <= pinned("dev").items()


def test_there_is_no_uv_lock() -> None:
    assert not (ROOT / "uv.lock").exists(), "uv.lock records download addresses"


# --- pyproject.toml ---


def test_python_versions_are_those_that_durable_rules_runs_on() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["requires-python"] == ">=3.11,<3.13"


def test_requirements_are_written_down_once() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    assert set(project["project"]["dynamic"]) == {"dependencies", "optional-dependencies"}
    dynamic = project["tool"]["setuptools"]["dynamic"]
    sources = [dynamic["dependencies"], *dynamic["optional-dependencies"].values()]
    assert [source["file"] for source in sources] == [
        ["requirements/run.in"],
        ["requirements/sandbox.in"],
        ["requirements/dev.in"],
        ["requirements/spark.in"],
        ["requirements/otel.in"],
    ]


def test_every_data_file_of_a_package_is_installed_with_it() -> None:
    globs = tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]["package-data"]
    for package in PACKAGES:
        files = {path for path in files_of_the_tree() if path.is_relative_to(ROOT / package)}
        installed = {path for pattern in globs[package] for path in (ROOT / package).glob(pattern)}
        forgotten = {str(path.relative_to(ROOT)) for path in files - installed if path.suffix != ".py"}
        assert not forgotten, f"add a pattern for them to package-data in pyproject.toml: {sorted(forgotten)}"


def test_every_folder_with_python_code_is_a_package() -> None:
    folders = {path.parent for path in files_of_the_tree() if path.suffix == ".py"}
    ours = {folder for folder in folders if folder.relative_to(ROOT).parts[:1] in [(p,) for p in PACKAGES]}
    assert ours
    lacking = sorted(str(f.relative_to(ROOT)) for f in ours if not (f / "__init__.py").exists())
    assert not lacking, f"without __init__.py they are not installed: {lacking}"


# --- Makefile and .ci/run ---


@pytest.mark.parametrize("command", MAKE_COMMANDS)
def test_make_command_exists_and_is_phony(command: str) -> None:
    phony = re.search(r"^\.PHONY:(.*)$", read("Makefile").replace("\\\n", " "), re.MULTILINE)
    assert phony is not None
    assert command in phony.group(1).split()
    assert command in makefile_rules()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("command", MAKE_COMMANDS)
def test_make_can_plan_the_command(command: str) -> None:
    # Under `make test` the outer make's flags would reach this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    make = ["make", "-n", command]
    plan = subprocess.run(make, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert plan.returncode == 0, plan.stderr


@pytest.mark.parametrize("command", ["demo", "test", "check", "format", "bench", "docs"])
def test_make_command_does_its_own_set_up(command: str) -> None:
    assert re.search(rf"^{command}: \$\(VENV\)/\.installed\b", read("Makefile"), re.MULTILINE)


def test_modules_that_make_runs_exist() -> None:
    modules = re.findall(r"/python -m (benchmarks|docs|[a-z_]+\.[a-z_.]+)(?: \$.*)?$", read("Makefile"), re.MULTILINE)
    assert modules
    for module in modules:
        path = ROOT.joinpath(*module.split("."))
        assert (path / "__main__.py").exists() or path.with_suffix(".py").exists(), f"{module} cannot be run"


def test_ci_runs_check_and_test_and_stops_at_the_first_failure() -> None:
    script = read(".ci/run")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in script
    assert re.findall(r"^make ([\w-]+)", script, re.MULTILINE) == ["check", "test", "test-otel"]


# --- container ---


def dockerfile_stages() -> dict[str, list[str]]:
    """Stage name -> its instructions, each on one line, in the order of the file."""
    text = re.sub(r"^\s*#.*\n", "", read("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    stages: dict[str, list[str]] = {}
    for line in filter(None, text.splitlines()):
        if named := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            base, name = named.groups()
            stages[name] = list(stages.get(base, []))
        elif stages:
            stages[name].append(line)
    return stages


@pytest.mark.parametrize("stage", ["service", "demo"])
def test_container_runs_as_non_root_and_is_watched(stage: str) -> None:
    instructions = dockerfile_stages()[stage]
    users = [line.removeprefix("USER ") for line in instructions if line.startswith("USER ")]
    assert users
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1]), "a numeric id, so that a cluster can check it"
    assert any(line.startswith("HEALTHCHECK") and "/health/live" in line for line in instructions)
    assert not any("apt-get" in line or "gcc" in line for line in instructions)


def test_container_is_labelled_with_the_version_of_the_project() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in read("Dockerfile")


def test_container_by_default_is_the_service_and_not_open() -> None:
    name, instructions = list(dockerfile_stages().items())[-1]
    assert name == "service"
    assert instructions[-1] == 'CMD ["trial-cds", "serve", "--host", "0.0.0.0", "--port", "8000"]'


def test_container_installs_by_hash() -> None:
    lines = [line for lines in dockerfile_stages().values() for line in lines if "pip install" in line]
    for command in (part for line in lines for part in line.split("&&") if "pip install" in part):
        assert "--require-hashes" in command or "--no-deps" in command, command


def test_build_context_is_a_list_of_what_is_allowed() -> None:
    rules = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copies = [line.split() for line in dockerfile_stages()["builder"] if line.startswith("COPY ")]
    copied = {str(PurePosixPath(source)) for _, *sources, _ in copies for source in sources}
    assert copied == allowed


def test_the_demo_is_published_on_loopback_only() -> None:
    services = yaml.safe_load(read("compose.demo.yaml"))["services"]
    assert services["demo"]["build"]["target"] in dockerfile_stages()
    for service in services.values():
        assert service["ports"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert "network_mode" not in service


# --- the whole tree ---


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    """Home folders, and where this copy lies; short paths such as /src are anybody's and are let through."""
    homes = [r"(?<![\w.])/(home|Users|root)/", r"\b[A-Z]:[\\]Users\b"]
    here = [re.escape(str(place)) for place in (ROOT, Path.home()) if len(place.parts) > 2]
    pattern = re.compile("|".join(homes + here))
    paths = list(files_of_the_tree())
    assert len(paths) > 20
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in paths
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if pattern.search(line)
    ]
    assert not found, found


def test_licence_files_are_there_and_name_each_terminology() -> None:
    assert "Apache License" in read("LICENSE")
    notice = read("NOTICE")
    for owner in ("LOINC", "SNOMED", "ICD-10-CM", "ICD-9-CM", "ICD-10 ", "RxNorm", "ATC", "CVX", "UCUM"):
        assert owner in notice, owner
