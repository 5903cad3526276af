"""What a study found: its table, the effect of each field, and the answer in sentences."""
