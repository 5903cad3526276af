"""Dead widgets are destroyed by the main thread, whatever other threads allocate."""

import threading
import weakref

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from designer.gui.base.speed.garbage import GarbageCollector


def test_a_widget_in_a_cycle_dies_on_the_main_thread(
    qtbot: QtBot, garbage: GarbageCollector
) -> None:
    where: list[threading.Thread] = []
    widget = QWidget()
    widget.itself = widget
    weakref.finalize(widget, lambda: where.append(threading.current_thread()))
    del widget

    kept: list[list[list[int]]] = []

    def allocate() -> None:
        kept.extend([[] for _ in range(10)] for _ in range(10_000))

    worker = threading.Thread(target=allocate)
    worker.start()
    worker.join()
    assert where == []
    qtbot.waitUntil(lambda: bool(where))
    assert where == [threading.main_thread()]
