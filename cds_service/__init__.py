"""The service: speaks HTTP, CDS Hooks and FHIR, and decides nothing clinical."""

__version__ = "0.1.0"
