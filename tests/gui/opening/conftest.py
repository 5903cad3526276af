"""A worker that answers when a test says so, and what it answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from safetensors.numpy import save_file

from designer import presets
from designer.design import files
from designer.design.values import Design
from designer.gui.shell.main_window import MainWindow
from designer.runs.import_report import BlockUses, ImportReport, OpaquePiece, Tensors

Answer = dict[str, Any]


def report(**fields: Any) -> ImportReport:
    """Return the report on a small network; fields replace its own."""
    usual = ImportReport(
        source="small.pt2",
        kind="pt2",
        title="small",
        parameters=61_706,
        buffers=0,
        layers=12,
        layer_types={"Conv2d": 2, "Linear": 3, "Tanh": 4},
        blocks=(BlockUses("Stage", 3),),
        top_level=14,
        opaque=(OpaquePiece("tanh1", "aten.erfinv.default", "small.py:12"),),
        tensors=Tensors(9, ("fc3.bias",)),
        difference=0.0,
        scale=1.5,
        notes=("The file was exported in eval mode, so it has no Dropout.",),
    )
    return msgspec.structs.replace(usual, **fields)


class Worker:
    """Stands in for the worker process: records what is asked, and answers on demand."""

    def __init__(self) -> None:
        self.asked: list[tuple[Answer, Callable[[Answer], object], Callable[[Answer], object]]] = []
        self.canceled: list[int] = []

    def open_network(
        self,
        request: Answer,
        done: Callable[[Answer], object],
        told: Callable[[Answer], object],
    ) -> Callable[[], None]:
        number = len(self.asked)
        self.asked.append((request, done, told))
        return lambda: self.canceled.append(number)

    def tell(self, number: int, share: float, stage: str) -> None:
        """Say how far a request is."""
        self.asked[number][2]({"progress": share, "stage": stage})

    def answer(
        self, number: int, design: Design | None = None, found: ImportReport | None = None
    ) -> Path:
        """Give a design with weights; return the file with these."""
        import numpy as np

        request, done, _ = self.asked[number]
        weights = Path(request["folder"]) / "weights.safetensors"
        save_file({"fc3.weight": np.ones((10, 84), np.float32)}, weights)
        done(
            {
                "ok": True,
                "design": files.dumps(design or presets.load("lenet5")),
                "report": msgspec.to_builtins(found or report()),
                "weights": str(weights),
            }
        )
        return weights

    def know(self, number: int) -> None:
        """Give a design whose weights are still to come."""
        early = report(difference=None, not_compared="the comparison is not finished.")
        design = files.dumps(presets.load("lenet5"))
        fields = {"design": design, "report": msgspec.to_builtins(early)}
        self.asked[number][2]({"progress": 0.7, "stage": "", **fields})

    def fail(self, number: int, message: str, **more: Any) -> None:
        """Refuse a request."""
        self.asked[number][1]({"ok": False, "message": message, **more})


@pytest.fixture
def worker(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """The worker of a window, which opens nothing by itself."""
    found = Worker()
    monkeypatch.setattr(window.trainer, "open_network", found.open_network)
    monkeypatch.setattr(window.trainer, "ask", lambda request, done: None)  # starts no process
    return found
