"""Reading data sets and pictures, with numpy and Pillow alone."""

from designer.data.dataset import DataSet
from designer.data.findings import Choice, Finding, LeftOut
from designer.data.opening import BUILT_IN, open_dataset
from designer.data.options import ReadOptions
from designer.data.parts import Part, array_part, picture_part
from designer.data.pictures import PictureForm, read_picture
from designer.data.preparation import (
    DataRequest,
    PreparedData,
    forget_prepared_data,
    prepare_data,
    prepare_data_in_advance,
)
from designer.data.splitting import Split, split
from designer.data.summary import Description, channel_statistics, describe, memory_bytes
from designer.data.targets import Target

__all__ = [
    "BUILT_IN",
    "Choice",
    "DataRequest",
    "DataSet",
    "Description",
    "Finding",
    "LeftOut",
    "Part",
    "PictureForm",
    "PreparedData",
    "ReadOptions",
    "Split",
    "Target",
    "array_part",
    "channel_statistics",
    "describe",
    "forget_prepared_data",
    "memory_bytes",
    "open_dataset",
    "picture_part",
    "prepare_data",
    "prepare_data_in_advance",
    "read_picture",
    "split",
]
