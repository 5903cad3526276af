"""Pictures of the docks that look into networks: Try it, Maps, Layer statistics, and times."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest

from tests.gui.hands import LEFT, NONE, wait, wait_until

Scene = tuple[str, Callable[[], QPixmap]]

_DRAWN_MS = 400  # for pictures and plots that are drawn in the background
_SECONDS = 120  # until a scene gives up waiting for the worker


def inside_scenes(window, seen: Callable[[object], QPixmap]) -> Iterator[Scene]:
    """Show every page of the docks with a trained LeNet-5, and maps and times of ResNet-50.

    Parameters
    ----------
    window
        The main window.
    seen
        Returns the window as it is seen, with what floats above it.
    """

    def whole() -> QPixmap:
        return seen(window)

    run = min(Path(os.environ["GALLERY_RUNS"]).iterdir())
    window.documents.open_demo()
    window.trainer.show(run)
    wait_until(lambda: window.trainer.shown.looked, _SECONDS)
    window.canvas.fit()
    for part in (_try_scenes, _maps_scenes, _statistics_scenes, _times_scenes, _canvas_scenes):
        for name, _ in part(window):
            yield name, whole


def _answered(window) -> None:
    """Wait until all that was asked is answered and drawn."""
    wait(_DRAWN_MS)
    wait_until(lambda: not window.trainer.inspection.busy, _SECONDS)
    wait(_DRAWN_MS)


def _digits() -> Path:
    """Write a folder of digits, with a name that is long and a file that is no picture."""
    from designer.data import open_dataset
    from designer.data.pictures import PictureForm

    folder = Path(os.environ["GALLERY_RUNS"]).with_name("pictures")
    folder.mkdir(exist_ok=True)
    images = open_dataset("mnist10k").train.images.read(range(12), PictureForm(1, 28, 28))
    for number, image in enumerate(images):
        Image.fromarray(image[0]).save(folder / f"digit {number + 1}.png")
    Image.fromarray(images[0][0]).save(folder / "IMG_20250314_091523_scanned_by_hand.png")
    (folder / "no picture.png").write_bytes(b"")
    return folder


def _try_scenes(window) -> Iterator[tuple[str, None]]:
    """Show what a run says of one picture, of several and of a drawing."""
    from designer.runs.inspection import Picture

    folder = _digits()
    panel, inspection = window.editor.try_it, window.trainer.inspection
    window.show_dock("try")
    yield "try-empty", None
    panel.show_paths([folder / "digit 3.png"])
    wait_until(lambda: bool(inspection.pictures))
    _answered(window)
    yield "try-one", None
    inspection.show([Picture(part="validation", index=0)])
    _answered(window)
    yield "try-example", None
    panel.show_paths([folder])
    wait_until(lambda: len(inspection.pictures) > 1)
    _answered(window)
    yield "try-several", None
    inspection.choose(len(inspection.pictures) - 1)
    _answered(window)
    yield "try-unreadable", None
    panel.draw.click()
    pad = panel.drawing.pad
    square = pad.square()
    places = [(0.35, 0.2), (0.62, 0.2), (0.5, 0.5), (0.42, 0.82)]
    points = [(square.topLeft() + QPointF(x, y) * square.width()).toPoint() for x, y in places]
    QTest.mousePress(pad, LEFT, NONE, points[0])
    for point in points[1:]:
        QTest.mouseMove(pad, point)
        wait(20)
    QTest.mouseRelease(pad, LEFT, NONE, points[-1])
    _answered(window)
    yield "try-drawing", None
    panel.draw.click()


def _maps_scenes(window) -> Iterator[tuple[str, None]]:
    """Show the pages of the Maps dock, for LeNet-5 and for a block and layers of ResNet-50."""
    inspection = window.trainer.inspection
    inspection.show([])
    window.show_dock("maps")
    wait_until(lambda: window.docks["maps"].widget().view is not None)
    view = window.docks["maps"].widget().view
    _answered(window)
    yield "dock-maps-empty", None
    view._take_example()
    for node in ("conv1", "fc1"):
        window.workspace.select([node])
        for segment in view.pages:
            view.segments.choose(segment)
            view.refresh()
            _answered(window)
            yield f"dock-maps-lenet5-{node}-{segment}", None
    window.workspace.select(["conv2"])
    view.segments.choose("channels")
    view.model.compare_with(None, _next(inspection.picture))
    _answered(window)
    yield "dock-maps-lenet5-compared", None
    view.model.compare_with(None, None)
    window.workspace.open_preset("resnet50")
    for node, segment in (
        ("conv1", "filters"),
        ("layer2", "channels"),
        ("layer1.0.conv2", "channels"),
        ("layer4", "why"),
    ):
        window.workspace.select([node], reveal=True)
        view.segments.choose(segment)
        view.refresh()
        _answered(window)
        yield f"dock-maps-resnet50-{node}-{segment}", None
    view.segments.choose("channels")


def _next(picture):
    from designer.runs.inspection import Picture

    return Picture(part=picture.part, index=picture.index + 1)


def _statistics_scenes(window) -> Iterator[tuple[str, None]]:
    """Show each view of what the run recorded, and of fresh weights beside it."""
    workspace = window.workspace
    workspace.show(next(each for each in workspace.documents if each.title != "ResNet-50"))
    workspace.select(["conv2"])
    window.show_dock("statistics")
    panel = window.docks["statistics"].widget()
    wait_until(lambda: panel.model.current is not None, _SECONDS)
    for view in panel.pages.views:
        panel.choice.buttons[view].click()
        _answered(window)
        yield f"statistics-{view}", None
    panel.keep.click()
    panel.measure.click()
    wait_until(lambda: not panel.measure.busy, _SECONDS)
    panel.choice.buttons["depth"].click()
    panel.choice.color.click()
    _answered(window)
    yield "statistics-fresh-beside-trained", None
    panel.choice.buttons["histograms"].click()
    _answered(window)
    yield "statistics-fresh-histograms", None
    panel.choice.color.click()
    panel.choice.buttons["histograms"].click()


def _times_scenes(window) -> Iterator[tuple[str, None]]:
    """Show measured times in the Analysis table and as colors of the nodes."""
    workspace = window.workspace
    window.show_dock("analysis")
    panel = window.docks["analysis"].widget()
    for preset in ("lenet5", "resnet50"):
        workspace.open_preset(preset)
        workspace.set_recipe(_small(workspace.recipe))
        window.canvas.fit()
        panel.measurement.start()
        if preset == "resnet50":
            wait(1500)
            yield "times-measuring", None
        wait_until(lambda: panel.measurement.document is None, _SECONDS)
        wait(_DRAWN_MS)
        yield f"times-{preset}", None
    window.actions_["view.color_time"].trigger()
    yield "times-resnet50-colors", None
    window.actions_["view.color_usual"].trigger()


def _small(recipe):
    """Return a recipe with a batch that is measured fast."""
    from designer.recipe.reading import changed

    return changed(recipe, {"batch": 2, "device": "cpu"})


def _canvas_scenes(window) -> Iterator[tuple[str, None]]:
    """Show feature maps of LeNet-5 and of ResNets with an expanded block, in both directions."""
    window.documents.open_demo()
    window.editor.maps.show(True)
    for preset, block in (("lenet5", ""), ("resnet18", "layer1"), ("resnet50", "layer1")):
        if block:
            window.workspace.open_preset(preset)
            window.canvas.view.toggle_expanded(block)
        wait(_DRAWN_MS)
        wait_until(lambda: window.editor.maps.settled, _SECONDS)
        wait_until(lambda: not window.canvas.view.gliding.running)
        for right in (False, True):
            window.canvas.set_flow(right=right)
            window.canvas.fit()
            yield f"maps-{preset}-fit-{'right' if right else 'down'}", None
            view = window.canvas.view
            first = f"{block}.0.conv1" if block else "conv1"
            view.navigator.look_at(view.rect_of(first).center(), 0.8 * view.navigator.unit)
            yield f"maps-{preset}-near-{'right' if right else 'down'}", None
    window.canvas.set_flow(right=False)
    window.editor.maps.show(False)
