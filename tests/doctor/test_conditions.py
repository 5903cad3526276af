"""Each condition is found in a design or run made to show it, and its remedy ends it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from designer.analysis.analysis import analyze
from designer.data.balance import balance_findings
from designer.data.opening import open_dataset
from designer.data.targets import Target
from designer.design.files import loads
from designer.design.values import Design
from designer.doctor.advice import Advice
from designer.doctor.case import Case, DataFacts, DeviceFacts, Step
from designer.doctor.curve_rules import next_step
from designer.doctor.reading import read_case
from designer.doctor.rules import RULES, examine
from designer.runs.events import read_events
from tests.analysis.drawing import OUTPUT, block, chain, design
from tests.doctor.runs import FLATTEN, PIXELS, RELU, SIGMOID, linear, recipe, trained

CONV = {"layer": "Conv2d", "out_channels": 8, "kernel_size": 3, "padding": 1}
NORM = {"layer": "BatchNorm2d"}
PLAIN = {**CONV, "bias": False}
POOL = {"layer": "GlobalAvgPool2d"}
DROPOUT = {"layer": "Dropout", "p": 0.5}
ZEROS = {"weight_init": "zeros"}


def only(case: Case, key: str) -> Advice:
    """Return the one piece of advice with a key, which must be there."""
    (found,) = [each for each in examine(case) if each.key == key]
    return found


def treated(case: Case, advice: Advice, number: int = 0) -> Case:
    """Return the case with a remedy applied to its design or its recipe."""
    remedy = advice.remedies[number]
    if remedy.fix is not None:
        assert case.analysis is not None
        return replace(case, analysis=analyze(remedy.fix(case.analysis.design)))
    assert case.recipe is not None
    return replace(case, recipe=remedy.recipe(case.recipe))


def of(made: Design, **changes: Any) -> Case:
    analysis = analyze(made)
    assert analysis.valid
    return Case(analysis=analysis, recipe=recipe(**changes))


# Before a training: designs and recipes

SOFTMAX = loads(
    json.dumps(
        {
            "format": "netdesigner/design",
            "version": 1,
            "name": "Sm",
            "nodes": {
                "image": {"layer": "Input", "shape": [3, 32, 32]},
                "n0": {"layer": "AvgPool2d", "kernel_size": 8},
                "n1": FLATTEN,
                "n2": linear(2),
                "n3": {"layer": "Softmax"},
                "out": {"layer": "Output"},
            },
            "edges": [["image", "n0", "n1", "n2", "n3", "out"]],
        }
    )
)

BEFORE: Mapping[str, tuple[Case, str, str]] = {
    "no-activation": (
        of(chain(CONV, {**CONV, "out_channels": 12}, RELU, POOL, linear(2))),
        "between n1 and n2",
        f"2 layers with {3 * 9 * 8 + 8 + 8 * 9 * 12 + 12:,} parameters",
    ),
    "activation-before-loss": (
        of(SOFTMAX),
        "cross-entropy takes the values before Softmax",
        f"cannot fall below {log(1 + 1 / np.e):.4f}",
    ),
    "bias-before-norm": (
        of(chain(CONV, NORM, RELU, POOL, linear(2))),
        "n1 adds a bias",
        f"8 of {3 * 9 * 8 + 8 + 2 * 8 + 8 * 2 + 2} parameters",
    ),
    "zero-weights": (
        of(chain(FLATTEN, linear(8, **ZEROS), RELU, linear(2, **ZEROS))),
        "All weights of n2 and n4",
        "2 of 2 layers",
    ),
    "dropout-before-norm": (
        of(chain(PLAIN, RELU, DROPOUT, PLAIN, NORM, RELU, POOL, linear(2))),
        "n3 drops values before the norm n5",
        "2 times as large",
    ),
    "batch-of-one": (
        of(chain(PLAIN, NORM, RELU, POOL, linear(2)), batch=1),
        "n2 takes mean and variance",
        "The batch is 1, and 1 layer normalizes",
    ),
    "memory": (
        Case(
            recipe=recipe(batch=100),
            device=DeviceFacts(
                key="cuda", name="a card", free=4 * 10**9, needed=5 * 10**9, largest_batch=77
            ),
        ),
        "more memory than a card has free",
        "A batch of 100 takes about 5.00 GB",
    ),
    "batch-multiple": (
        Case(recipe=recipe(batch=30), device=DeviceFacts(key="cuda", name="a card")),
        "no multiple of 8",
        "The batch is 30, and the device is a card",
    ),
}


@pytest.mark.parametrize("key", BEFORE)
def test_a_design_or_recipe_shows_it_and_each_remedy_ends_it(key: str) -> None:
    case, sentence, evidence = BEFORE[key]
    found = only(case, key)
    assert sentence in found.sentence
    assert evidence in found.evidence
    assert found.remedies
    for number, remedy in enumerate(found.remedies):
        after = treated(case, found, number)
        if key == "memory":
            assert after.recipe is not None
            assert after.recipe.batch == 72
            continue
        assert key not in [each.key for each in examine(after)], remedy.label


def test_pictures_of_0_to_255() -> None:
    case = of(chain(CONV, RELU, POOL, linear(2)), data__preprocessing="none")
    found = only(case, "unscaled-pictures")
    assert "n1 gets pictures as they are stored" in found.sentence
    assert "0 to 255" in found.evidence
    assert not examine(treated(case, found))
    normed = of(chain(NORM, CONV, RELU, POOL, linear(2)), data__preprocessing="none")
    assert "unscaled-pictures" not in [each.key for each in examine(normed)]


def test_a_recipe_that_begins_with_zeros() -> None:
    case = of(chain(FLATTEN, linear(8), RELU, linear(2)), initialization__name="zeros")
    found = only(case, "zero-weights")
    assert "2 of 2 layers" in found.evidence
    assert not examine(treated(case, found))


def test_classes_out_of_balance() -> None:
    names = ("cat", "St. Bernard: a dog")
    target = Target("class", "classes", names)
    case = Case(
        recipe=recipe(),
        data=DataFacts(findings=balance_findings("pets", target, {"train": (220, 10)}, recipe())),
    )
    found = only(case, "imbalance")
    assert "220 images have the class cat and 10 have the class St. Bernard: a dog" in (
        found.evidence
    )
    assert "a ratio of 22 to 1" in found.evidence
    assert found.sentence.startswith("A network learns to prefer frequent ones")
    weighted = treated(case, found)
    assert weighted.recipe is not None
    after = balance_findings("pets", target, {"train": (220, 10)}, weighted.recipe)
    assert not examine(replace(weighted, data=DataFacts(findings=after)))
    even = balance_findings("pets", target, {"train": (100, 10)}, recipe())
    assert not examine(Case(recipe=recipe(), data=DataFacts(findings=even)))


LINEAR_PAIRS = {
    "a linear bottleneck": (PLAIN, RELU,
                            {**CONV, "out_channels": 2, "kernel_size": 1, "padding": 0},
                            {**CONV, "out_channels": 12, "kernel_size": 1, "padding": 0}),
    "a separable convolution": (
        RELU, {"layer": "DepthwiseConv2d", "kernel_size": 3, "padding": 1},
        {**CONV, "kernel_size": 1, "padding": 0}),
    "a row and a column": ({**CONV, "kernel_size": [1, 3], "padding": [0, 1]},
                           {**CONV, "kernel_size": [3, 1], "padding": [1, 0]}),
    "a pool of maxima between": (CONV, {"layer": "MaxPool2d", "kernel_size": 2}, CONV),
    "an activation behind the norm": (PLAIN, NORM, RELU, PLAIN),
}  # fmt: skip


@pytest.mark.parametrize("layers", LINEAR_PAIRS.values(), ids=LINEAR_PAIRS)
def test_pairs_that_are_meant(layers: tuple[dict[str, Any], ...]) -> None:
    assert not examine(of(chain(*layers, RELU, POOL, linear(2))))


def test_a_norm_and_a_flatten_between_are_linear_too() -> None:
    case = of(chain(PLAIN, NORM, FLATTEN, linear(6), RELU, linear(2)))
    found = only(case, "no-activation")
    assert "between n1 and n4" in found.sentence
    assert not examine(treated(case, found))


def test_a_block_is_named_once_and_its_fix_stands_in_it() -> None:
    inner = block({"a": CONV, "b": {**CONV, "out_channels": "=c"}}, [["x", "a", "b", "y"]], c=8)
    case = of(
        chain(CONV, RELU, {"block": "B", "repeat": 2}, RELU, POOL, linear(2), blocks={"B": inner})
    )
    found = [each for each in examine(case) if each.key == "no-activation"]
    assert [each.location.path for each in found] == ["n3.0.b", "n3.1.a"]
    assert {each.location.block for each in found} == {"B"}
    both = treated(treated(case, found[0]), found[1])
    assert not examine(both)


def test_a_shortcut_around_dropout_makes_its_shift_small() -> None:
    layers = {"conv1": PLAIN, "drop": DROPOUT, "bn": NORM, "conv2": PLAIN, "add": {"layer": "Add"}}
    nodes = {"image": {"layer": "Input", "shape": [3, 8, 8]}, "conv0": PLAIN, "relu0": RELU}
    nodes |= layers
    nodes |= {"relu": RELU, "pool": POOL, "fc": linear(2), "scores": {"layer": "Output"}}
    path = ["image", "conv0", "relu0", "conv1", "drop", "bn", "conv2"]
    edges = [[*path, "add"], ["relu0", "add:1"], ["add", "relu", "pool", "fc", "scores"]]
    assert not [each for each in examine(of(design(nodes, edges))) if "dropout" in each.key]


def test_biases_that_cost_nothing_are_left_alone_unless_they_are_mixed() -> None:
    wide = {**CONV, "out_channels": 256}
    vgg = chain(wide, NORM, RELU, wide, NORM, RELU, POOL, linear(2), shape=(256, 8, 8))
    assert not examine(of(vgg))
    mixed = chain(wide, NORM, RELU, {**wide, "bias": False}, NORM, RELU, POOL, linear(2),
                  shape=(256, 8, 8))  # fmt: skip
    assert "1 other layer before a norm has none" in only(of(mixed), "bias-before-norm").evidence


# While a network trains, and afterwards


def mlp(*widths: int) -> Design:
    hidden = [layer for width in widths for layer in (linear(width), RELU)]
    return chain(FLATTEN, *hidden, linear(10), shape=PIXELS)


def keys(case: Case) -> list[str]:
    return [each.key for each in examine(case)]


def test_a_training_that_diverges(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(32), optimizer__learning_rate=1e6)
    found = only(case, "diverging")
    assert "The loss became" in found.evidence
    assert "n4 (Linear)" in found.evidence
    after = treated(case, found).recipe
    assert after is not None
    assert after.optimizer.learning_rate == pytest.approx(1e6 / 3, rel=1e-3)
    assert {"gradient_clipping"} < {name for each in found.remedies for name in each.settings}


def test_a_dead_start_names_the_layer_whose_gradient_vanished(tmp_path: Path) -> None:
    deep = chain(
        FLATTEN,
        *[layer for _ in range(10) for layer in (linear(16), SIGMOID)],
        linear(10),
        shape=PIXELS,
    )
    _, case = trained(tmp_path / "run", deep, epochs=11)
    found = only(case, "dead-start")
    assert "ln(10)" in found.sentence
    assert "gradients vanish" in found.sentence
    assert found.location.path == "n2"
    assert f"ln(10) is {log(10):.4f}" in found.evidence
    shown = float(re.findall(r"steps is (\d\.\d+)", found.evidence)[0])
    assert shown == pytest.approx(log(10), rel=0.03)
    assert keys(case) == ["dead-start"]  # which explains the gradients and the errors
    assert case.run is not None
    for measured in case.run.measurements:
        norms = {path: each.norm for path, each in measured.main("gradient").items()}
        assert norms["n2"] < 1e-3 * norms["n22"]
    # Beside a loss of which guessing is unknown, the gradients speak for themselves.
    unknown = replace(case, recipe=recipe(loss__name="mean_squared_error"))
    assert "vanish" in only(unknown, "gradients").sentence


def test_a_learning_rate_that_is_too_high(tmp_path: Path) -> None:
    _, case = trained(
        tmp_path / "run",
        chain(FLATTEN, linear(10), shape=PIXELS),
        optimizer__learning_rate=20.0,
        schedule__warmup_epochs=4.0,
    )
    found = only(case, "rate-too-high")
    assert case.run is not None
    lowest, now = (
        float(each) for each in re.findall(r"from ([\d.]+) to ([\d.]+)", found.evidence)[0]
    )
    assert now > lowest + 0.1 * log(10)
    ratio = float(re.findall(r"by ([\d.e-]+) of", found.evidence)[0])
    assert ratio > 1e-2
    after = treated(case, found).recipe
    assert after is not None
    assert after.optimizer.learning_rate == pytest.approx(20 / 3, rel=1e-3)


@pytest.mark.parametrize(("rates", "found"), [((0.01, 0.1), False), ((0.1, 0.1), True)])
def test_a_warm_up_may_cost_some_of_what_was_learned(
    tmp_path: Path, rates: tuple[float, float], found: bool
) -> None:
    straight = chain(FLATTEN, linear(10), shape=PIXELS)
    _, case = trained(tmp_path / "run", straight, statistics=0)
    assert case.run is not None
    losses = [2.3, 2.1, 2.0, 1.9, 1.9, 1.9, 2.2, 2.2]
    case.run.steps = [
        Step(10 * (number + 1), loss, rates[number > 5], update_ratio=0.02)
        for number, loss in enumerate(losses)
    ]
    assert ("rate-too-high" in keys(case)) is found


def test_a_rate_is_judged_without_statistics_of_the_layers_too(tmp_path: Path) -> None:
    straight = chain(FLATTEN, linear(10), shape=PIXELS)
    _, case = trained(
        tmp_path / "run",
        straight,
        statistics=0,
        optimizer__learning_rate=20.0,
        schedule__warmup_epochs=4.0,
    )
    assert case.run is not None
    assert not case.run.measurements
    only(case, "rate-too-high")


def test_a_learning_rate_that_is_too_low(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(32), optimizer__learning_rate=1e-5)
    found = only(case, "rate-too-low")
    ratio = float(re.findall(r"by ([\d.e-]+) of", found.evidence)[0])
    assert 0 < ratio < 1e-5
    assert keys(case) == ["rate-too-low"]
    _, better = trained(tmp_path / "better", mlp(32), optimizer__learning_rate=0.1)
    assert "rate-too-low" not in keys(better)


def test_units_that_are_dead(tmp_path: Path) -> None:
    dead = chain(FLATTEN, linear(32, bias_init=-10.0), RELU, linear(10), shape=PIXELS)
    _, case = trained(tmp_path / "run", dead, epochs=6)
    found = only(case, "dead-units")
    assert found.location.path == "n3"
    assert found.evidence.startswith("100 % of its units at step 120")
    (number,) = [n for n, each in enumerate(found.remedies) if "LeakyReLU" in each.label]
    analysis = treated(case, found, number).analysis
    assert analysis is not None
    _, after = trained(tmp_path / "after", analysis.design, epochs=6)
    assert "dead-units" not in keys(after)


def test_underfitting_and_its_larger_network(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(1), epochs=3)
    found = only(case, "underfitting")
    assert case.run is not None
    wrong = 1 - (case.run.epochs[-1].train_accuracy or 0.0)
    assert f"{100 * wrong:.1f} % of the training images are wrong" in found.evidence
    assert len(found.remedies) >= 3
    larger = treated(case, found).analysis
    assert larger is not None
    assert larger.totals.parameters > 1.9 * analyze(mlp(1)).totals.parameters - 20
    _, after = trained(tmp_path / "after", mlp(32), epochs=12)
    assert "underfitting" not in keys(after)


def test_one_epoch_is_not_judged_as_if_the_loss_had_settled(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(8), epochs=1)
    assert next_step(case) == "One epoch shows little: train on, or begin again with more epochs."


def test_a_network_for_tables_is_told_of_examples(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(1), epochs=3)
    vectors = {"layer": "Input", "shape": [4]}
    table = replace(case, analysis=analyze(design({"x": vectors, "fc": linear(10), "y": OUTPUT},
                                                  [["x", "fc", "y"]])))  # fmt: skip
    assert "of the training examples are wrong" in only(table, "underfitting").evidence
    assert "images" not in only(table, "underfitting").sentence


def test_overfitting_and_its_remedies(tmp_path: Path) -> None:
    few = {"data__limit": 60, "batch": 10, "data__validation": 0.03}
    _, case = trained(tmp_path / "run", mlp(64), epochs=20, optimizer__learning_rate=0.5, **few)
    found = only(case, "overfitting")
    assert case.run is not None
    best = min(case.run.epochs, key=lambda each: each.validation_loss or 0.0)
    assert f"Since epoch {best.epoch} the validation loss rose" in found.evidence
    labels = " ".join(each.label for each in found.remedies)
    for word in ("Dropout", "weight decay", "stop early", "shift", "halve"):
        assert word in labels
    (stop,) = [n for n, each in enumerate(found.remedies) if "early" in each.label]
    after = treated(case, found, stop).recipe
    assert after is not None
    assert after.early_stopping == 5


def test_validation_that_is_better_is_explained_and_no_alarm(tmp_path: Path) -> None:
    dropping = chain(
        FLATTEN, linear(64), RELU, {"layer": "Dropout", "p": 0.6}, linear(10), shape=PIXELS
    )
    _, case = trained(tmp_path / "run", dropping, epochs=8)
    found = only(case, "validation-better")
    assert found.severity == "explanation"
    assert "n4 (Dropout)" in found.sentence
    assert case.run is not None
    last = case.run.epochs[-1]
    assert f"{100 * (last.validation_accuracy or 0):.1f} % in validation" in found.evidence


def test_smoothed_labels_explain_a_higher_loss_of_training(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(32), epochs=12, loss__label_smoothing=0.3)
    found = only(case, "validation-better")
    assert found.severity == "explanation"
    assert "the labels are smoothed" in found.sentence
    assert case.run is not None
    assert f"{case.run.epochs[-1].train_loss:.3g} in training" in found.evidence
    _, plain = trained(tmp_path / "plain", mlp(32), epochs=12)
    assert "validation-better" not in keys(plain)


def test_a_device_that_waits_for_data(tmp_path: Path) -> None:
    run, case = trained(tmp_path / "run", mlp(32), epochs=2)
    assert "waits-for-data" not in keys(case)
    events = read_events(run.events)
    for each in events:
        if each["event"] == "step":  # a slow disk
            computing = each["forward_seconds"] + each["backward_seconds"] + each["update_seconds"]
            each["data_seconds"] = 3 * computing
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in events)
    run.events.write_bytes(lines)
    case = read_case(run)
    found = only(case, "waits-for-data")
    assert "75 % of the time" in found.evidence
    for each in events:
        for name in ("data_seconds", "forward_seconds", "backward_seconds", "update_seconds"):
            each.pop(name, None)
    run.events.write_bytes(b"".join(json.dumps(each).encode() + b"\n" for each in events))
    assert "waits-for-data" not in keys(read_case(run))  # a run of an earlier version


def test_the_same_pictures_in_two_parts(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (40, 14, 14), np.uint8)
    labels = np.arange(40) % 10
    data = tmp_path / "data.npz"
    np.savez(data, x_train=images, y_train=labels, x_test=images[10:13], y_test=labels[10:13])
    assert len(open_dataset(str(data)).parts["test"]) == 3
    _, case = trained(
        tmp_path / "run", mlp(8), data__source=str(data), data__limit=None, batch=8, epochs=1,
        data__validation=0.1,
    )  # fmt: skip
    found = [each for each in examine(case) if each.key == "leak"]
    assert sum(int(each.evidence.split()[-3]) for each in found) == 3


def test_the_device_of_a_run_is_known(tmp_path: Path) -> None:
    run, _ = trained(tmp_path / "run", mlp(8), batch=20, epochs=1)
    assert "batch-multiple" not in keys(read_case(run))
    events = read_events(run.events)
    events[0] |= {"device": "cuda", "device_name": "a card"}
    run.events.write_bytes(b"".join(json.dumps(each).encode() + b"\n" for each in events))
    assert "the device is a card" in only(read_case(run), "batch-multiple").evidence


def test_few_steps_for_a_large_batch(tmp_path: Path) -> None:
    _, case = trained(tmp_path / "run", mlp(32), batch=128, epochs=2)
    found = only(case, "few-steps")
    assert found.evidence == "10 steps in all, each with 128 images."
    longer = treated(case, found, 1).recipe
    assert longer is not None
    assert longer.epochs == 100  # of 5 steps each
    smaller = treated(case, found).recipe
    assert smaller is not None
    assert smaller.optimizer.learning_rate == pytest.approx(0.1 * smaller.batch / 128, rel=1e-3)


def test_few_steps_of_accumulated_batches(tmp_path: Path) -> None:
    many = {"batch": 32, "accumulation": 4, "epochs": 50}
    _, case = trained(tmp_path / "run", mlp(32), **many)
    found = only(case, "few-steps")
    assert "each with 128 images" in found.evidence
    smaller = treated(case, found).recipe
    assert smaller is not None
    assert (smaller.batch, smaller.accumulation) == (32, 2)  # 250 steps with 128 images each
    assert smaller.optimizer.learning_rate == pytest.approx(0.1 / 2)


def test_gradients_that_explode(tmp_path: Path) -> None:
    large = {"weight_init": "normal", "weight_init_value": 2.0}
    deep = chain(
        FLATTEN,
        *[layer for _ in range(6) for layer in (linear(24, **large), RELU)],
        linear(10, **large),
        shape=PIXELS,
    )
    _, case = trained(tmp_path / "run", deep, optimizer__learning_rate=1e-12, epochs=5)
    found = only(case, "gradients")
    assert "explode" in found.sentence
    assert {"gradient_clipping": 1.0} in [dict(each.settings) for each in found.remedies]


def test_each_condition_can_be_silenced() -> None:
    case, _, _ = BEFORE["no-activation"]
    assert examine(case)
    assert not examine(case, silenced={"no-activation"})


def test_every_condition_has_a_test_above() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert [key for key in RULES if f'"{key}"' not in here] == []
