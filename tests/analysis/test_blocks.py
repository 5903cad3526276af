"""Blocks: arguments, repeats, conditions, nesting, and the scope of names."""

from typing import Any

import pytest

from designer.analysis.analysis import Analysis, analyze
from designer.design import edits
from tests.analysis.drawing import IMAGE, OUTPUT, block, chain, design

FIGURES = (
    "layers", "weights", "biases", "buffers", "file_bytes", "macs", "output_values",
    "buffer_values",
)  # fmt: skip
WIRE = [["x", "n", "y"]]


def conv(channels: Any = 4, **more: Any) -> dict[str, Any]:
    return {"layer": "Conv2d", "out_channels": channels, "kernel_size": 1, **more}


STAGE = block({"n": conv("=channels", stride="=stride")}, WIRE, channels=4, stride=1)


def staged(**use: Any) -> Analysis:
    """Return the analysis of image, one use of Stage and scores."""
    arguments = use.pop("arguments", {})
    return analyze(chain({"block": "Stage", **use}, blocks={"Stage": STAGE}, **arguments))


def shapes(analysis: Analysis) -> dict[str, tuple[int, ...]]:
    assert analysis.valid, analysis.problems
    return {row.path: row.shape for row in analysis.rows()}


def messages(analysis: Analysis) -> list[str]:
    assert not analysis.valid
    return [problem.message for problem in analysis.problems]


# Repeat


def test_a_block_used_once_has_no_index() -> None:
    assert [*shapes(staged())] == ["image", "n1.n", "scores"]


@pytest.mark.parametrize("repeat", [0, "=0", "=flag - 1"])
def test_repeat_zero_passes_through(repeat: Any) -> None:
    analysis = staged(repeat=repeat, arguments={"flag": 1})
    assert shapes(analysis) == {"image": (3, 8, 8), "scores": (3, 8, 8)}
    assert analysis.totals.parameters == 0


def test_repeat_zero_passes_through_where_a_condition_holds() -> None:
    analysis = staged(repeat=0, when="=flag", arguments={"flag": True})
    assert [*shapes(analysis)] == ["image", "scores"]


@pytest.mark.parametrize("repeat", [2, 5, "=depth"])
def test_repeats_follow_one_another(repeat: Any) -> None:
    analysis = staged(repeat=repeat, arguments={"depth": 3})
    count = 3 if repeat == "=depth" else repeat
    assert [*shapes(analysis)] == [
        "image",
        *(f"n1.{number}.n" for number in range(count)),
        "scores",
    ]
    first, other = 3 * 4 + 4, 4 * 4 + 4
    assert analysis.totals.parameters == first + (count - 1) * other
    assert analysis.totals.layers == count + 2


def test_each_repeat_knows_its_number() -> None:
    analysis = staged(
        repeat=3, **{"with": {"channels": "=8 * (i + 1)", "stride": "=2 if i == 0 else 1"}}
    )
    assert list(shapes(analysis).values()) == [
        (3, 8, 8),
        (8, 4, 4),
        (16, 4, 4),
        (24, 4, 4),
        (24, 4, 4),
    ]


def test_the_number_is_zero_in_a_single_use() -> None:
    """So that a repeat can be lowered to one without touching the arguments."""
    analysis = staged(
        repeat="=n", arguments={"n": 1}, **{"with": {"stride": "=2 if i == 0 else 1"}}
    )
    assert shapes(analysis)["n1.0.n"] == (4, 4, 4)  # numbered as with any n
    analysis = staged(repeat=1, **{"with": {"stride": "=2 if i == 0 else 1"}})
    assert shapes(analysis)["n1.n"] == (4, 4, 4)


@pytest.mark.parametrize(
    ("repeat", "received"),
    [
        (-1, "-1"),
        (1001, "1001"),
        (10**9, "1000000000"),
        (1.5, "1.5"),
        (1.0, "1.0"),
        (True, "True"),
        ("3", "3"),
        (None, "None"),
        ("=1 / 2", "0.5"),
        ("=10 ** 15", str(10**15)),
    ],
)
def test_repeats_out_of_range(repeat: Any, received: str) -> None:
    (problem,) = staged(repeat=repeat).problems
    assert problem.code == "repeat"
    assert problem.message == (
        f"n1: repeat takes a whole number from 0 to 1000; received {received}"
    )
    assert problem.path == problem.node == "n1"


