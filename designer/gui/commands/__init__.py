"""Every user action, and the ways to find one: palette, help, tour."""
