"""NCT01374854: umbilical mesenchymal stem cells with autologous mononuclear cells in type 1 diabetes.

One module a criterion, named for what it asks; the numbers stand in ``trial.yaml`` and ``units.yaml``, the
codes in ``value_sets``.
"""
