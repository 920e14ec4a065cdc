"""Synthetic patients, the FHIR server that holds them, and the demo that plays the EHR."""
