"""Model files: each is written, loaded back and compared with the module before it is reported."""

import contextlib
import io
import logging
import math
import re
import tempfile
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, fx, nn

from designer import __version__, leftovers
from designer.analysis.analysis import Analysis
from designer.codegen import Generated, generate
from designer.design import files
from designer.design.carried import commented
from designer.design.values import Design
from designer.engine import (
    carried_design,
    checkpoint,
    export_faults,
    libraries,
    onnx_file,
    program_names,
    side_effects,
)
from designer.engine import weights as weights_of
from designer.engine.inputs import example_inputs
from designer.engine.module import module_from_source
from designer.engine.preprocessing_source import preprocessing_source
from designer.errors import DesignerError
from designer.runs import library_names, own_layers, trusted_code
from designer.runs.export_formats import EXPORT_FORMATS, ExportFormat, ExportOptions, endings
from designer.runs.folder import RunFolder
from designer.runs.library_names import Naming
from designer.runs.preprocessing import Preprocessing
from designer.storage import destination, replace_file, unwritable

_DEFAULT = ExportOptions()
_SLOW = 5.0  # seconds of a check after which onnxruntime is recommended


@dataclass(frozen=True)
class Model:
    """A network with its weights, ready to be exported.

    Attributes
    ----------
    design, analysis, generated
        The design, its analysis and its source.
    network
        The module with its weights, in eval mode.
    about
        Metadata for formats that have some: the design's name, and of the data that the weights
        learned from what `Preprocessing.metadata` returns.
    options
        What the user chose beside the formats.
    """

    design: Design
    analysis: Analysis
    generated: Generated
    network: nn.Module
    about: Mapping[str, str]
    options: ExportOptions = _DEFAULT

    @cached_property
    def examples(self) -> tuple[Tensor, ...]:
        """A batch of two random inputs each, the same for every format."""
        generator = torch.Generator().manual_seed(1)
        return tuple(example_inputs(self.analysis, 2, generator=generator).values())

    @cached_property
    def naming(self) -> Naming | None:
        """The names that a library has for the tensors; None for the design's own.

        Raises
        ------
        DesignerError
            The library that was chosen has no such network.
        """
        chosen = self.options.names
        return library_names.naming(self.analysis, chosen) if chosen else None

    @cached_property
    def answers(self) -> Sequence[Tensor]:
        """The outputs of the network for the examples."""
        return _outputs(self.network, self.examples)


@dataclass(frozen=True)
class Exported:
    """A model file that was written and checked.

    Attributes
    ----------
    path, format, size
        The file, its format and its size in bytes.
    difference
        The largest difference of its outputs from the network's.
    remark
        A sentence on the library whose names it has, on names that the format does not take, or on
        a slow check; "" for none.
    """

    path: Path
    format: ExportFormat
    size: int
    difference: float
    remark: str = ""


def of_design(design: Design, *, weights: str | None = None, seed: int = 0) -> Model:
    """Return the network of a design.

    Parameters
    ----------
    design
        A design without errors.
    weights
        A file of weights or a run folder that has a value for each tensor of the design; None for
        fresh weights.
    seed
        From which fresh weights are drawn.

    Raises
    ------
    DesignerError
        The design has errors, or the weights cannot be read or do not fit it wholly.
    """
    trusted_code.require(design)
    analysis = own_layers.analyzed(design)
    generated = generate(design, analysis)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = module_from_source(generated.source, generated.class_name)
    about = _about(design)
    if weights is not None:
        about |= _load(network, analysis, weights)
        if Path(weights).is_dir():
            about |= RunFolder.open(Path(weights)).preprocessing().metadata()
    return Model(design, analysis, generated, network.eval(), about)


def _load(network: nn.Module, analysis: Analysis, source: str) -> Mapping[str, str]:
    """Load weights that must fit wholly: a model file with some fresh weights would mislead.

    Returns what is known of the data that they learned from, as `Preprocessing.metadata`.
    """
    weights = weights_of.read(source)
    report = weights_of.load(network, analysis, weights)
    if report.fresh:
        missing = ", ".join(report.fresh[:3]) + (", …" if len(report.fresh) > 3 else "")
        raise DesignerError(
            f"{source} has no values for {len(report.fresh):,} of the tensors of "
            f"{analysis.design.name} ({missing}), so the model file would be trained in part only: "
            "give weights of this design, or train it starting from these."
        )
    return weights.about


def of_run(run: RunFolder) -> Model:
    """Return the network of a run with its best weights, or its last while there is no best.

    The network is built from the run's design, not from its model.py, which could be anything.

    Raises
    ------
    DesignerError
        The run has no checkpoint yet, or one that does not fit its design.
    """
    design = files.read(run.design)
    model = of_design(design)
    path = run.best if run.best.exists() else run.last
    if not path.exists():
        raise run.no_checkpoint()
    content = checkpoint.load(path, source=model.generated.source)
    model.network.load_state_dict(content["network"])
    about = {**model.about, **learned_preprocessing(run, content).metadata()}
    return Model(design, model.analysis, model.generated, model.network, about)


