"""ONNX files: the model as its file has it, and its tensors as arrays; nothing in it is run."""

import importlib
from collections.abc import Callable
from math import prod
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from designer.errors import DesignerError
from designer.readers.graph import TensorSpec

_LARGEST_FILE = (1 << 31) - 1  # bytes; protobuf takes no more, larger tensors lie beside the file
_LARGEST_TENSOR = 1 << 36  # bytes; what is larger is damaged

TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
}
"""Torch's names of the element types, by their numbers in the format (``TensorProto.DataType``)."""

NUMBERS = {name: number for number, name in TYPES.items()}
"""The numbers of the element types, by torch's names."""


class FormatError(Exception):
    """The content of a file is not what the format says, or is of a kind that is not read."""


def library(name: str = "onnx") -> Any:
    """Return the library onnx, or a module of it, which is imported when the first file is opened.

    Raises
    ------
    DesignerError
        It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DesignerError(
            f"ONNX files are read with the library onnx, which cannot be imported ({error}). "
            "Install it with: pip install 'onnx>=1.18'."
        ) from None


def load(path: Path) -> Any:
    """Return the ``ModelProto`` of a file, whose functions are written out where they are called.

    Raises
    ------
    FormatError
        The file cannot be read or is no ONNX model.
    """
    onnx = library()
    library("onnx.inliner")
    try:
        size = path.stat().st_size
        if size > _LARGEST_FILE:
            raise FormatError(
                f"it has {size:,} bytes, and an ONNX file has at most {_LARGEST_FILE:,}: larger "
                "models keep their tensors in files beside it."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise FormatError("there is no such file.") from None
    except OSError as error:
        raise FormatError(f"{error.strerror or error}.") from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except Exception as error:  # protobuf's DecodeError, whose place differs between its versions
        raise FormatError(f"it is no whole ONNX file ({error}). Copy or export it again.") from None
    if not model.graph.node and not model.graph.output:
        raise FormatError("it holds no network. Copy or export it again.")
    if model.functions:
        try:
            model = onnx.inliner.inline_local_functions(model)
        except Exception as error:  # classes of onnx's C++ part
            raise FormatError(
                f"a function in it cannot be written out where it is called ({error})."
            ) from None
    return model


def spec(tensor: Any) -> TensorSpec:
    """Return shape and type of a ``TensorProto``.

    Raises
    ------
    FormatError
        The type is not known, or the sizes are negative or too large for any memory.
    """
    if tensor.data_type not in TYPES:
        raise FormatError(
            f"the tensor {tensor.name!r} has elements of {type_name(tensor.data_type)}, a type "
            "that is not known."
        )
    shape = tuple(tensor.dims)
    if any(each < 0 for each in shape) or prod(shape) * 8 > _LARGEST_TENSOR:
        raise FormatError(f"the tensor {tensor.name!r} has the sizes {list(shape)}.")
    return TensorSpec(shape, TYPES[tensor.data_type])


def type_name(number: int) -> str:
    """Return the format's name of an element type, such as ``STRING``."""
    onnx = library()
    try:
        return str(onnx.TensorProto.DataType.Name(number))
    except ValueError:
        return f"type {number}"


def reader(tensor: Any, folder: Path) -> Callable[[], Any]:
    """Return a function that reads the values of a tensor as an array.

    Values in a file beside the model are read when the function is called; that the file is there,
    and lies in the folder of the model, is looked at now.

    Raises
    ------
    FormatError
        The file of the values is missing, too short or elsewhere.
    """
    onnx = library()
    library("onnx.numpy_helper")
    found = spec(tensor)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return _external(tensor, found, folder)
    _check_size(tensor, found)

    def read() -> Any:
        try:
            return plain(onnx.numpy_helper.to_array(tensor))
        except (ValueError, TypeError) as error:
            raise DesignerError(f"The tensor {tensor.name!r} is damaged ({error}).") from None

    return read


def _check_size(tensor: Any, found: TensorSpec) -> None:
    """Refuse a tensor whose values are not as many as its shape says."""
    count = prod(found.shape)
    if tensor.HasField("raw_data"):
        if len(tensor.raw_data) != count * element_bytes(found.dtype):
            raise FormatError(
                f"the tensor {tensor.name!r} of the sizes {list(found.shape)} has "
                f"{len(tensor.raw_data):,} bytes in place of "
                f"{count * element_bytes(found.dtype):,}. Copy or export the file again."
            )
        return
    stored = max(
        len(tensor.float_data),
        len(tensor.int32_data),
        len(tensor.int64_data),
        len(tensor.double_data),
        len(tensor.uint64_data),
    )
    if stored != count * (2 if found.dtype.startswith("complex") else 1):
        raise FormatError(
            f"the tensor {tensor.name!r} of the sizes {list(found.shape)} has {stored:,} values. "
            "Copy or export the file again."
        )


def element_bytes(dtype: str) -> int:
    """Return the bytes of one element."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def plain(array: Any) -> Any:
    """Return an array of one of numpy's own types: bfloat16 becomes float32."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _external(tensor: Any, found: TensorSpec, folder: Path) -> Callable[[], Any]:
    entries = {each.key: each.value for each in tensor.external_data}
    place = entries.get("location", "")
    elsewhere = (
        not place
        or "\\" in place
        or PureWindowsPath(place).drive
        or Path(place).is_absolute()
        or ".." in Path(place).parts
    )
    file = folder / place
    if elsewhere or not file.resolve().is_relative_to(folder.resolve()):
        raise FormatError(
            f"the values of {tensor.name!r} lie in {place!r}, which is outside the model's folder "
            "and is not read. Put the file beside the model and export or save it again."
        )
    try:
        start = int(entries.get("offset", 0))
        length = int(entries.get("length", 0))
    except ValueError:
        raise FormatError(f"the place of the values of {tensor.name!r} is damaged.") from None
    needed = prod(found.shape) * element_bytes(found.dtype)
    if not file.is_file():
        raise FormatError(
            f"its tensors lie in {place!r}, and there is no such file beside it. Put both into one "
            "folder."
        )
    if start < 0 or length not in (0, needed) or file.stat().st_size < start + needed:
        raise FormatError(
            f"{place!r} is too short, or the model is not the one that it was written with: it "
            f"lacks values of {tensor.name!r}. Copy both files again."
        )

    def read() -> Any:
        kind = "<u2" if found.dtype == "bfloat16" else np.dtype(found.dtype).newbyteorder("<")
        count = prod(found.shape)
        try:
            flat = np.fromfile(file, kind, count, offset=start)
        except OSError as error:
            raise DesignerError(f"{file} cannot be read: {error.strerror or error}.") from None
        if len(flat) != count:
            raise DesignerError(f"{file} is too short. Copy it again.")
        if found.dtype == "bfloat16":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return flat.reshape(found.shape)

    return read
