"""Whatever is public says what it is, unless it overrides what says so already."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType
from typing import Any, Protocol, cast

import designer
from designer.folding.patterns.handlers import HANDLERS

METHODS = (property, cached_property, classmethod, staticmethod)


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(designer.__path__, "designer.")
    return [importlib.import_module(each.name) for each in found if "__main__" not in each.name]


def members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the public classes and functions that a module defines."""
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
        if own and (inspect.isclass(value) or inspect.isroutine(value)):
            yield name, value


def methods(owner: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class defines itself."""
    for name, value in vars(owner).items():
        method = inspect.isfunction(value) and value.__name__ != "<lambda>"  # a field's default
        if not name.startswith("_") and (method or isinstance(value, METHODS)):
            yield name, value


def protocols() -> dict[str, set[str]]:
    """Return, by package, the names that its protocols explain for all that implement them."""
    found: dict[str, set[str]] = {}
    for module in modules():
        for _, value in members(module):
            if inspect.isclass(value) and Protocol in value.__bases__:
                package = ".".join(module.__name__.split(".")[:2])
                found.setdefault(package, set()).update(name for name, _ in methods(value))
    return found


def undocumented() -> Iterator[str]:
    explained = protocols()
    for module in modules():
        if not module.__doc__:
            yield module.__name__
        package = ".".join(module.__name__.split(".")[:2])
        for name, value in members(module):
            where = f"{module.__name__}.{name}"
            if not value.__doc__ and value not in HANDLERS.values():  # their decorator says it
                yield where
            if not inspect.isclass(value):
                continue
            for method, function in methods(value):
                overrides = any(hasattr(base, method) for base in value.__mro__[1:])
                implements = method in explained.get(package, set())
                if not (function.__doc__ or overrides or implements):
                    yield f"{where}.{method}"


def test_all_that_is_public_has_a_docstring() -> None:
    assert list(undocumented()) == []


def test_no_docstring_is_a_single_word() -> None:
    """One such says less than the name does: it is better left out."""
    short = []
    for module in modules():
        for name, value in members(module):
            named = [(name, value)]
            if inspect.isclass(value):
                named += [(f"{name}.{method}", each) for method, each in methods(value)]
            for where, each in named:
                words = cast(str, each.__doc__ or "").split()
                if len(words) == 1:
                    short.append(f"{module.__name__}.{where}: {words[0]}")
    assert short == []
