"""Shapes, costs, receptive fields and problems of a design, without torch.

The rooms in the order of their imports: `problems` (values and fixes), `evaluation` (results of
nodes and graphs), `accounting` (totals of results), `analysis` (all of it for a design), and beside
each other `assist` (edits that know shapes) and `report` (text and JSON).
"""
