# Every habit has one command. `make help` lists them.
# Nothing needs to be installed first but Python 3.11 or 3.12 (with venv and headers), make and a C compiler.

VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements
# The Python to build the virtual environment with; found by itself if left empty.
PYTHON ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-browser test-spark test-hapi test-otel fuzz check format bench soak docs docs-site \
    pictures cards image-proof lock clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r command does; do \
	    printf '%-18s %s\n' "$$command" "$$does"; done

setup: $(VENV)/.installed ## build .venv from the locks (the others do this by themselves)

demo: $(VENV)/.installed ## FHIR server, synthetic patients, service: print the table, then serve
	$(BIN)/trial-cds demo

test: $(VENV)/.installed ## run all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-browser: $(VENV)/.installed ## drive the pages in Chromium (Debian: apt install chromium)
	$(BIN)/python -m pytest tests/browser

# Calls of each operation that are made up; 2000 take some ten minutes.
EXAMPLES ?= 2000
CASES ?= 50000
fuzz: $(VENV)/.installed ## a long run of made-up calls: against openapi.json, then bodies of signed-in hook calls
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest --timeout 3600 tests/service/test_schemathesis.py
	$(BIN)/python -m tests.fuzz.hook_body --cases $(CASES)

# The extra `spark` is large and needs Java, so it is no part of `make setup`. PATIENTS are how many people both engines
# screen; 10000 take some ten minutes on two cores.
PATIENTS ?= 60
test-spark: $(VENV)/.installed ## both engines of `trial-cds screen` side by side (installs PySpark, needs Java 17)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCKS)/spark.lock
	TRIAL_CDS_SPARK_PEOPLE=$(PATIENTS) $(BIN)/python -m pytest tests/integration/test_spark.py

# Brings some 280 MB from the Maven repository the first time; the server listens on loopback, its data in memory.
test-hapi: $(VENV)/.installed ## the tests for any FHIR server, against HAPI FHIR (needs Java 17 and Maven)
	$(BIN)/python -m tests.hapi

test-otel: $(VENV)/.installed ## traces (installs the extra otel)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCKS)/otel.lock
	$(BIN)/python -m pytest tests/service/test_tracing.py

check: $(VENV)/.installed ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed ## put the code into the shape that `check` wants
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# WRITE=1 puts the figures into docs/performance.md; LONG=1 makes 100,000 requests of one worker, half an hour or more.
bench: $(VENV)/.installed ## measure the performance budgets
	$(BIN)/python -m benchmarks $(if $(WRITE),--write) $(if $(LONG),--long)

# Minutes of mixed load with faults over gunicorn with two workers; WRITE=1 puts what was seen into docs/reliability.md.
SECONDS ?= 300
soak: $(VENV)/.installed ## run the whole service under load for SECONDS=300, and check every answer
	$(BIN)/python -m benchmarks.soak --seconds $(SECONDS) $(if $(WRITE),--write)

docs: $(VENV)/.installed ## write the generated documents
	$(BIN)/python -m docs

cards: $(VENV)/.installed ## take the pictures of docs/cards.md, with Chromium
	$(BIN)/python -m docs.card_pictures

docs-site: $(VENV)/.installed ## build the documentation as a site in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pictures: $(VENV)/.installed ## take the pictures of the pages in docs/images, with Chromium
	$(BIN)/python -m docs.pictures

# Needs root, podman and iproute2. Where no registry of images is reached: make image-proof STAND_IN=PREFIX, with the
# prefix of a Python 3.12 built from source, and debootstrap. WRITE=1 puts what was seen into docs/deployment.md.
STAND_IN ?=
WRITE ?=
image-proof: $(VENV)/.installed ## build the image, run it locked down, stop it in the middle of a call
	$(BIN)/python -m deploy.image_proof $(if $(STAND_IN),--stand-in $(STAND_IN)) $(if $(WRITE),--write)

# dev.lock is solved first and holds the other two, so that what is tested is what runs.
# Versions stay as they are unless a .in file asks for others; `make lock UPGRADE=--upgrade` renews them all.
UPGRADE ?=
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
RUN_IN := $(LOCKS)/run.in
SANDBOX_IN := $(RUN_IN) $(LOCKS)/sandbox.in
DEV_IN := $(SANDBOX_IN) $(LOCKS)/dev.in

lock: $(VENV)/.uv ## solve requirements/*.in into requirements/*.lock
	$(COMPILE) $(LOCKS)/bootstrap.in -o $(LOCKS)/bootstrap.lock
	$(COMPILE) $(LOCKS)/build.in -o $(LOCKS)/build.lock
	$(COMPILE) --build-constraints $(LOCKS)/build.lock $(DEV_IN) -o $(LOCKS)/dev.lock
	$(COMPILE) --build-constraints $(LOCKS)/build.lock -c $(LOCKS)/dev.lock $(SANDBOX_IN) -o $(LOCKS)/sandbox.lock
	$(COMPILE) --build-constraints $(LOCKS)/build.lock -c $(LOCKS)/dev.lock $(RUN_IN) -o $(LOCKS)/run.lock
	$(COMPILE) --build-constraints $(LOCKS)/build.lock $(LOCKS)/spark.in -o $(LOCKS)/spark.lock
	$(COMPILE) --build-constraints $(LOCKS)/build.lock -c $(LOCKS)/dev.lock $(LOCKS)/otel.in -o $(LOCKS)/otel.lock

clean: ## remove everything that make and the tools have made
	rm -rf $(VENV) build dist tests/hapi/target *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# --- set-up -----------------------------------------------------------------------------------------------

# Exit status 0 for a Python that can do the job. A name on PATH proves nothing (version managers leave
# names behind that do not run), and durable-rules is compiled, which takes the headers.
SUITABLE := import os, sys, sysconfig, ensurepip, venv; \
    sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 12) \
    and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))))

# A virtual environment with uv in it; uv is the only thing that pip installs.
$(VENV)/.uv: $(LOCKS)/bootstrap.lock
	@set -e; \
	if ! $(BIN)/python -c '$(SUITABLE)' 2>/dev/null; then \
	    found=; \
	    for python in $(or $(PYTHON),python3.12 python3.11 python3 python \
	        /usr/bin/python3.12 /usr/bin/python3.11 \
	        "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.12.*/bin/python \
	        "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.11.*/bin/python); do \
	        if "$$python" -c '$(SUITABLE)' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "No Python 3.11 or 3.12 with venv, pip and C headers was found." >&2; \
	        echo "Install one (Debian: python3-venv, python3-dev), or name it: make setup PYTHON=..." >&2; \
	        exit 1; \
	    fi; \
	    echo "Building $(VENV) with $$("$$found" --version)"; \
	    "$$found" -m venv --clear $(VENV); \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
	    -r $(LOCKS)/bootstrap.lock
	@touch $@

# Exactly what the lock says, and the project itself in place. Runs again when one of these files changes.
$(VENV)/.installed: $(VENV)/.uv $(LOCKS)/dev.lock $(LOCKS)/build.lock pyproject.toml
	@command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || \
	    echo "No C compiler was found: durable-rules will not build (Debian: gcc, libc6-dev)." >&2
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes \
	    --build-constraints $(LOCKS)/build.lock $(LOCKS)/bootstrap.lock $(LOCKS)/dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps \
	    --build-constraints $(LOCKS)/build.lock --editable .
	@touch $@
