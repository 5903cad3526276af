"""Networks from elsewhere in the window: opening them, and the report on what was found."""
