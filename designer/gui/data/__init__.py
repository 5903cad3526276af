"""The Data window: what is in the data set of the current design's recipe."""
