"""Training a network for rows of a table from the window."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from designer.gui.training.wrapping_button import WrappingButton
from designer.recipe.reading import changed


def write_table(path):
    rows = [f"{i / 4 + 30 * (i % 2)},{'pqr'[i % 3]},{'xy'[i % 2]}" for i in range(80)]
    path.write_text("\n".join(["size,kind,label", *rows]))
    return path


def child(desk, kind, name):
    def seen():
        return [each for each in desk.training.findChildren(kind, name) if each.isVisible()]

    desk.wait(seen)
    (found,) = seen()
    return found


def test_a_table_is_trained_on_after_the_fixes_that_the_window_offers(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    desk.workspace.open_preset("tabular_mlp")
    set_up = desk.training.set_up
    recipe = changed(
        set_up.recipe,
        {"data.source": str(write_table(tmp_path / "t.csv")), "epochs": 3, "batch": 8},
    )
    set_up.take(recipe)
    desk.wait(lambda: set_up.data.reading and set_up.data.reading.source.endswith("t.csv"))
    desk.wait(lambda: set_up.match.refusal or not desk.training.refusal())
    facts = child(desk, QLabel, "data-facts").text()
    assert "features 4, 2 classes" in facts and "64&nbsp;training" in facts
    assert "has 2 classes, but scores has 3 values" in set_up.match.refusal
    for row in ("augmentation.rotation", "data.fit"):
        assert row not in set_up.form.rows or not set_up.form.rows[row].isVisibleTo(set_up.form)

    desk.workspace.set_recipe(changed(desk.workspace.recipe, {"data.label_columns": ("kind",)}))
    desk.wait(lambda: "takes 4: set its shape to 3" in set_up.match.refusal)
    desk.qtbot.mouseClick(child(desk, WrappingButton, "data-remedy-0"), Qt.MouseButton.LeftButton)
    assert desk.workspace.analysis.arguments["features"] == 3
    desk.wait(lambda: not desk.training.refusal())

    desk.qtbot.mouseClick(child(desk, QPushButton, "training-start"), Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.trainer.shown is not None)
    desk.qtbot.waitUntil(lambda: desk.trainer.shown.run.result() is not None, timeout=60_000)
    result = desk.trainer.shown.run.result()
    assert result.status == "finished" and result.test is not None
    assert desk.refused == []
