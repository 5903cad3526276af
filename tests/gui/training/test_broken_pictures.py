"""A training that ends at broken pictures has a button that leaves them out and trains again."""

from pathlib import Path

import msgspec
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from designer import presets
from designer.gui.training.wrapping_button import WrappingButton
from designer.recipe.reading import changed

QUICK = {"epochs": 1, "device": "cpu", "threads": 1, "batch": 8, "data.workers": 0}


def write_pictures(folder: Path, *, broken: tuple[str, ...]) -> Path:
    """Write 24 pictures of two classes, some of which are cut off."""
    for name, gray in (("dark", 20), ("light", 230)):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            picture = Image.effect_noise((32, 32), 10 + number).point(lambda v, g=gray: (v + g) / 2)
            picture.convert("L").save(folder / name / f"{number}.png")
    for name in broken:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
    return folder


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pets", broken=("dark/3.png", "light/5.png"))


def visible(desk, kind, name):
    return next((each for each in desk.training.findChildren(kind, name) if each.isVisible()), None)


def test_a_training_refused_for_broken_pictures_is_begun_again_without_them(desk, pets):
    desk.workspace.open_preset("lenet5", {"classes": 2})
    set_up = desk.training.set_up
    recipe = changed(desk.workspace.recipe, {**QUICK, "data.source": str(pets)})
    set_up.take(recipe)
    desk.wait(lambda: set_up.data.reading and not desk.training.refusal())
    desk.qtbot.mouseClick(set_up.train, Qt.MouseButton.LeftButton)
    desk.wait(set_up.failure.isVisible)
    assert "2 pictures of pets cannot be read: " in set_up.failure.text()
    button = visible(desk, WrappingButton, "set-up-skip")
    assert button.whole == "Skip these 2 pictures and train again"
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not set_up.failure.isVisible() and not button.isVisible()
    desk.wait(lambda: desk.trainer.shown is not None and desk.trainer.shown.state == "finished")
    skipped = ("dark/3.png", "light/5.png")
    assert desk.workspace.recipe.data.skip == skipped
    assert desk.trainer.shown.run.recipe().data.skip == skipped


def test_a_run_that_failed_at_broken_pictures_trains_again_without_them(desk, written):
    """In a new run of the same design and recipe, whatever is open by now."""
    run = written("failed-run", status="failed", message="2 pictures of pets cannot be read.")
    result = msgspec.structs.replace(run.result(), skip=("dark/3.png", "light/5.png"))
    run.result_file.write_bytes(result.to_json())
    desk.show_run(run)
    desk.wait(lambda: visible(desk, QPushButton, "training-skip"))
    button = visible(desk, QPushButton, "training-skip")
    assert button.text() == "Skip these 2 pictures and train again"
    assert visible(desk, QPushButton, "training-resume") is None
    begun = []
    desk.trainer.begin = lambda design, recipe: begun.append((design, recipe))
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    ((design, recipe),) = begun
    assert design == presets.load("lenet5")
    assert recipe == changed(run.recipe(), {"data.skip": ["dark/3.png", "light/5.png"]})


def test_where_not_all_are_known_they_are_looked_for(desk, written):
    run = written("failed-run", status="failed", message="The picture 7.png cannot be read.")
    result = msgspec.structs.replace(run.result(), skip=())
    run.result_file.write_bytes(result.to_json())
    desk.show_run(run)
    desk.wait(lambda: visible(desk, QPushButton, "training-skip"))
    button = visible(desk, QPushButton, "training-skip")
    assert button.text() == "Look at all pictures…"
    with desk.qtbot.waitSignal(desk.training.set_up.data.browse_wanted):
        desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
