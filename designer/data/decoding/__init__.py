"""Decoding pictures in processes, into memory that they share with the training, and on disk.

`Decoders` are the processes, a `PictureStore` has the decoded pictures of one part, `Stores` those
of a training, and `cache` is the folder of decoded pictures on the disk.
"""

from designer.data.decoding.decoders import Decoders
from designer.data.decoding.store import PictureStore
from designer.data.decoding.stores import ArrayPictures, EncodedPictures, Stores, StoreSettings

__all__ = [
    "ArrayPictures",
    "Decoders",
    "EncodedPictures",
    "PictureStore",
    "StoreSettings",
    "Stores",
]
