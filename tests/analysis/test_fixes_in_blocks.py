"""Fixes of nodes in blocks hold for all uses of the block: they write expressions, not numbers."""

from typing import Any

import pytest

from designer.analysis.analysis import analyze
from designer.design.values import Design
from tests.analysis.drawing import IMAGE, OUTPUT, block, design

RELU = {"layer": "ReLU"}
BN = {"layer": "BatchNorm2d"}


def conv(channels: Any, kernel: int = 1) -> dict[str, Any]:
    return {
        "layer": "Conv2d",
        "out_channels": channels,
        "kernel_size": kernel,
        "padding": kernel // 2,
    }


def used(nodes: dict[str, Any], edges: list[list[str]], widths: list[Any], **more: Any) -> Design:
    """Return a design with a block that is used once for each width."""
    made = block(nodes, edges)
    made["arguments"] = {"width": {"default": 16}}
    uses = {f"u{n}": {"block": "B", "with": {"width": width}} for n, width in enumerate(widths)}
    outer = {"image": IMAGE, **uses, "scores": OUTPUT}
    return design(outer, [list(outer)], {"B": made, **more})


def labels(made: Design) -> tuple[str, ...]:
    return tuple(fix.label for fix in analyze(made).problems[0].fixes)


def fixed(made: Design, number: int = 0) -> Design:
    """Apply a fix of the first problem."""
    return analyze(made).problems[0].fixes[number](made)


TWO_PATHS = [["x", "a", "bn", "add", "y"], ["x", "c", "add:1"]]


@pytest.mark.parametrize("widths", [[16], [16, 64], [24, 32, 48]])
def test_channels_are_set_to_the_argument(widths: list[int]) -> None:
    made = used(
        {"a": conv("=width", 3), "bn": BN, "c": conv(5), "add": {"layer": "Add"}}, TWO_PATHS, widths
    )
    assert labels(made) == (
        "set c to =width channels",
        "insert a 1×1 projection to =width channels",
    )
    for number in (0, 1):
        assert not analyze(fixed(made, number)).problems
    assert fixed(made).blocks["B"].graph.nodes["c"].parameters["out_channels"] == "=width"


def test_an_expression_is_replaced_by_an_expression() -> None:
    nodes = {
        "a": conv("=2 * width"), "bn": BN, "c": conv("=width"), "add": {"layer": "Add"},
    }  # fmt: skip
    made = used(nodes, TWO_PATHS, [8, 16])
    assert labels(made)[0] == "set c to =2 * width channels"
    assert not analyze(fixed(made)).problems


def test_channels_of_the_input_are_named() -> None:
    nodes = {"c": conv(7), "act": RELU, "add": {"layer": "Add"}}
    made = used(nodes, [["x", "act", "add", "y"], ["x", "c", "add:1"]], [8, 16])
    assert labels(made)[0] == "set c to =in_channels channels"
    assert not analyze(fixed(made)).problems


def test_a_number_that_all_uses_share_stays_a_number() -> None:
    nodes = {"a": conv(24), "bn": BN, "c": conv(7), "add": {"layer": "Add"}}
    made = used(nodes, TWO_PATHS, [8, 16])
    assert labels(made)[0] == "set c to 24 channels"
    assert not analyze(fixed(made)).problems


def test_sums_of_channels_are_written_out() -> None:
    nodes = {
        "a": conv("=width"), "b": conv(4), "cat": {"layer": "Concat"}, "c": conv(7),
        "add": {"layer": "Add"},
    }  # fmt: skip
    edges = [["x", "a", "cat", "add", "y"], ["x", "b", "cat:1"], ["x", "c", "add:1"]]
    made = used(nodes, edges, [8, 16])
    assert labels(made)[0] == "set c to =width + 4 channels"
    assert not analyze(fixed(made)).problems


def test_a_block_inside_the_block_gives_its_channels() -> None:
    inner = block({"k": conv("=n * 4")}, [["x", "k", "y"]])
    inner["arguments"] = {"n": {"default": 2}}
    nodes = {
        "a": {"block": "Inner", "with": {"n": "=width // 2"}}, "bn": BN, "c": conv(7),
        "add": {"layer": "Add"},
    }  # fmt: skip
    made = used(nodes, TWO_PATHS, [8, 16], Inner=inner)
    assert labels(made)[0] == "set c to =width // 2 * 4 channels"
    assert not analyze(fixed(made)).problems


UNKNOWN = {
    # the channels follow from a reshaped image, for which there is no expression
    "a": {"layer": "Reshape", "shape": [-1, 4, 4]},
    "bn": BN,
    "pool": {"layer": "MaxPool2d", "kernel_size": 2, "stride": 2},
    "c": conv(7),
    "add": {"layer": "Add"},
}
UNKNOWN_EDGES = [["x", "a", "bn", "add", "y"], ["x", "pool", "c", "add:1"]]


def test_a_number_is_only_offered_if_the_block_runs_once() -> None:
    assert labels(used(UNKNOWN, UNKNOWN_EDGES, [8]))[0] == "set c to 12 channels"
    twice = used(UNKNOWN, UNKNOWN_EDGES, [8, 16])
    assert not any("12" in label for label in labels(twice))


def test_arguments_of_the_design_are_written_too() -> None:
    made = design(
        {"image": IMAGE, "a": conv("=width"), "c": conv(7), "add": {"layer": "Add"}, "end": OUTPUT},
        [["image", "a", "add", "end"], ["image", "c", "add:1"]],
        width=8,
    )
    assert labels(made)[0] == "set c to =width channels"
    assert not analyze(fixed(made)).problems


@pytest.mark.parametrize("layer", ["Add", "Concat"])
def test_many_joins_before_the_problem_take_no_time(layer: str) -> None:
    nodes: dict[str, Any] = {"image": IMAGE, "a": conv("=width")}
    edges, before = [["image", "a"]], "a"
    for number in range(40):  # each reads the one before twice, so that there are 2**40 paths
        nodes[f"j{number}"] = {"layer": layer}
        edges += [[before, f"j{number}"], [before, f"j{number}:1"]]
        before = f"j{number}"
    nodes |= {"c": conv(7), "add": {"layer": "Add"}, "end": OUTPUT}
    edges += [[before, "add", "end"], ["image", "c", "add:1"]]
    problem = analyze(design(nodes, edges, width=8)).problems[0]
    assert problem.code in ("inputs-differ", "too-large")
    if layer == "Add":
        assert problem.fixes[0].label == "set c to =width channels"
