import math
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton

from designer import presets
from designer.design import edits
from designer.gui.documents import fitting
from designer.gui.training import data_reading, dataset
from designer.gui.training.matching import split_counts
from designer.gui.training.wrapping_button import WrappingButton
from designer.known_data import titles
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, fields
from tests.analysis.drawing import design
from tests.engine.samples import write_data


@pytest.fixture
def lenet(desk):
    desk.workspace.open_preset("lenet5")
    desk.wait(lambda: desk.training.set_up.data.reading)
    return desk


def child(desk, kind, name):
    return desk.training.findChild(kind, name)


def type_over(desk, field, text):
    field.setFocus()
    field.selectAll()
    desk.qtbot.keyClicks(field, text)


def test_the_digits_of_a_preset_are_shown(lenet):
    data = lenet.training.set_up.data
    assert data.name.currentText() == titles.BUILT_IN[titles.DIGITS].title
    assert data.reading.description.classes == tuple("0123456789")
    assert "28×28 gray, 10 classes" in data.facts.text()
    assert data.facts.text().endswith("7,204&nbsp;training, 800&nbsp;validation, 1,996&nbsp;test")
    assert len(data.reading.samples) == data_reading.SAMPLES
    assert data.message.text() == "Images are scaled to 32×32."
    assert child(lenet, QPushButton, "training-start").isEnabled()
    assert lenet.training.refusal() == ""


def test_a_value_out_of_range_is_reported_while_typing(lenet):
    field = child(lenet, QLineEdit, "recipe-epochs")
    words = child(lenet, QLabel, "recipe-epochs-words")
    assert words.text() == fields()["epochs"].setting.help
    for text, refusal in (
        ("0", "Epochs is 0 but must be at least 1."),
        ("2.5", "Epochs must be a whole number."),
    ):
        type_over(lenet, field, text)
        assert words.text() == refusal
        assert lenet.training.refusal() == refusal
        assert not child(lenet, QPushButton, "training-start").isEnabled()
        assert lenet.workspace.document.recipe.epochs in (10, 2)
    type_over(lenet, field, "7")
    assert lenet.workspace.document.recipe.epochs == 7
    assert lenet.training.refusal() == ""
    assert child(lenet, QPushButton, "training-start").isEnabled()


def test_an_optimizer_brings_its_usual_rate_and_its_own_fields(lenet):
    lenet.training.set_up.form.open_all()
    betas, momentum = (
        child(lenet, QLineEdit, f"recipe-optimizer.{n}") for n in ("betas", "momentum")
    )
    assert momentum.isVisible() and not betas.isVisible()
    box = child(lenet, QComboBox, "recipe-optimizer.name")
    box.setFocus()
    lenet.qtbot.keyClicks(box, "AdamW")
    recipe = lenet.workspace.document.recipe
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == ("adamw", 0.001)
    assert child(lenet, QLineEdit, "recipe-optimizer.learning_rate").text() == "0.001"
    assert betas.isVisible() and not momentum.isVisible()
    type_over(lenet, betas, "0.8")
    assert "two numbers" in lenet.training.refusal()
    type_over(lenet, betas, "0.8, 0.99")
    assert lenet.workspace.document.recipe.optimizer.betas == (0.8, 0.99)


def test_switches_and_empty_fields(lenet):
    lenet.training.set_up.form.open_all()
    child(lenet, QCheckBox, "recipe-augmentation.horizontal_flip").click()
    type_over(lenet, child(lenet, QLineEdit, "recipe-data.limit"), "500")
    recipe = lenet.workspace.document.recipe
    assert recipe.augmentation.horizontal_flip and recipe.data.limit == 500
    assert "500&nbsp;training" in lenet.training.set_up.data.facts.text()
    limit = child(lenet, QLineEdit, "recipe-data.limit")
    limit.setFocus()
    limit.selectAll()
    lenet.qtbot.keyClick(limit, Qt.Key.Key_Delete)
    assert lenet.workspace.document.recipe.data.limit is None


