"""Asking for a file, and writing a table to it as comma-separated values."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from designer.storage import save_file, unwritable


def save(parent: QWidget, *, title: str, name: str, text: str) -> Path | None:
    """Ask for a file and write a table to it; None if the user cancels.

    Parameters
    ----------
    parent
        The widget that asks.
    title
        Of the dialog.
    name
        Of the file, as a suggestion.
    text
        The table.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    chosen, _ = QFileDialog.getSaveFileName(parent, title, name, "Comma-separated values (*.csv)")
    if not chosen:
        return None
    path = Path(chosen if Path(chosen).suffix else f"{chosen}.csv")
    try:
        save_file(path, text.encode())
    except OSError as error:
        raise unwritable(path, error) from error
    return path
