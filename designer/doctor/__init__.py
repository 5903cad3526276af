"""The doctor: what keeps a network from learning, the evidence, and what helps.

It reads a design, a recipe and a run. `rules` has the table of all conditions.
"""