def drop(chooser, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    chooser.dropEvent(event)


def test_data_of_other_classes_is_refused_with_a_remedy(lenet, tmp_path):
    path = write_data(tmp_path / "squares.npz")
    drop(lenet.training.set_up.data, path)
    lenet.wait(lambda: lenet.training.set_up.match.refusal)
    assert "squares has 3 classes, but scores has 10 values." in lenet.training.refusal()
    assert not child(lenet, QPushButton, "training-start").isEnabled()
    button = child(lenet, QPushButton, "data-remedy-0")
    assert button.text() == "Set the design to 3 classes"
    lenet.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert lenet.workspace.document.past[-1].label == "Set the design to 3 classes"
    assert lenet.workspace.analysis.outputs[0].shape == (3,)
    lenet.wait(lambda: not lenet.training.refusal())
    lenet.workspace.undo()
    lenet.wait(lenet.training.refusal)


def test_small_images_offer_a_smaller_input(desk, tmp_path):
    desk.workspace.open_preset("resnet18")
    drop(desk.training.set_up.data, write_data(tmp_path / "squares.npz"))
    desk.wait(lambda: desk.training.set_up.match.refusal)
    set_up = desk.training.set_up
    child(desk, QPushButton, "data-remedy-0").click()
    desk.wait(lambda: "A batch of 256 is more than" in set_up.match.refusal)
    child(desk, QPushButton, "data-remedy-0").click()
    assert desk.workspace.document.recipe.batch == 96
    desk.wait(lambda: not set_up.match.refusal and set_up.match.note)
    words = "Gray images are repeated for 3 channels. Images are scaled to 224×224."
    assert set_up.match.note == words


def test_a_path_without_a_data_set_is_reported(lenet, tmp_path):
    field = lenet.training.set_up.data.name.lineEdit()
    type_over(lenet, field, str(tmp_path / "absent"))
    lenet.qtbot.keyClick(field, Qt.Key.Key_Return)
    lenet.wait(lambda: lenet.training.set_up.data.error)
    assert "There is no file or folder" in lenet.training.refusal()
    (tmp_path / "empty").mkdir()
    drop(lenet.training.set_up.data, tmp_path / "empty")
    lenet.wait(lambda: "holds no pictures" in lenet.training.refusal())


def test_an_own_recipe_for_data_that_are_not_here_offers_color_pictures(desk):
    desk.workspace.open_preset("vgg16")
    desk.training.set_up.data.chosen.emit("imagenet")
    desk.wait(lambda: desk.training.set_up.data.error)
    assert "The recipe asks for ImageNet" in desk.training.refusal()
    assert desk.training.set_up.data.name.currentText() == "ImageNet"
    assert "The recipe asks for ImageNet" in desk.training.set_up.why.text()
    button = child(desk, QPushButton, "data-use-built-in")
    assert button.text() == "Use the built-in color pictures"
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.training.set_up.data.reading)
    assert desk.workspace.document.recipe.data.source == "shapes10"


def test_train_takes_the_color_pictures_in_place_of_a_presets_missing_data(desk):
    """The worker gets the design with their classes, which Train has set, and trains it."""
    desk.workspace.open_preset("mobilenet_v1", {"alpha": 0.25, "resolution": 32})
    set_up = desk.training.set_up
    desk.wait(lambda: set_up.data.reading)
    assert set_up.data.name.currentText() == "Shapes (built in)"
    assert (
        "This preset is for ImageNet, which is not on this computer: Train uses the built-in color "
        "pictures instead and sets the design to their 10 classes."
    ) in set_up.data.message.text()
    assert set_up.data.message.property("role") == "soft"
    set_up.take(changed(desk.workspace.recipe, {"data.limit": 256, "epochs": 1}))
    train = child(desk, QPushButton, "training-start")
    desk.wait(train.isEnabled)
    assert desk.workspace.analysis.outputs[0].shape == (1000,)
    desk.qtbot.mouseClick(train, Qt.MouseButton.LeftButton)
    assert desk.workspace.analysis.outputs[0].shape == (10,)
    assert desk.workspace.document.past[-1].label == "Set the design to 10 classes"
    desk.wait(lambda: desk.trainer.shown is not None and desk.trainer.shown.state == "finished")


