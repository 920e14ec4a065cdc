"""Patient data: what the EHR sent with the request, what is pulled from its FHIR server, as one record."""