@pytest.mark.parametrize(("repeat", "counts"), [(2, "2 and 1"), (0, "2 and 1"), (3, "1 and 2")])
def test_only_a_block_of_one_in_one_out_can_be_repeated(repeat: int, counts: str) -> None:
    ins, outs = (["x", "z"], ["y"]) if counts == "2 and 1" else (["x"], ["y", "z"])
    nodes = {"n": {"layer": "Add"}}
    edges = [*WIRE, ["z", "n:1"]] if len(ins) == 2 else [*WIRE, ["n", "z"]]
    made = design(
        {"image": IMAGE, "b": {"block": "B", "repeat": repeat}, "scores": OUTPUT},
        [["image", "b", "scores"], *([["image", "b:1"]] if len(ins) == 2 else [])],
        {"B": block(nodes, edges, inputs=ins, outputs=outs)},
    )
    problem = next(each for each in analyze(made).problems if each.code == "repeat")
    assert f"can be repeated; B has {counts}" in problem.message


# Presence


def test_an_absent_node_is_bridged() -> None:
    made = chain(conv(), {"layer": "ReLU", "when": "=flag"}, conv(), flag=False)
    assert [*shapes(analyze(made))] == ["image", "n1", "n3", "scores"]
    there = edits.set_argument(made, "flag", True)
    assert [*shapes(analyze(there))] == ["image", "n1", "n2", "n3", "scores"]


def test_absent_nodes_in_a_row_leave_an_edge() -> None:
    gone = {"layer": "ReLU", "when": False}
    made = chain(gone, conv(), gone, gone, {"block": "Stage", "when": False}, gone,
                 blocks={"Stage": STAGE})  # fmt: skip
    assert [*shapes(analyze(made))] == ["image", "n2", "scores"]


def test_an_absent_branch_leaves_the_join_with_the_rest() -> None:
    nodes = {
        "image": IMAGE,
        "a": conv(4),
        "b": conv(5),
        "c": conv(6),
        "stop": {"layer": "Input", "shape": [9, 8, 8], "when": "=flag"},
        "concat": {"layer": "Concat"},
        "scores": OUTPUT,
    }
    edges = [
        ["image", "a", "concat", "scores"],
        ["stop", "concat:1"],
        ["image", "b", "concat:2"],
        ["image", "c", "concat:3"],
    ]
    with_all = analyze(design(nodes, edges, flag=True))
    assert shapes(with_all)["concat"] == (24, 8, 8)
    without = analyze(design(nodes, edges, flag=False))
    assert shapes(without)["concat"] == (15, 8, 8)
    assert "stop" not in shapes(without)


def test_a_join_with_one_input_left_passes_it_on() -> None:
    nodes = {
        "image": IMAGE,
        "pair": {"block": "Pair", "when": "=flag"},
        "a": conv(4),
        "add": {"layer": "Add"},
        "scores": OUTPUT,
    }
    edges = [["image", "a", "add", "scores"], ["image", "pair", "add:1"], ["a", "pair:1"]]
    pair = block({"n": {"layer": "Concat"}, "m": conv(4)},
                 [["x", "n", "m", "y"], ["z", "n:1"]], inputs=["x", "z"])  # fmt: skip
    assert analyze(design(nodes, edges, {"Pair": pair}, flag=True)).valid
    without = analyze(design(nodes, edges, {"Pair": pair}, flag=False))
    assert shapes(without)["add"] == (4, 8, 8)
    assert without.totals.output_values == 3 * 64 + 4 * 64


