"""The canvas: the graph of a design, drawn from arrays, and its gestures."""
