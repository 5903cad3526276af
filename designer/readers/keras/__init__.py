"""Networks of Keras (.keras), read without Keras and without running anything.

The file is a zip archive: ``config.json`` has the layers with their settings and what each
reads, ``model.weights.h5`` the weights. Keras keeps the channels last; the graph has them second,
as torch.
"""

from designer.readers.keras.network import read

__all__ = ["read"]
