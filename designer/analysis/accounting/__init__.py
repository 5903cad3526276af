"""What a design costs: totals, memory saved for backward, receptive fields, depth.

Everything here is computed from finished results when it is asked for. The memory plan is not here
but in `evaluation`, since it is part of each result: it decides which layers work in place, and a
block's plan is what the graph around it knows of the block's memory.
"""
