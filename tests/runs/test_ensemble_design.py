"""The design of an ensemble: names that are taken, constants before members, own layer types."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from designer.analysis.analysis import Port, analyze
from designer.codegen import source
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs.ensemble_design import ensemble_design
from designer.runs.ensembles import Member
from designer.runs.inspection import Subject
from designer.runs.preprocessing import Preprocessing
from tests.engine.samples import TINY
from tests.own_code import GATE, with_layer

ODD = Design(
    "Odd names",
    graph=Graph(
        {
            "member1": LayerNode("Input", {"shape": (1, 8, 8)}),
            "flat": LayerNode("Flatten"),
            "fc": LayerNode("Linear", {"out_features": 3}),
            "mean": LayerNode("Output"),
        },
        (Edge("member1", 0, "flat", 0), Edge("flat", 0, "fc", 0), Edge("fc", 0, "mean", 0)),
    ),
)


def member(design: Design, run: str = "run", **preprocessing: object) -> Member:
    fields = {"input": (1, 8, 8), "mean": (0.5,), "deviation": (0.25,), "classes": ("a", "b", "c")}
    return Member(
        Subject(run=f"/runs/{run}"),
        analyze(design),
        Recipe(),
        Preprocessing(**{**fields, **preprocessing}),  # type: ignore[arg-type]
        "logits",
    )


def test_names_that_are_taken_get_a_number() -> None:
    found = ensemble_design([member(ODD), member(TINY)])
    analysis = analyze(found.design)
    assert analysis.valid and not analysis.problems
    assert [port.name for port in analysis.inputs] == ["member1"]
    assert found.nodes == ("member1_2", "member2")
    assert analysis.outputs[0].shape == (3,)
    assert analysis.totals.parameters == sum(
        analyze(design).totals.parameters for design in (ODD, TINY)
    )


def test_equal_standardization_needs_no_constants() -> None:
    """An input x of the first member is (v - 0.5) / 0.25; that of the third (v - 0.3) / 0.5."""
    members = [member(TINY), member(TINY), member(TINY, mean=(0.3,), deviation=(0.5,))]
    design = ensemble_design(members).design
    constants = {
        name: node.parameters["numbers"]
        for name, node in design.graph.nodes.items()
        if isinstance(node, LayerNode) and node.layer == "Constant"
    }
    assert constants.keys() == {"factor3", "shift3"}
    assert constants["factor3"] == pytest.approx((0.5,))
    assert constants["shift3"] == pytest.approx((0.4,))
    assert "return (branch1 + branch2 + branch3) / 3" in source(design)


def test_one_name_for_different_code_is_refused() -> None:
    """Own layer types are not measured here: what is known of the ports is enough."""
    members = []
    for run, code in (("one", GATE), ("other", GATE.replace("= 16", "= 8"))):
        analysis = SimpleNamespace(
            design=with_layer(code),
            inputs=[Port("image", (1, 8, 8))],
            outputs=[Port("out", (10,))],
        )
        members.append(replace(member(TINY, run), analysis=analysis))  # type: ignore[arg-type]
    with pytest.raises(DesignerError, match="other does not fit into one network with the members"):
        ensemble_design(members)
