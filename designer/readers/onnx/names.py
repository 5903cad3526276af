"""Names in ONNX files: the modules of a node, and tensors that have names of their own."""

import ast
import re
from collections.abc import Container, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from designer.readers.graph import Module
from designer.readers.onnx.nodes import Node

_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
_TRACE = "pkg.torch.onnx.stack_trace"
_SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
_FOLDED = "pkg.onnxscript.optimizer.folded_from"
_TARGET = re.compile(r"^\w+: (PARAMETER|BUFFER) target='([^']+)'", re.MULTILINE)
_QUOTED = re.compile(r"'([^']+)'")
_LONGEST = 1 << 14  # characters of what an exporter wrote beside a node
_OWN = ("torch/", "importlib", "onnx/")  # folders whose lines say little about a network
_WRAPPERS = ("StatefulPartitionedCall", "PartitionedCall")


def is_own_name(name: str) -> bool:
    """Tell whether a tensor is called by what a person wrote, and not by a number.

    ``layer1.0.conv1.weight`` and ``dense/kernel`` are, ``onnx::Conv_193``, ``val_3`` and
    ``/Constant_output_0`` are not.
    """
    return not (
        name.startswith(("onnx::", "/", "_v_", "val_", "const_", "Constant"))
        or re.fullmatch(r"[_v]*\d+", name)
        or "::" in name
    )


def learned_tensors(proto: Any) -> frozenset[str] | None:
    """Return the tensors of a graph that its module learned; None if the graph does not say.

    These are the module's parameters, and what the exporter computed from one of them and from no
    buffer: a weight that it turned, a class token that it repeated.
    """
    signature = next((each.value for each in proto.metadata_props if each.key == _SIGNATURE), None)
    if signature is None:
        return None
    kinds = {name: kind for kind, name in _TARGET.findall(signature)}
    found = {name for name, kind in kinds.items() if kind == "PARAMETER"}
    for value in proto.value_info:
        for each in value.metadata_props:
            if each.key == _FOLDED:
                origins = [kinds[name] for name in _QUOTED.findall(each.value) if name in kinds]
                if origins == ["PARAMETER"]:
                    found.add(value.name)
    return frozenset(found)


def key(name: str) -> str:
    """Return a name with the characters of a state dict's keys: ``dense_kernel_0``."""
    return re.sub(r"[^\w.]+", "_", name).strip("._") or "tensor"


def free(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken, with a number if need be."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def line(node: Node) -> str:
    """Return the innermost line of the source that called the node: ``resnet.py:152``; or ""."""
    trace = node.metadata.get(_TRACE, "")[:_LONGEST]
    for file, number in reversed(re.findall(r'File "([^"]*)", line (\d+)', trace)):
        path = file.replace("\\", "/")
        if not any(each in path for each in _OWN):
            return f"{PurePosixPath(path).name}:{number}"
    return ""


def has_merged_norms(model: Any) -> bool:
    """Tell whether an exporter of torch merged BatchNorm layers into convolutions."""
    if model.producer_name != "pytorch":
        return False
    for each in model.graph.node:
        if each.op_type != "Conv":
            continue
        if len(each.input) > 1 and each.input[1].startswith("onnx::Conv_"):
            return True  # weights that got a new name, as they are others
        if any("FuseBatchNorm" in entry.value for entry in each.metadata_props):
            return True
    return False


class Scopes:
    """The modules of the nodes of a model.

    Parameters
    ----------
    model
        The ``ModelProto``.
    """

    def __init__(self, model: Any) -> None:
        self._slashed = model.producer_name == "pytorch"
        self._known = {
            path
            for each in model.graph.node
            if each.name.startswith("/")
            for path in _paths(each.name)
        }

    def modules(self, node: Node) -> tuple[Module, ...]:
        """Return the modules that ran a node, the outermost first; none if unknown."""
        scopes = _list(node.metadata.get(_SCOPES, ""))
        classes = _list(node.metadata.get(_CLASSES, ""))
        if scopes and len(scopes) == len(classes):
            return tuple(
                Module(path, kind) for path, kind in zip(scopes[:-1], classes[:-1], strict=True)
            )
        if node.name.startswith("/") and self._slashed:
            paths = [self._first_use(path) for path in _paths(node.name)]
            return (Module("", ""), *(Module(path, "") for path in paths))
        parts = [part for part in node.name.split("/")[:-1] if part not in _WRAPPERS]
        if parts and all(re.fullmatch(r"[\w.]+", part) for part in parts):
            return tuple(Module(".".join(parts[: number + 1]), "") for number in range(len(parts)))
        return ()

    def _first_use(self, path: str) -> str:
        """Return the path of a module that is used again, whose uses torch numbers: ``relu_1``."""
        head, number = path.rpartition("_")[::2]
        return head if number.isdigit() and head in self._known else path


def _list(text: str) -> Sequence[str]:
    """Return the strings of a list that an exporter wrote as Python text."""
    if not text or len(text) > _LONGEST:
        return ()
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return ()
    return found


def _paths(name: str) -> Iterator[str]:
    """Yield the modules of a name of torch's older exporter, the outermost first.

    ``/layer1/layer1.0/conv1/Conv`` is in ``layer1``, ``layer1.0`` and ``layer1.0.conv1``.
    """
    path, before = "", ""
    for scope in name.split("/")[1:-1]:
        if before and scope.startswith(before + "."):
            path += scope[len(before) :]
        else:
            path = f"{path}.{scope}" if path else scope
        before = scope
        yield path
