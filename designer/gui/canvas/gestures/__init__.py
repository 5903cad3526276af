"""Gestures: one object each, from the press of a button to its release."""
