"""The only part that imports torch: networks as modules, training, files of weights."""
