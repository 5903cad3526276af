"""What is wrong with a design, and the quick fixes that each problem carries."""

from designer.analysis.problems.problem import Fix, Problem, Severity

__all__ = ["Fix", "Problem", "Severity"]
