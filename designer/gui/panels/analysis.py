"""The Analysis dock: the table of layers in the CS231n lecture's manner, with its totals."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout

from designer.gui.base import icons, numbers
from designer.gui.base.theme import sans
from designer.gui.documents import fitting, graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.layer_table import COLUMNS, Column, LayerTable, as_csv, as_text
from designer.gui.panels.layer_view import LayerView, TotalRow
from designer.gui.panels.memory_totals import MemoryTotals
from designer.gui.panels.shared import LARGE, LazyPanel, Newest
from designer.gui.panels.time_measurement import TimeMeasurement
from designer.gui.panels.times_bar import TimesBar
from designer.gui.worker.trainer import Trainer
from designer.recipe.recipe import Recipe
from designer.storage import save_file, unwritable

_NARROW = 32  # line heights below which buttons have no room for their names


class AnalysisPanel(LazyPanel):
    """A table with one row per layer of the unfolded network; selection follows the canvas."""

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(workspace, "analysis")
        self.measurement = TimeMeasurement(workspace, trainer, self)
        self.view = LayerView()
        self.total_row = TotalRow(self.view)
        self.memory = MemoryTotals()
        self._newest = Newest(self)
        self._newest_devices = Newest(self)
        self._table: LayerTable | None = None
        self._filter = QLineEdit(objectName="layer-filter", clearButtonEnabled=True)
        self._filter.setPlaceholderText("Filter layers…")
        self._filter.setAccessibleName("Filter layers by name or type")
        self._filter.setToolTip("Show only layers with these words in name or type (Ctrl+F)")
        # Filtering a large design takes long, so it waits for a pause in typing.
        self._typed = QTimer(self, interval=120, singleShot=True)
        self._typed.timeout.connect(self._apply_filter)
        self._filter.textChanged.connect(self._typed.start)
        self._filter.installEventFilter(self)
        self.times = TimesBar(self.measurement)
        self._others = self._button("how-others-count", "info", "How others count…")
        self._others.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._others.setToolTip(
            "This design by the rules of torchinfo, Keras, the CS231n lecture and others"
        )
        self._others.clicked.connect(self.show_conventions)
        self._copy = self._button("copy-table", "copy", "Copy")
        self._copy.setToolTip("Copy the table as text or CSV, or save it as a file")
        self._copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._make_actions()
        self._lay_out()
        self.view.chosen.connect(self._chosen)
        self.view.installEventFilter(self)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        workspace.selection_changed.connect(self._follow)
        workspace.switched.connect(self._switched)
        workspace.recipe_changed.connect(self._recipe_changed)
        workspace.node_values_changed.connect(self.refresh_soon)
        self._switched()
        self.redraw()

    # Assembling

    def _button(self, name: str, icon: str, text: str) -> QToolButton:
        button = QToolButton(objectName=name, text=text, autoRaise=True)
        button.setProperty("icon-name", icon)
        button.setAccessibleName(text)
        return button

    def _make_actions(self) -> None:
        table: tuple[tuple[str, str, Callable[[], None], str], ...] = (
            ("copy-text", "&Copy as text", self.copy_text, "Ctrl+C"),
            ("copy-csv", "Copy as C&SV", self.copy_csv, "Ctrl+Shift+C"),
            ("copy-all-text", "Copy &whole table as text", self.copy_all_text, ""),
            ("copy-all-csv", "Copy whole &table as CSV", self.copy_all_csv, ""),
            ("save-csv", "&Save as CSV…", self.save_csv, ""),
        )
        self._menu_actions: dict[str, QAction] = {}
        for name, text, run, keys in table:
            action = QAction(text, self, objectName=name)
            action.triggered.connect(lambda _=False, run=run: run())
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
        bar.addWidget(self.times)
        bar.addWidget(self._others)
        bar.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.total_row)
        column.addWidget(self.memory)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show buttons by their icons alone where there is no room for their names."""
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW * self.fontMetrics().height()
        style = Qt.ToolButtonStyle
        for button in (self._others, self.times.button):
            button.setMinimumWidth(button.iconSize().width())  # so that the panel can get narrow
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    # What is shown

    def refresh(self) -> None:
        """Show the table of the current design."""
        analysis = self.workspace.analysis
        document = self.workspace.document
        for part in (self.total_row, self.memory, self._others, self._copy, self.times):
            part.setVisible(document is not None)
        self.times.refresh()
        measured = document.times.times if document is not None and document.times else None
        self.memory.show_totals(analysis.totals)
        table = self._table
        if table is not None and (table.totals, table.times) == (analysis.totals, measured):
            self._newest.cancel()
            self._show(table)  # a page is refreshed twice when it appears
        elif analysis.totals.layers <= LARGE:
            self._newest.cancel()
            self._show(LayerTable(analysis, measured))
        else:
            self._newest.start(lambda: LayerTable(analysis, measured), self._show)

    def redraw(self) -> None:
        """Draw with the theme's colors."""
        for button in (self._others, self._copy):
            button.setIcon(icons.icon(button.property("icon-name")))
            button.setFont(sans(0.92))
        self._filter.setFont(sans(0.92))
        self.times.use_fonts()
        self.view.use_fonts()
        self.total_row.refresh()
        self.memory.use_fonts()

    def _show(self, table: LayerTable) -> None:
        self._table = table
        self.view.show_table(table, self.workspace.selection)
        self.total_row.refresh()

    def _switched(self) -> None:
        self._suggest(self.workspace.recipe)
        self._filter.clear()
        self._apply_filter()

    def _recipe_changed(self) -> None:
        """Follow what the recipe says of memory; others leave what was typed here."""
        if self._estimated(self.workspace.recipe) != self._estimated(self._suggested):
            self._suggest(self.workspace.recipe)

    @staticmethod
    def _estimated(recipe: Recipe) -> tuple[object, ...]:
        summed = recipe.averaging.copies, recipe.batches_are_accumulated
        return recipe.batch, recipe.optimizer, recipe.precision, recipe.device, *summed

    def _suggest(self, recipe: Recipe) -> None:
        """Set the memory estimate to a recipe; only the device decides on lower precision."""
        self._suggested = recipe
        self.memory.suggest(recipe)
        self._newest_devices.cancel()
        if recipe.precision != "float32":
            self._newest_devices.start(
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
        # The table of a large design is built in a thread, so it may still show deleted nodes.
        existing = [path for path in paths if graph_paths.node_at(design, path) is not None]
        self.workspace.select(existing)
        if at in existing:
            self.workspace.reveal(at)

    # Text and CSV

    def copy_text(self) -> None:
        """Copy the selected rows as aligned text, or all rows without a selection."""
        self._copy_rows(as_text, self._selected_rows())

    def copy_csv(self) -> None:
        """Copy the selected rows as CSV, or all rows without a selection."""
        self._copy_rows(as_csv, self._selected_rows())

    def copy_all_text(self) -> None:
        """Copy all rows as aligned text."""
        self._copy_rows(as_text, self.view.layers.order)

    def copy_all_csv(self) -> None:
        """Copy all rows as CSV."""
        self._copy_rows(as_csv, self.view.layers.order)

    def save_csv(self) -> None:
        """Ask for a file and write the whole table to it as CSV."""
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
            save_file(path, as_csv(table, self.view.layers.order, self._columns()).encode())
        except OSError as error:
            self.workspace.refused.emit(str(unwritable(path, error)))
            return
        self.workspace.reported.emit(f"The table was saved as {path}.")

    def _selected_rows(self) -> list[int]:
        """Return the selected lines in the order shown, or all lines without a selection."""
        order = self.view.layers.order
        return [order[row] for row in self.view.selected_rows()] or order

    def _columns(self) -> list[Column]:
        return [COLUMNS[number] for number in self.view.shown_columns()]

    def _copy_rows(
        self,
        write: Callable[[LayerTable, Sequence[int], Sequence[Column]], str],
        rows: Sequence[int],
    ) -> None:
        table = self.view.layers.table
        if table is not None and rows:
            QGuiApplication.clipboard().setText(write(table, rows, self._columns()))
            number = numbers.count(len(rows))
            self.workspace.reported.emit(
                "Copied 1 row." if number == "1" else f"Copied {number} rows."
            )

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

    # Other tools' counts, and keys

    def show_conventions(self) -> None:
        """Show how other tools count this design."""
        from designer.gui.panels.conventions_dialog import ConventionsDialog

        ConventionsDialog(self.workspace.analysis, self).open()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Focus the filter at Ctrl+F, and the table at Escape, Down or Enter in the filter."""
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
