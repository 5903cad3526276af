"""The kinds of model files, one row each, and the options that an export takes."""

from collections.abc import Mapping

import msgspec

TOLERANCE = 1e-5
"""How far a loaded model's outputs may differ from the module's, relative to the largest output."""


class ExportFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of model file.

    Attributes
    ----------
    suffix
        The ending of its files, with the dot, by which a format is chosen.
    title
        Its name for people.
    help
        One sentence that says what it holds and what it is for.
    tolerance
        How far the outputs of what is loaded back may differ, relative to the largest output.
    needs_torch
        Whether a design without a run needs torch to be written in it.
    package
        A package that writing needs beside torch; "" for none.
    state_dict
        Whether it is a state dict, whose tensors can have the names of a library.
    """

    suffix: str
    title: str
    help: str
    tolerance: float = 0.0
    needs_torch: bool = True
    package: str = ""
    state_dict: bool = False


_ROWS = (
    ExportFormat(
        suffix=".py",
        title="Python source",
        help="The network as code, to read and to change.",
        needs_torch=False,
    ),
    ExportFormat(
        suffix=".pt",
        title="PyTorch state dict",
        help="The weights, for torch.load and the Python source.",
        state_dict=True,
    ),
    ExportFormat(
        suffix=".safetensors",
        title="safetensors",
        help="The weights, safe to load from anywhere.",
        package="safetensors",
        state_dict=True,
    ),
    ExportFormat(
        suffix=".pt2",
        title="torch.export program",
        help="Network and weights in one file, for PyTorch alone.",
        tolerance=TOLERANCE,
    ),
    ExportFormat(
        suffix=".onnx",
        title="ONNX",
        help="Network and weights in one file, for other runtimes.",
        tolerance=TOLERANCE,
        package="onnx",
    ),
)

OLDEST_OPSET, NEWEST_OPSET = 15, 25
"""The versions of ONNX's operators that can be written; torch's exporter chooses one itself."""


LIBRARIES = ("torchvision", "timm")
"""The packages whose names state dicts can have; `library_names` knows their networks."""


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may choose beside the formats.

    Attributes
    ----------
    opset
        The version of ONNX's operators; None for that of torch's exporter.
    names
        One of `LIBRARIES`, whose names the tensors of state dicts get; "" for the design's own.
    """

    opset: int | None = None
    names: str = ""


EXPORT_FORMATS: Mapping[str, ExportFormat] = {row.suffix: row for row in _ROWS}


def endings() -> str:
    """Return all endings for a sentence: ".py, .pt, .onnx"."""
    return ", ".join(EXPORT_FORMATS)
