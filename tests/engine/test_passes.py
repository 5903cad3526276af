"""Several views and passes, whose answers are averaged: against plain torch."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from designer.data.pictures import PictureForm
from designer.design import files
from designer.design.values import LayerNode
from designer.engine.inspect import evaluating, prediction
from designer.engine.inspect.evaluating import Choice
from designer.engine.inspect.subject import load
from designer.engine.passes import VIEWS, Passes, mean_of_classes, mean_of_labels, mean_of_values
from designer.engine.training import train
from designer.recipe.evaluation import TEST_TIMES
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Picture, Subject
from tests.engine.samples import TINY, chain, create, tiny_recipe, write_data

LOGITS = torch.tensor([[[2.0, -1, 0.5]], [[-3.0, 40, 0.1]], [[0.0, 0, 0]]])
DRAWING = chain(
    "Drawing",
    (1, 8, 8),
    pool=LayerNode("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 0.7}),
    flat=LayerNode("Flatten"),
    fc=LayerNode("Linear", {"out_features": 3}),
)


def test_means_are_those_of_probabilities() -> None:
    mean = LOGITS.softmax(-1).mean(0)
    assert mean_of_classes(LOGITS).softmax(-1).numpy() == pytest.approx(mean.numpy(), abs=1e-6)
    mean = LOGITS.double().sigmoid().mean(0)
    own = mean_of_labels(LOGITS.double()).double().sigmoid()
    assert own.numpy() == pytest.approx(mean.numpy(), abs=1e-6)
    assert torch.equal(mean_of_values(LOGITS), LOGITS.mean(0))


@pytest.mark.parametrize("name", TEST_TIMES)
def test_each_row_has_its_views(name: str) -> None:
    kind = TEST_TIMES[name]
    passes, form = Passes(kind), PictureForm(3, 14, 21)
    read = passes.form(form)
    assert (read.height, read.width) == ((16, 24) if kind.crops else (14, 21))
    images = torch.rand(2, 3, read.height, read.width)
    seen = VIEWS[name](images, 14, 21)
    assert len(seen) == kind.views
    assert {tuple(each.shape) for each in seen} == {(2, 3, 14, 21)}
    distinct = {each.numpy().tobytes() for each in seen}
    assert len(distinct) == kind.views
    make = passes.views(form)
    whole = images if make is None else make(images)
    assert torch.equal(whole, torch.cat(list(seen)))
    assert torch.equal(passes.plain(whole), seen[4 if kind.crops else 0])


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    generator = np.random.default_rng(3)
    found = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.fromarray(generator.integers(0, 256, (8, 8), np.uint8)).save(path)
        found.append(Picture(file=str(path)))
    return found


def subject(design: object, **settings: object) -> Subject:
    recipe = changed(Recipe(), {name.replace("__", "."): each for name, each in settings.items()})
    return Subject(
        design=files.dumps(design),  # type: ignore[arg-type]
        weights="",
        seed=4,
        recipe=msgspec.to_builtins(recipe),
    )


def probabilities(found: list[dict[str, object]]) -> list[list[float]]:
    return [
        [each["probability"] for each in sorted(entry["predictions"], key=lambda one: one["class"])]  # type: ignore
        for entry in found
    ]


def test_predictions_are_those_of_all_views(pictures: list[Picture]) -> None:
    loaded = load(subject(TINY, data__source="/nowhere"), device="cpu")
    found, shown = prediction.predict(
        loaded, pictures, top=3, settings={"evaluation.test_time": "flip"}
    )
    inputs = torch.from_numpy(shown["seen"][..., 0])[:, None].float() / 255
    with torch.inference_mode():
        both = [loaded.network(each).softmax(1) for each in (inputs, inputs.flip(-1))]
    assert np.array(probabilities(found)) == pytest.approx(
        (sum(both) / 2).numpy(),  # type: ignore[operator]
        abs=1e-6,
    )
    found, shown = prediction.predict(
        loaded, pictures, top=3, settings={"evaluation.test_time": "ten_crops"}
    )
    assert shown["seen"].shape == (3, 8, 8, 1)


def test_draws_follow_from_the_seed_and_are_averaged(pictures: list[Picture]) -> None:
    once = load(subject(DRAWING, data__source="/nowhere", seed=5), device="cpu")
    state = torch.get_rng_state()
    first, shown = prediction.predict(once, pictures, top=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert prediction.predict(once, pictures, top=3)[0] == first
    assert prediction.passes_for(once).note.startswith("pool draws at random in every pass")

    several = {"evaluation.samples": 4}
    found, _ = prediction.predict(once, pictures, top=3, settings=several)
    inputs = torch.from_numpy(shown["seen"][..., 0])[:, None].float() / 255
    with torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(5)
        passes = [once.network(inputs).softmax(1) for _ in range(4)]
    assert not torch.equal(passes[0], passes[1])
    mean = torch.stack(passes).mean(0).numpy()
    assert np.array(probabilities(found)) == pytest.approx(mean, abs=1e-6)
    assert prediction.passes_for(load(subject(TINY), device="cpu"), several).samples == 1


def test_a_training_ends_with_the_test_that_its_recipe_wants(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.npz")
    recipe = tiny_recipe(data, epochs=1, evaluation__samples=3, evaluation__test_time="five_crops")
    run = create(tmp_path / "run", recipe, DRAWING)
    result = train(run)
    assert result.test is not None
    loaded = load(Subject(run=str(run.path)), device="cpu")
    again = evaluating.evaluate(loaded, Choice())
    assert again.predictions.metrics == result.test
    assert (again.record.test_time, again.record.samples) == ("five_crops", 3)
    assert "mean of 3 draws" in again.record.notes[-1]
    once = evaluating.evaluate(loaded, Choice(settings={"evaluation.samples": 1}))
    assert once.predictions.metrics != result.test
