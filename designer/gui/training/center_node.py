"""The button that lists the nodes whose output may be the features of the center loss."""

from functools import partial

from PySide6.QtWidgets import QMenu, QToolButton

from designer.analysis.assist.features import nodes_with_features
from designer.gui.documents.workspace import Workspace
from designer.gui.training.recipe_row import Row


class CenterNodeButton(QToolButton):
    """Offers the nodes of the design for the setting of a row.

    Parameters
    ----------
    row
        The row of the setting ``loss.center_node``.
    workspace
        Which has the design.
    """

    def __init__(self, row: Row, workspace: Workspace) -> None:
        super().__init__(row, text="Choose ▾", objectName="recipe-center-nodes")
        self.setToolTip("Choose among the nodes of the design that give a list of values.")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._row, self._workspace = row, workspace
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        first = menu.addAction(f"{self._row.field.setting.empty} (as if empty)")
        first.triggered.connect(partial(self._take, ""))
        analysis = self._workspace.analysis
        nodes = nodes_with_features(analysis) if analysis.valid else ()
        for path in nodes:
            menu.addAction(path).triggered.connect(partial(self._take, path))

    def _take(self, path: str, _: bool = False) -> None:
        self._row.show_value(path)
        self._row.typed.emit(self._row.field.name, path)
