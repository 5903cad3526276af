"""The question what happens to running and waiting trainings when their window closes."""

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

Answer = Literal["leave", "stop", "remove", "cancel"]
_NAMED = 5  # waiting trainings that are named


def ask(window: QWidget, running: str, waiting: Sequence[str]) -> Answer:
    """Ask what happens to trainings when the window closes.

    Parameters
    ----------
    window
        The window that is being closed.
    running
        The run that is being trained, "" if none is.
    waiting
        The runs that wait, of which there is at least one if none is running.

    Returns
    -------
    Answer
        ``leave`` lets all of them be, ``stop`` stops the running one, ``remove`` removes the
        waiting ones from the queue, ``cancel`` keeps the window open.
    """
    box = QMessageBox(window)
    box.setObjectName("closing-while-training")
    box.setIcon(QMessageBox.Icon.Question)
    box.setTextFormat(Qt.TextFormat.PlainText)
    sentences = []
    if running:
        box.setWindowTitle("Network Designer")
        box.setText(f"{running} is being trained.")
        sentences.append(
            "The training can continue without the window; the next window shows it again."
        )
        leave = box.addButton("Leave it running", QMessageBox.ButtonRole.AcceptRole)
        other = box.addButton("Stop it", QMessageBox.ButtonRole.DestructiveRole)
    else:
        box.setWindowTitle("Trainings are waiting")
        box.setText(
            "A training is waiting."
            if len(waiting) == 1
            else f"{len(waiting)} trainings are waiting."
        )
        leave = box.addButton("Keep waiting", QMessageBox.ButtonRole.AcceptRole)
        other = box.addButton("Remove from queue", QMessageBox.ButtonRole.DestructiveRole)
    if waiting:
        names = ", ".join(waiting[:_NAMED])
        if len(waiting) > _NAMED:
            names += f" and {len(waiting) - _NAMED} more"
        sentences.append(f"Waiting: {names}. They start when a window is open again.")
    box.setInformativeText("\n\n".join(sentences))
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(leave)
    box.setEscapeButton(cancel)
    box.exec()
    if box.clickedButton() is leave:
        return "leave"
    if box.clickedButton() is other:
        return "stop" if running else "remove"
    return "cancel"
