"""Learning-rate factors: how they multiply, what they save, which are refused."""

import pytest

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.evaluation.learning_rates import learning_rate_factors
from designer.design import edits
from designer.design.values import Design
from designer.recipe.optimizers import ESTIMATES
from tests.layers.building import design, valid
from tests.layers.test_frozen import assert_saved_as_counted

PART = {
    "arguments": {"slow": {"default": 0.5}},
    "inputs": ["x"],
    "outputs": ["y"],
    "nodes": {
        "conv": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1, "lr_scale": "=slow"},
        "bn": {"layer": "BatchNorm2d"},
        "relu": {"layer": "ReLU"},
    },
    "edges": [["x", "conv", "bn", "relu", "y"]],
}


def network(**fields: object) -> Design:
    return design(
        {
            "image": {"layer": "Input", "shape": [4, 6, 6]},
            "stem": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1},
            "body": {"block": "Part", "repeat": 3, **fields},
            "last": {"layer": "Conv2d", "out_channels": 2, "kernel_size": 1, "lr_scale": 10},
            "scores": {"layer": "Output"},
        },
        [["image", "stem", "body", "last", "scores"]],
        blocks={"Part": PART},
    )


def found(design: Design) -> dict[str, float]:
    return learning_rate_factors(valid(design).top)


def test_factors_multiply_from_the_outermost_block_inwards():
    assert found(network(lr_scale=0.1)) == pytest.approx(
        {
            "stem": 1,
            **{f"body.{i}.conv": 0.05 for i in range(3)},
            **{f"body.{i}.bn": 0.1 for i in range(3)},
            "last": 10,
        }
    )


def test_a_factor_may_read_arguments_and_the_number_of_the_repetition():
    rates = found(network(lr_scale="=i / 2", **{"with": {"slow": 1}}))
    assert [rates[f"body.{i}.conv"] for i in range(3)] == [0, 0.5, 1]


@pytest.mark.parametrize("factor", [0, "=i", "=0 if i < 2 else 1", 0.5])
def test_saved_bytes_of_a_partly_frozen_network_are_those_of_torch(factor):
    assert_saved_as_counted(network(lr_scale=factor))
    assert_saved_as_counted(edits.set_learning_rate(network(lr_scale=factor), "stem", 0))


def test_frozen_parameters_need_no_gradient_and_no_optimizer_state():
    whole, frozen = valid(network()).totals, valid(network(lr_scale=0)).totals
    assert frozen.parameters == whole.parameters
    still = 3 * (4 * 4 + 4 + 4 + 4)
    assert (frozen.frozen, whole.frozen) == (still, 0)
    for name, copies in (("sgd", 0), ("adam", 2)):
        optimizer = ESTIMATES[name].settings
        less = whole.training_bytes(optimizer) - frozen.training_bytes(optimizer)
        assert less >= 4 * still * copies
        assert less > 0
    assert whole.saved_bytes() > frozen.saved_bytes()


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ("=0 - 1", "must be a number of at least 0; received -1"),
        ("='much'", "must be a number of at least 0; received 'much'"),
        ("=nothing", "the expression '=nothing'"),
    ],
)
@pytest.mark.parametrize("name", ["stem", "body"])
def test_invalid_factors_are_problems(factor, words, name):
    analysis = analyze(edits.set_learning_rate(network(), name, factor))
    (problem,) = [each for each in analysis.problems if each.code == "learning-rate"]
    assert problem.node == name and words in problem.message


def test_an_edit_of_a_factor_is_analyzed_incrementally():
    before = analyze(network())
    for edit in (
        lambda d: edits.set_learning_rate(d, "stem", 0),
        lambda d: edits.set_learning_rate(d, "body", 0),
        lambda d: edits.set_learning_rate(d, "bn", 0, block="Part"),
        lambda d: edits.set_learning_rate(d, "stem", 2),
    ):
        after: Analysis = analyze(edit(before.design), before)
        assert after.totals == analyze(after.design).totals
        before = after
