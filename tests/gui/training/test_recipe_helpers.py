"""What stands in the recipe's form beside its settings: steps, curve, groups, templates."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QLineEdit, QToolButton

from designer.gui.training import schedule_curve
from designer.gui.training.steps_line import StepsLine, steps_words
from designer.gui.training.wrapping_button import WrappingButton
from designer.recipe import templates
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from tests.gui.training.test_set_up import child, lenet, type_over  # noqa: F401


def test_the_steps_of_an_epoch() -> None:
    recipe = changed(Recipe(), {"batch": 10, "epochs": 3})
    assert steps_words(recipe, 1000) == (
        "1,000 images / batch 10 = 100 steps an epoch, 300 in all."
    )
    assert steps_words(changed(recipe, {"accumulation": 4}), 1000) == (
        "1,000 images / batch 10 × 4 = 25 steps an epoch, 75 in all."
    )
    assert steps_words(recipe, 12) == "12 images / batch 10 = 1 step an epoch, 3 in all."
    assert steps_words(recipe, 9) == steps_words(recipe, None) == ""


def shown(button: WrappingButton) -> str:
    """Return the text of a button in one line, once its place was found."""
    QApplication.processEvents()
    lines = button.text().split("\n")
    metrics = button.fontMetrics()
    assert all(metrics.horizontalAdvance(line) <= button.width() for line in lines)
    return " ".join(lines)


def test_another_batch_offers_another_rate(lenet: Any) -> None:  # noqa: F811
    line = child(lenet, QLabel, "steps-line")
    assert line.text() == "7,204 images / batch 32 = 225 steps an epoch, 2,250 in all."
    offer = child(lenet, WrappingButton, "steps-scale-rate")
    assert not offer.isVisible()
    type_over(lenet, child(lenet, QLineEdit, "recipe-batch"), "128")
    assert "56 steps" in line.text()
    assert offer.isVisible() and shown(offer).endswith("with the batch: 0.05 to 0.2")
    lenet.qtbot.mouseClick(offer, Qt.MouseButton.LeftButton)
    assert lenet.workspace.recipe.optimizer.learning_rate == pytest.approx(0.2)
    assert not offer.isVisible()
    type_over(lenet, child(lenet, QLineEdit, "recipe-batch"), "64")
    assert "0.2 to 0.1" in shown(offer)
    type_over(lenet, child(lenet, QLineEdit, "recipe-optimizer.learning_rate"), "0.03")
    assert not offer.isVisible()  # a rate that was given counts for this batch


@pytest.mark.parametrize("width", [160, 230])
def test_the_steps_have_room_for_all_their_lines(qtbot, look, width) -> None:  # type: ignore[no-untyped-def]
    recipe = changed(Recipe(), {"batch": 4096, "epochs": 300})
    line = StepsLine(lambda: recipe, lambda: 1_281_167)
    qtbot.addWidget(line)
    line.resize(width, 200)
    line.show()
    QApplication.processEvents()
    lines = line.words.heightForWidth(line.words.width()) / line.words.fontMetrics().lineSpacing()
    assert lines > 1.5
    assert line.minimumSizeHint().height() >= line.words.heightForWidth(line.words.width())


def test_the_curve_is_torchs_one_cycle() -> None:
    recipe = changed(
        Recipe(), {"epochs": 2, "schedule.name": "one_cycle", "schedule.cycle_momentum": True}
    )
    rates, momenta = schedule_curve.curve(recipe, 50)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.05, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=100)
    for rate, momentum in zip(rates, momenta, strict=True):
        group = optimizer.param_groups[0]
        assert rate == pytest.approx(group["lr"], rel=1e-6)
        assert momentum == pytest.approx(group["momentum"], rel=1e-6)
        optimizer.step()
        theirs.step() if rate is not rates[-1] else None
    long, _ = schedule_curve.curve(recipe, 100_000)
    assert len(long) == 240
    assert max(long) == pytest.approx(0.05, rel=1e-3)


def test_groups_fold_and_name_what_is_changed(lenet: Any) -> None:  # noqa: F811
    form = lenet.training.set_up.form
    child(lenet, QToolButton, "recipe-more").click()
    momentum = child(lenet, QLineEdit, "recipe-optimizer.momentum")
    heading = child(lenet, QToolButton, "recipe-group-optimizer")
    assert not momentum.isVisible()
    assert heading.text() == "Optimizer"
    lenet.qtbot.mouseClick(heading, Qt.MouseButton.LeftButton)
    assert momentum.isVisible()
    type_over(lenet, momentum, "0.8")
    assert heading.text() == "Optimizer · momentum changed"
    lenet.qtbot.mouseClick(heading, Qt.MouseButton.LeftButton)
    assert not momentum.isVisible()
    assert form.recipe.optimizer.momentum == 0.8


def test_the_chosen_row_says_its_formula_and_source(lenet: Any) -> None:  # noqa: F811
    words = child(lenet, QLabel, "recipe-optimizer.name-words")
    assert "w ← w − η·v" in words.text()
    lenet.workspace.set_recipe(changed(lenet.workspace.recipe, {"optimizer.name": "adam"}))
    lenet.wait(lambda: "Kingma" in words.text())


def test_templates_are_taken_and_saved(
    lenet: Any,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(templates, "own_folder", lambda: tmp_path)
    menu = child(lenet, QToolButton, "recipe-menu").menu().actions()[0].menu()
    menu.fill()

    def action(name: str) -> Any:
        return next(each for each in menu.actions() if each.objectName() == f"template-{name}")

    action("resnet").trigger()
    recipe = lenet.workspace.recipe
    assert recipe.optimizer.weight_decay == 1e-4
    assert recipe.schedule.name == "step"
    assert recipe.data.source == "mnist10k"
    assert not child(lenet, WrappingButton, "steps-scale-rate").isVisible()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("mine", True))
    next(each for each in menu.actions() if each.text() == "Save as template…").trigger()
    lenet.workspace.set_recipe(Recipe())
    menu.fill()
    action("mine").trigger()
    assert lenet.workspace.recipe == recipe
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("a/b", True))
    next(each for each in menu.actions() if each.text() == "Save as template…").trigger()
    assert templates.own_names() == ["mine"]
