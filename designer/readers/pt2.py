"""Programs of ``torch.export`` (.pt2), read without torch and without running anything.

The file is a zip archive: ``models/model.json`` has the operations with their arguments, shapes and
the modules that run them, ``data/weights`` the tensors as plain bytes. What is pickled in it (the
sample inputs, and weights of torch before 2.8) is never read. The format is that of
``torch/_export/serde/schema.py``.
"""

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from designer.errors import DesignerError
from designer.readers import element_types
from designer.readers.graph import (
    BUFFER,
    CONSTANT,
    PARAMETER,
    Argument,
    Module,
    NeutralGraph,
    Operation,
    Ref,
    StoredTensor,
    TensorSpec,
    fault,
)

_TYPES: Mapping[int, str] = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    32: "uint32",
    35: "uint64",
}
"""Types by their numbers in the format, ``ScalarType`` of its schema."""

_LARGEST_JSON = 1 << 28  # bytes; ResNet-152 has 2 MB
_MODULE = "models/model.json"
_WEIGHTS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
# Folders whose lines say little about a network.
_OWN = ("/torch/", "/importlib", "/designer/engine/opening/", "<")

Json = Mapping[str, Any]


class FormatError(Exception):
    """The content of a file is not what the format says."""


def read(path: Path) -> NeutralGraph:
    """Return the network of a file.

    Raises
    ------
    DesignerError
        The file cannot be read, or holds no program of torch.export that can be read safely.
    """
    try:
        graph = _Reader(Archive(path), path.stem).graph()
        wrong = fault(graph)
    except FormatError as error:
        raise DesignerError(f"{path} cannot be opened: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise DesignerError(
            f"{path} cannot be opened: its {_MODULE} is not that of a program of torch.export "
            f"({type(error).__name__}: {error}). Save it again with torch.export.save."
        ) from None
    if wrong is not None:
        raise DesignerError(
            f"{path} cannot be opened: {wrong} Save it again with torch.export.save."
        )
    return graph


