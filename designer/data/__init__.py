"""Reading data sets and pictures, with numpy and Pillow alone.

A module is imported when something of it is used first: a decoder process, which needs few of them,
starts in half the time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        keep_prepared_data,
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
    "keep_prepared_data",
    "memory_bytes",
    "open_dataset",
    "picture_part",
    "prepare_data",
    "prepare_data_in_advance",
    "read_picture",
    "split",
]

_MODULES = {
    "dataset": ("DataSet",),
    "findings": ("Choice", "Finding", "LeftOut"),
    "opening": ("BUILT_IN", "open_dataset"),
    "options": ("ReadOptions",),
    "parts": ("Part", "array_part", "picture_part"),
    "pictures": ("PictureForm", "read_picture"),
    "preparation": (
        "DataRequest",
        "PreparedData",
        "forget_prepared_data",
        "keep_prepared_data",
        "prepare_data",
        "prepare_data_in_advance",
    ),
    "splitting": ("Split", "split"),
    "summary": ("Description", "channel_statistics", "describe", "memory_bytes"),
    "targets": ("Target",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
