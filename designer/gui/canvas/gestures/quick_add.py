"""Quick add: a list at the pointer in which layers, blocks and presets are found by typing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout

from designer.analysis.assist import editing
from designer.analysis.assist.lookup import graph_at, tensor_at
from designer.design.blocks import check_use
from designer.design.values import Design, LayerNode, Node
from designer.errors import DesignerError
from designer.gui.base import icons
from designer.gui.base.theme import colors, sans, theme
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import adding, graph_paths, palette_entries
from designer.gui.documents.adding import Spot
from designer.gui.documents.items import Item
from designer.gui.documents.palette_drawing import RowDelegate
from designer.gui.documents.palette_entries import Entry, Header, PaletteRow
from designer.gui.documents.workspace import Workspace
from designer.layers.category import Category
from designer.layers.tensors import Shape

ROW = Qt.ItemDataRole.UserRole
_WIDTH, _ROWS = 23, 11  # pairs of letters, and rows, for which the list has room
_MARGIN = 10


def ask(view: SceneView, point: QPointF, spot: Spot) -> "QuickAdd":
    """Open the list at a scene point, for adding at a spot."""
    workspace = view.workspace
    shape = spot_shape(workspace, spot)
    entries = offered(workspace, spot.scope)
    warned: list[Entry] = []
    if spot.name or spot.edge is not None:
        entries, warned = _fitting(workspace, entries, spot, shape)
    if spot.edge is not None:
        purpose = f"Insert between {spot.edge.source} and {spot.edge.target}"
    elif spot.name and spot.output:
        purpose = f"Add after {spot.name}"
    elif spot.name:
        purpose = f"Add before {spot.name}"
    else:
        purpose = "Add a layer, block or preset"
    return QuickAdd(
        view, point, entries, warned, purpose, lambda item: adding.put(workspace, item, spot)
    )


def ask_after(view: SceneView, paths: Collection[str]) -> "QuickAdd":
    """Open the list below the lowest of some nodes, for adding after them."""
    workspace = view.workspace
    path = max(paths, key=lambda each: view.rect_of(each).bottom())
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    spot = Spot(scope, name=name)
    shape = spot_shape(workspace, spot)
    entries, warned = _fitting(workspace, offered(workspace, scope), spot, shape)
    return QuickAdd(
        view,
        view.rect_of(path).bottomLeft(),
        entries,
        warned,
        f"Add after {name}" if len(paths) == 1 else "Add after the selection",
        lambda item: adding.append(workspace, item),
    )


def spot_shape(workspace: Workspace, spot: Spot) -> Shape | None:
    """Return the shape of the tensor that reaches a spot, None if it is not known."""
    name, port = (spot.edge.source, spot.edge.source_port) if spot.edge else (spot.name, spot.port)
    if not name or not (spot.edge or spot.output):
        return None
    block = graph_paths.block_at(workspace.design, spot.scope)
    results = graph_at(workspace.analysis, spot.scope)
    tensor = tensor_at(results, workspace.design, block, name, port)
    return tensor.shape if tensor is not None else None


def offered(workspace: Workspace, scope: str) -> list[Entry]:
    """Return the entries of all that can be added to a graph."""
    design = workspace.design
    block = graph_paths.block_at(design, scope)
    entries = palette_entries.layer_entries()
    ends = [each for each in entries if each.category is Category.PORT]
    entries = [each for each in entries if each.category is not Category.PORT]
    if block is None:  # only the design itself has Input and Output nodes
        entries = [*entries, *ends] if design.graph.nodes else [*ends, *entries]
    entries += palette_entries.own_entries(design)
    for each in palette_entries.block_entries(design):
        try:
            check_use(design, each.item.name, block)
        except DesignerError:
            continue
        entries.append(each)
    return [*entries, *palette_entries.common_entries(), *_preset_entries()]


def _preset_entries() -> list[Entry]:
    """Return the presets by their titles, without reading the designs themselves."""
    from designer import presets

    entries = []
    for name in presets.names():
        try:
            info = presets.info(name)
        except DesignerError:  # the gallery shows which files are damaged
            continue
        text = f"The whole network as a block of this design. {info.idea}"
        entries.append(
            Entry(
                Item("preset", name),
                info.title,
                palette_entries.PRESETS,
                text,
                soft=str(info.year),
                other=name,
            )
        )
    return entries


def _fitting(
    workspace: Workspace, entries: Sequence[Entry], spot: Spot, shape: Shape | None
) -> tuple[list[Entry], list[Entry]]:
    """Return the entries that fit a spot, and those that fit it with a warning."""
    fit = [each for each in entries if _fits(workspace, each.item, spot, shape)]
    names = {each.item for each in fit}
    others = [each for each in entries if each.item not in names]
    return fit, [each for each in others if _fits(workspace, each.item, spot, shape, warned=True)]


def _fits(
    workspace: Workspace, item: Item, spot: Spot, shape: Shape | None, *, warned: bool = False
) -> bool:
    if item.kind != "layer":
        return True
    code = workspace.design.code
    if spot.edge is not None:
        can_insert = adding.can_insert(workspace, item)
        return can_insert and editing.takes(item.name, shape, warned=warned, code=code)
    if spot.output:
        return editing.takes(item.name, shape, warned=warned, code=code)
    node = editing.starting_node(item.name, code=code)
    return editing.output_ports(workspace.design, node) > 0


class _Rows(QAbstractListModel):
    """The entries that match what was typed, as rows of a list.

    Has what `RowDelegate` asks of a model.

    Parameters
    ----------
    entries
        The entries that fit.
    warned
        Those that fit with a warning; they are shown only if they are typed.
    """

    def __init__(self, entries: Sequence[Entry], warned: Sequence[Entry]) -> None:
        super().__init__()
        self.entries = entries
        self.warned = warned
        self.rows: list[PaletteRow] = []
        self.search("")

    def search(self, pattern: str) -> None:
        """Show the entries that match, or without a pattern all of them under headers."""
        self.beginResetModel()
        if pattern.strip():
            self.rows = palette_entries.found([*self.entries, *self.warned], pattern)
        else:
            self.rows = [
                replace(row, foldable=False) if isinstance(row, Header) else row
                for row in palette_entries.grouped(self.entries, ())
            ]
        self.endResetModel()

    def fits(self, entry: Entry) -> bool:
        """Return True: entries that do not fit are not in the list."""
        return True

    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return len(self.rows)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.text if isinstance(row, Entry) else row.title
        return None

    def flags(self, index: Any) -> Qt.ItemFlag:
        if isinstance(self.rows[index.row()], Entry):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags


class QuickAdd(QFrame):
    """A field to type in, the entries that match, and help for the current one.

    Closes when it loses the focus.
    """

    def __init__(
        self,
        view: SceneView,
        point: QPointF,
        entries: Sequence[Entry],
        warned: Sequence[Entry],
        purpose: str,
        chosen: Callable[[Item], object],
    ) -> None:
        super().__init__(view, objectName="quick-add")
        close_open(view, but=self)
        self.view, self.chosen = view, chosen
        self.model = _Rows(entries, warned)
        self.field = QLineEdit(self, objectName="quick-add-field")
        self.field.setPlaceholderText(f"{purpose}…")
        self.field.setAccessibleName(purpose)
        self._sign = self.field.addAction(
            icons.icon("search", colors().faint_text), QLineEdit.ActionPosition.LeadingPosition
        )
        self.list = QListView(self, objectName="quick-add-list")
        self.list.setAccessibleName("Layers, blocks and presets")
        self.list.setModel(self.model)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.help = QLabel(self, objectName="quick-add-help")
        self.help.setWordWrap(True)
        self.help.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(6)
        for each in (self.field, self.list, self.help):
            column.addWidget(each)
        self.field.textChanged.connect(self._search)
        self.list.clicked.connect(self._choose)
        self.list.selectionModel().currentChanged.connect(self._show_help)
        self.field.installEventFilter(self)
        view.workspace.switched.connect(self.close_up)
        theme.changed.connect(self._dress)
        self._dress()
        self._search("")
        self._take_geometry(view.mapFromScene(point))
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def current(self) -> Entry | None:
        """Return the entry that Enter would add."""
        row = self.list.currentIndex().data(ROW)
        return row if isinstance(row, Entry) else None

    def close_up(self) -> None:
        """Close the list and give the focus back to the canvas."""
        if self.isHidden():
            return
        if self.field.hasFocus():
            self.view.setFocus()
        self.hide()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.field:
            return False
        if event.type() == QEvent.Type.FocusOut and not self.field.hasFocus():
            self.close_up()
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # every key goes to the field, none is a shortcut of the canvas
            return True
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)  # which this type of event always is
            return self._pressed(event)
        return False

    def _pressed(self, event: QKeyEvent) -> bool:
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Tab: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Backtab: -1,
            Qt.Key.Key_PageDown: _ROWS - 1,
            Qt.Key.Key_PageUp: 1 - _ROWS,
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._step(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif key == Qt.Key.Key_Escape:
            self.close_up()
        else:
            return False
        return True

    def _step(self, steps: int) -> None:
        """Move the current row by some entries, skipping headers."""
        entries = [n for n, row in enumerate(self.model.rows) if isinstance(row, Entry)]
        if not entries:
            return
        now = self.list.currentIndex().row()
        number = entries.index(now) if now in entries else -1
        number = min(max(number + steps, 0), len(entries) - 1)
        index = self.model.index(entries[number])
        self.list.setCurrentIndex(index)
        if number == 0:
            self.list.scrollToTop()  # with the header above it
        else:
            self.list.scrollTo(index)

    def _search(self, text: str) -> None:
        self.model.search(text)
        self._step(1)
        self._show_help()

    def _choose(self) -> None:
        entry = self.current()
        if entry is None:
            return
        self.close_up()
        self.chosen(entry.item)

    def _show_help(self) -> None:
        entry = self.current()
        if entry is not None:
            self.help.setText(entry.help.splitlines()[0])
        else:
            self.help.setText("Nothing that fits here has such a name.")

    # Appearance

    def _dress(self) -> None:
        c = colors()
        self.setStyleSheet(
            f"#quick-add {{ background: {c.panel}; border: 1px solid {c.strong_line};"
            f" border-radius: 8px; }} #quick-add-list {{ background: transparent; }}"
            f" #quick-add-help {{ color: {c.soft_text}; background: transparent; }}"
        )
        self.help.setFont(sans(0.9))
        self._sign.setIcon(icons.icon("search", c.faint_text))

    def _take_geometry(self, at: QPoint) -> None:
        """Take a size that fits the font and a position near the pointer, within the view."""
        metrics = self.fontMetrics()
        row = round(metrics.height() * 1.55)
        self.help.setFixedHeight(2 * self.help.fontMetrics().lineSpacing())
        width = min(metrics.averageCharWidth() * _WIDTH * 2, self.view.width() - 16)
        height = self.field.sizeHint().height() + row * _ROWS + self.help.height() + 44
        height = min(height, self.view.height() - 16)
        x = min(max(at.x() + 4, 8), self.view.width() - width - 8)
        y = min(max(at.y() + 4, 8), self.view.height() - height - 8)
        self.setGeometry(x, y, width, height)


def close_open(view: SceneView, but: QuickAdd | None = None) -> None:
    """Close the lists that are open over a view, except one."""
    for each in view.findChildren(QuickAdd):
        if each is not but:
            each.close_up()


def replace_node(view: SceneView, path: str) -> QuickAdd | None:
    """Open the list for replacing a node; None if the node is gone."""
    workspace = view.workspace
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    node = graph_paths.node_at(workspace.design, path)
    if node is None:
        return None
    kind = node.layer if isinstance(node, LayerNode) else node.block
    graph = workspace.design.graph_of(graph_paths.block_at(workspace.design, scope))
    edge = next((each for each in graph.edges if each.target == name), None)
    spot = Spot(scope, name=edge.source if edge else "", port=edge.source_port if edge else 0)
    shape = spot_shape(workspace, spot)
    entries = [
        replace(each, soft=_parameters_kept(workspace.design, node, each) or each.soft)
        for each in offered(workspace, scope)
        if each.item.name != kind and (edge is None or _fits(workspace, each.item, spot, shape))
    ]
    corner = view.rect_of(path).bottomLeft()
    return QuickAdd(
        view,
        corner,
        entries,
        [],
        f"Replace {name} by",
        lambda item: adding.replace(workspace, path, item),
    )


def _parameters_kept(design: Design, node: Node, entry: Entry) -> str:
    """Say how many of a node's parameters a replacement would keep, "" for none."""
    if entry.item.kind != "layer" or not isinstance(node, LayerNode) or not node.parameters:
        return ""
    count = len(editing.shared_parameters(node, entry.item.name, design.code))
    return f"keeps {count} of {len(node.parameters)}" if count else ""
