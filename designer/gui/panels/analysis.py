"""The Analysis dock: the lecture's table for this design, its sums, and how others count."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout

from designer.gui.base import icons, numbers
from designer.gui.base.theme import sans
from designer.gui.documents import fitting, graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.layer_table import COLUMNS, LayerTable, as_csv, as_text
from designer.gui.panels.layer_view import LayerView, TotalRow
from designer.gui.panels.memory_totals import MemoryTotals
from designer.gui.panels.shared import LARGE, LazyPanel, Newest
from designer.recipe.recipe import Recipe
from designer.storage import write_atomically


class AnalysisPanel(LazyPanel):
    """A row per layer of the written-out network, in step with the selection on the canvas."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "analysis")
        self.view = LayerView()
        self.total_row = TotalRow(self.view)
        self.memory = MemoryTotals()
        self._newest = Newest(self)
        self._asked = Newest(self)
        self._table: LayerTable | None = None
        self._filter = QLineEdit(objectName="layer-filter", clearButtonEnabled=True)
        self._filter.setPlaceholderText("Filter layers…")
        self._filter.setAccessibleName("Filter layers by name or type")
        self._filter.setToolTip("Show layers with these words in name or type (Ctrl+F)")
        # A large design is filtered once the typing pauses.
        self._typed = QTimer(self, interval=120, singleShot=True)
        self._typed.timeout.connect(self._apply_filter)
        self._filter.textChanged.connect(self._typed.start)
        self._filter.installEventFilter(self)
        self._others = self._button("how-others-count", "info", "How others count…")
        self._others.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._others.setToolTip(
            "This design's figures as torchinfo, Keras, the CS231n lecture and others count them"
        )
        self._others.clicked.connect(self.show_conventions)
        self._copy = self._button("copy-table", "copy", "Copy")
        self._copy.setToolTip("Copy the table as text or CSV, or save it")
        self._copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._make_actions()
        self._lay_out()
        self.view.chosen.connect(self._chosen)
        self.view.installEventFilter(self)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        workspace.selection_changed.connect(self._follow)
        workspace.switched.connect(self._switched)
        self._switched()
        self.redraw()

    # Assembling

    def _button(self, name: str, icon: str, text: str) -> QToolButton:
        button = QToolButton(objectName=name, text=text, autoRaise=True)
        button.setProperty("icon-name", icon)
        button.setAccessibleName(text)
        return button

    def _make_actions(self) -> None:
        def of_all(copy: Callable[..., None]) -> Callable[[], None]:
            return lambda: copy(everything=True)

        def of_selected(copy: Callable[..., None]) -> Callable[[], None]:
            return lambda: copy(everything=False)

        text, commas = self.copy_text, self.copy_csv
        table = (
            ("copy-text", "&Copy as text", of_selected(text), "Ctrl+C"),
            ("copy-csv", "Copy as C&SV", of_selected(commas), "Ctrl+Shift+C"),
            ("copy-all-text", "Copy &whole table as text", of_all(text), ""),
            ("copy-all-csv", "Copy whole &table as CSV", of_all(commas), ""),
            ("save-csv", "&Save as CSV…", self.save_csv, ""),
        )
        self._menu_actions: dict[str, QAction] = {}
        for name, text, run, keys in table:
            action = QAction(text, self, objectName=name)
            action.triggered.connect(run)
            if keys:
                action.setShortcut(QKeySequence(keys))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                self.view.addAction(action)
            self._menu_actions[name] = action
        menu = QMenu(self._copy)
        menu.addActions([self._menu_actions[n] for n in ("copy-all-text", "copy-all-csv")])
        menu.addSeparator()
        menu.addAction(self._menu_actions["save-csv"])
        self._copy.setMenu(menu)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 3, 6, 2)
        bar.setSpacing(6)
        bar.addWidget(self._filter, 1)
        bar.addStretch(1)
        bar.addWidget(self._others)
        bar.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.total_row)
        column.addWidget(self.memory)

    # What is shown

    def refresh(self) -> None:
        """Show the table of the current design."""
        analysis = self.workspace.analysis
        for part in (self.total_row, self.memory, self._others, self._copy):
            part.setVisible(self.workspace.document is not None)
        self.memory.show_totals(analysis.totals)
        if self._table is not None and self._table.totals is analysis.totals:
            self._newest.cancel()
            self._show(self._table)  # a page that comes up asks twice for what it shows
        elif analysis.totals.layers <= LARGE:
            self._newest.cancel()
            self._show(LayerTable(analysis))
        else:
            self._newest.start(lambda: LayerTable(analysis), self._show)

    def redraw(self) -> None:
        """Draw with the theme's colors."""
        for button in (self._others, self._copy):
            button.setIcon(icons.icon(button.property("icon-name")))
            button.setFont(sans(0.92))
        self._filter.setFont(sans(0.92))
        self.view.use_fonts()
        self.total_row.refresh()
        self.memory.use_fonts()

    def _show(self, table: LayerTable) -> None:
        self._table = table
        self.view.show_table(table, self.workspace.selection)
        self.total_row.refresh()

    def _switched(self) -> None:
        document = self.workspace.document
        self._suggest((document.recipe if document else None) or Recipe())
        self._filter.clear()
        self._apply_filter()

    def _suggest(self, recipe: Recipe) -> None:
        """Estimate for a recipe; whether it can have its lower precision, the devices tell."""
        self.memory.suggest(recipe)
        self._asked.cancel()
        if recipe.precision != "float32":
            self._asked.start(
                fitting.devices,
                lambda found: self.memory.suggest(recipe, fitting.chosen(recipe, found)),
            )

    def _apply_filter(self) -> None:
        self._typed.stop()
        if self._filter.text() != self.view.layers.words:
            self.view.layers.filter(self._filter.text())

    # Selection

    def _follow(self) -> None:
        if self.isVisible():
            self.view.follow(self.workspace.selection)
        else:
            self.refresh_soon()

    def _chosen(self, paths: Sequence[str], at: str) -> None:
        design = self.workspace.design
        # A large table may still be that of the design before.
        there = [path for path in paths if graph_paths.node_at(design, path) is not None]
        self.workspace.select(there)
        if at in there:
            self.workspace.reveal(at)

    # Text and CSV

    def copy_text(self, *, everything: bool = False) -> None:
        """Copy the selected rows, or all, as aligned text."""
        self._copied(as_text, self._rows(everything))

    def copy_csv(self, *, everything: bool = False) -> None:
        """Copy the selected rows, or all, as comma-separated values."""
        self._copied(as_csv, self._rows(everything))

    def save_csv(self) -> None:
        """Write the whole table to a file of comma-separated values."""
        table = self.view.layers.table
        if table is None:
            return
        text, _ = QFileDialog.getSaveFileName(
            self,
            "Save the table",
            f"{self.workspace.design.name or 'layers'}.csv",
            "Comma-separated values (*.csv)",
        )
        if not text:
            return
        path = Path(text if Path(text).suffix else f"{text}.csv")
        try:
            write_atomically(path, as_csv(table, self._rows(True), self._columns()).encode())
        except OSError as error:
            self.workspace.refused.emit(
                f"{path} cannot be written ({error.strerror}): choose another folder."
            )
            return
        self.workspace.told.emit(f"The table is in {path}.")

    def _rows(self, everything: bool) -> list[int]:
        """Return the lines that are meant, in the order in which they are shown."""
        order = self.view.layers.order
        selected = self.view.selected_rows()
        return order if everything or not selected else [order[row] for row in selected]

    def _columns(self) -> list:
        return [COLUMNS[number] for number in self.view.shown_columns()]

    def _copied(self, write, rows: Collection[int]) -> None:
        table = self.view.layers.table
        if table is not None and rows:
            QGuiApplication.clipboard().setText(write(table, rows, self._columns()))
            lines = "row" if len(rows) == 1 else "rows"
            self.workspace.told.emit(f"Copied {numbers.count(len(rows))} {lines}.")

    def _show_menu(self, at: QPoint) -> None:
        menu = QMenu(self, objectName="layers-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        selected = bool(self.view.selected_rows())
        for name in ("copy-text", "copy-csv"):
            self._menu_actions[name].setEnabled(selected)
        menu.addActions(list(self._menu_actions.values()))
        menu.addSeparator()
        columns = self.view.columns_menu()
        columns.setTitle("Col&umns")
        menu.addMenu(columns)
        menu.aboutToHide.connect(self._enable_copying)
        menu.popup(self.view.viewport().mapToGlobal(at))

    def _enable_copying(self) -> None:
        for name in ("copy-text", "copy-csv"):
            self._menu_actions[name].setEnabled(True)

    # Beyond

    def show_conventions(self) -> None:
        """Show how other tools count this design."""
        from designer.gui.panels.conventions_dialog import ConventionsDialog

        ConventionsDialog(self.workspace.analysis, self).open()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Ctrl+F for the filter, and the arrow keys and Escape from it to the table."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.matches(QKeySequence.StandardKey.Find):
                event.accept()
                return True
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.matches(QKeySequence.StandardKey.Find):
                self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self._filter.selectAll()
                return True
            if watched is self._filter:
                if event.key() == Qt.Key.Key_Escape:
                    self._filter.clear()
                    self._apply_filter()
                    self.view.setFocus(Qt.FocusReason.OtherFocusReason)
                    return True
                if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                    self._apply_filter()
                    self.view.setFocus(Qt.FocusReason.OtherFocusReason)
                    return True
        return super().eventFilter(watched, event)
