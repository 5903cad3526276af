"""Reading data sets and pictures, with numpy and Pillow alone."""

from designer.data.dataset import DataSet
from designer.data.opening import BUILT_IN, open_dataset
from designer.data.parts import ArrayPart, FilePart, Part, Subset
from designer.data.pictures import read_picture
from designer.data.preparation import (
    DataRequest,
    PreparedData,
    forget_prepared_data,
    prepare_data,
    prepare_data_in_advance,
)
from designer.data.splitting import Split, split
from designer.data.summary import Description, channel_statistics, describe, memory_bytes

__all__ = [
    "BUILT_IN",
    "ArrayPart",
    "DataRequest",
    "DataSet",
    "Description",
    "FilePart",
    "Part",
    "PreparedData",
    "Split",
    "Subset",
    "channel_statistics",
    "describe",
    "forget_prepared_data",
    "memory_bytes",
    "open_dataset",
    "prepare_data",
    "prepare_data_in_advance",
    "read_picture",
    "split",
]
