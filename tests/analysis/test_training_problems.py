"""What speaks against training a design: batches, outputs, and activations before the loss."""

from typing import Any

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.assist import training
from designer.analysis.problems import Severity
from designer.recipe.losses import LOSSES
from designer.recipe.recipe import Recipe
from tests.analysis.drawing import block, chain, design

CONV = {"layer": "Conv2d", "out_channels": 8, "kernel_size": 3}
POOL = {"layer": "AdaptiveAvgPool2d", "output_size": 1}
NORM = {"layer": "BatchNorm2d"}
FLATTEN = {"layer": "Flatten"}
LINEAR = {"layer": "Linear", "out_features": 2}
SOFTMAX = {"layer": "Softmax"}
DROPOUT = {"layer": "Dropout"}

# Batches


def of_batch(*layers: dict[str, Any], batch: int = 1, **more: Any) -> list[str]:
    found = training.batch_problems(analyze(chain(*layers, **more)), batch)
    return [each.message for each in found]


def test_one_value_per_channel_is_refused_by_node_and_number() -> None:
    layers = (CONV, POOL, NORM, FLATTEN, LINEAR)
    sentence = "n3 gets one value per channel at batch 1: set batch to 2 or more"
    assert of_batch(*layers) == [sentence]
    assert of_batch(*layers, batch=2) == []
    analysis = analyze(chain(*layers))
    assert training.refusal(analysis, 1) == f"{sentence}."
    assert training.refusal(analysis, 2) == ""
    assert "batch 3 divided among 2 processes: set batch to 4" in training.refusal(
        analysis, 3, processes=2
    )


@pytest.mark.parametrize(
    ("layers", "nodes"),
    [
        ((CONV, NORM), []),
        ((FLATTEN, LINEAR, {"layer": "BatchNorm1d"}), ["n3"]),
        ((POOL, {"layer": "Shortcut", "out_channels": 5}), ["n2"]),
        ((POOL, {"layer": "Shortcut", "out_channels": 5, "batch_norm": False}), []),
        ((POOL, {**NORM, "lr_scale": 0}), []),  # frozen: it uses its running statistics
        ((POOL, NORM, CONV | {"kernel_size": 1}, NORM), ["n2", "n4"]),
    ],
)
def test_which_layers_need_a_batch(layers: list[dict[str, Any]], nodes: list[str]) -> None:
    found = of_batch(*layers)
    assert [each.partition(" ")[0] for each in found] == nodes
    if len(nodes) > 1:
        refusal = training.refusal(analyze(chain(*layers)), 1)
        assert refusal.endswith("or more. The same holds for 1 more node.")


def test_a_layer_in_a_block_is_named_by_its_path() -> None:
    inner = block({"pool": POOL, "bn": NORM}, [["x", "pool", "bn", "y"]])
    found = of_batch({"block": "B", "repeat": 2}, FLATTEN, blocks={"B": inner})
    assert [each.partition(" ")[0] for each in found] == ["n1.0.bn", "n1.1.bn"]


# Outputs


def test_an_image_as_output_names_the_forgotten_flatten() -> None:
    analysis = analyze(chain(CONV, LINEAR, {"layer": "ReLU"}, LINEAR))
    assert training.refusal(analysis, 4) == (
        "scores: this output is 8×6×2 but must be a list of values: insert a Flatten before n2."
    )
    (problem,) = training.output_problems(analysis)
    assert analyze(problem.fixes[0](analysis.design)).outputs[0].shape == (2,)


def test_an_image_as_output_can_be_flattened() -> None:
    analysis = analyze(chain(CONV))
    (problem,) = training.output_problems(analysis)
    assert "insert a Flatten before it" in problem.message
    assert analyze(problem.fixes[0](analysis.design)).outputs[0].shape == (288,)


def test_rows_for_tokens_can_be_averaged() -> None:
    rows = [{"layer": "Reshape", "shape": [8, -1]}, {"layer": "Permute", "order": [2, 1]}]
    design = chain(CONV, *rows)
    (problem,) = training.output_problems(analyze(design))
    assert "a row of 8 values for each of 36 positions" in problem.message
    assert analyze(problem.fixes[0](design)).outputs[0].shape == (8,)


def test_a_mask_smaller_than_the_image_is_no_forgotten_flatten() -> None:
    """Unpadded, U-Net gives 388x388 places of 572x572; a convolution to 7x7 is no mask."""
    (problem,) = training.output_problems(analyze(presets.load("unet")))
    assert "2×388×388, values for every place of the input, as a mask has them" in problem.message
    assert not problem.fixes
    (trunk,) = training.output_problems(analyze(chain(CONV, {**CONV, "stride": 2})))
    assert "insert a Flatten" in trunk.message


def test_nothing_to_train() -> None:
    refusal = training.refusal(analyze(chain(FLATTEN)), 4)
    assert refusal == "Test has nothing to train: no layer has weights. Add one."


# Activations before the loss

HEAD = block({"fc": LINEAR, "soft": SOFTMAX}, [["x", "fc", "soft", "y"]])
OUTER = block({"head": {"block": "Head"}, "drop": DROPOUT}, [["x", "head", "drop", "y"]])
LAST = block({"soft": SOFTMAX}, [["x", "soft", "y"]])