def test_train_adapts_the_outputs_before_the_set_up_was_ever_seen(desk):
    """The action in toolbar and menu does the same while another panel hides the set-up."""
    desk.training.hide()
    desk.workspace.open_preset("alexnet")
    begun = []
    desk.trainer.begin = lambda design, recipe: begun.append((design, recipe))
    desk.training.start()
    ((trained, recipe),) = begun
    assert (trained.arguments["classes"].default, recipe.data.source) == (10, "shapes10")


def test_a_stand_in_of_as_many_classes_changes_nothing_of_the_design(desk):
    desk.workspace.open_preset("resnet_cifar")
    set_up = desk.training.set_up
    desk.wait(lambda: set_up.data.reading)
    assert set_up.data.message.text() == (
        "This preset is for CIFAR-10, which is not on this computer: Train uses the built-in color "
        "pictures instead."
    )
    assert set_up.adaptation is None
    assert child(desk, QPushButton, "training-start").isEnabled()
    assert not desk.workspace.document.modified
    assert child(desk, QPushButton, "data-download").whole.startswith("Download CIFAR-10 (")
    set_up.data.chosen.emit("cifar10")  # her own choice: nothing takes its place
    desk.wait(lambda: "CIFAR-10 is not on this computer yet" in desk.training.refusal())
    set_up.reset.trigger()
    desk.wait(lambda: not desk.training.refusal())
    assert desk.workspace.recipe.data.source == "shapes10"


@pytest.mark.parametrize("name", [n for n in presets.names() if presets.missing_data(n)])
def test_every_preset_with_missing_data_can_be_trained_at_once(desk, name):
    desk.workspace.open_preset(name)
    start = child(desk, QPushButton, "training-start")
    desk.wait(lambda: desk.training.set_up.missing and start.isEnabled())
    assert desk.training.refusal() == ""
    assert desk.training.set_up.missing in ("imagenet", "cifar10")


def test_the_built_in_data_of_another_number_of_channels_are_offered(lenet):
    set_up = lenet.training.set_up
    set_up.data.chosen.emit("shapes10")
    lenet.wait(lambda: "Color images are converted to gray." in set_up.match.note)
    (button,) = [
        each
        for each in lenet.training.findChildren(QPushButton)
        if each.text() == "Use the built-in digits"
    ]
    button.click()
    lenet.wait(lambda: lenet.workspace.document.recipe.data.source == "mnist10k")
    lenet.wait(lambda: "converted" not in set_up.match.note)


def test_numbers_as_targets_need_another_loss(lenet, tmp_path):
    path = tmp_path / "angles.npz"
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (60, 8, 8)).astype(np.uint8)
    np.savez(path, x_train=images, y_train=generator.random((60, 10)).astype(np.float32))
    drop(lenet.training.set_up.data, path)
    lenet.wait(lambda: lenet.training.set_up.match.refusal)
    child(lenet, QPushButton, "data-remedy-0").click()
    assert lenet.workspace.document.recipe.loss.name == "mean_squared_error"
    assert lenet.training.refusal() == ""


def stripes(path):
    """Write images with several labels each."""
    images = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    labels = np.array([(1, 0, 1), (0, 0, 0), (1, 1, 1), (0, 1, 0)])[np.arange(100) % 4]
    np.savez(path, x=images, y=labels, classes=np.array(["cat", "dog", "night"]))
    return path


def test_several_labels_need_another_loss_and_as_many_outputs(lenet, tmp_path):
    data = lenet.training.set_up.data
    drop(data, stripes(tmp_path / "pets.npz"))
    words = "pets has labels as targets, but cross-entropy needs classes or tokens."
    lenet.wait(lambda: words in lenet.training.refusal())
    assert "3 labels" in data.facts.text()
    assert data.reading.labels[:4] == ("cat, night", "cat, night", "cat, night", "cat, night")
    click_remedy(lenet, "Use the binary cross-entropy")
    assert lenet.workspace.recipe.loss.name == "binary_cross_entropy"
    assert "pets has 3 labels, but scores has 10 values" in lenet.training.refusal()
    click_remedy(lenet, "Set the design to 3 labels")
    assert lenet.training.refusal() == ""
    assert "read as 3 labels" in data.message.text()


