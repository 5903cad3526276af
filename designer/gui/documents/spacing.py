"""Sizes that the layout of the canvas and the adding of nodes share, in scene units."""

NODE_HEIGHT = 44.0
ROW_GAP = 28.0
"""Free space between two rows of the layout."""
ROW_PITCH = NODE_HEIGHT + ROW_GAP
"""From the top of a node to the top of the one below it."""
