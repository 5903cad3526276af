"""What the panels share: only the newest request counts."""

import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from designer.errors import DesignerError
from designer.gui.panels.shared import Newest, runs


def test_only_the_newest_request_is_reported(qtbot: QtBot, qapp) -> None:
    owner = QObject()
    newest = Newest(owner)
    gate = threading.Event()
    told: list[object] = []
    worked: list[int] = []

    def work(number: int) -> int:
        gate.wait(5)
        worked.append(number)
        return number

    for number in (1, 2, 3):
        newest.start(lambda number=number: work(number), told.append)
    gate.set()
    qtbot.waitUntil(lambda: told == [3])
    assert worked == [1, 3], "what waited was replaced"
    newest.start(lambda: work(4), told.append)
    newest.cancel()
    qtbot.waitUntil(lambda: not newest.busy)
    assert told == [3]


def test_a_refusal_is_reported_as_a_sentence(qtbot: QtBot, qapp) -> None:
    owner = QObject()
    newest = Newest(owner)
    told: list[str] = []

    def refuse() -> None:
        raise DesignerError("It cannot be done.")

    newest.start(refuse, told.append, told.append)
    qtbot.waitUntil(lambda: told == ["It cannot be done."])


def test_runs() -> None:
    assert list(runs([])) == []
    assert list(runs([1, 2, 3, 7, 9, 10])) == [(1, 3), (7, 7), (9, 10)]
