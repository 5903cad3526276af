"""Edits and fixes that know layers and shapes."""
