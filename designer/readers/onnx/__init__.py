"""ONNX files, read without torch and without running anything in them."""

from collections.abc import Sequence
from pathlib import Path

from designer.errors import DesignerError
from designer.readers.graph import NeutralGraph, TensorSpec
from designer.readers.onnx import files, network


def read(path: Path, inputs: Sequence[TensorSpec] = ()) -> NeutralGraph:
    """Return the network of a file.

    Parameters
    ----------
    path
        The file; tensors may lie in other files of its folder.
    inputs
        The shapes of its inputs without the batch, in order, where the file leaves them open;
        none for those of the file.

    Raises
    ------
    DesignerError
        The file cannot be read, or holds no network that can be read safely.
    """
    try:
        model = files.load(path)
        return network.graph(model, path.parent, path.stem, [each.shape for each in inputs])
    except files.FormatError as error:
        raise DesignerError(f"{path} cannot be opened: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise DesignerError(
            f"{path} cannot be opened: it is not what ONNX says of its files "
            f"({type(error).__name__}: {error}). Export it again."
        ) from None