def test_settings_that_do_not_fit_the_labels_have_a_remedy(lenet, tmp_path):
    changes = {
        "loss.name": "binary_cross_entropy",
        "loss.threshold": (0.5, 0.4),
        "data.sampling": "balanced",
        "data.source": str(stripes(tmp_path / "pets.npz")),
    }
    lenet.training.set_up.take(changed(Recipe(), changes))
    lenet.wait(lambda: "Threshold has 2 values, but pets has 3 labels" in lenet.training.refusal())
    click_remedy(lenet, "Use the threshold 0.5 for all labels")
    assert lenet.workspace.recipe.loss.threshold == (0.5,)
    assert "Sampling is balanced, which needs one class" in lenet.training.refusal()
    click_remedy(lenet, "Shuffle the images")
    assert lenet.workspace.recipe.data.sampling == "shuffled"


def test_what_the_targets_are_is_a_setting_that_reads_the_data_again(lenet, tmp_path):
    set_up = lenet.training.set_up
    drop(set_up.data, stripes(tmp_path / "pets.npz"))
    lenet.wait(lambda: "3 labels" in set_up.data.facts.text())
    set_up.take(changed(lenet.workspace.recipe, {"data.targets": "numbers"}))
    lenet.wait(lambda: "3 target values" in set_up.data.facts.text())
    assert "has numbers as targets, but cross-entropy needs classes" in lenet.training.refusal()
    set_up.take(changed(lenet.workspace.recipe, {"data.targets": "classes"}))
    lenet.wait(lambda: "data.targets is classes, but pets has" in set_up.data.message.text())
    set_up.take(changed(lenet.workspace.recipe, {"data.targets": "auto"}))
    lenet.wait(lambda: "3 labels" in set_up.data.facts.text())


def test_pictures_in_folders_are_shown(lenet, tmp_path):
    for number in range(10):
        folder = tmp_path / "photos" / f"kind{number}"
        folder.mkdir(parents=True)
        for copy in range(10):
            color = (25 * number, 100, 10 * copy)
            Image.new("RGB", (40 + number, 30), color).save(folder / f"{copy}.png")
    drop(lenet.training.set_up.data, tmp_path / "photos")
    lenet.wait(lambda: lenet.training.set_up.data.reading)
    assert "30×40–49 color, 10 classes" in lenet.training.set_up.data.facts.text()
    assert "Color images are converted to gray" in lenet.training.set_up.data.message.text()


def test_reading_can_be_canceled(lenet, monkeypatch, tmp_path):
    go_on = threading.Event()
    real = dataset.read

    def slow(settings):
        go_on.wait()
        return real(settings)

    monkeypatch.setattr(dataset, "read", slow)
    path = write_data(tmp_path / "squares.npz")
    drop(lenet.training.set_up.data, path)
    cancel = child(lenet, QPushButton, "data-cancel")
    assert cancel.isVisible()
    lenet.qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert not cancel.isVisible()
    assert lenet.training.refusal() == "Reading was canceled."
    go_on.set()
    drop(lenet.training.set_up.data, path)
    lenet.wait(lambda: lenet.training.set_up.data.reading)


def test_recipes_are_saved_loaded_and_reset(lenet, tmp_path):
    set_up = lenet.training.set_up
    own = lenet.workspace.document.recipe
    type_over(lenet, child(lenet, QLineEdit, "recipe-batch"), "48")
    set_up.save(tmp_path / "recipe.json")
    set_up.reset.trigger()
    assert lenet.workspace.document.recipe == own
    set_up.load(tmp_path / "recipe.json")
    assert lenet.workspace.document.recipe.batch == 48
    (tmp_path / "recipe.json").write_text('{"batch": -1}')
    set_up.load(tmp_path / "recipe.json")
    assert "batch is -1" in lenet.refused[-1]
    set_up.save(tmp_path / "absent" / "recipe.json")
    assert "cannot be written" in lenet.refused[-1]


