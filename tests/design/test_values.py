"""Names that are refused, and values that arguments accept."""

import keyword

import pytest
from torch import nn

from designer.design.expressions import FUNCTIONS, Scalar
from designer.design.naming import (
    MODULE_ATTRIBUTES,
    argument_name_refusal,
    block_name_refusal,
    node_name_refusal,
)
from designer.design.values import Argument, Design, Graph, LayerNode

REFUSALS = [node_name_refusal, block_name_refusal, argument_name_refusal]


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    "name", ["größe", "層", "残差块", "норма", "परतें", "ความจุ", "שכבה", "طبقة_٢"]
)
def test_a_name_in_any_script_is_allowed(refusal: object, name: str) -> None:
    assert refusal(name) is None


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    "name",
    ["", "_", "_conv", "__class__", "1conv", "conv 1", "conv-1", "a.b", "a:1", "ｃｏｎｖ",
     "gro\u0308ße", "a" * 65, "a\n", " a", "conv1\0", "٣", "x²"],
)  # fmt: skip
def test_what_is_no_name_is_refused(refusal: object, name: str) -> None:
    assert "is not a valid name" in refusal(name)  # type: ignore[operator]


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("word", [*keyword.kwlist, *keyword.softkwlist])
def test_words_of_python_are_refused(refusal: object, word: str) -> None:
    assert refusal(word) is not None  # type: ignore[operator]


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("name", ["a", "conv1", "Layer_2", "a" * 64, "X"])
def test_names_are_taken(refusal: object, name: str) -> None:
    assert refusal(name) is None  # type: ignore[operator]


def test_no_node_hides_an_attribute_of_a_module() -> None:
    """All public attributes are refused: of the class, of instances, and annotated ones."""
    attributes = {*dir(nn.Module()), *nn.Module.__annotations__}
    hidden = {name for name in attributes if not name.startswith("_")}
    assert hidden >= {"train", "forward", "to", "parameters", "training", "half", "type"}
    assert {name for name in hidden if node_name_refusal(name) is None} == set()


def test_the_list_holds_nothing_that_a_module_lacks() -> None:
    assert set(dir(nn.Module())) | {"call_super_init", "dump_patches"} >= MODULE_ATTRIBUTES


@pytest.mark.parametrize("name", ["self", "super", "torch", "nn", "F", "math", "range"])
def test_names_of_generated_code_are_refused(name: str) -> None:
    assert all(refusal(name) is not None for refusal in REFUSALS)


@pytest.mark.parametrize("name", ["i", "in_channels", "in_height", "in_width", "true", *FUNCTIONS])
def test_arguments_leave_the_words_of_expressions_alone(name: str) -> None:
    assert argument_name_refusal(name) is not None


def test_arguments_may_be_called_channels() -> None:
    assert argument_name_refusal("channels") is None
    assert node_name_refusal("channels") is not None


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        (Argument(4, 1, 8), 4, None),
        (Argument(4, 1, 8), 0, "must be at least 1; received 0"),
        (Argument(4, 1, 8), 9, "must be at most 8; received 9"),
        (Argument(4, 1, 1_234_567), 1_234_568, "must be at most 1234567; received 1234568"),
        (Argument(4), 4.0, "takes a whole number; received 4.0"),
        (Argument(4), True, "takes a whole number; received True"),
        (Argument(4), "4", "takes a whole number; received '4'"),
        (Argument(4), None, "takes a whole number; received None"),
        (Argument(4), 10**16, "must be a number up to 1e+15; received 10000000000000000"),
        (Argument(0.5, 0.25), 1, None),
        (Argument(0.5, 0.25), 0.125, "must be at least 0.25; received 0.125"),
        (Argument(0.5), NAN, "must be a number up to 1e+15; received nan"),
        (Argument(0.5), INFINITE, "must be a number up to 1e+15; received inf"),
        (Argument(0.5), False, "takes a number; received False"),
        (Argument(True), False, None),
        (Argument(True), 1, "takes true or false; received 1"),
        (Argument("a"), "b", None),
        (Argument("a"), 1, "takes text; received 1"),
        (Argument("A", choices=("A", "B")), "B", None),
        (Argument("A", choices=("A", "B")), "C", "takes one of A, B; received 'C'"),
        (Argument(1, choices=(1, 2)), 2, None),
        (Argument(1, choices=(1, 2)), True, "takes one of 1, 2; received True"),
        (Argument(1.0, choices=(0.5, 1)), 1, None),
        (Argument(1.0, choices=(0.5, 1)), 1.0, None),
    ],
)
def test_arguments_say_what_they_take(argument: Argument, value: Scalar, words: str | None) -> None:
    assert argument.refusal(value) == words


def test_values_are_compared_by_content() -> None:
    one = Design("a", graph=Graph({"n": LayerNode("ReLU")}))
    assert one == Design("a", graph=Graph({"n": LayerNode("ReLU")}))
    assert one != Design("b", graph=Graph({"n": LayerNode("ReLU")}))
    assert one.graph_of(None) is one.graph
