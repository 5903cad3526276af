"""What can be opened besides design files: a table with a row for each kind of source.

A row says how its sources are written, what they need, and how they are read. What the command
line and the window offer, and the sentences that refuse a source, derive from it.
"""

import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from designer.errors import DesignerError
from designer.readers.graph import NeutralGraph, TensorSpec

Read = Callable[[Path, Sequence[TensorSpec]], NeutralGraph]
"""Reads a file as data. The second argument has the shapes of the inputs without the batch, where
the user gives them."""


class Way(Enum):
    """How a source becomes a design.

    Attributes
    ----------
    GRAPH
        A file with operations, read as data.
    WEIGHTS
        A file with tensors alone: the design is the preset that they fit.
    LIVE
        Python code that builds a module, which is run in a process of its own.
    """

    GRAPH = "graph"
    WEIGHTS = "weights"
    LIVE = "live"


@dataclass(frozen=True)
class SourceKind:
    """A kind of source.

    Attributes
    ----------
    key
        Its name in reports.
    title
        What it is, as in "torch.export program".
    help
        A sentence for the user, on what is read of it.
    way
        How it becomes a design.
    suffixes
        How its files end.
    prefix
        How its names begin, as in ``torchvision:``.
    read
        Reads a file of the way `Way.GRAPH`.
    needs
        A package that must be installed, and how: ``("onnx", "onnx")``.
    asks
        Whether code of the user's is run, so that the user is asked before.
    """

    key: str
    title: str
    help: str
    way: Way
    suffixes: tuple[str, ...] = ()
    prefix: str = ""
    read: Read | None = None
    needs: tuple[str, str] | None = None
    asks: bool = False

    @property
    def written(self) -> str:
        """How a source of this kind is written: ``FILE.pt2``, ``torchvision:NAME``."""
        if self.prefix:
            return f"{self.prefix}NAME"
        return " or ".join(f"FILE{each}" for each in self.suffixes) or "package.module:NAME"


@dataclass(frozen=True)
class Source:
    """A source that a user named.

    Attributes
    ----------
    text
        As it was written.
    kind
        Its row of the table.
    path
        Its file; None if it is none.
    name
        Of a live module the class or function; of a library's network its name; else "".
    module
        Of ``package.module:NAME`` the module; else "".
    """

    text: str
    kind: SourceKind
    path: Path | None = None
    name: str = ""
    module: str = ""

    @property
    def title(self) -> str:
        """A short name for people: ``resnet18`` for ``models/resnet18.pt2``."""
        return self.name or (self.path.stem if self.path is not None else self.text)


def _pt2(path: Path, inputs: Sequence[TensorSpec]) -> NeutralGraph:
    from designer.readers import pt2

    return pt2.read(path)


def _onnx(path: Path, inputs: Sequence[TensorSpec]) -> NeutralGraph:
    from designer.readers import onnx

    return onnx.read(path, inputs)


def _keras(path: Path, inputs: Sequence[TensorSpec]) -> NeutralGraph:
    from designer.readers import keras

    return keras.read(path, inputs)


def _caffe(path: Path, inputs: Sequence[TensorSpec]) -> NeutralGraph:
    from designer.readers import caffe

    return caffe.read(path, inputs)


KINDS: tuple[SourceKind, ...] = (
    SourceKind(
        "pt2",
        "torch.export program",
        "A program of torch.export.save, with its weights. It is read as data.",
        Way.GRAPH,
        (".pt2",),
        read=_pt2,
    ),
    SourceKind(
        "onnx",
        "ONNX file",
        "A network in ONNX, from whichever library, with its weights. It is read as data.",
        Way.GRAPH,
        (".onnx",),
        read=_onnx,
        needs=("onnx", "onnx"),
    ),
    SourceKind(
        "keras",
        "network of Keras",
        "A network of Keras's model.save, Sequential or Functional. It is read as data; its "
        "weights need h5py.",
        Way.GRAPH,
        (".keras",),
        read=_keras,
    ),
    SourceKind(
        "caffe",
        "network of Caffe",
        "The layers of a network of Caffe, without weights. It is read as text.",
        Way.GRAPH,
        (".prototxt",),
        read=_caffe,
    ),
    SourceKind(
        "weights",
        "file of weights",
        "Tensors alone: the preset that they all fit is opened with them.",
        Way.WEIGHTS,
        (".pt", ".pth", ".ckpt", ".safetensors"),
    ),
    SourceKind(
        "torchvision",
        "network of torchvision",
        "A network of the installed torchvision, with fresh weights.",
        Way.LIVE,
        prefix="torchvision:",
        needs=("torchvision", "torchvision"),
    ),
    SourceKind(
        "timm",
        "network of timm",
        "A network of the installed timm, with fresh weights.",
        Way.LIVE,
        prefix="timm:",
        needs=("timm", "timm"),
    ),
    SourceKind(
        "python",
        "Python file",
        "A file with a torch module; FILE.py:NAME says which class or function builds it. Its code "
        "is run.",
        Way.LIVE,
        (".py",),
        asks=True,
    ),
    SourceKind(
        "module",
        "Python module",
        "A class or function of an installed module that builds a torch module. Its code is run.",
        Way.LIVE,
        asks=True,
    ),
)
"""The kinds of sources, in the order in which they are listed."""

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_FILE_AND_NAME = re.compile(r"(.+\.\w+):([^\W\d]\w*)")


