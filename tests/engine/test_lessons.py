"""The lessons: every design can be trained a step, and what the texts claim is measured."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from designer import lessons
from designer.engine.inspect import measuring
from designer.engine.inspect.subject import load
from designer.engine.module import module
from designer.engine.training import train
from designer.recipe.reading import changed
from designer.runs.begin import begin
from designer.runs.events import read_events
from tests.engine.inspect.test_measuring import subject

DESIGNS = {
    f"{lesson.key}-{each.key}": (lesson, each)
    for lesson in lessons.LESSONS
    for each in lesson.designs
}


def measured(name):
    """Measure a design with images of the lesson's data; return its figures by kind."""
    lesson, each = DESIGNS[name]
    recipe = changed(lessons.recipe(lesson, each), {"data.limit": 200, "device": "cpu"})
    loaded = load(subject(lessons.load(each), recipe), device="cpu")
    found, notes = measuring.measure(loaded, recipe)
    assert notes == ()
    return found


@pytest.mark.parametrize(("lesson", "each"), DESIGNS.values(), ids=DESIGNS)
def test_a_step_changes_every_weight(lesson, each):
    torch.manual_seed(0)
    design = lessons.load(each)
    network = module(design).train()
    shape = (lesson.recipe["data.source"] == "shapes10" and 3) or 1
    side = design.arguments["resolution"].default if "resolution" in design.arguments else 28
    images, classes = torch.randn(4, shape, side, side), torch.tensor([0, 1, 2, 3])
    nn.functional.cross_entropy(network(images), classes).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def figures(found, kind, figure, names):
    rows = found.main(kind)
    return [getattr(rows[name], figure) for name in names]


def test_small_weights_let_activations_and_gradients_of_tanh_layers_shrink():
    names = [f"tanh{number}" for number in range(1, 7)]
    found = measured("initialization-std_0_01")
    spread = figures(found, "activation", "deviation", names)
    assert all(later < 0.6 * earlier for earlier, later in pairwise(spread))
    gradients = figures(found, "gradient", "norm", names)
    assert all(earlier < 0.6 * later for earlier, later in pairwise(gradients))
    saturated = figures(measured("initialization-std_0_05"), "activation", "saturated", names)
    assert min(saturated[1:]) > 0.05
    for name in ("xavier", "kaiming"):
        found = measured(f"initialization-{name}")
        assert min(figures(found, "activation", "deviation", names)) > 0.2
        assert max(figures(found, "activation", "saturated", names)[1:]) < 0.03
        gradients = figures(found, "gradient", "norm", names)
        assert max(gradients) < 3 * min(gradients)


def test_gradients_vanish_with_sigmoid_alone():
    names = [f"hidden.{number}.fc" for number in range(10)]
    ratios = {}
    for name in ("sigmoid", "sigmoid_norm", "relu", "relu_norm"):
        found = measured(f"vanishing_gradients-{name}")
        norms = figures(found, "gradient", "norm", names)
        ratios[name] = norms[0] / norms[-1]
    assert ratios.pop("sigmoid") < 1e-3
    assert all(0.1 < each < 10 for each in ratios.values())


def test_each_remedy_of_overfitting_narrows_the_gap(tmp_path):
    gaps = {}
    for key in ("overfitting", "augmented", "more_data"):
        lesson, each = DESIGNS[f"overfitting-{key}"]
        recipe = changed(lessons.recipe(lesson, each), {"device": "cpu", "statistics": 0})
        run = begin(tmp_path / key, lessons.load(each), recipe)
        train(run)
        last = [event for event in read_events(run.events) if event["event"] == "epoch"][-1]
        gaps[key] = last["train"]["accuracy"] - last["validation"]["accuracy"]
    assert gaps["overfitting"] > 0.05
    assert gaps["augmented"] < 0.8 * gaps["overfitting"]
    assert gaps["more_data"] < 0.5 * gaps["overfitting"]
