"""What a design costs: totals, memory, receptive fields, depth."""