def suffixes() -> tuple[str, ...]:
    """Return the endings of all files that can be opened."""
    return tuple(ending for kind in KINDS for ending in kind.suffixes)


def is_name(text: str) -> bool:
    """Tell whether a text names a network that is no file, as ``torchvision:resnet18`` does."""
    prefixes = [kind.prefix for kind in KINDS if kind.prefix]
    return text.startswith(tuple(prefixes)) or _MODULE.fullmatch(text) is not None


def listing() -> str:
    """Return what can be opened, in words that follow "give"."""
    words = [kind.written for kind in KINDS]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def kind_of(key: str) -> SourceKind:
    """Return the row of a key."""
    return next(each for each in KINDS if each.key == key)


def parse(text: str) -> Source:
    """Return what a text of the user names.

    Raises
    ------
    DesignerError
        It names nothing that can be opened, or a package is missing that it needs.
    """
    source = _parsed(text)
    if source.path is not None and not source.path.exists():
        raise DesignerError(f"There is no file {source.path}: check its name and folder.")
    if source.path is not None and source.path.is_dir():
        raise DesignerError(f"{source.path} is a folder: name a file in it.")
    if source.path is not None and not source.path.is_file():  # a pipe would be waited for
        raise DesignerError(f"{source.path} is a pipe or a device: name a file on a disk.")
    needs = source.kind.needs
    if needs is not None and importlib.util.find_spec(needs[0]) is None:
        raise DesignerError(
            f"{text} needs {needs[0]}, which is not installed: install it with "
            f"pip install '{needs[1]}'."
        )
    return source


def _parsed(text: str) -> Source:
    for kind in KINDS:
        if kind.prefix and text.startswith(kind.prefix):
            name = text.removeprefix(kind.prefix)
            if not name or not name.isprintable():
                raise DesignerError(
                    f"{text!r} names no network: write its name behind {kind.prefix}, as in "
                    f"{kind.prefix}resnet18."
                )
            return Source(text, kind, name=name)
    path = Path(text)
    if (kind_found := _kind_of_file(path)) is not None:
        return Source(text, kind_found, path)
    if (found := _FILE_AND_NAME.fullmatch(text)) is not None:
        path = Path(found[1])
        kind_found = _kind_of_file(path)
        if kind_found is not None and kind_found.way is Way.LIVE:
            return Source(text, kind_found, path, name=found[2])
    if _MODULE.fullmatch(text):
        module, _, name = text.partition(":")
        return Source(text, kind_of("module"), name=name, module=module)
    raise DesignerError(f"{text or 'Nothing'} cannot be opened: give {listing()}.")


def _kind_of_file(path: Path) -> SourceKind | None:
    suffix = path.suffix.lower()
    return next((kind for kind in KINDS if suffix and suffix in kind.suffixes), None)


# What the user says of the inputs

MOST_ELEMENTS = 1 << 28
"""The most elements of an input."""
_TYPES = ("float32", "int64")


def parse_input(text: str) -> TensorSpec:
    """Return the shape of an input, without the batch, and its type.

    Parameters
    ----------
    text
        ``3x224x224`` for numbers, ``int64:128`` for 128 tokens.

    Raises
    ------
    DesignerError
        It is written otherwise, or too large.
    """
    dtype, colon, sizes = text.rpartition(":")
    numbers = re.split(r"[x×,]", sizes.strip().lower())
    if (colon and dtype not in _TYPES) or not all(
        re.fullmatch(r"[1-9]\d{0,9}", n) for n in numbers
    ):
        raise DesignerError(
            f"The input {text!r} is no shape: write the sizes without the batch, as in 3x224x224, "
            "or int64:128 for 128 tokens."
        )
    shape = tuple(int(each) for each in numbers)
    count = 1
    for each in shape:
        count *= each
    if count > MOST_ELEMENTS:
        raise DesignerError(
            f"The input {text!r} has {count:,} values, and at most {MOST_ELEMENTS:,} are tried: "
            "give a smaller one."
        )
    return TensorSpec(shape, dtype or "float32")
