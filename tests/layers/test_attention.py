"""Attention in the cases that the table of layers leaves out: dropout, learned inputs, layouts."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from designer.analysis.analysis import analyze
from designer.design.values import Design
from tests.layers.building import (
    Node,
    assert_counts_agree,
    assert_memory_agrees,
    assert_peak_agrees,
    chain,
    design,
    images,
    network,
    valid,
)

LINEAR: Node = {"layer": "Linear", "out_features": 6}
IMAGES = {"layer": "Input", "shape": [5, 6]}


def learned(*shape: int) -> Node:
    return {"layer": "Parameter", "shape": list(shape), "init": "normal"}


def multihead(**options: Any) -> Node:
    return {"layer": "MultiheadAttention", "num_heads": 2, **options}


def attending(inputs: dict[str, list[Node]], attention: Node) -> Design:
    """Return a design of attention whose inputs are chains of nodes."""
    nodes: dict[str, Node] = {}
    edges = []
    for port, (name, layers) in enumerate(inputs.items()):
        path = [f"{name}{number}" for number in range(len(layers))]
        nodes.update(zip(path, layers, strict=True))
        edges.append([*path, f"attention:{port}"])
    nodes.update(attention=attention, scores={"layer": "Output"})
    return design(nodes, [*edges, ["attention", "scores"]])


PERMUTED = [{"layer": "Input", "shape": [6, 5]}, {"layer": "Permute", "order": [2, 1]}]
HEADS = [{"layer": "Input", "shape": [2, 5, 3]}]
SPLIT_HEADS = [
    {"layer": "Input", "shape": [5, 6]},
    LINEAR,
    {"layer": "Reshape", "shape": [5, 2, 3]},
    {"layer": "Permute", "order": [2, 1, 3]},
]
TURNED = [{"layer": "Input", "shape": [2, 3, 5]}, {"layer": "Permute", "order": [1, 3, 2]}]
SCALED = {"layer": "ScaledDotProductAttention"}

CASES = {
    "dropout": attending({"q": [IMAGES]}, multihead(dropout=0.3)),
    "one head, dropout": attending({"q": [IMAGES]}, multihead(num_heads=1, dropout=0.3)),
    "causal, dropout": attending({"q": [IMAGES]}, multihead(mask="causal", dropout=0.3)),
    "cross, dropout": attending(
        {"q": [IMAGES, LINEAR], "k": [{"layer": "Input", "shape": [3, 4]}]}, multihead(dropout=0.3)
    ),
    "learned queries": attending({"q": [learned(2, 6)], "k": [IMAGES]}, multihead()),
    "learned queries, dropout": attending(
        {"q": [learned(2, 6)], "k": [IMAGES]}, multihead(dropout=0.3)
    ),
    "learned keys": attending({"q": [IMAGES], "k": [learned(3, 4)]}, multihead()),
    "learned bias": attending({"q": [IMAGES], "bias": [learned(2, 5, 5)]}, multihead(mask="input")),
    "bias of one head, dropout": attending(
        {"q": [IMAGES], "bias": [learned(5, 5)]}, multihead(mask="input", dropout=0.3)
    ),
    "permuted": attending({"q": [*PERMUTED]}, multihead()),
    "permuted keys": attending({"q": [IMAGES], "k": [*PERMUTED]}, multihead()),
    "permuted without bias": attending({"q": [*PERMUTED]}, multihead(bias=False)),
    "scaled, dropout": attending({"q": HEADS, "k": HEADS, "v": HEADS}, {**SCALED, "dropout": 0.3}),
    "scaled, split heads": attending(
        {"q": SPLIT_HEADS, "k": SPLIT_HEADS, "v": SPLIT_HEADS}, SCALED
    ),
    "scaled, split heads, dropout": attending(
        {"q": SPLIT_HEADS, "k": SPLIT_HEADS, "v": HEADS}, {**SCALED, "dropout": 0.3}
    ),
    "scaled, turned": attending({"q": TURNED, "k": HEADS, "v": TURNED}, SCALED),
    "scaled, turned queries, causal": attending(
        {"q": TURNED, "k": SPLIT_HEADS, "v": HEADS}, {**SCALED, "mask": "causal"}
    ),
    "scaled, learned bias": attending(
        {"q": HEADS, "k": HEADS, "v": HEADS, "bias": [learned(5, 5)]}, {**SCALED, "mask": "input"}
    ),
    "product of split heads": attending(
        {"a": SPLIT_HEADS, "b": SPLIT_HEADS}, {"layer": "MatMul", "transpose_second": True}
    ),
    "product with a learned matrix": attending(
        {"a": HEADS, "b": [learned(1, 3, 4)]}, {"layer": "MatMul"}
    ),
    "product with a learned matrix of a lower rank": attending(
        {"a": SPLIT_HEADS, "b": [learned(3, 4)]}, {"layer": "MatMul"}
    ),
    "product of learned matrices plus images": attending(
        {"a": [learned(2, 5, 4)], "b": [learned(1, 4, 3)], "bias": HEADS}, {"layer": "MatMul"}
    ),
    "product plus a learned bias": attending(
        {"a": HEADS, "b": HEADS, "bias": [learned(2, 1, 5)]},
        {"layer": "MatMul", "transpose_second": True},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_counts_and_memory_are_torchs(case: str):
    found = CASES[case]
    valid(found)
    module = network(found)
    for batch in (2, 3):
        inputs = images(found, batch)
        assert_memory_agrees(found, module, inputs)
        assert_peak_agrees(found, module, inputs)
    # A learned input is projected once for a whole batch, so the counts are those of one image.
    assert_counts_agree(found, module, images(found, 1))


def test_learned_queries_give_the_same_as_torchs_layer():
    found = CASES["learned queries"]
    module = network(found).eval()
    (x,) = images(found, 3)
    reference = nn.MultiheadAttention(6, 2, batch_first=True)
    reference.load_state_dict(module.attention.state_dict())
    queries = module.q0.expand(3, -1, -1)
    with torch.no_grad():
        torch.testing.assert_close(module(x), reference(queries, x, x)[0])


def test_what_is_dropped_are_scores():
    torch.manual_seed(1)
    module = network(CASES["scaled, dropout"]).train()
    q, k, v = (torch.randn(2, 2, 5, 3) for _ in range(3))
    torch.manual_seed(2)
    found = module(q, k, v)
    torch.manual_seed(2)
    scores = F.dropout((q @ k.mT / 3**0.5).softmax(-1), 0.3)
    torch.testing.assert_close(found, scores @ v)


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ([6], {}, "needs tokens"),
        ([5, 7], {"num_heads": 2}, "7 features do not divide into 2 heads"),
        ([5, 6], {"num_heads": 2, "mask": "input"}, "it has 1 inputs"),
    ],
)
def test_refusals_name_the_numbers(shape: list[int], options: dict[str, Any], words: str):
    found = analyze(chain(shape, ("MultiheadAttention", options)))
    assert [each for each in found.problems if words in each.message]
