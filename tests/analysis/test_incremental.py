"""An incremental analysis equals a fresh one, edit by edit."""

import random
from itertools import pairwise
from typing import Any

import pytest

from designer.analysis.analysis import Analysis, analyze
from designer.design import edits
from designer.design.files import read
from designer.design.values import (
    Argument,
    Block,
    BlockNode,
    Design,
    Edge,
    Graph,
    LayerNode,
    Point,
)
from designer.errors import DesignerError
from designer.resources import folder
from tests.analysis import drawing
from tests.analysis.drawing import facts
from tests.design.random_edits import random_edit

PRESETS = ["lenet5", "lenet_rgb", "alexnet", "vgg16", "resnet18", "resnet50", "googlenet"]


def same(design: Design, previous: Analysis) -> Analysis:
    """Return the incremental analysis, after comparing it with a fresh one."""
    quick, fresh = facts(analyze(design, previous)), facts(analyze(design))
    for key, value in fresh.items():
        assert quick[key] == value, key
    return analyze(design, previous)


@pytest.mark.parametrize("name", PRESETS)
def test_random_edits_of_presets(name: str) -> None:
    draw = random.Random(name)
    design = read(folder("presets") / f"{name}.json")
    analysis = analyze(design)
    for _ in range(10):
        design = drawing.random_edit(draw, design)
        analysis = same(design, analysis)


@pytest.mark.parametrize("seed", range(50))
def test_random_edits_of_mostly_broken_designs(seed: int) -> None:
    draw = random.Random(seed)
    design = drawing.random_design(draw)
    analysis = analyze(design)
    for _ in range(8):
        design = drawing.random_edit(draw, design)
        analysis = same(design, analysis)


@pytest.mark.parametrize("seed", range(50))
def test_random_edits_of_mostly_valid_designs(seed: int) -> None:
    draw = random.Random(seed)
    design = drawing.tidy_design(draw)
    analysis = analyze(design)
    assert analysis.valid, analysis.problems
    for _ in range(8):
        edit = drawing.tidy_edit if draw.random() < 0.9 else drawing.random_edit
        design = edit(draw, design)
        analysis = same(design, analysis)


@pytest.mark.parametrize("seed", range(10))
def test_the_edits_of_the_window(seed: int) -> None:
    draw = random.Random(seed)
    design = drawing.tidy_design(draw)
    analysis = analyze(design)
    for _ in range(12):
        _, edit = random_edit(design, draw)
        try:
            design = edit(design)
        except DesignerError:
            continue
        analysis = same(design, analysis)


def test_moving_nodes_evaluates_nothing() -> None:
    design = read(folder("presets") / "alexnet.json")
    analysis = analyze(design)
    places = {name: Point(0, number) for number, name in enumerate(design.graph.nodes)}
    moved = edits.move(design, places)
    assert same(moved, analysis).evaluator.evaluations == 0


def test_undo_restores_the_analysis() -> None:
    draw = random.Random(5)
    first = drawing.tidy_design(draw)
    designs = [first]
    for _ in range(12):
        designs.append(drawing.tidy_edit(draw, designs[-1]))
    analysis = analyze(first)
    for design in [*designs, *reversed(designs)]:
        analysis = same(design, analysis)
    assert facts(analysis) == facts(analyze(first))


# Cases that went wrong, or could.


def path(*names: str) -> tuple[Edge, ...]:
    return tuple(Edge(one, 0, two, 0) for one, two in pairwise(names))


CONV = LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 1})
ENDS = {"image": LayerNode("Input", {"shape": (4, 8, 8)}), "scores": LayerNode("Output")}


def with_block(inner: Graph, **more: Any) -> Design:
    block = Block({"channels": Argument(4)}, ("x",), ("y",), inner)
    graph = Graph({**ENDS, "b": BlockNode("B", **more)}, path("image", "b", "scores"))
    return Design("d", blocks={"B": block}, graph=graph)


def test_a_corrected_block_is_evaluated_again() -> None:
    broken = with_block(Graph({"b": BlockNode("B")}, path("x", "b", "y")))
    before = analyze(broken)
    assert [problem.code for problem in before.problems] == ["recursive"]
    graph = Graph({"b": CONV}, path("x", "b", "y"))
    assert same(edits.with_graph(broken, "B", graph), before).valid


