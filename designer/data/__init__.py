"""Reading data sets and pictures, with numpy and Pillow alone."""

from designer.data.dataset import DataSet
from designer.data.opening import BUILT_IN, open_dataset
from designer.data.parts import ArrayPart, FilePart, Part, Subset
from designer.data.pictures import read_picture
from designer.data.splitting import Split, split
from designer.data.summary import Description, channel_statistics, describe, memory_bytes

__all__ = [
    "BUILT_IN",
    "ArrayPart",
    "DataSet",
    "Description",
    "FilePart",
    "Part",
    "Split",
    "Subset",
    "channel_statistics",
    "describe",
    "memory_bytes",
    "open_dataset",
    "read_picture",
    "split",
]
