"""The whole service under a mixed load for minutes: ``python -m benchmarks.soak``, or `make soak`."""