class Archive:
    """The zip archive of a program.

    Attributes
    ----------
    path
        Where it lies.

    Raises
    ------
    FormatError
        The file is no such archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            names = self._zip.namelist()
        except FileNotFoundError:
            raise FormatError("there is no such file.") from None
        except OSError as error:
            raise FormatError(f"{error.strerror or error}.") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise FormatError(
                f"it is no whole file of torch.export.save ({error}). Copy or save it again."
            ) from None
        module = next((each for each in names if each.endswith("/" + _MODULE)), None)
        if module is None:
            old = {"serialized_exported_program.json", "serialized_state_dict.pt"} & set(names)
            pickled = any(each.endswith("data.pkl") for each in names)
            if old:
                raise FormatError(
                    "it was written by a torch before 2.8, with pickled weights, which could run "
                    "code. Load it in such a torch and save it with torch 2.8 or later."
                )
            if pickled:
                raise FormatError(
                    "it is a pickled module or a state dict of torch.save, and no program of "
                    "torch.export. Save torch.export.export(module, inputs) with "
                    "torch.export.save."
                )
            raise FormatError(f"it has no {_MODULE}, so it is no program of torch.export.")
        self._folder = module.removesuffix(_MODULE)
        self._names = set(names)

    def has(self, name: str) -> bool:
        """Tell whether the archive has a file of this name."""
        return self._folder + name in self._names

    def read(self, name: str, size: int | None = None) -> bytes:
        """Return the content of a file of the archive.

        Parameters
        ----------
        name
            Its name below the program's folder.
        size
            How many bytes it must have; None for any number up to 256 MB.
        """
        try:
            info = self._zip.getinfo(self._folder + name)
            most = _LARGEST_JSON if size is None else size
            if info.file_size > most or (size is not None and info.file_size < size):
                wanted = f"up to {most:,}" if size is None else f"{size:,}"
                raise FormatError(f"{name} has {info.file_size:,} bytes in place of {wanted}.")
            with self._zip.open(info) as file:
                content = file.read(most + 1)
        except FormatError:
            raise
        except KeyError:
            raise FormatError(f"it lacks {name}. Copy or save it again.") from None
        except Exception as error:  # those of zipfile, zlib and lzma have no common base
            raise FormatError(f"{name} is damaged ({error}). Copy or save it again.") from None
        if len(content) > most:
            raise FormatError(f"{name} has more bytes than the archive says.")
        return content

    def json(self, name: str) -> Any:
        """Return a JSON file of the archive."""
        try:
            return msgspec.json.decode(self.read(name))
        except (msgspec.DecodeError, RecursionError) as error:
            raise FormatError(f"{name} is damaged ({error}). Copy or save it again.") from None


class _Reader:
    """Reads the program of one archive."""

    def __init__(self, archive: Archive, name: str) -> None:
        self._archive = archive
        self._name = name
        program = archive.json(_MODULE)
        self._module: Json = program["graph_module"]
        self._graph: Json = self._module["graph"]
        self._numbers: dict[str, Any] = {}
        for group in ("sym_int_values", "sym_float_values", "sym_bool_values"):
            for name_of, value in (self._graph.get(group) or {}).items():
                self._numbers[name_of] = _hint(value)

    def graph(self) -> NeutralGraph:
        values = {name: self._spec(meta) for name, meta in self._graph["tensor_values"].items()}
        inputs, tensors = self._signature()
        operations = tuple(self._operations())
        outputs = tuple(self._outputs())
        names = tuple(self._output_names())
        batch = next((values[each].shape[0] for each in inputs if values[each].shape), 1)
        return NeutralGraph(
            name=self._name,
            inputs=inputs,
            outputs=outputs,
            operations=operations,
            values=values,
            tensors=tensors,
            batch=batch,
            training=any(
                each.arguments.get("training") is True or each.arguments.get("train") is True
                for each in operations
            ),
            output_names=names if len(names) == len(outputs) else (),
        )

    def _spec(self, meta: Json) -> TensorSpec:
        shape = tuple(_number(each) for each in meta["sizes"])
        return TensorSpec(shape, _TYPES.get(meta["dtype"], f"type {meta['dtype']}"))

    # What comes in and goes out

    def _signature(self) -> tuple[tuple[str, ...], dict[str, StoredTensor]]:
        files: dict[str, Json] = {}
        for name in _WEIGHTS:
            if self._archive.has(name):
                folder = name.rpartition("/")[0]
                for key, entry in self._archive.json(name)["config"].items():
                    files[key] = {**entry, "file": f"{folder}/{entry['path_name']}"}
        inputs: list[str] = []
        tensors: dict[str, StoredTensor] = {}
        for spec in self._module["signature"]["input_specs"]:
            ((kind, entry),) = spec.items()
            argument = entry.get("arg", {})
            if kind == "user_input":
                if "as_tensor" not in argument:
                    raise FormatError(
                        "it takes an input that is no tensor. Export a module whose inputs are "
                        "tensors."
                    )
                inputs.append(argument["as_tensor"]["name"])
            elif kind in ("parameter", "buffer", "tensor_constant"):
                key = entry[f"{kind}_name"]
                persistent = kind != "buffer" or entry.get("persistent", True)
                tensors[argument["name"]] = self._stored(
                    key,
                    {"parameter": PARAMETER, "buffer": BUFFER}.get(kind, CONSTANT)
                    if persistent
                    else CONSTANT,
                    files,
                )
            else:
                raise FormatError(f"it takes an input of the kind {kind!r}, which is not known.")
        return tuple(inputs), tensors

    def _stored(self, key: str, kind: str, files: Mapping[str, Json]) -> StoredTensor:
        if key not in files:
            raise FormatError(f"it has no values for the tensor {key!r}. Copy or save it again.")
        entry = files[key]
        if entry["use_pickle"]:
            raise FormatError(
                f"the tensor {key!r} is pickled, which could run code. Export the module with "
                "plain tensors (no tensor subclasses or quantized weights)."
            )
        spec = self._spec(entry["tensor_meta"])
        if spec.dtype not in element_types.KNOWN:
            raise FormatError(f"the tensor {key!r} has elements of {spec.dtype}, a type not known.")
        meta = entry["tensor_meta"]
        storage = f"{entry['file']}:{meta['storage_offset']}:{meta['strides']}:{spec.shape}"
        return StoredTensor(key, spec, kind, self._reader(entry, spec), storage)

    def _reader(self, entry: Json, spec: TensorSpec) -> Callable[[], Any]:
        meta = entry["tensor_meta"]
        strides = [_number(each) for each in meta["strides"]]
        offset = _number(meta["storage_offset"])
        size = element_types.element_bytes(spec.dtype)
        last = offset + sum(
            (count - 1) * stride for count, stride in zip(spec.shape, strides, strict=True)
        )
        contiguous = prod(spec.shape) == 0 or last + 1 - offset == prod(spec.shape)
        if offset < 0 or any(each < 0 for each in (*strides, *spec.shape)):
            raise FormatError(f"{entry['file']} has negative sizes.")

        def read() -> Any:
            try:
                return values()
            except FormatError as error:
                path = self._archive.path
                raise DesignerError(f"{path} cannot be opened: {error}") from None

        def values() -> Any:
            if not prod(spec.shape):
                return element_types.array(b"", spec.dtype).reshape(spec.shape)
            content = self._archive.read(
                entry["file"], None if not contiguous else (last + 1) * size
            )
            flat = element_types.array(content, spec.dtype)
            if len(flat) <= last:
                raise FormatError(f"{entry['file']} is too short.")
            return np.lib.stride_tricks.as_strided(
                flat[offset:], spec.shape, [each * flat.itemsize for each in strides]
            )

        return read

    def _outputs(self) -> Iterator[str]:
        for spec in self._module["signature"]["output_specs"]:
            ((kind, entry),) = spec.items()
            if kind == "user_output" and "as_tensor" in entry["arg"]:
                yield entry["arg"]["as_tensor"]["name"]

    def _output_names(self) -> Iterator[str]:
        """Yield the keys of the dicts in which the module returns its outputs; "" for others."""
        try:
            (whole,) = (
                each for each in self._module["module_call_graph"] if not each.get("fqn", "")
            )
            _, packed = msgspec.json.decode(whole["signature"]["out_spec"])
            yield from _keys(packed, "")
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            return  # the file does not say it

    # Operations

    def _operations(self) -> Iterator[Operation]:
        for node in self._graph["nodes"]:
            target = node["target"]
            results = [name for each in node["outputs"] for name in _tensor_names(each)]
            if not results:
                continue  # arithmetic of sizes, whose results are known
            names = [each["name"] for each in node["inputs"]]
            arguments = {
                name or f"argument {number}": self._argument(each["arg"])
                for number, (name, each) in enumerate(zip(names, node["inputs"], strict=True))
            }
            metadata = node.get("metadata") or {}
            yield Operation(
                kind=_kind(target),
                arguments=arguments,
                results=tuple(results),
                modules=tuple(_modules(metadata.get("nn_module_stack", ""))),
                line=_line(metadata.get("stack_trace", "")),
                original=target.removeprefix("torch.ops."),
            )

    def _argument(self, argument: Json) -> Argument:
        ((kind, value),) = argument.items()
        if kind == "as_none":
            return None
        if kind == "as_tensor":
            return Ref(value["name"])
        if kind in ("as_tensors", "as_nested_tensors"):
            return tuple(
                self._argument({"as_tensors": each})
                if isinstance(each, list)
                else Ref(each["name"])
                for each in value
            )
        if kind == "as_optional_tensors":
            return tuple(
                None if "as_none" in each else Ref(each["as_tensor"]["name"]) for each in value
            )
        if kind == "as_float":
            return float(value)  # infinity is a word in the file
        if kind == "as_floats":
            return tuple([float(each) for each in value])
        if kind in ("as_ints", "as_bools", "as_strings"):
            return tuple(value)
        if kind in ("as_sym_ints", "as_sym_floats"):
            return tuple(self._symbol(each) for each in value)
        if kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
            return self._symbol(value)
        if kind == "as_scalar_type":
            return _TYPES.get(value, f"type {value}")
        if kind in ("as_int", "as_bool", "as_string"):
            return value
        return str(value)  # a device, a layout or a memory format, which no layer needs

    def _symbol(self, value: Json) -> Any:
        if "as_name" in value:
            return self._numbers[value["as_name"]]
        return next(iter(value.values()))


def _tensor_names(output: Json) -> Iterator[str]:
    for kind, value in output.items():
        if kind == "as_tensor":
            yield value["name"]
        elif kind == "as_tensors":
            yield from (each["name"] for each in value)


def _keys(packed: Json, name: str) -> Iterator[str]:
    """Yield the keys that lead to each tensor of what a module returns, joined by ``_``."""
    inside = packed["children_spec"]
    if packed["type"] is None:
        yield name
        return
    keys = [""] * len(inside)
    if "dict" in packed["type"].lower():
        keys = [str(each) for each in msgspec.json.decode(packed["context"])]
    for key, each in zip(keys, inside, strict=True):
        yield from _keys(each, "_".join(filter(None, [name, key])))


def _hint(value: Json) -> Any:
    """Return the number that a symbol had when the program was exported."""
    ((kind, found),) = value.items()
    if kind == "as_expr":
        hint = found.get("hint")
        if not hint:
            raise FormatError(
                "a size in it depends on the values of its inputs. Export a module without "
                "data-dependent sizes."
            )
        return next(iter(hint.values()))
    return found


def _number(value: Json) -> int:
    number = _hint(value)
    if not isinstance(number, int) or isinstance(number, bool):
        raise FormatError(f"a size in it is {number!r}.")
    return number


def _kind(target: str) -> str:
    """Return the name of a function without namespace and overload: ``conv2d``."""
    parts = target.removeprefix("torch.ops.").split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "aten" else ".".join(parts)


def _modules(stack: str) -> Iterator[Module]:
    """Yield the modules of a stack that is written as ``key,path,class;key,path,class``."""
    for entry in stack.split(";"):
        parts = entry.split(",")
        if len(parts) == 3 and not parts[1].startswith("_empty_nn_module_stack"):
            yield Module(re.sub(r"@\d+$", "", parts[1]), parts[2])


def _line(trace: str) -> str:
    """Return the innermost line of a trace that is not torch's own: ``resnet.py:152``."""
    found: Sequence[tuple[str, str]] = re.findall(r'File "([^"]*)", line (\d+)', trace)
    for file, line in reversed(found):
        if not any(each in file.replace("\\", "/") for each in _OWN):
            return f"{Path(file).name}:{line}"
    return ""
