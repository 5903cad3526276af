"""The import report: what was found when a network from elsewhere was opened, at one look."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons, numbers, screens
from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents import graph_paths
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.opening.opener import title_of
from designer.readers import sources
from designer.runs.import_report import ImportReport, sentence_of_difference

_MOST_NAMES = 6  # tensors and types that are named, of more
_MOST_ROWS = 6  # operations in sight without scrolling
_WIDTH = 30  # of the dialog, in heights of a line
_UNBROKEN = "\u00a0"  # a space at which no line ends
_MARGIN = 18  # pixels between the dialog and the window's edges
_SIGN = 18  # size of the sign beside the verdict, in pixels


class ReportDialog(QDialog):
    """Says what became of a network; a click on an operation selects its node.

    It leaves the canvas usable.

    Attributes
    ----------
    document
        The design that was opened.
    operations
        The list of operations that no layer expresses; empty if there are none.
    """

    def __init__(
        self, workspace: Workspace, document: Document, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="import-report")
        assert document.imported is not None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(f"Import report of {document.title}")
        self.workspace, self.document = workspace, document
        self.source, self.report = document.imported.source, document.imported.report
        self._build()
        self._dress()
        theme.changed.connect(self._dress)

    def _build(self) -> None:
        self.title = _label("import-title", self.report.title)
        self.origin = _label("import-source", origin_of(self.source, self.report), "soft")
        self.origin.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sign = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.sign.setFixedSize(_SIGN, _SIGN)
        self.verdict = _label("import-verdict", sentence_of_difference(self.report))
        verdict = QHBoxLayout()
        verdict.setSpacing(8)
        verdict.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        verdict.addWidget(self.verdict, 1)
        facts = QGridLayout()
        facts.setHorizontalSpacing(16)
        facts.setVerticalSpacing(6)
        facts.setColumnStretch(1, 1)
        for number, (head, words) in enumerate(facts_of(self.report)):
            label = _label("", head, "soft", wraps=False)
            facts.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            facts.addWidget(_label(f"import-{head.lower()}", words), number, 1)
        self.operations = QListWidget(objectName="import-operations")
        self.operations.setAccessibleName("Operations that no layer expresses")
        self.operations.setUniformItemSizes(True)
        self.operations.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for piece in self.report.opaque:
            item = QListWidgetItem(piece.call)
            item.setData(Qt.ItemDataRole.UserRole, piece.path)
            item.setToolTip(f"{piece.words}\nSelect the node {piece.path}.")
            self.operations.addItem(item)
        self.operations.itemClicked.connect(self._select)
        self.operations.itemActivated.connect(self._select)
        content = QWidget()
        self._content = down = QVBoxLayout(content)
        down.setContentsMargins(0, 6, 8, 0)
        down.setSpacing(10)
        down.addLayout(verdict)
        down.addWidget(_line())
        down.addLayout(facts)
        if self.report.opaque:
            self._opaque_title = _label("import-opaque", opaque_title(self.report))
            down.addWidget(self._opaque_title)
            down.addWidget(self.operations)
        for note in self.report.notes:
            down.addWidget(_label("import-note", note, "soft"))
        down.addStretch(1)
        self.area = QScrollArea(objectName="import-area", widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(content)
        self._buttons = buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy as text", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("import-copy")
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(text_of(self.source, self.report))
        )
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.origin)
        column.addWidget(self.area, 1)
        column.addWidget(buttons)

    def _dress(self) -> None:
        c = colors()
        good = self.report.equal
        sign, color = ("check", c.success) if good else ("problem-warning", c.warning)
        if self.report.differs:
            sign, color = "problem-error", c.error
        icon = icons.icon(sign, color)
        self.sign.setPixmap(icon.pixmap(QSize(_SIGN, _SIGN), self.devicePixelRatioF()))
        self.title.setFont(sans(1.25, bold=True))
        self.verdict.setFont(sans(bold=True))
        if self.report.opaque:
            self._opaque_title.setFont(sans(bold=True))
            shown = min(self.operations.count(), _MOST_ROWS)
            row = max(self.operations.sizeHintForRow(0), 1)
            self.operations.setFixedHeight(row * shown + 2 * self.operations.frameWidth() + 4)

    def appear(self) -> None:
        """Show it in the lower right corner of its window, as high as its content needs."""
        width = _WIDTH * self.fontMetrics().height()
        self.resize(width, self.height())
        self.ensurePolished()
        column = self.layout()
        assert column is not None
        margins = column.contentsMargins()
        room = width - margins.left() - margins.right() - 2
        needed = self._content.totalHeightForWidth(room)
        heads = sum(
            each.heightForWidth(room) + column.spacing() for each in (self.title, self.origin)
        )
        foot = self._buttons.sizeHint().height() + column.spacing()
        height = needed + heads + foot + margins.top() + margins.bottom() + 4
        window = self.parentWidget()
        if window is not None:
            height = min(height, window.height() - 4 * _MARGIN)
        screens.resize_within(self, width, height)
        if window is not None:
            corner = window.mapToGlobal(QPoint(window.width(), window.height()))
            self.move(corner - QPoint(self.width() + _MARGIN, self.height() + 2 * _MARGIN))
        self.show()

    def _select(self, item: QListWidgetItem) -> None:
        if self.workspace.document is self.document:
            path = place_of(self.document, item.data(Qt.ItemDataRole.UserRole))
            self.workspace.select([path] if path else [], reveal=True)


def place_of(document: Document, path: str) -> str:
    """Return the graph path of an operation, in a block that of its first use; "" if it is gone.

    Parameters
    ----------
    document
        The design.
    path
        The name of its node, behind that of its block with a dot.
    """
    block, _, name = path.rpartition(".")
    for each, _ in document.analysis.opaque:
        around = graph_paths.block_at(document.design, graph_paths.parent(each)) or ""
        if (around, graph_paths.name_of(each)) == (block, name):
            return each
    return ""


def origin_of(source: str, report: ImportReport) -> str:
    """Return what a network was opened from, in words."""
    return f"{title_of(source)}, a {sources.kind_of(report.kind).title}"


def facts_of(report: ImportReport) -> list[tuple[str, str]]:
    """Return the rows of the report: what each is of, and what was found."""
    count = numbers.count
    types = sorted(report.layer_types.items(), key=lambda each: -each[1])
    named = [f"{count(number)}{_UNBROKEN}{name}" for name, number in types[:_MOST_NAMES]]
    layers = f"{count(report.layers)}: {_listed(named, len(types) - len(named))}"
    found = [("Layers", layers if named else count(report.layers))]
    if report.blocks:
        blocks = ", ".join(
            each.name if each.uses == 1 else f"{each.name} ×{count(each.uses)}"
            for each in report.blocks
        )
        found.append(("Blocks", blocks))
    nodes = "1 node" if report.top_level == 1 else f"{count(report.top_level)} nodes"
    found.append(("Canvas", f"{nodes} at the top"))
    buffers = f", and {count(report.buffers)} numbers in buffers" if report.buffers else ""
    found.append(("Parameters", f"{count(report.parameters)}{buffers}"))
    missing = report.tensors.missing
    every = report.tensors.taken + len(missing)
    if not missing:
        words = f"all {count(every)} have values of the source" if every else "none"
    else:
        names = _listed(missing[:_MOST_NAMES], len(missing) - _MOST_NAMES)
        words = (
            f"{count(report.tensors.taken)} of {count(every)} have values of the source; fresh "
            f"values have {names}"
        )
    found.append(("Tensors", words))
    return found


def opaque_title(report: ImportReport) -> str:
    """Return what is said above the operations that no layer expresses."""
    number = len(report.opaque)
    if number == 1:
        return "No layer expresses this operation: replace its node to train or export."
    return (
        f"No layer expresses these {numbers.count(number)} operations: replace their nodes to "
        "train or export."
    )


def text_of(source: str, report: ImportReport) -> str:
    """Return the whole report as plain text."""
    lines = [report.title, origin_of(source, report), sentence_of_difference(report)]
    lines += [f"{head}: {words}" for head, words in facts_of(report)]
    if report.opaque:
        lines.append(opaque_title(report))
        lines += [f"{each.path}: {each.words}" for each in report.opaque]
    return "\n".join([*lines, *report.notes]).replace(_UNBROKEN, " ") + "\n"


def _listed(names: Sequence[str], more: int) -> str:
    words = ", ".join(names)
    return f"{words} and {numbers.count(more)} more" if more > 0 else words


def _label(name: str, text: str, role: str = "", *, wraps: bool = True) -> QLabel:
    label = QLabel(text, objectName=name, wordWrap=wraps, textFormat=Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