@pytest.mark.parametrize(
    ("layers", "path"),
    [
        ((FLATTEN, LINEAR, SOFTMAX), "n3"),
        ((FLATTEN, LINEAR, SOFTMAX, DROPOUT, {"layer": "Identity"}), "n3"),
        ((POOL, {**CONV, "kernel_size": 1}, SOFTMAX, FLATTEN), "n3"),
        ((FLATTEN, LINEAR, {"layer": "Sigmoid"}), "n3"),
        ((FLATTEN, LINEAR, {"layer": "LogSoftmax"}), "n3"),
        ((FLATTEN, {"block": "Head"}), "n2.soft"),
        ((FLATTEN, {"block": "Outer"}), "n2.head.soft"),
        ((FLATTEN, LINEAR, {"block": "Last", "repeat": 2}), "n3.1.soft"),
        ((FLATTEN, LINEAR, SOFTMAX, {"block": "Pass"}), "n3"),
        ((FLATTEN, LINEAR), ""),
        ((FLATTEN, LINEAR, SOFTMAX, LINEAR), ""),
        ((FLATTEN, LINEAR, {"layer": "ReLU"}), ""),
    ],
)
def test_an_activation_that_the_loss_has_built_in(layers: list[dict[str, Any]], path: str) -> None:
    passing = block({"drop": DROPOUT}, [["x", "drop", "y"]])
    blocks = {"Head": HEAD, "Outer": OUTER, "Last": LAST, "Pass": passing}
    analysis = analyze(chain(*layers, blocks=blocks))
    assert training.loss_problems(analysis, "mean_squared_error") == ()
    found = training.loss_problems(analysis, "cross_entropy")
    assert [each.path for each in found] == [path] * bool(path)
    for problem in found:
        assert problem.severity is Severity.WARNING
        fixed = analyze(problem.fixes[0](analysis.design))
        assert fixed.valid
        assert not training.loss_problems(fixed, "cross_entropy")


def test_the_sentence_gives_the_least_loss() -> None:
    (problem,) = training.loss_problems(analyze(chain(FLATTEN, LINEAR, SOFTMAX)), "cross_entropy")
    assert problem.message == (
        "n3: cross-entropy takes the values before Softmax; behind it the loss cannot fall below "
        "0.3133, and the network learns slowly"
    )
    assert [fix.label for fix in problem.fixes] == ["remove n3"]


@pytest.mark.parametrize(("kind", "side"), [("Sigmoid", "below"), ("LogSoftmax", "above")])
def test_the_sentence_on_several_labels_gives_the_probability(kind: str, side: str) -> None:
    analysis = analyze(chain(FLATTEN, LINEAR, {"layer": kind}))
    (problem,) = training.loss_problems(analysis, "binary_cross_entropy")
    assert problem.message == (
        f"n3: binary cross-entropy takes the values before {kind}; behind it no label gets a "
        f"probability {side} 50 %"
    )
    assert [fix.label for fix in problem.fixes] == ["remove n3"]


def test_one_activation_before_two_outputs_is_named_once() -> None:
    nodes = {
        "image": {"layer": "Input", "shape": [4]},
        "fc": LINEAR,
        "soft": SOFTMAX,
        "one": {"layer": "Output"},
        "two": {"layer": "Output"},
    }
    analysis = analyze(design(nodes, [["image", "fc", "soft", "one"], ["soft", "two"]]))
    assert [each.path for each in training.loss_problems(analysis, "cross_entropy")] == ["soft"]


@pytest.mark.parametrize("name", presets.names())
def test_presets_can_be_trained_as_their_recipes_say(name: str) -> None:
    recipe = presets.recipe(name) or Recipe()
    analysis = analyze(presets.load(name))
    assert not training.warnings(analysis, recipe.batch, recipe.loss.name)


@pytest.mark.parametrize("name", LOSSES)
def test_unwanted_layers_are_layer_types(name: str) -> None:
    from designer.layers.catalogue import layer_types

    assert {*LOSSES[name].unwanted} <= layer_types().keys()


def test_a_batch_norm_of_a_tensor_without_a_batch_cannot_be_trained():
    nodes = {
        "row": {"layer": "Input", "shape": [3]},
        "table": {"layer": "Parameter", "shape": [3]},
        "norm": {"layer": "BatchNorm1d"},
        "add": {"layer": "Add"},
        "scores": {"layer": "Output"},
    }
    network = design(nodes, [["row", "add", "scores"], ["table", "norm", "add:1"]])
    (problem,) = training.batch_problems(analyze(network), 64)
    assert problem.message == (
        "norm gets one value per channel at any batch, since its input is the same for every "
        "image: remove it"
    )


def test_a_norm_that_is_not_connected_yet_is_no_matter_of_the_batch():
    nodes = {
        "image": {"layer": "Input", "shape": [3, 8, 8]},
        "norm": {"layer": "BatchNorm2d"},
        "scores": {"layer": "Output"},
    }
    assert training.batch_problems(analyze(design(nodes, [["image", "scores"]])), 1) == ()
