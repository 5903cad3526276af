"""Names of nodes, whatever the paths of modules are."""

import pytest

from designer.design.naming import LONGEST, node_name_refusal
from designer.folding.patterns.names import Names, kind_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("layer1.0.conv1", "layer1_0_conv1"),
        ("0", "layer_0"),
        ("_fc", "fc"),
        ("train", "train_1"),
        ("if", "if_1"),
        ("größe.1", "größe_1"),
        ("", "node"),
        ("...", "node"),
        ("a b\nc", "a_b_c"),
        ("🎈", "node"),
    ],
)
def test_a_path_as_a_name(path: str, name: str) -> None:
    assert Names().new(path) == name


@pytest.mark.parametrize(
    "path",
    ["blocks.0.layers.0." * 9 + "conv", "x" * 200, "7" * 200, "_" * 200, "a_" * 200, "0.1." * 99],
)
def test_long_names_are_short_different_and_allowed(path: str) -> None:
    names = Names()
    made = [names.new(path) for _ in range(3)]
    assert len({*made}) == 3
    for each in made:
        assert node_name_refusal(each) is None
        assert len(each) <= LONGEST


def test_a_second_use_has_a_number_and_a_name_can_be_free_again() -> None:
    names = Names()
    assert [names.new("relu") for _ in range(3)] == ["relu", "relu_2", "relu_3"]
    names.give_back("relu_2")
    assert names.new("relu") == "relu_2"


def test_names_of_operations() -> None:
    assert kind_name("add_") == "add"
    assert kind_name("torchvision.roi_align") == "roi_align"
