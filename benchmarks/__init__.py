"""Measures the design's budgets, and runs the service's core for long. No test is timed.

``python -m benchmarks`` prints the budgets; ``python -m benchmarks.soundness`` the long runs.
"""
