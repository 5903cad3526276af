"""The list of layers, blocks and presets on the left."""
