"""From the name of code to a module: of a library, an installed module or a Python file."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from torch import nn

from designer.engine.opening.live_errors import Named
from designer.engine.opening.live_messages import LiveRequest
from designer.errors import DesignerError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Built:
    """A module that code built.

    Attributes
    ----------
    module
        The module.
    name
        The class or function that built it.
    shapes
        Shapes of an input, without the batch, that its library says it takes; those that are most
        likely first.
    notes
        Whole sentences on what was chosen.
    """

    module: nn.Module
    name: str
    shapes: tuple[Shape, ...] = ()
    notes: tuple[str, ...] = ()


def build(request: LiveRequest, named: Named) -> Built:
    """Build the module that a request names.

    Raises
    ------
    DesignerError
        There is no such code, it cannot be run, or it builds no module.
    """
    return _BUILDERS[request.kind](request, named)


# Libraries


def _torchvision(request: LiveRequest, named: Named) -> Built:
    from torchvision import models  # type: ignore[import-untyped]

    if request.name not in models.list_models():
        raise _unknown("torchvision", request.name, models.list_models())
    arguments: dict[str, Any] = {"weights": None}
    builder = models.get_model_builder(request.name)
    if "weights_backbone" in inspect.signature(builder).parameters:
        arguments["weights_backbone"] = None
    module = builder(**arguments)
    sides: list[int] = []
    for each in models.get_model_weights(request.name):
        transforms = each.transforms()
        size = getattr(transforms, "crop_size", None) or getattr(transforms, "resize_size", None)
        sides += [int(size[0] if isinstance(size, (list, tuple)) else size)] if size else []
    return Built(module, request.name, tuple((3, side, side) for side in dict.fromkeys(sides)))


def _timm(request: LiveRequest, named: Named) -> Built:
    import timm  # type: ignore[import-not-found]

    if request.name.partition(".")[0] not in timm.list_models():
        raise _unknown("timm", request.name, timm.list_models())
    return Built(timm.create_model(request.name, pretrained=False), request.name)


def _unknown(library: str, name: str, known: list[str]) -> DesignerError:
    close = get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(close)}?" if close else "check its spelling."
    return DesignerError(f"{library} has no network '{name}': {hint}")


# Code of the user


def _of_module(request: LiveRequest, named: Named) -> Built:
    sys.path.insert(0, request.working_folder)
    try:
        found: Any = importlib.import_module(request.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{request.module}.".startswith(f"{error.name}."):
            raise DesignerError(named.sentence(error, "cannot be imported")) from error
        raise DesignerError(
            f"There is no Python module {request.module}: install it, or begin in the folder that "
            f"it lies in. {request.working_folder} was looked through."
        ) from error
    except Exception as error:
        raise DesignerError(named.sentence(error, "cannot be imported")) from error
    for part in request.name.split("."):
        if not hasattr(found, part):
            names = ", ".join(_candidates(found)) if isinstance(found, ModuleType) else ""
            raise DesignerError(
                f"{request.module} has no {request.name}"
                f"{f'; it has {names}' if names else ''}: check the name behind the colon."
            )
        found = getattr(found, part)
    return _built(found, request.name, named)


def _of_file(request: LiveRequest, named: Named) -> Built:
    path = Path(request.path)
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else "opened_file"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and torch.export look it up
    try:
        code = path.read_bytes()
        if request.digest and sha256(code).hexdigest() != request.digest:
            raise DesignerError(
                f"{path.name} was changed since you agreed to run it, so it was not run: open it "
                "again."
            )
        exec(compile(code, path, "exec"), vars(module))
    except DesignerError:
        raise
    except SyntaxError as error:
        raise DesignerError(
            f"{path.name} is no Python that can be run ({error.msg} in line {error.lineno}): "
            "correct it."
        ) from error
    except ImportError as error:
        raise DesignerError(
            f"{named.sentence(error, 'cannot be run')} If it is part of a package, open it as "
            f"package.{path.stem}:NAME from the folder of the package."
        ) from error
    except Exception as error:
        raise DesignerError(named.sentence(error, "cannot be run")) from error
    if request.name:
        if not hasattr(module, request.name):
            names = ", ".join(_candidates(module)) or "none"
            raise DesignerError(
                f"{path.name} has no {request.name}; its classes and functions that build a module "
                f"are: {names}."
            )
        return _built(getattr(module, request.name), request.name, named)
    return _only_one(module, path, named)


def _only_one(module: ModuleType, path: Path, named: Named) -> Built:
    """Return the one network of a file.

    Raises
    ------
    DesignerError
        There is none, or there are several.
    """
    found = _candidates(module)
    if len(found) == 1:
        ((name, builder),) = found.items()
        note = f"{name} of {path.name} was taken, the only network in it."
        built = _built(builder, name, named)
        return Built(built.module, name, notes=(note,))
    if found:
        names = ", ".join(found)
        raise DesignerError(
            f"{path.name} has several networks ({names}): say which one, as in "
            f"{path.name}:{next(iter(found))}, or with File, Open Python code in the window."
        )
    with_arguments = [name for name, each in _own(module) if _is_class(each)]
    if with_arguments:
        raise DesignerError(
            f"The classes of {path.name} need arguments ({', '.join(with_arguments)}): add a "
            f"function without arguments that returns the network, and name it, as in "
            f"{path.name}:build."
        )
    raise DesignerError(
        f"{path.name} has no torch module: write a class that derives from nn.Module."
    )


def _candidates(module: ModuleType) -> Mapping[str, Any]:
    """Return what builds a network without arguments: classes, else modules, else functions.

    A class that another one of the file uses is a part of it and no network.
    """
    own = dict(_own(module))
    classes = {name: each for name, each in own.items() if _is_class(each)}
    whole = {name: each for name, each in classes.items() if not _needs_arguments(each)}
    parts = {word for name, each in classes.items() for word in _words(each) if word != name}
    if found := {name: each for name, each in whole.items() if name not in parts} or whole:
        return found
    if found := {name: each for name, each in own.items() if isinstance(each, nn.Module)}:
        return found
    return {
        name: each
        for name, each in own.items()
        if inspect.isfunction(each) and _returns_module(each) and not _needs_arguments(each)
    }


def _own(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, each in vars(module).items():
        defined_here = getattr(each, "__module__", None) == module.__name__
        if isinstance(each, nn.Module) or (defined_here and not name.startswith("_")):
            yield name, each


def _is_class(thing: Any) -> bool:
    return inspect.isclass(thing) and issubclass(thing, nn.Module)


def _needs_arguments(builder: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(builder).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(
        each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        for each in parameters
    )


def _returns_module(function: Any) -> bool:
    """Return whether a function says that it returns a module, or has no other reason to exist."""
    returned = inspect.signature(function).return_annotation
    if returned is inspect.Signature.empty:
        return bool(function.__name__ != "main")
    return "Module" in str(returned) or _is_class(returned)


def _words(kind: type) -> Iterator[str]:
    """Yield the names that the code of a class uses."""
    waiting = [each.__code__ for each in vars(kind).values() if inspect.isfunction(each)]
    while waiting:
        code = waiting.pop()
        yield from code.co_names
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]


def _built(builder: Any, name: str, named: Named) -> Built:
    """Return the module that a class or function builds, or that a name stands for."""
    if isinstance(builder, nn.Module):
        return Built(builder, name)
    if not callable(builder):
        raise DesignerError(
            f"{name} is no class or function but a {type(builder).__name__}: name what builds the "
            "module."
        )
    if _needs_arguments(builder):
        raise DesignerError(
            f"{name} needs arguments: add a function without arguments that returns "
            f"{name}(...), and name that."
        )
    try:
        module = builder()
    except Exception as error:
        raise DesignerError(named.sentence(error, "cannot be built")) from error
    if not isinstance(module, nn.Module):
        raise DesignerError(
            f"{name} gives a {type(module).__name__} and no torch module: name a class that "
            "derives from nn.Module, or a function that returns one."
        )
    return Built(module, name)


_BUILDERS: Mapping[str, Callable[[LiveRequest, Named], Built]] = {
    "torchvision": _torchvision,
    "timm": _timm,
    "module": _of_module,
    "python": _of_file,
}
"""How the module of each kind of live source is built."""
