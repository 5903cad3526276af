"""Random designs and presets, whose numbers are compared with what torch computes or does."""
