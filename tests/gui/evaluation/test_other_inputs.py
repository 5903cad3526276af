"""The Evaluation dock with runs whose examples are no pictures, and with an autoencoder."""

from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QLabel

from designer.engine.training import train
from designer.runs.begin import begin
from tests.engine.test_other_inputs import AUTOENCODER, mlp, recipe_of, write_stripes


def test_mistakes_on_rows_are_listed_in_words(desk, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz", x=generator.normal(size=(100, 3)), y=generator.integers(0, 2, 100)
    )
    recipe = recipe_of(tmp_path / "data.npz", epochs=1, data__test=0.3)
    run = begin(tmp_path / "run", mlp(3, 2), recipe)
    train(run)
    desk.show(run)
    page = desk.page("mistakes")
    rows = page.pictures.rows
    assert rows.isVisible() and not page.pictures.area.isVisible()
    wrong = page.contents.wrong
    assert rows.count() == len(wrong) > 0
    true, said = page.contents.targets[wrong[0]], page.contents.predicted[wrong[0]]
    assert rows.item(0).text().startswith(f"Example {wrong[0]} of the test part: {true} predicted")
    assert f"as {said} with" in rows.item(0).text()
    assert not desk.asked  # for pictures


def test_an_autoencoder_has_its_error_beside_that_of_the_mean(desk, tmp_path: Path) -> None:
    recipe = recipe_of(
        write_stripes(tmp_path / "stripes.npz"),
        epochs=1,
        loss__name="mean_squared_error",
        data__targets="input",
    )
    run = begin(tmp_path / "run", AUTOENCODER, recipe)
    train(run)
    desk.show(run)
    page = desk.page("overview")
    names = [each.name for each in page.figures]
    assert names[0] == "Squared error" and page.figures[0].text.endswith("%")
    assert page.findChildren(QLabel)
    with np.load(run.evaluation / "predictions.npz") as tables:
        outputs, targets = tables["outputs"], tables["targets"]
    assert outputs.shape == targets.shape == (20, 64)
    error = float(np.square(outputs - targets).mean())
    assert abs(page.figures[1].value / error - 1) < 1e-5
