"""The dialogs in which pictures and rows for a network are chosen."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


def choose_files(parent: QWidget) -> list[Path]:
    """Ask for picture files; none if the user cancels."""
    names, _ = QFileDialog.getOpenFileNames(parent, "Choose pictures", str(Path.home()), _endings())
    return [Path(each) for each in names]


def choose_values(parent: QWidget) -> list[Path]:
    """Ask for tables or arrays; none if the user cancels."""
    from designer.data.given_examples import ENDINGS  # imports numpy, which the start avoids

    endings = " ".join(f"*{each}" for each in ENDINGS)
    kinds = f"Tables and arrays ({endings});;All files (*)"
    title = "Choose a table or arrays"
    names, _ = QFileDialog.getOpenFileNames(parent, title, str(Path.home()), kinds)
    return [Path(each) for each in names]


def choose_file(parent: QWidget) -> Path | None:
    """Ask for one picture file; None if the user cancels."""
    name, _ = QFileDialog.getOpenFileName(parent, "Choose a picture", str(Path.home()), _endings())
    return Path(name) if name else None


def choose_folder(parent: QWidget) -> Path | None:
    """Ask for a folder of pictures; None if the user cancels."""
    name = QFileDialog.getExistingDirectory(parent, "Choose a folder of pictures", str(Path.home()))
    return Path(name) if name else None


def _endings() -> str:
    from designer.data.pictures import SUFFIXES  # imports numpy, which the start avoids

    endings = " ".join(f"*{each}" for each in sorted(SUFFIXES))
    return f"Pictures ({endings});;All files (*)"
