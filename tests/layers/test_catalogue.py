"""The catalogue has all layer types, in the same order whoever imports a family first."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

from designer import layers
from designer.layers.base import REGISTRY
from designer.layers.catalogue import layer_types


def test_every_layer_type_is_in_the_catalogue() -> None:
    for each in pkgutil.iter_modules(layers.__path__):
        importlib.import_module(f"designer.layers.{each.name}")
    assert layer_types().keys() == REGISTRY.keys()


@pytest.mark.parametrize("first", ["base", "shape", "memory_signature", "catalogue"])
def test_the_catalogue_is_complete_in_a_fresh_interpreter(first: str) -> None:
    code = (
        f"import designer.layers.{first}\n"
        "from designer.layers.catalogue import layer_types\n"
        "print(*layer_types())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [*layer_types()]