def test_an_absent_identity_is_not_bridged() -> None:
    """So that a block can have its shortcut in some uses only."""
    residual = block(
        {
            "conv": {**conv(4), "out_channels": "=channels"},
            "shortcut": {"layer": "Identity", "when": "=channels == in_channels"},
            "add": {"layer": "Add"},
        },
        [["x", "conv", "add", "y"], ["x", "shortcut", "add:1"]],
        channels=4,
    )
    uses = [{"block": "Residual", "with": {"channels": width}} for width in (6, 6)]
    made = analyze(chain(*uses, blocks={"Residual": residual}))
    assert made.valid
    inside = [made.node(f"n{number}.add") for number in (1, 2)]
    assert [len(each.inputs) for each in inside if each is not None] == [1, 2]


def test_an_absent_output_is_no_output() -> None:
    nodes = {
        "image": IMAGE,
        "a": conv(),
        "scores": OUTPUT,
        "aux": {"layer": "Output", "auxiliary": True, "when": "=flag"},
    }
    edges = [["image", "a", "scores"], ["a", "aux"]]
    assert [port.name for port in analyze(design(nodes, edges, flag=True)).outputs] == [
        "scores",
        "aux",
    ]
    assert [port.name for port in analyze(design(nodes, edges, flag=False)).outputs] == ["scores"]


@pytest.mark.parametrize("cycle", [["n1", "n1"], ["n2", "n1"]])
def test_absent_nodes_on_a_cycle(cycle: list[str]) -> None:
    gone = {"layer": "ReLU", "when": False}
    nodes = {"n1": gone, "n2": gone, "image": IMAGE, "scores": OUTPUT}
    edges = [cycle, ["n1", "n2"], ["n2", "scores"], ["image", "n1:1"]]
    found = {problem.code for problem in analyze(design(nodes, edges)).problems}
    assert "unconnected-input" in found


# Scope


def test_arguments_have_defaults_and_values() -> None:
    assert shapes(staged())["n1.n"] == (4, 8, 8)
    assert shapes(staged(**{"with": {"channels": 6}}))["n1.n"] == (6, 8, 8)
    made = staged(arguments={"width": 5}, **{"with": {"channels": "=2 * width"}})
    assert shapes(made)["n1.n"] == (10, 8, 8)


def test_a_block_sees_the_size_of_its_first_input() -> None:
    inner = block(
        {
            "n": conv("=2 * in_channels"),
            "pool": {"layer": "AvgPool2d", "kernel_size": ["=in_height", "=in_width // 2"]},
        },
        [["x", "n", "pool", "y"]],
    )
    made = chain({"block": "B"}, {"block": "B"}, shape=[3, 6, 8], blocks={"B": inner})
    assert [row.shape for row in analyze(made).rows()][:3] == [(3, 6, 8), (6, 6, 8), (6, 1, 2)]
    deeper = chain({"block": "B", "repeat": 3}, shape=[1, 4, 4], blocks={
        "B": block({"n": conv("=2 * in_channels")}, WIRE)
    })  # fmt: skip
    assert shapes(analyze(deeper))["n1.2.n"] == (8, 4, 4)


def test_features_have_no_height() -> None:
    inner = block({"n": {"layer": "Linear", "out_features": "=in_height"}}, WIRE)
    (problem,) = analyze(chain({"block": "B"}, shape=[8], blocks={"B": inner})).problems
    assert problem.message == (
        "n: out_features: the expression '=in_height' uses the unknown name 'in_height'; "
        "names that it can use: in_channels, in_features"
    )


def test_a_block_does_not_see_the_arguments_around_it() -> None:
    inner = block({"n": conv("=factor")}, WIRE, channels=1)
    (problem,) = analyze(chain({"block": "B"}, blocks={"B": inner}, factor=5)).problems
    assert (
        "uses the unknown name 'factor'; names that it can use: channels, in_channels"
        in problem.message
    )
    assert (problem.path, problem.block, problem.node) == ("n1.n", "B", "n")


@pytest.mark.parametrize("name", ["i", "in_channels", "in_height"])
def test_the_design_has_no_numbers_of_a_block(name: str) -> None:
    (problem,) = analyze(chain(conv(f"={name}"), channels=1)).problems
    assert problem.code == "expression"
    assert f"uses the unknown name '{name}'" in problem.message


PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "a parameter": (conv("=chanels"), "out_channels"),
    "one of a pair": ({**conv(), "kernel_size": [1, "=chanels"]}, "kernel_size"),
    "one of a shape": ({"layer": "Reshape", "shape": [3, "=chanels", 8]}, "shape"),
    "a flag": (conv(bias="=chanels"), "bias"),
    "a choice": (conv(padding_mode="=chanels"), "padding_mode"),
    "when of a layer": ({"layer": "ReLU", "when": "=chanels"}, "when"),
    "when of a block": ({"block": "Stage", "when": "=chanels"}, "when"),
    "repeat": ({"block": "Stage", "repeat": "=chanels"}, "repeat"),
    "with": ({"block": "Stage", "with": {"channels": "=chanels"}}, "channels"),
    "with of a repeat": (
        {"block": "Stage", "repeat": 3, "with": {"channels": "=chanels + i"}},
        "channels",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_wrong_expression_in_every_place(place: str, depth: int) -> None:
    """In the design itself, in a block, in a block in a repeated block."""
    node, what = PLACES[place]
    blocks: dict[str, Any] = {"Stage": STAGE, "B": block({"n": node}, WIRE, channels=4)}
    blocks["C"] = block({"b": {"block": "B", "repeat": 2}}, [["x", "b", "y"]])
    top = [node, {"block": "B"}, {"block": "C"}][depth]
    analysis = analyze(chain(top, blocks=blocks, channels=4))
    found = [problem for problem in analysis.problems if problem.code == "expression"]
    name, path, inside = [("n1", "n1", None), ("n", "n1.n", "B"), ("n", "n1.b.0.n", "B")][depth]
    text = "=chanels + i" if place == "with of a repeat" else "=chanels"
    assert found[0].message == (
        f"{name}: {what}: the expression '{text}' uses the unknown name 'chanels'; did you mean "
        "'channels'?"
    )
    assert (found[0].path, found[0].block, found[0].node) == (path, inside, name)
    assert not analysis.valid


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("=1 +", "has nothing where a value is expected"),
        ("=channels / 0", "cannot be computed: division by zero"),
        ("=__class__", "uses the unknown name '__class__'"),
        ("=open('x')", "calls the unknown function 'open'; there are min, max"),
        ("=2 ** 65", "has an exponent beyond 64"),
        ("=" + "(" * 60 + "1", "nested deeper than"),
        ("=" + "1" * 600, "longer than 500 characters"),
    ],
)
def test_expressions_that_cannot_be_computed(text: str, words: str) -> None:
    for node in (conv(text), {"block": "Stage", "with": {"channels": text}},
                 {"block": "Stage", "repeat": text}, {"layer": "ReLU", "when": text}):  # fmt: skip
        (message,) = messages(analyze(chain(node, blocks={"Stage": STAGE}, channels=1)))
        assert words in message


# Ranges


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "must be at least 1; received 0"),
        (65, "must be at most 64; received 65"),
        ("=width", "must be at most 64; received 100"),
        (4.0, "takes a whole number; received 4.0"),
        (True, "takes a whole number; received True"),
        ("four", "takes a whole number; received 'four'"),
        (None, "takes a whole number; received None"),
    ],
)
def test_arguments_out_of_range(value: Any, words: str) -> None:
    inner = block({"n": conv("=channels")}, WIRE, channels={"default": 4, "min": 1, "max": 64})
    use = {"block": "B", "with": {"channels": value}}
    (problem,) = analyze(chain(use, blocks={"B": inner}, width=100)).problems
    assert problem.code == "argument"
    assert problem.message == f"n1: the argument 'channels' of B {words}"


def test_an_argument_out_of_range_at_one_repeat() -> None:
    inner = block({"n": conv("=channels")}, WIRE, channels={"default": 4, "max": 64})
    use = {"block": "B", "repeat": 5, "with": {"channels": "=20 * (i + 1)"}}
    (message,) = messages(analyze(chain(use, blocks={"B": inner})))
    assert message == "n1: the argument 'channels' of B must be at most 64; received 80"


