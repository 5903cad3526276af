"""Memory signatures of layers: what they mean for memory, except for sizes."""

from typing import Any

import pytest

from designer.layers.catalogue import make
from designer.layers.facts import Facts, facts
from designer.layers.memory_signature import MemorySignature, StatementRole, unknown_signature
from designer.layers.tensors import Tensor

IMAGE = Tensor((8, 6, 6))


def found(name: str, *shapes: tuple[int, ...], **values: Any) -> Facts:
    """Return the facts of a layer with inputs of these shapes."""
    return facts(make(name, **values), tuple(Tensor(shape) for shape in shapes or (IMAGE.shape,)))


@pytest.mark.parametrize("name", ["BatchNorm2d", "ReLU", "GELU", "Dropout", "Flatten"])
def test_a_signature_does_not_depend_on_sizes(name: str) -> None:
    assert found(name).memory_signature is found(name, (3, 40, 20)).memory_signature


def test_signatures_differ_in_what_is_saved_or_shared() -> None:
    memory_signatures = [
        found(name).memory_signature
        for name in ("ReLU", "GELU", "Dropout", "Flatten", "BatchNorm2d")
    ]
    assert len({id(each) for each in memory_signatures}) == len(memory_signatures)


def test_an_activation_has_a_signature_for_working_in_place() -> None:
    relu = found("ReLU")
    assert relu.in_place_variant is not None
    assert relu.memory_signature.in_place_variant is relu.in_place_variant.memory_signature
    alias = relu.in_place_variant.memory_signature.aliases[0]
    assert alias is not None
    assert (alias.own, alias.own_in_eval, alias.port) == (False, False, 0)
    assert relu.in_place_variant.peak == 0 < relu.peak
    assert found("GELU").in_place_variant is None


def test_an_output_says_whether_it_is_auxiliary_even_if_unconnected() -> None:
    main, auxiliary = (make("Output", auxiliary=each) for each in (False, True))
    ends = [facts(each, (IMAGE,)).memory_signature.graph_port for each in (main, auxiliary)]
    assert ends == [(type(main), False), (type(main), True)]
    assert unknown_signature(auxiliary).graph_port == ends[1]
    assert unknown_signature(auxiliary).role is StatementRole.OTHER
    assert unknown_signature() is unknown_signature(make("ReLU"))
    assert isinstance(unknown_signature(), MemorySignature)
    assert not unknown_signature().known