def test_a_batch_too_large_for_the_memory_offers_one_that_fits(lenet):
    set_up = lenet.training.set_up
    lenet.wait(lambda: set_up.devices)
    set_up._has_devices((fitting.Device("cpu", "CPU", 20_000_000, 8_000_000_000),))
    type_over(lenet, child(lenet, QLineEdit, "recipe-batch"), "5000")
    assert "takes about" in set_up.memory.text()
    assert set_up.memory.property("role") == "warning"
    lower = child(lenet, QPushButton, "training-lower-batch")
    assert lower.isVisible()
    lower.click()
    batch = lenet.workspace.document.recipe.batch
    assert 0 < batch < 5000
    totals = lenet.workspace.analysis.totals
    assert fitting.needed(totals, set_up.recipe, set_up.device) <= 20_000_000
    assert set_up.memory.property("role") == "soft"
    set_up._has_devices((fitting.Device("cpu", "CPU", 7_000_000_000, 8_000_000_000),))
    assert set_up.memory.text().endswith("All 7,204 training images fit in one batch.")
    lenet.workspace.edit("break", lambda d: edits.set_parameter(d, "conv1", "kernel_size", 500))
    lenet.wait(lambda: not set_up.memory.isVisible())


def test_the_devices_are_queried_once_at_a_time(monkeypatch):
    free = iter((1, 2))
    monkeypatch.setattr(fitting, "_asked", lambda: (fitting.Device("cpu", "CPU", next(free), 8),))
    for expected in (1, 2):
        monkeypatch.setattr(fitting._Last, "at", -math.inf)
        assert [fitting.devices()[0].free for _ in range(2)] == [expected] * 2


def test_a_missing_device_is_named(lenet):
    set_up = lenet.training.set_up
    lenet.wait(lambda: set_up.devices)
    set_up.load(_recipe_file(lenet, device="mps"))
    assert set_up.device_name.currentText() == "mps (not on this machine)"


def _recipe_file(desk, **fields):
    import msgspec

    path = Path(desk.trainer.preferences.runs_folder).parent / "recipe.json"
    path.write_bytes(msgspec.json.encode({"data": {"source": "mnist10k"}, **fields}))
    return path


def test_a_new_design_gets_the_default_recipe(desk):
    from designer.design.values import Design

    desk.workspace.add(Design("Untitled"), saved=None)
    assert desk.workspace.document.recipe is None  # nothing was chosen, so nothing is saved
    assert desk.workspace.recipe == Recipe()
    assert desk.training.refusal() == "The design has no Input: add one."


def test_split_counts_equal_the_split(tmp_path):
    from designer.data import describe, open_dataset, split
    from designer.data.resampling import Resampling
    from designer.recipe.reading import changed

    folds = {"data.resampling": "folds", "data.folds": 7}

    for images in (60, 121, 300):
        data = open_dataset(write_data(tmp_path / f"{images}.npz", images=images))
        for changes in (
            {},
            {"data.test": 0.3, "data.limit": 40},
            {"data.test": 0.0},
            {**folds, "data.fold": 1},
            {**folds, "data.fold": 7, "data.test": 0.0},
        ):
            recipe = changed(Recipe(), changes)
            parts = split(
                data,
                validation=recipe.data.validation,
                test=recipe.data.test,
                limit=recipe.data.limit,
                resampling=Resampling.of(recipe),
            )
            named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
            expected = {name: len(part) for name, part in named.items() if part is not None}
            assert split_counts(describe(data), recipe) == expected


def test_file_dialogs_open_in_the_data_folder(lenet, monkeypatch, tmp_path):
    asked = []

    def choose(parent, title, folder):
        asked.append(folder)
        return ""

    monkeypatch.setattr(dataset.QFileDialog, "getExistingDirectory", choose)
    lenet.trainer.preferences.data_folder = str(tmp_path)
    lenet.training.set_up.data.browse.menu().actions()[0].trigger()
    assert asked == [str(tmp_path)]


