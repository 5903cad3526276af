"""``python -m tests.gui.screenshots FOLDER``: pictures of every panel of the running program.

Each is taken in light and dark, at 100 % and 200 %, and all are put on one page, ``index.html``.
``--sizes`` takes fewer pictures on screens of the usual sizes; ``--data`` takes only those of the
Data window there, ``--inside`` only those of the docks that look into networks, ``--evaluation``
only those of the Evaluation dock, ``--recipe`` only those of the recipe's form, the curves and the
advice, ``--comparison`` only those of two designs side by side, ``--opening`` only those of
networks from elsewhere, ``--studies`` only those of the Studies dock. ``--readme`` renews those of
the README instead.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from tests.gui.comparison_scenes import comparison_scenes
from tests.gui.data_scenes import data_scenes
from tests.gui.evaluation_scenes import evaluation_scenes
from tests.gui.hands import wait, wait_until
from tests.gui.inside_scenes import inside_scenes
from tests.gui.opening_scenes import opening_scenes
from tests.gui.recipe_scenes import recipe_scenes
from tests.gui.studies_scenes import studies_scenes

README_FOLDER = Path(__file__).parents[2] / "assets" / "pictures"
PRESETS = ("vgg16", "resnet50", "googlenet")
SIZES = {
    "1366x768": (1366, 768, 1.0),
    "1280x720": (1280, 720, 1.0),
    "1920x1080": (1920, 1080, 1.0),
    "1920x1080-150": (1920, 1080, 1.5),
    "1920x1080-200": (1920, 1080, 2.0),
    "3840x2160": (3840, 2160, 1.0),
}
"""Screens of ``--sizes``: pixels across and down, and the scale of the desktop."""

_MIXED = ("augmentation.mixup=0.4", "loss.label_smoothing=0.1", "watching.metrics=top5,macro_f1")
"""Settings of the run of ``--recipe``, of which the doctor has something to say."""

WAIT_MS = 400  # for what is drawn a moment later: figures, thumbnails, animations

Scene = tuple[str, Callable[[], QPixmap]]


def main() -> int:
    """Take the pictures, one process for each look."""
    parser = argparse.ArgumentParser(prog="python -m tests.gui.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=README_FOLDER)
    parser.add_argument("--readme", action="store_true", help="only the pictures of the README")
    parser.add_argument("--sizes", action="store_true", help="on screens of the usual sizes")
    parser.add_argument("--data", action="store_true", help="only the Data window, in such sizes")
    parser.add_argument("--inside", action="store_true", help="only looking inside, in such sizes")
    parser.add_argument("--evaluation", action="store_true", help="only the evaluation, likewise")
    parser.add_argument("--recipe", action="store_true", help="only the recipe, likewise")
    parser.add_argument("--comparison", action="store_true", help="only the comparison, likewise")
    parser.add_argument("--opening", action="store_true", help="only opened networks, likewise")
    parser.add_argument("--studies", action="store_true", help="only the Studies dock, likewise")
    parser.add_argument("--look", help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="only looks whose name has this in it")
    parser.add_argument("--run", type=Path, help="a finished run to show; else one is trained")
    options = parser.parse_args()
    if options.look:
        _take(options.folder, options.look, options)
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    kinds = (
        "data",
        "inside",
        "evaluation",
        "recipe",
        "comparison",
        "opening",
        "studies",
        "sizes",
    )  # a part comes before the whole
    kind = next((f"--{each}" for each in kinds if getattr(options, each)), "")
    with tempfile.TemporaryDirectory() as home:
        first = Path(home) / "runs" / "2026-01-01-1200-lenet5"
        if options.run:
            shutil.copytree(options.run, first)
        elif not (options.data or options.comparison or options.opening or options.studies):
            _train(first, _MIXED if options.recipe else ())
        for look in ("dark", "light"):
            for name, screen in SIZES.items() if kind else ():
                target = options.folder / f"{name}-{look}"
                if options.only in target.name:
                    _look(target, look, screen[2], Path(home), screen=screen, kind=kind)
            if kind:
                continue
            for scale in (1,) if options.readme else (1, 2):
                target = options.folder / ("" if options.readme else f"{look}-{scale}x")
                if options.only in target.name:
                    _look(target, look, scale, Path(home), kind="--readme" * options.readme)
    if not options.readme:
        _write_page(options.folder)
    return 0


def _train(run: Path, settings: Sequence[str] = ()) -> None:
    """Train LeNet-5 for a moment, so that there is a run to be shown."""
    command = [sys.executable, "-m", "designer", "train", "lenet5", "--epochs", "6"]
    command += ["--run", str(run)]
    for setting in settings:
        command += ["--set-recipe", setting]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _look(
    target: Path,
    look: str,
    scale: float,
    home: Path,
    *,
    kind: str = "",
    screen: tuple[int, int, float] | None = None,
) -> None:
    target.mkdir(exist_ok=True)
    homes = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE", "DATA", "CACHE")}
    environment = {
        **os.environ,
        **homes,
        "QT_QPA_PLATFORM": on_screen(home, screen or _large(scale)),
        "QT_SCALE_FACTOR": str(scale),
        "GALLERY_RUNS": str(home / "runs"),
    }
    command = [sys.executable, "-m", "tests.gui.screenshots", str(target), "--look", look]
    command += [kind] if kind else []
    subprocess.run(command, check=True, env=environment)


def _large(scale: float) -> tuple[int, int, float]:
    """Return a screen on which the window has its usual size; it would follow a smaller one."""
    return round(1760 * scale), round(1100 * scale), scale


def on_screen(folder: Path, screen: tuple[int, int, float]) -> str:
    """Return the value of ``QT_QPA_PLATFORM`` for an invisible screen of some size in pixels."""
    width, height, _ = screen
    file = folder / f"screen-{width}x{height}.json"
    plain = {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    area = {"name": file.stem, "x": 0, "y": 0, "width": width, "height": height}
    description = {"windowFrameMargins": True, "screens": [{**area, **plain}]}
    file.write_text(json.dumps({"synchronousWindowSystemEvents": False, **description}))
    return f"offscreen:configfile={file}"


def _take(folder: Path, look: str, options: argparse.Namespace) -> None:
    from designer import preferences
    from designer.gui.base import background, theme
    from designer.gui.shell.main_window import MainWindow

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")
    theme.load_fonts(application)
    theme.theme.follow(application, look)
    remembered = preferences.Preferences(
        theme=look, runs_folder=os.environ["GALLERY_RUNS"], standby=False
    )
    window = MainWindow(remembered)
    window.show()
    if options.readme:
        scenes = _readme_scenes(window)
    elif options.data:
        scenes = data_scenes(window, Path(os.environ["GALLERY_RUNS"]).with_name("data"))
    elif options.inside:
        scenes = inside_scenes(window, seen)
    elif options.evaluation:
        scenes = evaluation_scenes(window, seen)
    elif options.opening:
        scenes = opening_scenes(window, seen, Path(os.environ["GALLERY_RUNS"]).parent)
    elif options.studies:
        scenes = studies_scenes(window, seen)
    elif options.recipe:
        scenes = recipe_scenes(window, seen)
    elif options.comparison:
        scenes = comparison_scenes(window, seen)
    else:
        scenes = _size_scenes(window) if options.sizes else _scenes(window)
    for number, (name, take) in enumerate(scenes, 1):
        wait(WAIT_MS)
        application.sendPostedEvents()  # of layouts that are due, on a machine that is busy
        file = f"{name}-{look}.png" if options.readme else f"{number:02}-{name}.png"
        take().save(str(folder / file))
        print(folder / file, flush=True)
    for document in window.workspace.documents:
        document.saved, document.saved_recipe = document.design, document.recipe
    window.close()
    background.end()


def seen(window: QWidget) -> QPixmap:
    """Return the window as it is seen, with the popups and dialogs above it."""
    picture = window.grab()
    painter = QPainter(picture)
    corner = window.mapToGlobal(QPoint(0, 0))
    for other in QApplication.topLevelWidgets():
        if (
            other is not window
            and other.isVisible()
            and other.windowType() != Qt.WindowType.Desktop
        ):
            painter.drawPixmap(other.mapToGlobal(QPoint(0, 0)) - corner, other.grab())
    painter.end()
    return picture


def _canvas_scenes(window: "QWidget") -> Iterator[Scene]:
    """Show names in several scripts in both directions, absent layers, and an unfinished design."""
    from designer.design.values import Design

    canvas, workspace = window.canvas, window.workspace
    workspace.open(Path(__file__).parents[1] / "design" / "scripts.json")
    workspace.look_into("первый")
    for right in (False, True):
        canvas.set_flow(right=right)
        canvas.fit()
        yield f"scripts-{'right' if right else 'down'}", lambda: seen(window)
    canvas.set_flow(right=False)
    workspace.open_preset("vgg16")
    canvas.show_absent(True)
    canvas.actual_size()
    canvas.view.reveal("conv1_1")
    yield "absent-layers", lambda: seen(window)
    canvas.show_absent(False)
    workspace.add(Design("Untitled"), saved=None)
    canvas.setFocus()
    window.show_dock("problems")
    yield "unfinished", lambda: seen(window)


def _scenes(window: "QWidget") -> Iterator[Scene]:
    """Go through the program; each scene is taken a moment after it was set up."""
    from designer.design import edits
    from designer.gui.commands.help import ShortcutsDialog
    from designer.gui.export.dialog import ExportDialog
    from designer.gui.shell.docks import DOCKS
    from designer.gui.shell.settings import SettingsDialog
    from designer.gui.training.torchvision_list import TorchvisionList

    window.build_editor()
    workspace, docks, whole = window.workspace, window.build_docks(), lambda: seen(window)
    wait(2000)  # the pictures on the cards are drawn beside it
    yield "welcome", whole
    yield from _gallery_scenes(window)
    yield from _canvas_scenes(window)
    for name in PRESETS:
        workspace.open_preset(name)
        window.canvas.fit()
        yield f"{name}-fit", whole
        first = next(path for path in ("conv1", "conv1_1", "stem") if workspace.analysis.node(path))
        workspace.select([first], reveal=True)
        window.canvas.actual_size()
        yield f"{name}-selected", whole
        window.canvas.set_flow(right=True)
        window.canvas.fit()
        yield f"{name}-from-left-to-right", whole
        window.canvas.actual_size()
        window.canvas.view.reveal(first)
        yield f"{name}-from-left-to-right-selected", whole
        window.canvas.set_flow(right=False)
        for dock in ("analysis", "code"):
            window.show_dock(dock)
            yield f"{name}-{dock}", docks[dock].grab
        window.show_dock("analysis")
        yield f"{name}-inspector", docks["inspector"].grab
    workspace.show(next(each for each in workspace.documents if each.title == "ResNet-50"))
    workspace.select(["layer2"], reveal=True)
    yield "block-use", docks["inspector"].grab
    window.canvas.toggle_expanded()
    window.canvas.fit_selection()
    yield "block-expanded", whole
    window.canvas.toggle_expanded()
    workspace.look_into("layer2.0")
    window.canvas.fit()
    yield "block-inside", whole
    workspace.edit(
        "set conv3 out_channels",
        lambda d: edits.set_parameter(
            d, "conv3", "out_channels", "=3 * channels", block="Bottleneck"
        ),
        select=["layer2.0.add"],
    )
    window.show_dock("problems")
    yield "problems", whole
    workspace.undo()
    workspace.look_into("")
    workspace.select(["layer1", "layer2", "layer3"])
    yield "several-selected", docks["inspector"].grab
    workspace.select([])
    yield "design", docks["inspector"].grab
    window.canvas.fit()
    window.canvas.quick_add()
    yield "quick-add", whole
    _close_popups(window)
    window.command_palette("re")
    yield "command-palette", whole
    _close_popups(window)
    for name, dialog in (
        ("settings", SettingsDialog(window.preferences, window.apply_preferences, window)),
        ("export", ExportDialog(workspace, window.trainer, window)),
        ("shortcuts", ShortcutsDialog(window.actions_, window)),
        ("torchvision", TorchvisionList("resnet50", 25_557_032, window)),
    ):
        dialog.show()
        yield name, dialog.grab
        dialog.close()
    window.documents.open_demo()
    window.canvas.fit()
    wait_until(lambda: window.training.set_up.data.reading is not None)
    wait(WAIT_MS)
    yield "training-set-up", whole
    yield from _running_scenes(window)
    run = min(Path(os.environ["GALLERY_RUNS"]).iterdir())
    window.trainer.show(run)
    wait_until(lambda: window.training.curves is not None)
    wait(WAIT_MS)
    yield "training-finished", whole
    for row in DOCKS:
        window.show_dock(row.key)
        yield f"dock-{row.key}", docks[row.key].grab
    yield from _run_scenes(window)
    yield from inside_scenes(window, seen)
    yield from _notice_scenes(window)
    yield from data_scenes(window, Path(os.environ["GALLERY_RUNS"]).with_name("data"))
    window.tour()
    yield "tour", whole


def _running_scenes(window: "QWidget") -> Iterator[Scene]:
    """Show a run that trains: its events are written here, and its lock is held."""
    from designer import presets
    from designer.recipe.reading import changed
    from designer.runs import lock
    from designer.runs.begin import begin
    from tests.gui.training.conftest import write_events

    path = Path(os.environ["GALLERY_RUNS"]) / "2026-01-03-0900-lenet5"
    run = begin(path, presets.load("lenet5"), changed(presets.recipe("lenet5"), {"epochs": 12}))
    write_events(run, epochs=7)
    with lock.held(run.lock):
        window.trainer.window_shown()  # finds what is being trained
        wait_until(lambda: window.training.running)
        wait_until(lambda: window.training.curves is not None)
        wait(WAIT_MS)
        yield "training-running", lambda: seen(window)
    wait_until(lambda: not window.training.running)
    window.trainer.show(min(path.parent.iterdir()))
    wait(WAIT_MS)
    shutil.rmtree(path)


def _notice_scenes(window: "QWidget") -> Iterator[Scene]:
    """Show the bars above the canvas, a floating panel and the canvas from left to right."""
    from designer.gui.documents.document import AS_KNOWN, FileState

    workspace = window.workspace
    workspace.open_preset("resnet50")
    window.canvas.set_flow(right=True)
    window.canvas.fit()
    yield "from-left-to-right", lambda: seen(window)
    window.canvas.set_flow(right=False)
    document = workspace.document
    document.path = Path.home() / "networks" / "resnet50.json"
    changes = ("conv1: stride 2 to 1", "layer1: added", "layer2: removed", "fc: bias yes to no")
    document.on_disk = FileState("changed", "", (*changes, "avgpool: removed"))
    workspace.documents_changed.emit()
    window.backup_notice.tell(
        f"The unsaved changes cannot be backed up in {Path.home()}: no space is left on the "
        "device. Save the design before you quit.",
        [("OK", window.backup_notice.hide)],
    )
    workspace.reported.emit(
        "No installed font has the letters of some names (Chinese), so boxes are drawn for them. "
        "On Debian and Ubuntu, apt install fonts-noto-cjk adds one; then start the program again."
    )
    yield "notices", lambda: seen(window)
    window.backup_notice.hide()
    document.path, document.on_disk = None, AS_KNOWN
    workspace.documents_changed.emit()
    window.docks["training"].setFloating(True)
    yield "floating-panel", lambda: seen(window)
    window.docks["training"].setFloating(False)


def _run_scenes(window: "QWidget") -> Iterator[Scene]:
    """Show the list of runs with some that wait, and its dialogs."""
    from designer import presets
    from designer.gui.export.dialog import ExportDialog
    from designer.gui.training.disk_dialog import DiskDialog
    from designer.gui.training.run_comparison import RunComparison
    from designer.gui.training.train_on_dialog import TrainOnDialog
    from designer.recipe.reading import changed
    from designer.runs.begin import begin

    folder, queue = Path(os.environ["GALLERY_RUNS"]), window.trainer.queue
    queue.hold(True)
    for seed in (1, 2):
        path = folder / f"2026-01-02-120{seed}-lenet5"
        if not path.exists():
            recipe = changed(presets.recipe("lenet5"), {"seed": seed, "batch": 16 * seed})
            begin(path, presets.load("lenet5"), recipe)
        queue.add(path)
    window.trainer.runs_changed.emit()
    window.show_dock("runs")
    panel = window.docks["runs"].widget()
    wait_until(lambda: len(panel.table.rows) >= 3)
    yield "runs-waiting", lambda: seen(window)
    queue.remove(queue.runs)
    panel.list.selectAll()
    panel.compare()
    wait(WAIT_MS)
    yield "runs-comparison", lambda: seen(window)
    window.findChild(RunComparison).close()
    for each in panel.selected:
        window.trainer.overlay(each.path, True)
    window.show_dock("training")
    yield "runs-curves", lambda: seen(window)
    run = next(run for run in panel.summaries if run.state == "finished").path
    for name, dialog in (
        ("runs-train-on", TrainOnDialog(window.trainer, run, window)),
        ("runs-disk", DiskDialog(window.trainer, window)),
        ("runs-export", ExportDialog(window.workspace, window.trainer, window)),
    ):
        dialog.show()
        wait(WAIT_MS)
        yield name, lambda: seen(window)
        dialog.close()


def _gallery_scenes(window: "QWidget") -> Iterator[Scene]:
    """Show the views of the presets, what is found in them, and two networks side by side."""
    from designer.gui.gallery.comparison import ComparisonDialog

    gallery = window.welcome.gallery
    wait_until(lambda: bool(gallery.all))
    for name in ("resnet50", "googlenet"):
        gallery.choose(name)
        for view in ("cards", "scatter", "tree"):
            gallery.show_view(view)
            yield f"gallery-{name}-{view}", lambda: seen(window)
    family = gallery.boxes["family"]
    family.setCurrentIndex(family.findData("ResNet"))
    for view in ("tree", "scatter", "cards"):
        gallery.show_view(view)
        yield f"gallery-family-{view}", lambda: seen(window)
    gallery.show_all()
    for text in ("inception", "simonian", "qqqq"):
        gallery.search.setText(text)
        yield f"gallery-search-{text}", lambda: seen(window)
    gallery.show_all()
    gallery.choose("vgg16")
    window.compare(gallery.preview.choice)
    dialog = window.findChild(ComparisonDialog)
    wait_until(lambda: set(dialog.keys) <= dialog.metrics.keys())
    yield "comparison", dialog.grab
    dialog.close()


def _readme_scenes(window: "QWidget") -> Iterator[Scene]:
    def whole() -> QPixmap:
        return seen(window)

    workspace = window.workspace
    window.resize(1600, 1000)
    wait(2000)
    yield "welcome", whole
    workspace.open_preset("resnet50")
    wait(WAIT_MS)
    workspace.select(["layer2"], reveal=True)
    window.canvas.toggle_expanded()
    wait(1000)
    window.canvas.fit_selection()
    workspace.select(["layer2.0.conv2"])
    window.show_dock("problems")
    window.show_dock("analysis")
    yield "window", whole
    window.documents.open_demo()
    wait(WAIT_MS)
    window.canvas.actual_size()
    workspace.select(["conv2"], reveal=True)
    (run,) = Path(os.environ["GALLERY_RUNS"]).iterdir()
    window.trainer.show(run)
    wait_until(lambda: window.training.curves is not None)
    wait(1000)
    yield "training", whole
    workspace.select([])
    window.toggle_panels()
    window.canvas.set_minimap(False)
    window.resize(1600, 560)
    window.canvas.set_flow(right=True)
    _show_maps(window)
    view = window.canvas.view
    across = view.rect_of("image").united(view.rect_of("fc1")).center()
    view.navigator.look_at(across, 0.84 * view.navigator.unit)
    yield "maps", whole


def _show_maps(window: "QWidget") -> None:
    """Show feature maps on the canvas, of an example of the data."""
    window.editor.maps.show(True)
    wait_until(lambda: window.editor.maps.settled, seconds=120)
    wait_until(lambda: not window.canvas.view.gliding.running)


def _size_scenes(window: "QWidget") -> Iterator[Scene]:
    """Show what a small screen makes hard: the window in the size that it takes by itself."""
    from designer.gui.commands.help import ShortcutsDialog
    from designer.gui.export.dialog import ExportDialog
    from designer.gui.gallery.comparison import ComparisonDialog
    from designer.gui.panels.conventions_dialog import ConventionsDialog
    from designer.gui.shell.docks import DOCKS
    from designer.gui.shell.settings import SettingsDialog
    from designer.gui.training.torchvision_list import TorchvisionList

    def whole() -> QPixmap:
        return seen(window)

    wait(2000)
    yield "welcome", whole
    gallery = window.welcome.gallery
    wait_until(lambda: bool(gallery.all))
    for view in ("scatter", "tree"):
        gallery.show_view(view)
        yield f"gallery-{view}", whole
    gallery.show_view("cards")
    gallery.choose("vgg16")
    window.compare(gallery.preview.choice)
    comparison = window.findChild(ComparisonDialog)
    wait_until(lambda: set(comparison.keys) <= comparison.metrics.keys())
    yield "comparison", whole
    comparison.close()
    workspace = window.workspace
    workspace.open_preset("vgg16")
    wait(WAIT_MS)
    workspace.select(["conv1_1"], reveal=True)
    window.show_dock("inspector")
    yield "editor", whole
    window.toggle_panels()
    wait(WAIT_MS)
    window.canvas.fit()
    yield "panels-hidden", whole
    window.toggle_panels()
    for name, dialog in (
        ("settings", SettingsDialog(window.preferences, window.apply_preferences, window)),
        ("export", ExportDialog(workspace, window.trainer, window)),
        ("shortcuts", ShortcutsDialog(window.actions_, window)),
        ("conventions", ConventionsDialog(workspace.analysis, window)),
        ("torchvision", TorchvisionList("resnet50", 25_557_032, window)),
    ):
        dialog.show()
        wait(WAIT_MS)
        yield name, whole
        dialog.close()
    window.command_palette("re")
    yield "command-palette", whole
    _close_popups(window)
    window.documents.open_demo()
    window.canvas.fit()
    window.show_dock("training")
    wait_until(lambda: window.training.set_up.data.reading is not None)
    wait(WAIT_MS)
    yield "training-set-up", whole
    yield from _running_scenes(window)
    run = min(Path(os.environ["GALLERY_RUNS"]).iterdir())
    window.trainer.show(run)
    wait_until(lambda: window.training.curves is not None)
    wait(WAIT_MS)
    yield "training-curves", whole
    for row in DOCKS:
        window.show_dock(row.key)
        yield f"dock-{row.key}", whole
    yield from _run_scenes(window)
    yield from inside_scenes(window, seen)
    yield from _notice_scenes(window)
    window.tour()
    yield "tour", whole


def _close_popups(window: QWidget) -> None:
    for other in QApplication.topLevelWidgets():
        if other is not window and other.isVisible():
            other.close()


def _write_page(folder: Path) -> None:
    names = sorted({path.name for path in folder.glob("*/*.png")})
    rows = "".join(
        f"<h2>{name}</h2>"
        + "".join(
            f'<a href="{look.name}/{name}"><img src="{look.name}/{name}" width="700"></a>'
            for look in sorted(folder.iterdir())
            if (look / name).exists()
        )
        for name in names
    )
    page = f"<!doctype html><meta charset='utf-8'><title>Network Designer</title>{rows}"
    (folder / "index.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
