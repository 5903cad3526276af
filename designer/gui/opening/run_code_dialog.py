"""The question whether code may be run from which a network is to be read."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from designer.gui.opening.opener import title_of


def may_run(parent: QWidget, source: str) -> bool:
    """Ask whether to run the code of a file or module; the usual answer is no.

    Parameters
    ----------
    source
        The path of a Python file, or ``package.module:factory``.
    """
    box = QMessageBox(parent)
    box.setObjectName("run-code")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Network Designer")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"Run the code of {title_of(source)} to open its network?")
    path = Path(source.rpartition(":")[0] if ".py:" in source else source)
    what = (
        f"{path} is a Python program. Its network is read by running it"
        if path.suffix == ".py"
        else f"{source} names Python code on this computer. Its network is read by importing and "
        "calling it"
    )
    box.setInformativeText(
        f"{what}, in a process of its own whose time and memory are limited. The code could do "
        "anything that you can do: run it only if you wrote it, or read all of it."
    )
    run = box.addButton("Run the code", QMessageBox.ButtonRole.AcceptRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    box.exec()
    answer = box.clickedButton() is run
    box.deleteLater()
    return answer
