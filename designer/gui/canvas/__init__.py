"""The canvas: the graph of a design, drawn from arrays, and what hands do to it."""
