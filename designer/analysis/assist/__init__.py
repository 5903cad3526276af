"""Edits that need to know layers and shapes, and verdicts on edges before they are drawn."""
