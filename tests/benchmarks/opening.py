"""Networks of other programs: from the drop until the design is painted, and reading alone."""

import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

Row = tuple[str, float, float, float, str]

PAINTED_SECONDS = 1.5
ONNX_SECONDS = 3.0
NODES = 2_000  # of the ONNX file
ROUNDS = 3


def run() -> Iterator[Row]:
    """Yield (label, ours, the peer's or the goal's value, ratio, goal)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet50.pt2"
        _write_resnet(path)
        painted = _painted(path, Path(folder))
        yield (
            "ResNet-50 .pt2, from the drop until painted [s]",
            painted,
            PAINTED_SECONDS,
            PAINTED_SECONDS / painted,
            "under 1.5 s, with a warm helper",
        )
        large = Path(folder) / "large.onnx"
        _write_onnx(large)
        spent = statistics.median([_opened(large) for _ in range(ROUNDS)])
        yield (
            f"ONNX with {NODES:,} nodes, until its layers are known [s]",
            spent,
            ONNX_SECONDS,
            ONNX_SECONDS / spent,
            "under 3 s",
        )


def _write_resnet(path: Path) -> None:
    import torch
    from torchvision.models import resnet50

    program = torch.export.export(resnet50().train(), (torch.randn(2, 3, 224, 224),), strict=False)
    torch.export.save(program, path)


def _write_onnx(path: Path) -> None:
    """Write a network of convolutions, norms and activations, one behind the other."""
    import torch
    from torch import nn

    layers: list[nn.Module] = []
    for _ in range(NODES // 4):
        layers += [nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 1, 1), nn.Tanh()]
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(
            nn.Sequential(*layers).eval(),
            (torch.randn(1, 4, 16, 16),),
            path,
            dynamo=False,
            verbose=False,
        )


class _LayersKnownError(Exception):
    """Ends the opening of a network once its layers are known."""


def _opened(path: Path) -> float:
    """Return the seconds until the layers of a file are known."""
    from designer.design.values import Design
    from designer.engine.opening.job import Job
    from designer.engine.opening.pipeline import Wishes, open_source
    from designer.runs.import_report import ImportReport

    def known(_: Design, __: ImportReport) -> None:
        raise _LayersKnownError

    begun = time.perf_counter()
    with contextlib.suppress(_LayersKnownError):
        open_source(str(path), Wishes(), Job(lambda *_: None, lambda: False, known))
        raise AssertionError("the layers were never known")
    return time.perf_counter() - begun


def _painted(path: Path, folder: Path) -> float:
    """Return the seconds of `_window`, which runs in a process of its own."""
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "STATE", "DATA")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.opening", str(path)],
        env={**os.environ, **homes, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def _window(path: Path) -> None:
    """Drop a file on a window whose worker is warm, a few times; print the median of seconds."""
    from PySide6.QtWidgets import QApplication

    from designer import preferences
    from designer.gui.base import theme

    application = QApplication([])
    application.setStyle("Fusion")
    theme.load_fonts(application)
    theme.theme.follow(application, "dark")
    from designer.gui.shell.main_window import MainWindow
    from tests.gui.hands import wait
    from tests.gui.opening.test_foreign import drop

    window = MainWindow(preferences.Preferences(theme="dark"))
    window.resize(1600, 1000)
    window.show()
    wait(2500)
    spent = []
    for _ in range(ROUNDS + 1):  # the first one loads torch
        before = len(window.workspace.documents)
        report = window.foreign.report
        begun = time.perf_counter()
        drop(window, path)
        while len(window.workspace.documents) == before:
            application.processEvents()
            time.sleep(0.002)
        application.processEvents()  # paints
        spent.append(time.perf_counter() - begun)
        while window.foreign.report is report:  # the weights are taken, the outputs compared
            wait(50)
        window.foreign.report.close()
    print(statistics.median(spent[1:]), flush=True)
    os._exit(0)  # without waiting for Qt and threads to end


if __name__ == "__main__":
    _window(Path(sys.argv[1]))