def learned_preprocessing(run: RunFolder, content: Mapping[str, Any]) -> Preprocessing:
    """Return the preprocessing of a run that the content of one of its checkpoints agrees with.

    Raises
    ------
    DesignerError
        They differ, as when the file was edited; the checkpoint has a checksum.
    """
    preprocessing = run.preprocessing()
    learned = content.get("preprocessing")
    if learned is not None and msgspec.convert(learned, Preprocessing) != preprocessing:
        raise run.preprocessing_misfits()
    return preprocessing


def of_path(path: Path, *, weights: str | None = None) -> Model:
    """Return the network of a run folder, or of a design file with weights as in `of_design`.

    Raises
    ------
    DesignerError
        As `of_run` and `of_design`.
    """
    if path.is_dir():
        return of_run(RunFolder.open(path))
    return of_design(files.read(path), weights=weights)


def export(model: Model, paths: Sequence[Path]) -> Iterator[Exported]:
    """Write model files, each in the format of its ending; yield each once it is checked.

    An existing file is replaced only by one that loads and gives the same outputs.

    Raises
    ------
    DesignerError
        An ending is unknown, a file cannot be written, or its outputs differ from the network's.
    """
    for path in paths:
        yield write(model, path)


def write(model: Model, path: Path) -> Exported:
    """Write a model file in the format of its ending, and check it.

    Raises
    ------
    DesignerError
        As `export`.
    """
    if path.suffix not in EXPORT_FORMATS:
        raise DesignerError(f"{path} must end in one of {endings()}.")
    kind = EXPORT_FORMATS[path.suffix]
    put, get = WRITERS[path.suffix]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        target = destination(path)
        leftovers.remove(target.parent)
        prefix = f"{leftovers.temporary_name()}-"
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as folder:
            temporary = Path(folder) / path.name
            with _quiet(), side_effects.no_empty_cache():
                try:
                    put(model, temporary)
                    start = time.monotonic()
                    difference = _difference(model, get(model, temporary))
                    seconds = time.monotonic() - start
                except (OSError, MemoryError, DesignerError):
                    raise
                except Exception as error:  # torch and onnx raise errors of many classes
                    raise export_faults.refusal(
                        model, kind, error, _CONVERTERS.get(path.suffix), _every_network()
                    ) from error
            if not difference <= kind.tolerance:
                raise DesignerError(
                    f"{path} was not written: loaded back, its outputs differ by {difference:.1e} "
                    f"from the network's, more than {kind.tolerance:.0e}. Choose another format."
                )
            size = temporary.stat().st_size
            replace_file(temporary, target)
    except OSError as error:
        raise unwritable(path, error) from error
    except MemoryError as error:
        raise DesignerError(
            f"{path} cannot be written, as the memory is full: close other programs, or choose "
            "another format."
        ) from error
    remark = ""
    if kind.state_dict and model.naming is not None:
        remark = libraries.remark(model.naming, _difference_there(model, model.naming))
    elif kind.suffix == ".onnx" and seconds > _SLOW and not onnx_file.has_runtime():
        remark = (
            f"The check took {seconds:.0f} s with the reference evaluator of onnx: onnxruntime is "
            "much faster, install it with pip install 'netdesigner[onnx]'."
        )
    elif kind.suffix == ".pt2":
        remark = program_names.remark(model.network)
    return Exported(path, kind, size, difference, remark)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the exporters' progress and warnings: the file is checked, or refused."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


# Comparison

Predictor = Callable[..., Sequence[Tensor]]