def test_a_whole_number_will_do_for_a_broken_one() -> None:
    inner = block({"n": {"layer": "Dropout", "p": "=rate"}}, WIRE, rate=0.5)
    assert analyze(chain({"block": "B", "with": {"rate": 0}}, blocks={"B": inner})).valid


def test_choices_of_a_block() -> None:
    inner = block(
        {"n": conv("=8 if mode == 'wide' else 4")},
        WIRE,
        mode={"default": "thin", "choices": ["thin", "wide"]},
    )
    wide = chain({"block": "B", "with": {"mode": "wide"}}, blocks={"B": inner})
    assert shapes(analyze(wide))["n1.n"] == (8, 8, 8)
    wrong = chain({"block": "B", "with": {"mode": "deep"}}, blocks={"B": inner})
    assert messages(analyze(wrong)) == [
        "n1: the argument 'mode' of B takes one of thin, wide; received 'deep'"
    ]


# Nesting


def test_blocks_in_blocks() -> None:
    blocks = {
        "Inner": block({"n": conv("=width")}, WIRE, width=2),
        "Outer": block(
            {"a": {"block": "Inner", "repeat": "=depth", "with": {"width": "=width + i"}},
             "b": {"block": "Inner", "with": {"width": "=3 * in_channels"}}},
            [["x", "a", "b", "y"]],
            depth=2,
            width=5,
        ),
    }  # fmt: skip
    analysis = analyze(chain({"block": "Outer", "with": {"depth": 3}}, blocks=blocks))
    assert shapes(analysis) == {
        "image": (3, 8, 8),
        "n1.a.0.n": (5, 8, 8),
        "n1.a.1.n": (6, 8, 8),
        "n1.a.2.n": (7, 8, 8),
        "n1.b.n": (9, 8, 8),
        "scores": (9, 8, 8),
    }
    node = analysis.node("n1.a.1.n")
    assert node is not None
    assert node.counts.weights == 5 * 6


def test_a_block_costs_what_its_layers_cost_without_it() -> None:
    layers = [conv(6), {"layer": "BatchNorm2d"}, {"layer": "ReLU"}, {"layer": "Dropout"}]
    names = [f"n{number}" for number in range(4)]
    inner = block(dict(zip(names, layers, strict=True)), [["x", *names, "y"]])
    drawn = analyze(chain(conv(6), *layers, *layers, conv(2)))
    used = analyze(chain(conv(6), {"block": "B", "repeat": 2}, conv(2), blocks={"B": inner}))
    one, other = drawn.totals, used.totals
    for figure in [
        "layers",
        "weights",
        "biases",
        "buffers",
        "file_bytes",
        "macs",
        "output_values",
        "buffer_values",
    ]:
        assert getattr(one, figure) == getattr(other, figure), figure
    for batch in (1, 2):
        assert one.saved_bytes(batch) == other.saved_bytes(batch)
        assert one.saved_bytes(batch, training=False) == other.saved_bytes(batch, training=False)
    assert one.workspace_bytes == other.workspace_bytes


def test_several_inputs_and_outputs() -> None:
    pair = block(
        {"left": conv(4), "right": conv(5), "join": {"layer": "Concat"}},
        [["a", "left", "join", "sum"], ["b", "right", "join:1"], ["right", "rest"]],
        inputs=["a", "b"],
        outputs=["sum", "rest"],
    )
    nodes = {
        "image": IMAGE,
        "other": {"layer": "Input", "shape": [7, 8, 8]},
        "pair": {"block": "Pair"},
        "scores": OUTPUT,
        "more": OUTPUT,
    }
    edges = [["image", "pair", "scores"], ["other", "pair:1"], ["pair:1", "more"]]
    analysis = analyze(design(nodes, edges, {"Pair": pair}))
    found = shapes(analysis)
    assert (found["scores"], found["more"]) == ((9, 8, 8), (5, 8, 8))
    assert analysis.totals.weights == 3 * 4 + 7 * 5
    assert [port.name for port in analysis.inputs] == ["image", "other"]


