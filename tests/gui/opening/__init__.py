"""Tests of opening networks from elsewhere in the window."""
