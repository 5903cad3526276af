"""Sizes on the canvas, in scene units: at 100 % one unit is a pixel if text has 9 points.

The height of a node and the gap between rows stand in `documents.spacing`.
"""

NODE_WIDTH = 260.0
END_WIDTH = 96.0  # of a block's own input or output, while the block is shown
END_HEIGHT = 26.0

STRIP = 51.0
"""How much higher nodes are while pictures are drawn on them."""
PICTURE_INSET = 5.0  # free space around the pictures of a node
PICTURE_GAP = 3.0  # between two of them

EDGE_BAR = 4.0  # the colored left edge
ICON = 16.0
ICON_LEFT = 13.0
TEXT_LEFT = 37.0
TEXT_RIGHT = 10.0  # free space to the right of the text
RADIUS = 5.0  # of a node's corners
PORT = 4.0  # radius of a port's circle
STACK = 4.0  # how far each further sheet of a repeated block sticks out

NAME_TEXT = 13  # font height of names
SMALL_TEXT = 11

# Free space between the frame of an expanded block and the nodes inside it
SIDE = 26.0
HEADER = 40.0
FOOTER = 30.0
LEAST_WIDTH = 280.0
"""Width of an expanded block that leaves room for its title."""
ROOM = 10.0
"""Free space around an expanded block in addition to the usual gaps."""
