"""What the window does only to be fast; each module says what it gains, measured."""
