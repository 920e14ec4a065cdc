"""Population pre-screening: the same rules over FHIR Bulk Data, a bundle a patient, or a server's export."""
