"""The question what happens to a training when its window closes."""

from typing import Literal

from PySide6.QtWidgets import QMessageBox, QWidget


def ask(window: QWidget, run: str) -> Literal["leave", "stop", "cancel"]:
    """Ask whether a run continues without the window, stops, or the window stays open."""
    box = QMessageBox(window)
    box.setObjectName("closing-while-training")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("A training is running")
    box.setText(f"{run} is being trained.")
    box.setInformativeText(
        "The training can continue without the window; the next window shows it again."
    )
    leave = box.addButton("Leave it running", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop it", QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(leave)
    box.setEscapeButton(cancel)
    box.exec()
    if box.clickedButton() is leave:
        return "leave"
    return "stop" if box.clickedButton() is stop else "cancel"
