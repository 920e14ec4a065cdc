# syntax=docker/dockerfile:1
# The service:  docker build -t trial-cds .
# The demo:     docker compose -f compose.demo.yaml up --build    (target `demo`: with the sandbox FHIR server)

# The tag moves when Debian or Python mend something. To build the same twice, pin what you have tried:
#   --build-arg PYTHON=python:3.12-slim-bookworm@sha256:...
ARG PYTHON=python:3.12-slim-bookworm

# --- builder: compiler and headers stay here ---------------------------------------------------------------
FROM ${PYTHON} AS builder
# durable-rules comes as C source only.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1 UV_PYTHON=/opt/trial-cds/bin/python
WORKDIR /src
COPY requirements/ requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.lock \
    && python -m venv --without-pip /opt/trial-cds \
    && uv pip install --require-hashes --build-constraints requirements/build.lock -r requirements/run.lock
# Traces by OpenTelemetry (docs/observability.md):  --build-arg OTEL=1
ARG OTEL=
RUN if [ -n "$OTEL" ]; then \
        uv pip install --require-hashes --build-constraints requirements/build.lock -r requirements/otel.lock; \
    fi
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY rules/ rules/
COPY cards/ cards/
COPY cds_service/ cds_service/
RUN uv pip install --no-deps --build-constraints requirements/build.lock .

FROM builder AS demo-builder
RUN uv pip install --require-hashes --build-constraints requirements/build.lock -r requirements/sandbox.lock

# --- runtime: no compiler, no pip cache, no root, nothing to write to but /data and /tmp -------------------
FROM ${PYTHON} AS runtime
# What it was built from:  --build-arg REVISION="$(git rev-parse HEAD)"
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trial-cds" \
      org.opencontainers.image.description="CDS Hooks service for trial NCT01374854 in type 1 diabetes" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/trial-cds/bin:$PATH \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 trial-cds \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin trial-cds \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
# The working directory is the volume, so that a relative path in the settings is a path in it.
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000
# The command is the first process of the container and gets this itself: it answers calls under way, and ends.
STOPSIGNAL SIGTERM
# The proxy of the surrounding network, if any, has no business in a call to oneself.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/health/live', timeout=4)"]

# --- the demo: synthetic patients only ---------------------------------------------------------------------
FROM runtime AS demo
COPY --from=demo-builder /opt/trial-cds /opt/trial-cds
CMD ["trial-cds", "demo", "--port", "8000"]

# --- the service (last, so that a plain `docker build` makes this one) -------------------------------------
# It refuses to start on 0.0.0.0 until a tenant is configured (a TOML file mounted read-only, or TRIAL_CDS_*
# variables). For a trial run without one, behind a port published on 127.0.0.1 only, append the flag:
#   docker run --rm -p 127.0.0.1:8000:8000 trial-cds \
#       trial-cds serve --host 0.0.0.0 --port 8000 --allow-open
# Secrets are given when the container is started; none is built in.
FROM runtime AS service
COPY --from=builder /opt/trial-cds /opt/trial-cds
CMD ["trial-cds", "serve", "--host", "0.0.0.0", "--port", "8000"]
