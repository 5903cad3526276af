"""Exporting a live module as a program of torch.export, with an example of what it computes."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor, fx, nn

from designer.engine.opening import live_inputs
from designer.engine.opening.live_building import Built
from designer.engine.opening.live_errors import Named, is_data_dependent
from designer.engine.opening.live_inputs import Shapes
from designer.engine.opening.live_messages import BATCH, EXAMPLE, PROGRAM
from designer.errors import DesignerError
from designer.readers.graph import TensorSpec

Stage = Callable[[str], None]
_MOST_TRIES = 40  # inputs
_MOST_EXPORTS = 3  # inputs that the module takes and that it cannot be exported with


class Written(NamedTuple):
    """What is said of an exported module.

    Attributes
    ----------
    notes
        Whole sentences on what was chosen.
    outputs
        What the module calls its outputs, as the keys of a dict; "" for each that has no name.
    """

    notes: tuple[str, ...]
    outputs: tuple[str, ...]


def export(
    built: Built,
    given: Sequence[tuple[tuple[int, ...], str]],
    folder: Path,
    stage: Stage,
    named: Named,
) -> Written:
    """Write the program of a module, and an input with its own outputs in eval mode.

    Parameters
    ----------
    built
        The module.
    given
        Shapes and types of its inputs without the batch; none to look for some.
    folder
        Where the files are written.
    stage
        Is told what is done now.
    named
        The code, for sentences.

    Raises
    ------
    DesignerError
        The module takes none of the inputs, or cannot be exported.
    """
    module, notes = _prepared(built.module), []
    names = _return_tensors(module)
    if given:
        tried: Iterator[Shapes] = iter([tuple(TensorSpec(*each) for each in given)])
    else:
        tried = live_inputs.candidates(module, built.shapes)
    first: tuple[Shapes, Exception] | None = None
    exports = 0
    for number, shapes in enumerate(tried):
        if number == _MOST_TRIES or exports == _MOST_EXPORTS:
            break
        stage("Running the module")
        generator = torch.Generator().manual_seed(1)
        inputs = live_inputs.tensors(shapes, BATCH, module, generator)
        try:
            try:
                outputs = _run(module, inputs)
            except IndexError:
                inputs = live_inputs.tensors(shapes, BATCH, module, generator, few=True)
                outputs = _run(module, inputs)
            if not outputs:
                raise DesignerError(f"{named.text} returns no tensor: return one from forward.")
            if not given and not all(BATCH in each.shape for each in outputs):
                raise ValueError("the batch is no axis of its output")  # as after view(-1, 1568)
            stage("Exporting the module")
            exports += 1
            program, note = _program(module, inputs, named)
        except (DesignerError, MemoryError):
            raise
        except Exception as error:
            first = first or (shapes, error)
            continue
        if not given:
            notes.append(
                f"The input is {live_inputs.words(shapes)}, the first that the network takes; "
                "another one can be given when it is opened."
            )
        notes += [note] if note else []
        stage("Writing the exported module")
        torch.export.save(program, folder / PROGRAM)
        _write_example(inputs, outputs, folder / EXAMPLE)
        return Written(tuple(notes), tuple(names))
    assert first is not None
    shapes, why = first
    what = f"does not run with the input {live_inputs.words(shapes)}"
    remedy = "" if given else " Give the shape that it takes, as in --input 3x224x224."
    raise DesignerError(f"{named.sentence(why, what)}{remedy}") from why


def _prepared(module: nn.Module) -> nn.Module:
    """Return a module on the CPU that computes in float32."""
    module = module.to("cpu")
    half = (torch.float16, torch.bfloat16)
    if any(each.dtype in half for each in (*module.parameters(), *module.buffers())):
        module = module.float()
    return module


def _return_tensors(module: nn.Module) -> list[str]:
    """Let a module return its tensors alone, in order, whatever it packs them into.

    Returns a list that holds their names after each call.
    """
    forward, names = module.forward, list[str]()

    @functools.wraps(forward)
    def only_tensors(*args: Any, **kwargs: Any) -> Any:
        named = [*_named_tensors(forward(*args, **kwargs))]
        names[:] = [name for name, _ in named]
        found = [each for _, each in named]
        return found[0] if len(found) == 1 else tuple(found)

    module.forward = only_tensors
    return names


def _tensors(result: Any) -> Iterator[Tensor]:
    for _, each in _named_tensors(result):
        yield each


def _named_tensors(result: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in what a module returns, with the keys or fields that lead to each."""
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(result, Tensor):
        yield name, result
    elif isinstance(result, Mapping):
        inside = result.items()
    elif isinstance(result, (tuple, list)):
        inside = zip(getattr(result, "_fields", ("",) * len(result)), result, strict=True)
    elif dataclasses.is_dataclass(result):
        inside = [(each.name, getattr(result, each.name)) for each in dataclasses.fields(result)]
    for key, each in inside:
        yield from _named_tensors(each, "_".join(filter(None, [name, str(key)])))


def _run(module: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return what a module gives in eval mode."""
    torch.backends.mha.set_fastpath_enabled(False)  # it takes masks of numbers for masks of bools
    module.eval()
    with torch.no_grad():
        return [*_tensors(module(*inputs))]


def _program(
    module: nn.Module, inputs: tuple[Tensor, ...], named: Named
) -> tuple[torch.export.ExportedProgram, str]:
    """Return the program of a module, in train mode if possible, and a note if it is not.

    In train mode the layers are there that do nothing in eval mode, such as Dropout.
    """
    try:
        return torch.export.export(module.train(), inputs, strict=False), ""
    except Exception as error:
        why = error
    try:
        return torch.export.export(module.eval(), inputs, strict=False), (
            f"The module was exported in eval mode, as it cannot be in train mode "
            f"({named.line(why) or type(why).__name__}), so that layers that do nothing in eval "
            "mode, such as Dropout, are missing."
        )
    except Exception as error:
        second = error
    try:
        traced = fx.symbolic_trace(module.train())
        return torch.export.export(traced, inputs, strict=False), (
            "The module was traced by torch.fx, as torch.export could not read it, so that its "
            "blocks have no names of classes."
        )
    except Exception as error:
        if not is_data_dependent(second):
            raise second from error
        line = named.line(second) or named.line(error) or "its code"
        raise DesignerError(
            f"{named.text} cannot be exported: {line} decides by the values of a tensor, and a "
            "design does the same for every input. Use torch.where there, or open a module "
            "without that line."
        ) from error


def _write_example(inputs: Sequence[Tensor], outputs: Sequence[Tensor], path: Path) -> None:
    tensors = {f"input.{number}": each for number, each in enumerate(inputs)}
    tensors |= {f"output.{number}": each for number, each in enumerate(outputs)}
    save_file({name: each.detach().clone().contiguous() for name, each in tensors.items()}, path)
