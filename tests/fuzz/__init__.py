"""Long runs against the service, started by hand; the normal test run takes a few hundred cases of each."""
