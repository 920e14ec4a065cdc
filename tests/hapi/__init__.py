"""HAPI FHIR's own server, built from what it publishes and run for the tests: `python -m tests.hapi`."""
