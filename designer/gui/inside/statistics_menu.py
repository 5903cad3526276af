"""The menu of the Layer statistics dock that copies figures as CSV, or saves them."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QToolButton

from designer.errors import DesignerError
from designer.gui.base import csv_file, numbers
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.statistics_model import StatisticsModel
from designer.gui.inside.statistics_table import FigureTable, as_csv


class StatisticsMenu(QToolButton):
    """The button with the menu."""

    def __init__(self, workspace: Workspace, model: StatisticsModel, table: FigureTable) -> None:
        super().__init__(objectName="statistics-more")
        self.workspace = workspace
        self.model = model
        self.table = table
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip("Copy or save the figures.")
        self.setAccessibleName("Copy or save the figures")
        menu = QMenu(self)
        menu.addAction("&Copy the table as CSV", self.copy)
        menu.addAction("&Save all figures as CSV…", self.save)
        self.setMenu(menu)
        table.copy_wanted.connect(self.copy)

    def copy(self) -> None:
        """Copy the rows of the selected layers as CSV, or all if at most one is selected."""
        one = self.model.current
        if one is None:
            return
        self.table.figures.show(one, self.model.kind)
        rows = self.table.chosen_rows()
        QGuiApplication.clipboard().setText(as_csv(rows))
        count = numbers.count(len(rows))
        self.workspace.reported.emit("Copied 1 row." if len(rows) == 1 else f"Copied {count} rows.")

    def save(self) -> None:
        """Ask for a file and write the figures of all kinds to it as CSV."""
        one = self.model.current
        if one is None:
            return
        text = as_csv(one.measurement.layers)
        try:
            path = csv_file.save(self, title="Save the figures", name="layers.csv", text=text)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))
            return
        if path is not None:
            self.workspace.reported.emit(f"The figures were saved as {path}.")