def test_a_training_that_cannot_begin_says_why_in_the_panel(lenet, tmp_path):
    """Its message stays until the next attempt, which succeeds once the remedy was applied."""
    (tmp_path / "file").write_text("no folder")
    lenet.trainer.preferences.runs_folder = str(tmp_path / "file")
    train = lenet.training.set_up.train
    lenet.qtbot.mouseClick(train, Qt.MouseButton.LeftButton)
    failure = lenet.training.set_up.failure
    lenet.wait(failure.isVisible)
    assert str(tmp_path / "file") in failure.text()
    lenet.wait(train.isEnabled)
    lenet.trainer.preferences.runs_folder = str(tmp_path / "runs")
    lenet.qtbot.mouseClick(train, Qt.MouseButton.LeftButton)
    assert not failure.isVisible()
    lenet.wait(lambda: lenet.trainer.shown is not None)


# What spoils a training, and its remedies


SMALL = {
    "image": {"layer": "Input", "shape": [1, 28, 28]},
    "pool": {"layer": "AdaptiveAvgPool2d", "output_size": 1},
    "bn": {"layer": "BatchNorm2d"},
    "flat": {"layer": "Flatten"},
    "fc": {"layer": "Linear", "out_features": 10},
    "soft": {"layer": "Softmax"},
    "out": {"layer": "Output"},
}


def open_small(desk, *without, data=None, **nodes):
    chosen = {name: node for name, node in {**SMALL, **nodes}.items() if name not in without}
    desk.workspace.open_preset("lenet5")
    desk.workspace.edit("draw", lambda _: design(chosen, [[*chosen]]))
    desk.training.set_up.take(Recipe())
    if data is not None:
        desk.training.set_up.data.chosen.emit(str(data))
    desk.wait(lambda: desk.training.set_up.data.reading)
    desk.wait(lambda: not desk.training.set_up._soon.isActive())


def click_remedy(desk, words):
    """Press the first button of a remedy, which has these words."""
    name = "data-remedy-0"
    desk.wait(
        lambda: any(each.isVisible() for each in desk.training.findChildren(WrappingButton, name))
    )
    (button,) = [
        each for each in desk.training.findChildren(WrappingButton, name) if each.isVisible()
    ]
    assert button.whole == words
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: not desk.training.set_up._soon.isActive())


def test_a_softmax_before_cross_entropy_is_removed_by_a_button(desk):
    open_small(desk)
    message = desk.training.set_up.data.message
    assert "cross-entropy takes the values before Softmax" in message.text()
    assert message.property("role") == "warning"
    assert desk.training.refusal() == ""
    click_remedy(desk, "Remove soft")
    assert "soft" not in desk.workspace.design.graph.nodes
    assert message.text() == ""


def test_one_value_per_channel_disables_train_and_names_node_and_remedy(desk):
    open_small(desk, "soft")
    type_over(desk, child(desk, QLineEdit, "recipe-batch"), "1")
    sentence = "bn gets one value per channel at batch 1: set batch to 2 or more."
    desk.wait(lambda: desk.training.refusal() == sentence)
    assert child(desk, QLabel, "training-why").text() == sentence
    assert not child(desk, QPushButton, "training-start").isEnabled()
    click_remedy(desk, "Set the batch to 2")
    assert desk.workspace.recipe.batch == 2
    assert child(desk, QPushButton, "training-start").isEnabled()


def test_a_forgotten_flatten_is_inserted_by_a_button(desk):
    open_small(desk, "soft", "flat", "pool", "bn")
    assert "insert a Flatten before fc" in desk.training.refusal()
    click_remedy(desk, "Insert Flatten")
    assert desk.training.refusal() == ""
    assert desk.workspace.analysis.problems == ()


def test_labels_that_begin_at_one_are_numbered_by_a_button(desk, tmp_path):
    data = tmp_path / "from1.npz"
    images = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    np.savez(data, images=images, labels=np.arange(100) % 10 + 1)
    open_small(desk, "soft", data=data)
    desk.wait(lambda: "begin at 1: class 0 never occurs" in desk.training.refusal())
    click_remedy(desk, "Number the classes from 1")
    assert desk.workspace.recipe.data.first_label == 1
    assert desk.training.refusal() == ""
    assert "10 classes" in desk.training.set_up.data.facts.text()
    assert desk.training.set_up.data.message.text() == ""


def images_with(path, labels):
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 28, 28), np.uint8)
    np.savez(path, images=images, labels=labels)
    return path