def test_one_tensor_at_two_inputs_is_saved_once() -> None:
    pair = block(
        {"left": conv(4), "right": conv(4), "add": {"layer": "Add"}},
        [["a", "left", "add", "sum"], ["b", "right", "add:1"]],
        inputs=["a", "b"],
        outputs=["sum"],
    )
    nodes = {"image": IMAGE, "c": conv(4), "pair": {"block": "Pair"}, "scores": OUTPUT}
    twice = analyze(
        design(nodes, [["image", "c", "pair", "scores"], ["c", "pair:1"]], {"Pair": pair})
    )
    assert twice.totals.saved_bytes() == 4 * (3 * 64 + 4 * 64)


def test_a_block_that_passes_its_input_on() -> None:
    both = block({"n": conv(4)}, [["x", "n", "y"], ["x", "same"]], outputs=["y", "same"])
    nodes = {"image": IMAGE, "c": conv(4), "both": {"block": "Both"}, "add": {"layer": "Add"}}
    nodes["scores"] = OUTPUT
    edges = [["image", "c", "both", "add", "scores"], ["both:1", "add:1"]]
    analysis = analyze(design(nodes, edges, {"Both": both}))
    assert analysis.valid
    assert analysis.totals.saved_bytes() == 4 * (3 * 64 + 4 * 64)  # the image, and c once


# Nesting without end


def test_a_block_that_contains_itself() -> None:
    inner = block({"n": {"block": "B"}}, WIRE)
    (problem,) = analyze(chain({"block": "B"}, blocks={"B": inner})).problems
    assert problem.code == "recursive"
    assert problem.message == "n1: the block B contains itself; remove one of these uses"


def test_blocks_that_contain_each_other() -> None:
    blocks = {
        "A": block({"n": {"block": "B"}}, WIRE),
        "B": block({"n": {"block": "C", "repeat": 3}}, WIRE),
        "C": block({"n": {"block": "A", "when": False}}, WIRE),
        "User": block({"n": {"block": "A"}}, WIRE),
        "Fine": block({"n": conv()}, WIRE),
    }
    for name in "ABC":
        (message,) = messages(analyze(chain({"block": name}, blocks=blocks)))
        assert message == (f"n1: the block {name} contains itself; remove one of these uses")
    (message,) = messages(analyze(chain({"block": "User"}, blocks=blocks)))
    assert message == (
        "n1: the block User contains blocks that contain each other; remove one of these uses"
    )
    assert analyze(chain({"block": "Fine"}, blocks=blocks)).valid


def nest(depth: int) -> dict[str, Any]:
    blocks = {
        f"B{number}": block({"n": {"block": f"B{number + 1}"}}, WIRE) for number in range(depth - 1)
    }
    return {**blocks, f"B{depth - 1}": block({"n": conv()}, WIRE)}


def test_blocks_nest_twenty_four_deep() -> None:
    assert analyze(chain({"block": "B0"}, blocks=nest(24))).valid


def test_blocks_nest_no_deeper() -> None:
    made = chain({"block": "B0"}, {"block": "B1"}, blocks=nest(25))
    (problem,) = analyze(made).problems  # B1 alone is not too deep
    assert problem.code == "too-deep"
    assert problem.message == "n1: blocks are nested deeper than 24 levels; dissolve some"


def test_blocks_nested_two_thousand_deep() -> None:
    (problem,) = analyze(chain({"block": "B0"}, blocks=nest(2000))).problems
    assert problem.code == "too-deep"


def test_a_block_used_at_many_depths() -> None:
    """The nesting is counted from each use, whichever comes first."""
    blocks = nest(24)
    blocks["Top"] = block(
        {"n": {"block": "B1"}, "m": {"block": "B23"}, "k": {"block": "B1"}},
        [["x", "n", "m", "k", "y"]],
    )
    assert analyze(chain({"block": "Top"}, {"block": "B0"}, blocks=blocks)).valid
