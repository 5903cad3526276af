"""Results as text, rows and plain objects."""