def test_whole_floats_are_read_as_classes_until_the_loss_takes_numbers(desk, tmp_path):
    data = images_with(tmp_path / "floats.npz", np.arange(100) % 10 * 1.0)
    open_small(desk, "soft", data=data)
    sentence = "whole numbers saved as floats, which are read as the classes 0 to 9"
    desk.wait(lambda: sentence in desk.training.set_up.data.message.text())
    assert desk.training.refusal() == ""
    assert "10 classes" in desk.training.set_up.data.facts.text()
    desk.training.set_up.take(changed(Recipe(), {"loss.name": "mean_squared_error"}))
    desk.training.set_up.data.chosen.emit(str(data))
    desk.wait(lambda: "10 values" in desk.training.refusal())
    assert "1 target value" in desk.training.set_up.data.facts.text()


def test_negative_numbers_get_neither_classes_nor_a_first_label(desk, tmp_path):
    data = images_with(tmp_path / "numbers.npz", np.linspace(-4, 4, 100))
    open_small(desk, "soft", data=data)
    recipe = changed(Recipe(), {"loss.name": "mean_squared_error", "data.first_label": 5})
    desk.training.set_up.take(changed(recipe, {"data.source": str(data)}))
    desk.wait(lambda: "the first label is 5, which is for classes" in desk.training.refusal())
    click_remedy(desk, "Set the first label to 0")
    assert desk.workspace.recipe.data.first_label == 0
    assert "numbers has 1 target," in desk.training.refusal()
    click_remedy(desk, "Set the design to 1 target")
    assert desk.training.refusal() == ""
    assert "never occur" not in desk.training.set_up.data.message.text()


def test_gaps_in_class_numbers_are_named(desk, tmp_path):
    open_small(desk, "soft", data=images_with(tmp_path / "gaps.npz", np.arange(99) % 3 * 1000))
    desk.wait(lambda: "only 3 of the 2,001 class numbers occur" in desk.training.refusal())
    missing = np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 9] * 10)
    open_small(desk, "soft", data=images_with(tmp_path / "five.npz", missing))
    desk.wait(lambda: "has the class 5." in desk.training.set_up.data.message.text())
    assert desk.training.refusal() == ""


def test_whole_numbers_for_regression_name_the_loss(desk, tmp_path):
    fc = {"layer": "Linear", "out_features": 1}
    ages = np.arange(100) % 40 * 2.0
    open_small(desk, "soft", fc=fc, data=images_with(tmp_path / "ages.npz", ages))
    desk.wait(lambda: "whole numbers saved as floats" in desk.training.refusal())
    desk.wait(lambda: not desk.training.set_up._soon.isActive())
    click_remedy(desk, "Use the mean squared error")
    assert desk.training.refusal() == ""
    assert desk.workspace.recipe.loss.name == "mean_squared_error"


def test_an_input_with_its_channels_last_is_named_and_turned(desk, tmp_path):
    data = tmp_path / "rgb.npz"
    images = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 3), np.uint8)
    np.savez(data, images=images, labels=np.arange(100) % 10)
    image = {"layer": "Input", "shape": [8, 8, 3]}
    pool = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
    open_small(desk, "soft", image=image, pool=pool, data=data)
    desk.wait(lambda: "8×8×3 is read as 8 channels" in desk.training.refusal())
    click_remedy(desk, "Set the input to 3×8×8")
    assert desk.training.refusal() == ""


def test_a_design_without_weights_has_no_remedy_in_the_batch(desk):
    open_small(desk, "soft", "bn", "fc")
    desk.wait(lambda: "no layer has weights" in desk.training.refusal())
    buttons = desk.training.findChildren(WrappingButton, "data-remedy-0")
    assert not any(each.isVisible() for each in buttons)


def test_one_hot_rows_are_read_as_classes(desk, tmp_path):
    data = tmp_path / "rows.npz"
    images = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    np.savez(data, images=images, labels=np.eye(10)[np.arange(100) % 10])
    open_small(desk, "soft", data=data)
    desk.wait(lambda: "one-hot rows" in desk.training.set_up.data.message.text())
    assert desk.training.refusal() == ""