def test_a_new_block_is_evaluated() -> None:
    design = with_block(Graph({"c": CONV}, path("x", "c", "y")))
    missing = Design("d", graph=design.graph)
    before = analyze(missing)
    assert [problem.code for problem in before.problems] == ["unknown-block"]
    assert same(design, before).valid
    assert same(missing, analyze(design)).problems[0].code == "unknown-block"


def test_an_argument_that_comes_into_range_clears_the_problems_of_its_uses() -> None:
    design = with_block(Graph({"c": CONV}, path("x", "c", "y")), arguments={"channels": 100})
    used = design.blocks["B"]
    narrow = Block({"channels": Argument(4, 1, 8)}, used.inputs, used.outputs, used.graph)
    broken = Design("d", blocks={"B": narrow}, graph=design.graph)
    before = analyze(broken)
    assert [problem.code for problem in before.problems] == ["argument"]
    assert same(design, before).valid


def test_an_argument_that_becomes_an_equal_value_of_another_type_is_evaluated() -> None:
    conv = LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 1, "bias": "=flag"})
    graph = Graph({**ENDS, "c": conv}, path("image", "c", "scores"))
    before = analyze(Design("d", arguments={"flag": Argument(True)}, graph=graph))
    assert before.valid
    after = same(Design("d", arguments={"flag": Argument(1)}, graph=graph), before)
    assert [problem.code for problem in after.problems] == ["parameter"]


def test_a_block_that_loses_an_output_leaves_its_readers_without() -> None:
    inner = Graph({"c": CONV}, (*path("x", "c", "y"), Edge("c", 0, "z", 0)))
    two = Block({}, ("x",), ("y", "z"), inner)
    graph = Graph(
        {**ENDS, "b": BlockNode("B"), "add": LayerNode("Add")},
        (*path("image", "b", "add", "scores"), Edge("b", 1, "add", 1)),
    )
    design = Design("d", blocks={"B": two}, graph=graph)
    before = analyze(design)
    assert before.valid
    one = Block({}, ("x",), ("y",), Graph({"c": CONV}, path("x", "c", "y")))
    after = same(Design("d", blocks={"B": one}, graph=graph), before)
    assert [problem.code for problem in after.problems] == ["no-such-output"]


def test_an_output_that_becomes_a_layer_is_no_output() -> None:
    graph = Graph(
        {**ENDS, "c": CONV, "aux": LayerNode("Output", {"auxiliary": True})},
        (*path("image", "c", "scores"), *path("c", "aux")),
    )
    design = Design("d", graph=graph)
    before = analyze(design)
    assert before.top.training_only == {"aux"}
    changed = Graph({**graph.nodes, "aux": LayerNode("ReLU")}, graph.edges)
    after = same(Design("d", graph=changed), before)
    assert after.top.training_only == frozenset()
    assert [problem.code for problem in after.problems] == ["unread"]
    same(design, after)


def test_the_origin_of_a_problem_follows_the_graph() -> None:
    nodes = {
        **ENDS,
        "first": CONV,
        "middle": LayerNode("GELU"),
        "linear": LayerNode("Linear", {"out_features": 2}),
    }
    graph = Graph(nodes, path("image", "first", "middle", "linear", "scores"))
    design = Design("d", graph=graph)
    before = analyze(design)
    assert before.problems[0].origin == "first"
    changed = Graph({**nodes, "middle": CONV}, graph.edges)
    after = same(Design("d", graph=changed), before)
    assert after.problems[0].origin == "middle"


def test_a_copy_of_a_block_has_problems_of_its_own() -> None:
    """Two names for one block value: a fix must edit the one in which it was offered."""
    inner = Graph({"c": LayerNode("Conv2d", {"nonsense": 1})}, path("x", "c", "y"))
    design = with_block(inner)
    before = analyze(design)
    copied = Design(
        "d",
        blocks={**design.blocks, "Copy": design.blocks["B"]},
        graph=Graph({**design.graph.nodes, "b": BlockNode("Copy")}, design.graph.edges),
    )
    after = same(copied, before)
    assert {problem.block for problem in after.problems} == {"Copy"}


