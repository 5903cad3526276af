"""Rules of arguments: allowed values, the nearest ones, and rules under edits."""

import pytest

from designer.design import arguments, edits, rules
from designer.design.expressions import Scalar
from designer.design.files import dumps, loads
from designer.design.grouping import group
from designer.design.values import Argument, Block, BlockNode, Design, Graph, LayerNode

WHERE = "=(depth - 2) % (9 if bottleneck else 6) == 0"
RULE = "6n + 2 with basic blocks, 9n + 2 with bottlenecks"
DEPTH = Argument(20, minimum=8, maximum=1202, where=WHERE, rule=RULE)
ARGUMENTS = {"depth": DEPTH, "bottleneck": Argument(False)}
DESIGN = Design("Net", arguments=ARGUMENTS)


def values(depth: int, *, bottleneck: bool = False) -> dict[str, Scalar]:
    return {"depth": depth, "bottleneck": bottleneck}


@pytest.mark.parametrize(
    ("depth", "bottleneck", "near"),
    [
        (21, False, [20, 26]),
        (21, True, [20, 29]),
        (3, False, [8]),  # nothing below the least
        (1203, False, [1202]),
        (5001, False, []),  # too far away to be looked for
    ],
)
def test_what_is_near(depth: int, bottleneck: bool, near: list[int]) -> None:
    given = values(depth, bottleneck=bottleneck)
    assert list(rules.breaches(ARGUMENTS, given)) == [
        ("depth", f"must be {RULE}; received {depth}")
    ]
    assert rules.nearest(ARGUMENTS, "depth", given) == near


def test_nothing_is_said_of_what_holds() -> None:
    for depth in (8, 20, 110, 1202):
        assert not list(rules.breaches(ARGUMENTS, values(depth)))
    assert not list(rules.breaches(ARGUMENTS, values(29, bottleneck=True)))


def test_what_is_reached_in_steps() -> None:
    def reached(value: int, step: int) -> Scalar:
        return rules.reached(ARGUMENTS, "depth", value, values(20), step)

    assert [reached(26, 1), reached(21, 1), reached(19, -1)] == [26, 26, 14]
    assert reached(7, -1) == 8  # nothing that way: back
    assert reached(1203, 1) == 1202


def test_a_file_keeps_the_rule() -> None:
    text = dumps(DESIGN)
    assert f'"where": "{WHERE}", "rule": "{RULE}"' in text
    assert loads(text) == DESIGN


def test_binding_an_argument_leaves_its_rule_to_the_analysis() -> None:
    """Two arguments that depend on each other can be set one after the other."""
    changed = edits.set_argument(DESIGN, "depth", 29)
    assert changed.arguments["depth"].default == 29


def test_renaming_goes_through_the_rules() -> None:
    changed = arguments.rename_argument(DESIGN, "bottleneck", "wide")
    assert changed.arguments["depth"].where == "=(depth - 2) % (9 if wide else 6) == 0"
    changed = arguments.rename_argument(changed, "depth", "layers")
    assert changed.arguments["layers"].where == "=(layers - 2) % (9 if wide else 6) == 0"
    block = Block(ARGUMENTS, ("x",), ("y",), Graph())
    changed = arguments.rename_argument(
        Design("Net", blocks={"B": block}), "bottleneck", "wide", block="B"
    )
    assert "9 if wide else 6" in changed.blocks["B"].arguments["depth"].where


def test_removing_puts_the_value_into_the_rules() -> None:
    changed = arguments.remove_argument(DESIGN, "bottleneck")
    assert changed.arguments["depth"].where == "=(depth - 2) % 6 == 0"
    assert loads(dumps(changed)) == changed
    other = Argument(1, where="=bottleneck", rule="one with bottlenecks")
    changed = arguments.define_argument(DESIGN, "k", other)
    changed = arguments.remove_argument(changed, "bottleneck")
    assert (changed.arguments["k"].where, changed.arguments["k"].rule) == ("", "")
    assert not arguments.remove_argument(DESIGN, "depth").arguments["bottleneck"].where


def test_a_block_made_of_nodes_leaves_the_rule_outside() -> None:
    node = LayerNode("Conv2d", {"out_channels": "=depth", "kernel_size": 1})
    design = Design("Net", arguments=ARGUMENTS, graph=Graph({"conv": node}))
    changed = group(design, ["conv"], "Part", "part")
    assert changed.arguments == ARGUMENTS
    assert changed.blocks["Part"].arguments == {"depth": Argument(20, minimum=8, maximum=1202)}
    use = changed.graph.nodes["part"]
    assert isinstance(use, BlockNode)
    assert use.arguments == {"depth": "=depth"}
    assert loads(dumps(changed)) == changed
