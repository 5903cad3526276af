"""The page that shows which parts of the picture speak for a class."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QFormLayout, QWidget

from designer.gui.base.boxes import ComboBox, Slider, SpinBox
from designer.gui.inside import coloring
from designer.gui.inside.coloring import Scale, figure
from designer.gui.inside.large_map import LargeMap
from designer.gui.inside.maps_model import MapsModel, Side
from designer.gui.inside.page import Page
from designer.gui.worker.inspection import Reply
from designer.runs.explanations import EXPLANATIONS

_PREDICTED = "Predicted class"
_BY_ITSELF = "By itself"  # what a spin box says for a size that is chosen for the user
_LARGEST = 4096  # pixels of a patch


class WhyPage(Page):
    """A map over the picture: method, node, class and opacity are chosen beside it."""

    def __init__(self, model: MapsModel) -> None:
        super().__init__(model, "why")
        self.replies: Sequence[Reply] = ()
        self.views = [LargeMap(f"why-{number}") for number in range(2)]
        for view in self.views:
            self.panes.addWidget(view, 1)
        self.method = ComboBox(objectName="why-method")
        self.method.setAccessibleName("Method")
        for row in EXPLANATIONS.values():
            self.method.addItem(row.title, row.name)
            self.method.setItemData(self.method.count() - 1, row.help, Qt.ItemDataRole.ToolTipRole)
        self.node = ComboBox(objectName="why-node")
        self.node.setAccessibleName("Node of Grad-CAM")
        self.node.addItem("Before the last pool", False)
        self.node.addItem("Selected node", True)
        self.node.setToolTip(
            "Grad-CAM weighs the channels of this node; late nodes know more of the class, early "
            "ones have finer maps."
        )
        self.wanted = ComboBox(objectName="why-class")
        self.wanted.setAccessibleName("Class")
        self.wanted.addItem(_PREDICTED)
        self.opacity = Slider(Qt.Orientation.Horizontal, objectName="why-opacity")
        self.opacity.setAccessibleName("Opacity")
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        self.patch = self._size_box("why-patch", "Side of the patch that covers the picture")
        self.stride = self._size_box("why-stride", "Step by which the patch moves")
        self._lay_out()
        self.method.currentIndexChanged.connect(self._method_chosen)
        for box in (self.node, self.wanted):
            box.activated.connect(lambda _: self.asks.emit())
        self.opacity.valueChanged.connect(lambda _: self._show())
        for spin in (self.patch, self.stride):
            spin.valueChanged.connect(lambda _: self.asks.emit())
        self._method_chosen()

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setVerticalSpacing(4)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Method", self.method),
            ("Node", self.node),
            ("Patch", self.patch),
            ("Step", self.stride),
            ("Class", self.wanted),
            ("Opacity", self.opacity),
        )
        for title, widget in rows:
            self.form.addRow(title, widget)
        self.beside.addLayout(self.form)
        self.beside.addWidget(self.empty, 1)

    @staticmethod
    def _size_box(name: str, title: str) -> SpinBox:
        box = SpinBox(objectName=name)
        box.setAccessibleName(title)
        box.setToolTip(title)
        box.setRange(0, _LARGEST)
        box.setSpecialValueText(_BY_ITSELF)
        box.setSuffix(" pixels")
        box.setKeyboardTracking(False)
        return box

    def _method_chosen(self) -> None:
        row = EXPLANATIONS[self.method.currentData()]
        self.method.setToolTip(row.help)
        for widget, used in (
            (self.node, row.at_node),
            (self.patch, row.moves_patch),
            (self.stride, row.moves_patch),
        ):
            self.form.setRowVisible(widget, used)
        self.asks.emit()

    @property
    def has_own_settings(self) -> bool:
        chosen = (self.node.currentIndex(), self.wanted.currentIndex())
        return any((*chosen, self.patch.value(), self.stride.value()))

    def use_usual_settings(self) -> None:
        boxes = (self.node, self.wanted, self.patch, self.stride)
        blockers = [QSignalBlocker(each) for each in boxes]
        self.node.setCurrentIndex(0)
        self.wanted.setCurrentIndex(0)
        self.patch.setValue(0)
        self.stride.setValue(0)
        del blockers
        self.asks.emit()

    def request(self, side: Side) -> dict[str, Any]:
        row = EXPLANATIONS[self.method.currentData()]
        asked: dict[str, Any] = {"do": "explain", "method": row.name}
        if row.at_node and self.node.currentData():
            asked["node"] = self.model.node
        if self.wanted.currentIndex() > 0:
            asked["class"] = self.wanted.currentText()
        if row.moves_patch:
            sizes = {"patch": self.patch.value(), "stride": self.stride.value()}
            asked |= {name: value for name, value in sizes.items() if value}
        return asked

    def show_replies(self, replies: Sequence[Reply]) -> None:
        self.replies = replies
        self._fill_classes(replies[0].fields["classes"])
        self._show()

    def _fill_classes(self, classes: list[str]) -> None:
        listed = [self.wanted.itemText(row) for row in range(1, self.wanted.count())]
        if listed == classes:
            return
        before = self.wanted.currentText()
        with QSignalBlocker(self.wanted):
            self.wanted.clear()
            self.wanted.addItems([_PREDICTED, *classes])
            self.wanted.setCurrentIndex(max(self.wanted.findText(before), 0))

    def _show(self) -> None:
        if not self.replies:
            return
        row = EXPLANATIONS[self.replies[0].fields["method"]]
        maps: list[Any] = [reply.arrays["map"] for reply in self.replies]
        scale = coloring.scale_of(*maps) if row.signed else Scale(0.0, max(m.max() for m in maps))
        self.views[1].setVisible(len(maps) > 1)
        for view, reply, values in zip(self.views, self.replies, maps, strict=False):
            seen: Any = reply.arrays["seen"]
            over = coloring.heat(values, scale, self.opacity.value() / 100)
            view.show_over(coloring.shown(seen), values, over, _caption(reply.fields))
        self.words.setText(_words(self.replies[0].fields, scale, maps[0].any()))


def _caption(fields: dict[str, Any]) -> str:
    if "value" in fields:
        return f"{fields['class']}: {figure(fields['value'])}"
    return f"{fields['class']}: {100 * fields['probability']:.1f} %"


def _words(fields: dict[str, Any], scale: Scale, found: bool) -> str:
    """Return what the map shows, and what its colors mean."""
    name = fields["class"]
    if not found and EXPLANATIONS[fields["method"]].signed:
        return f"Whatever place is covered, the probability of {name} stays the same."
    if not found:
        return f"No value of this map is above zero: nothing there speaks for {name}."
    row = EXPLANATIONS[fields["method"]]
    caption = row.caption.format(name=name, node=fields["node"], patch=fields["patch"])
    return f"{caption} · {scale.words if row.signed else f'bright {figure(scale.high)}'}"
