"""Says once which font to install where names are written in a script that no font can show."""

from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication

from designer import system
from designer.gui.documents.workspace import Workspace

_PAUSE_MS = 1_000  # after a change, so that no edit waits for the search


class Script(NamedTuple):
    """A script with the first and last code point of its letters, and a package with a font."""

    name: str
    first: int
    last: int
    package: str


SCRIPTS = (
    Script("Hebrew", 0x0590, 0x05FF, "fonts-noto-core"),
    Script("Arabic", 0x0600, 0x06FF, "fonts-noto-core"),
    Script("Devanagari", 0x0900, 0x097F, "fonts-noto-core"),
    Script("Thai", 0x0E00, 0x0E7F, "fonts-noto-core"),
    Script("Japanese", 0x3040, 0x30FF, "fonts-noto-cjk"),
    Script("Chinese", 0x3400, 0x9FFF, "fonts-noto-cjk"),
    Script("Korean", 0xAC00, 0xD7AF, "fonts-noto-cjk"),
    Script("emoji", 0x1F300, 0x1FAFF, "fonts-noto-color-emoji"),
)
"""To name another script and its package, add a row."""


def script_without_font(text: str) -> Script | None:
    """Return the first script of a text for which neither the font nor a substitute has a glyph."""
    metrics = QFontMetrics(QApplication.font())
    for letter in text:
        if not letter.isascii():
            for script in SCRIPTS:
                in_script = script.first <= ord(letter) <= script.last
                if in_script and not metrics.inFontUcs4(ord(letter)):
                    return script
    return None


class MissingFonts(QObject):
    """Looks at the names of a design a moment after it was opened or changed.

    Attributes
    ----------
    pause
        The timer that runs from the change to the look.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.workspace = workspace
        self._told: set[str] = set()
        self.pause = QTimer(self, interval=_PAUSE_MS, singleShot=True)
        self.pause.timeout.connect(self.look)
        workspace.changed.connect(self.pause.start)
        workspace.switched.connect(self.pause.start)

    def look(self) -> None:
        """Report a script that cannot be shown, once."""
        if self.workspace.document is None:
            return
        design = self.workspace.design
        graphs = (design.graph, *(block.graph for block in design.blocks.values()))
        text = "".join((design.name, *design.blocks, *(name for g in graphs for name in g.nodes)))
        script = None if text.isascii() else script_without_font(text)
        if script is not None and script.name not in self._told:
            self._told.add(script.name)
            self.workspace.reported.emit(
                f"No installed font has the letters of some names ({script.name}), so boxes are "
                f"drawn for them. {system.how_to_add_font(script.package)}"
            )