def _outputs(network: Callable[..., Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Run a network on the CPU, random draws always from the same seed."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(2)
        outputs = network(*inputs)
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)


def _difference(model: Model, loaded: Callable[..., Any]) -> float:
    """Return the largest difference of the outputs, relative to the largest output or to 1."""
    largest = 0.0
    expected, found = model.answers, _outputs(loaded, model.examples)
    if [each.shape for each in expected] != [each.shape for each in found]:
        return float("inf")
    for one, other in zip(expected, found, strict=True):
        scale = max(1.0, float(one.abs().max()))
        same = (one == other) | (one.isnan() & other.isnan())
        differences = (one - other).abs().masked_fill(same, 0.0)
        # A value that is infinite or NaN on one side only differs infinitely.
        largest = max(largest, float(differences.nan_to_num(math.inf, math.inf).max()) / scale)
    return largest


def _difference_there(model: Model, naming: Naming) -> float | None:
    """Return how far the outputs of a library's network differ; None if it is not installed."""
    with _quiet():
        network = libraries.network(naming, libraries.renamed(_state(model), naming))
        return None if network is None else _difference(model, network)


def _about(design: Design) -> dict[str, str]:
    return {"network": design.name, "program": f"netdesigner {__version__}"}


# Formats: how each is written, and how it is loaded back


def _empty(model: Model) -> nn.Module:
    """Return the network with its state dict set to 0, so that a loaded file must give it.

    Buffers outside of the state dict, which an own layer may have, come from its constructor.
    """
    network = module_from_source(model.generated.source, model.generated.class_name).eval()
    for tensor in network.state_dict().values():
        tensor.zero_()
    return network


def _write_source(model: Model, path: Path) -> None:
    source, preprocess = model.generated.source, preprocessing_source(model.about)
    if preprocess and not re.search(r"^import torch$", source, re.MULTILINE):
        source = source.replace("from torch import nn", "import torch\nfrom torch import nn", 1)
    path.write_text(commented(source + preprocess, model.design), encoding="utf-8")


def _read_source(model: Model, path: Path) -> nn.Module:
    text = path.read_text(encoding="utf-8")
    network = module_from_source(text, model.generated.class_name, filename=str(path)).eval()
    network.load_state_dict(model.network.state_dict())
    return network


def _state(model: Model) -> dict[str, Tensor]:
    state = model.network.state_dict()
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def _named_state(model: Model) -> OrderedDict[str, Tensor]:
    state = _state(model)
    return OrderedDict(state) if model.naming is None else libraries.renamed(state, model.naming)


def _original_state(model: Model, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state if model.naming is None else libraries.original(state, model.naming)


def _write_state_dict(model: Model, path: Path) -> None:
    # torch's own file writer ends the whole process when the disk is full.
    content = io.BytesIO()
    state = _named_state(model)
    state.about = dict(model.about)  # type: ignore[attr-defined]  # as safetensors' metadata
    torch.save(state, content)
    carried_design.add_to_archive(content, model.design)
    path.write_bytes(content.getbuffer())


def _read_state_dict(model: Model, path: Path) -> nn.Module:
    network = _empty(model)
    network.load_state_dict(_original_state(model, torch.load(path, weights_only=True)))
    return network


def _write_safetensors(model: Model, path: Path) -> None:
    path.write_bytes(
        weights_of.packed(
            _named_state(model), {**model.about, **carried_design.metadata(model.design)}
        )
    )


def _read_safetensors(model: Model, path: Path) -> nn.Module:
    from safetensors.torch import load_file

    network = _empty(model)
    network.load_state_dict(_original_state(model, load_file(path)))
    return network


def _program(network: nn.Module, examples: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    """Trace the network for any batch size."""
    network = program_names.renamed(network)
    return torch.export.export(network, examples, dynamic_shapes=onnx_file.any_batch(examples))


def _write_program(model: Model, path: Path) -> None:
    program = _program(model.network, model.examples)
    for module in program.graph_module.modules():
        if isinstance(module, fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)  # names the folders of torch and of the user
    content = io.BytesIO()  # as for the state dict
    about = msgspec.json.encode(dict(model.about)).decode()
    torch.export.save(program, content, extra_files={"about.json": about})
    carried_design.add_to_archive(content, model.design)
    path.write_bytes(content.getbuffer())


def _read_program(model: Model, path: Path) -> nn.Module:
    return torch.export.load(path).module()


def _write_onnx(model: Model, path: Path) -> None:
    onnx_file.write(model, path, model.options.opset)


def _read_onnx(model: Model, path: Path) -> Predictor:
    names = [port.name for port in model.analysis.inputs]
    run = onnx_file.runner(path)

    def predict(*inputs: Tensor) -> list[Tensor]:
        arrays = {name: each.numpy() for name, each in zip(names, inputs, strict=True)}
        return [torch.from_numpy(each) for each in run(arrays)]

    return predict


WRITERS: Mapping[
    str, tuple[Callable[[Model, Path], None], Callable[[Model, Path], Callable[..., Any]]]
] = {
    ".py": (_write_source, _read_source),
    ".pt": (_write_state_dict, _read_state_dict),
    ".safetensors": (_write_safetensors, _read_safetensors),
    ".pt2": (_write_program, _read_program),
    ".onnx": (_write_onnx, _read_onnx),
}
"""How each row of `EXPORT_FORMATS` is written, and how it is loaded back."""

_CONVERTERS: Mapping[str, export_faults.Convert] = {".pt2": _program, ".onnx": onnx_file.program}
"""How a module alone is converted to the formats that do not take every network."""


def _every_network() -> str:
    """Return the formats that take every network, for a sentence: ".py, .pt or .safetensors"."""
    *most, last = (suffix for suffix in EXPORT_FORMATS if suffix not in _CONVERTERS)
    return f"{', '.join(most)} or {last}"
