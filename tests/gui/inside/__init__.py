"""Tests of the docks that look into networks."""
