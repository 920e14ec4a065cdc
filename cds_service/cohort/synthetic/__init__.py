"""Synthetic populations for benchmarks, tests and demonstrations. Nobody in them exists."""
