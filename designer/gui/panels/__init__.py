"""Docks that show the current design as a table, a list of problems, and code."""
