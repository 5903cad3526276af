"""What layers mean for the memory around them, sizes apart."""

from typing import Any

import pytest

from designer.layers.base import Tensor
from designer.layers.catalogue import make
from designer.layers.facts import Facts, facts
from designer.layers.forms import Form, Role, broken

IMAGE = Tensor((8, 6, 6))


def found(name: str, *shapes: tuple[int, ...], **values: Any) -> Facts:
    """Return the facts of a layer with inputs of these shapes."""
    return facts(make(name, **values), tuple(Tensor(shape) for shape in shapes or (IMAGE.shape,)))


@pytest.mark.parametrize("name", ["BatchNorm2d", "ReLU", "GELU", "Dropout", "Flatten"])
def test_sizes_do_not_tell_forms_apart(name: str) -> None:
    assert found(name).form is found(name, (3, 40, 20)).form


def test_what_is_kept_or_shared_tells_forms_apart() -> None:
    forms = [found(name).form for name in ("ReLU", "GELU", "Dropout", "Flatten", "BatchNorm2d")]
    assert len({id(each) for each in forms}) == len(forms)


def test_an_activation_has_a_form_for_when_it_overwrites_its_input() -> None:
    relu = found("ReLU")
    assert relu.overwriting is not None
    assert relu.form.overwriting is relu.overwriting.form
    way = relu.overwriting.form.ways[0]
    assert way is not None
    assert (way.own, way.own_in_eval, way.port) == (False, False, 0)
    assert relu.overwriting.peak == 0 < relu.peak
    assert found("GELU").overwriting is None


def test_an_output_says_whether_it_is_auxiliary_even_if_nothing_enters_it() -> None:
    main, auxiliary = (make("Output", auxiliary=each) for each in (False, True))
    ends = [facts(each, (IMAGE,)).form.end for each in (main, auxiliary)]
    assert ends == [(type(main), False), (type(main), True)]
    assert broken(auxiliary).end == ends[1]
    assert broken(auxiliary).role is Role.OTHER
    assert broken() is broken(make("ReLU"))
    assert isinstance(broken(), Form)
    assert not broken().known
