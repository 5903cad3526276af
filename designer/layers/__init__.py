"""The catalogue of layer types: one class each, holding all that the program knows of it."""
