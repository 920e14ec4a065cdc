"""The clinical rules: a pure function from a patient's record to an assessment for a trial.

Nothing here reads a clock, a file at run time, the network or a global setting.
"""
