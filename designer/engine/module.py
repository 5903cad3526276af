"""From the source text of a network to a module."""

import linecache
import sys
import traceback
import types

from torch import nn

from designer.codegen import Generated, generate
from designer.design import files
from designer.design.values import Design
from designer.engine import device
from designer.errors import DesignerError
from designer.runs import own_layers, trusted_code
from designer.runs.folder import RunFolder


def module_from_source(source: str, class_name: str, *, filename: str | None = None) -> nn.Module:
    """Run the source and return an instance of its class, made without arguments.

    The text is registered under `filename`, by default one made of the class name, so that
    tracebacks show its lines.

    Raises
    ------
    DesignerError
        The source does not compile, does not run, or has no such module class.
    """
    name = filename or f"<{class_name}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    module = types.ModuleType(f"designer_generated_{class_name}")
    module.__file__ = name
    # Dataclasses, pickling and torch.export look classes up by the name of their module.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, name, "exec"), module.__dict__)
        network = getattr(module, class_name)()
    except Exception as error:
        line = _line(error, name)
        if memory := device.out_of_memory(
            error, "build_layer" if line else "build", network=class_name, line=line
        ):
            raise DesignerError(memory) from error
        raise DesignerError(
            f"The network {class_name} cannot be built from {name} "
            f"({type(error).__name__}: {error}): correct the design and write the source again."
        ) from error
    if not isinstance(network, nn.Module):
        raise DesignerError(f"{class_name} in {name} is no torch module: name the network's class.")
    return network


def _line(error: Exception, filename: str) -> str:
    """Return the line of the source in which the network's layers were made, "" if unknown."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == filename and frame.line:
            return frame.line
    return ""


def module(design: Design) -> nn.Module:
    """Compile a design: generate its source, run it and return the network.

    Raises
    ------
    DesignerError
        The design has errors, or code that is not trusted.
    """
    generated = _generated(design)
    return module_from_source(generated.source, generated.class_name)


def _generated(design: Design) -> Generated:
    """Return the source of a design, whose own code must be trusted."""
    trusted_code.require(design)
    return generate(design, own_layers.analyzed(design))


def own_layer_error(error: Exception, run: RunFolder) -> str:
    """Return a sentence for an error in a layer of the design's own code, "" for any other."""
    try:
        own = files.read(run.design).code
    except DesignerError:  # the folder is gone
        return ""
    name, found = str(run.source_file), ""
    trace = error.__traceback__
    while trace is not None:
        kind = type(trace.tb_frame.f_locals.get("self")).__name__
        if kind in own and trace.tb_frame.f_code.co_filename == name:
            line = linecache.getline(name, trace.tb_lineno).strip()
            text = "".join(each if each.isprintable() else " " for each in str(error))
            found = (
                f"{kind}, a layer of this design's own code, raised {type(error).__name__} in its "
                f"line '{line}': {text}. Correct its code and begin a new run."
            )
        trace = trace.tb_next
    return found


def module_of_run(run: RunFolder) -> nn.Module:
    """Build the network of a run from its design; its model.py is compared, never run.

    A run folder may come from anybody, and a Python file can do anything.

    Raises
    ------
    DesignerError
        The design has errors, or its source differs from model.py.
    """
    generated = _generated(files.read(run.design))
    if generated.source != run.source():
        raise DesignerError(
            f"{run.source_file} differs from the source that this version of the program generates "
            f"from {run.design.name}, so it is not run: restore both files, use the version that "
            "began the run (the first line of model.py names it), or begin a new run."
        )
    return module_from_source(generated.source, generated.class_name, filename=str(run.source_file))
