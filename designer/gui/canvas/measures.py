"""Sizes on the canvas, in scene units: at 100 % one unit is a pixel for text of 9 points."""

NODE_WIDTH = 260.0
NODE_HEIGHT = 44.0
END_WIDTH = 96.0  # a block's own input or output, while the block is looked into
END_HEIGHT = 26.0

EDGE_BAR = 4.0  # the colored left edge
ICON = 16.0
ICON_LEFT = 13.0
TEXT_LEFT = 37.0
TEXT_RIGHT = 10.0  # free space behind the text
RADIUS = 5.0  # of a node's corners
PORT = 4.0  # radius of a port's circle
STACK = 4.0  # how far the second sheet of a repeated block shows

NAME_TEXT = 13  # height of fonts
SMALL_TEXT = 11

# An expanded block around its inside
SIDE = 26.0
HEADER = 40.0
FOOTER = 30.0
LEAST_WIDTH = 280.0
"""Room for the title of an expanded block."""
ROOM = 10.0
"""What stays free around an expanded block beyond the usual gaps."""
