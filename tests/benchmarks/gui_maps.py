"""Feature maps on the canvas with ResNet-50: their cost, the wait, frames with them, and memory.

``python -m tests.benchmarks gui`` prints these rows among others. Each side runs in a process of
its own, offscreen, 1920x1080, with fresh weights and a warm worker.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LIMIT = 600  # seconds
ROUNDS = 7
FRAMES = 40

Row = tuple[str, float, float, float, str]
Found = dict[str, tuple[float, float, str]]
"""By label: the value, the goal's value, and the goal in words."""


def rows() -> Iterator[Row]:
    """Yield (label, ours, the goal's value, ratio, goal)."""
    for side in ("engine", "alone", "beside", "frames"):
        for label, (value, goal, words) in _measured(side).items():
            yield label, value, goal, goal / value, words


def _measured(side: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        homes = {f"XDG_{name}_HOME": home for name in ("CONFIG", "STATE", "DATA", "CACHE")}
        quiet = {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "*.warning=false"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.gui_maps", side, home],
            env={**os.environ, **homes, **quiet},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _pictures(home: str) -> list[Path]:
    """Write some photograph-sized pictures."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[0:480, 0:640] / 100
    paths = []
    for number in range(ROUNDS + 1):
        waves = np.stack([np.sin(x * (number + 1)), np.cos(y + number), np.sin(x * y)], -1)
        paths.append(Path(home) / f"waves-{number}.jpg")
        Image.fromarray((127 + 120 * waves).astype(np.uint8)).save(paths[-1])
    return paths


def engine(home: str) -> Found:
    """Compare the request with the plain forward pass: the least processor time of one thread."""
    import torch

    from designer import presets
    from designer.design import files
    from designer.engine.inspect import maps, pictures
    from designer.engine.inspect.subject import load
    from designer.runs.inspection import Picture, Subject

    design = files.dumps(presets.load("resnet50"))
    loaded = load(Subject(design=design, weights=""), device="cpu")
    picture = Picture(file=str(_pictures(home)[0]))
    given = pictures.network_input(pictures.read([picture], loaded), loaded)

    def plain() -> object:
        with torch.inference_mode():
            return loaded.network(given)

    def whole() -> object:
        return maps.packed(maps.maps(loaded, picture, most=6))  # as the window asks for

    torch.set_num_threads(1)
    plain()
    whole()
    spent: dict[Callable[[], object], list[float]] = {plain: [], whole: []}
    for _ in range(2 * ROUNDS):
        for what, times in spent.items():
            began = time.process_time()
            what()
            times.append(time.process_time() - began)
    forward, all_ = (min(times) for times in spent.values())
    return {
        "ResNet-50's maps in plain forward passes": (all_ / forward, 1.5, "at most 1.5"),
        "ResNet-50's plain forward pass [ms]": (1000 * forward, 1000 * forward, "-"),
    }


def _window(home: str) -> Any:
    """Open the window with ResNet-50 and its maps shown."""
    from PySide6.QtWidgets import QApplication

    from designer import preferences
    from designer.gui.base import theme
    from designer.gui.base.speed.garbage import GarbageCollector
    from designer.gui.shell.main_window import MainWindow

    application = QApplication([])
    GarbageCollector(application)
    application.setStyle("Fusion")
    theme.load_fonts(application)
    theme.theme.follow(application, "dark")
    window = MainWindow(preferences.Preferences(runs_folder=f"{home}/runs", standby=True))
    window.resize(1920, 1080)
    window.show()
    window.workspace.open_preset("resnet50")
    window.build_editor()
    return window


def _wait(condition: Callable[[], object]) -> None:
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    clock = QTimer(interval=5)  # how often the condition is checked, if no event happens
    clock.start()
    while not condition():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _show_maps(window: Any) -> None:
    window.editor.maps.show(True)
    _wait(lambda: not window.editor.maps.asking)
    if window.editor.maps.error:
        raise RuntimeError(window.editor.maps.error)
    _wait(lambda: not window.canvas.view.gliding.running)


def _until_painted(window: Any, home: str) -> float:
    """Return the median seconds from another picture to its painted maps."""
    from designer.runs.inspection import Picture

    times = []
    document = window.workspace.document
    for path in _pictures(home):
        before = document.pictures
        began = time.perf_counter()
        window.trainer.inspection.show([Picture(file=str(path))])
        _wait(lambda before=before: document.pictures is not before)
        window.canvas.view.viewport().repaint()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def alone(home: str) -> Found:
    """Measure the wait after a picture, and the memory of the window, without other work."""
    import psutil

    window = _window(home)
    _show_maps(window)
    seconds = _until_painted(window, home)
    painted = time.monotonic()
    _wait(lambda: time.monotonic() > painted + 3)  # freed memory is given back
    memory = psutil.Process().memory_full_info()
    window.trainer.close()
    return {
        "picture to painted maps, ResNet-50 [s]": (seconds, 0.6, "under 0.6 s"),
        "memory of the window with ResNet-50's maps, PSS [MB]": (
            memory.pss / 1e6,
            250.0,
            "under 250 MB",
        ),
        "memory of the window with ResNet-50's maps, RSS [MB]": (
            memory.rss / 1e6,
            250.0,
            "under 250 MB",
        ),
    }


def beside(home: str) -> Found:
    """Measure the wait after a picture while this window trains LeNet-5."""
    from designer import presets
    from designer.recipe.reading import changed
    from designer.runs.begin import begin

    window = _window(home)
    recipe = changed(presets.recipe("lenet5"), {"epochs": 500})
    run = begin(Path(home) / "runs" / "lenet5", presets.load("lenet5"), recipe)
    _wait(lambda: window.trainer.ready)
    window.trainer.train(run.path)
    _wait(lambda: window.trainer.active is not None and window.trainer.active.history.step > 20)
    _show_maps(window)
    seconds = _until_painted(window, home)
    window.trainer.steer("stop")
    _wait(lambda: not window.trainer.occupied)
    window.trainer.close()
    return {"picture to painted maps beside a training [s]": (seconds, 0.6, "under 0.6 s")}


def frames(home: str) -> Found:
    """Measure frames while the view moves over ResNet-50 with maps, blocks expanded."""
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QApplication

    window = _window(home)
    _show_maps(window)
    view, found = window.canvas.view, {}
    for path in ("layer1", "layer2", "layer3", "layer4"):
        view.toggle_expanded(path)
    view.gliding.stop()
    middle = view.layer.bounds().center()
    for where, scale in (("fit", 0.0), ("half", 0.5), ("full", 1.0)):
        view.fit() if where == "fit" else view.navigator.look_at(middle, scale)
        _wait(lambda: not view.navigator.moving)

        def pan(number: int) -> None:
            view.navigator.pan(QPoint(7 if number % 2 else -7, 11 if number % 2 else -11))

        def zoom(number: int) -> None:
            view.zoom_by(-1 if number % 2 else 1)

        for name, act in (("pan", pan), ("zoom step", zoom)):
            times = []
            for number in range(FRAMES):
                began = time.perf_counter()
                act(number)
                QApplication.processEvents()
                times.append(1000 * (time.perf_counter() - began))
            words = "under 16 ms"
            label = f"{name} with maps at {where} zoom [ms]"
            found[label] = statistics.median(times), 16.0, words
    window.trainer.close()
    return found


if __name__ == "__main__":
    sides = {"engine": engine, "alone": alone, "beside": beside, "frames": frames}
    print(json.dumps(sides[sys.argv[1]](sys.argv[2])), flush=True)
    os._exit(0)  # without waiting for Qt and threads to end