def test_sums_that_shrink_are_exact() -> None:
    names = [f"n{number}" for number in range(30)]
    nodes = {**ENDS, **dict.fromkeys(names, CONV)}
    design = Design("d", graph=Graph(nodes, path("image", *names, "scores")))
    analysis = analyze(design)
    for channels in (8, 64, 4, 4, 16, 2):
        design = edits.set_parameter(design, "n7", "out_channels", channels)
        analysis = same(design, analysis)


def test_unchanged_nodes_keep_their_results() -> None:
    names = [f"n{number}" for number in range(30)]
    nodes = {**ENDS, **dict.fromkeys(names, CONV)}
    design = Design("d", graph=Graph(nodes, path("image", *names, "scores")))
    before = analyze(design)
    after = analyze(edits.set_parameter(design, "n7", "bias", False), before)
    shared = [name for name in names if after.top.nodes[name] is before.top.nodes[name]]
    assert len(shared) == 29
    assert after.evaluator.evaluations == 1


def test_an_edit_of_edges_gives_the_result_of_a_fresh_analysis() -> None:
    names = [f"n{number}" for number in range(30)]
    nodes = {**ENDS, **dict.fromkeys(names, CONV)}
    design = Design("d", graph=Graph(nodes, path("image", *names, "scores")))
    before = analyze(design)
    for edited in (
        edits.remove_node(design, "n7"),
        edits.insert_on_edge(design, Edge("n7", 0, "n8", 0), "relu", LayerNode("ReLU")),
    ):
        same(edited, before)
        assert same(design, analyze(edited, before)).totals == before.totals


def test_an_edit_of_edges_evaluates_no_block_again() -> None:
    design = read(folder("presets") / "resnet50.json")
    before = analyze(design)
    edge = next(each for each in design.graph.edges if each.source == "layer2")
    after = same(edits.insert_on_edge(design, edge, "relu", LayerNode("ReLU")), before)
    for name in ("layer1", "layer2", "layer3", "layer4"):
        old, new = before.node(f"{name}.1"), after.node(f"{name}.1")
        assert old is not None
        assert new is not None
        assert new.inside is old.inside


def test_the_memory_plan_is_kept_where_only_sizes_change() -> None:
    layers = [CONV, LayerNode("BatchNorm2d"), LayerNode("ReLU"), LayerNode("Dropout")] * 5
    names = [f"n{number}" for number in range(len(layers))]
    nodes = {**ENDS, **dict(zip(names, layers, strict=True))}
    design = Design("d", graph=Graph(nodes, path("image", *names, "scores")))
    before = analyze(design)
    assert before.top.nodes["n2"].in_place
    after = same(edits.set_parameter(design, "image", "shape", (3, 16, 16)), before)
    assert after.top.plan is before.top.plan
    saves_input = edits.replace_node(design, "n2", LayerNode("GELU"))
    assert same(saves_input, before).top.plan is not before.top.plan


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "googlenet"])
def test_an_image_of_another_size_changes_sizes_alone(name: str) -> None:
    design = read(folder("presets") / f"{name}.json")
    before = analyze(design)
    image = before.inputs[0]
    larger = edits.set_parameter(design, image.name, "shape", (*image.shape[:2], 256))
    after = same(larger, before)
    assert after.totals.inference_peak_bytes > before.totals.inference_peak_bytes
    assert same(design, after).totals == before.totals


def test_a_block_is_evaluated_once_for_each_set_of_inputs() -> None:
    design = read(folder("presets") / "resnet50.json")
    analysis = analyze(design)
    uses = [node.inside for node in analysis.top.nodes.values() if node.inside is not None]
    inner = {id(each.inside) for use in uses for each in use.nodes.values()}
    assert len(inner) == 8  # of sixteen bottlenecks
    plans = {id(each.inside.plan) for use in uses for each in use.nodes.values() if each.inside}
    assert len(plans) == 2  # with a projection and without
    again = analyze(edits.set_argument(design, "classes", 10), analysis)
    layer1, layer1_again = (each.top.nodes["layer1"].inside for each in (analysis, again))
    assert layer1 is not None
    assert layer1_again is not None
    assert layer1.nodes["0"].inside is layer1_again.nodes["0"].inside
