"""Examples of inputs that a network accepts, of any shape and of whole numbers."""

import torch

from designer.analysis.analysis import analyze
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.export import of_design
from designer.engine.inputs import call, count, example_inputs


def tokens() -> Design:
    """Return a network of tokens, one path through a view, and of numbers beside them."""
    nodes = {
        "beside": LayerNode("Input", {"shape": (3,)}),
        "text": LayerNode("Input", {"shape": (2, 3), "dtype": "int64"}),
        "flat": LayerNode("Flatten"),
        "few": LayerNode("Embedding", {"num_embeddings": 3, "embedding_dim": 2}),
        "many": LayerNode("Embedding", {"num_embeddings": 90, "embedding_dim": 2}),
        "one": LayerNode("Flatten"),
        "two": LayerNode("Flatten"),
        "join": LayerNode("Concat"),
        "out": LayerNode("Output"),
    }
    edges = (
        Edge("text", 0, "flat", 0),
        Edge("flat", 0, "few", 0),
        Edge("text", 0, "many", 0),
        Edge("few", 0, "one", 0),
        Edge("many", 0, "two", 0),
        Edge("one", 0, "join", 0),
        Edge("two", 0, "join", 1),
        Edge("beside", 0, "join", 2),
        Edge("join", 0, "out", 0),
    )
    return Design("Tokens", graph=Graph(nodes, edges))


def test_tokens_are_known_to_every_embedding_that_reads_them() -> None:
    analysis = analyze(tokens())
    assert analysis.valid, analysis.problems
    found = example_inputs(analysis, 200)
    assert list(found) == ["beside", "text"]
    assert found["beside"].shape == (200, 3) and found["beside"].dtype == torch.float32
    assert found["text"].shape == (200, 2, 3) and found["text"].dtype == torch.int64
    assert set(found["text"].unique().tolist()) == {0, 1, 2}
    assert call(of_design(tokens()).network, found).shape == (200, 12 + 12 + 3)
    assert count(found) == 200


def test_examples_follow_from_the_generator() -> None:
    analysis = analyze(tokens())
    one, other = (
        example_inputs(analysis, 4, generator=torch.Generator().manual_seed(7)) for _ in range(2)
    )
    for name, values in one.items():
        assert torch.equal(values, other[name])
