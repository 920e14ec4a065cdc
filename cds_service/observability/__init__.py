"""What operators see of the service: metrics, traces, and who may look. None of it holds anything of a patient."""
