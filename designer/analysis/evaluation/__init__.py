"""The results of nodes and graphs: tensors, counts, memory plans, problems.

Read `wiring` first, then `results`, `memory_plan` with `memory`, `graph_sums`, and `evaluator`,
which drives them.
"""
