"""Opening networks from elsewhere: read, convert, fold, take the weights, compare the outputs."""
