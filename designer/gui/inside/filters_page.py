"""The page of a node's weights: its filters as pictures, their distribution and figures."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout

from designer.gui.base import numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.inside import coloring
from designer.gui.inside.bars import Bars
from designer.gui.inside.coloring import figure
from designer.gui.inside.grid_page import GridPage
from designer.gui.inside.maps_model import MapsModel, Side
from designer.gui.inside.page import figures_words, wrapped_label
from designer.gui.inside.value_view import choose_in_all
from designer.gui.worker.inspection import Reply

_ALL = -1  # stands for all input channels in the list of them
_LISTED = 4096  # input channels at most


class FiltersPage(GridPage):
    """The weights of a node; no picture is needed."""

    needs_picture = False

    def __init__(self, model: MapsModel) -> None:
        super().__init__(model, "filters")
        self._node = ""
        self.tensor = ComboBox(objectName="filters-tensor")
        self.tensor.setAccessibleName("Tensor")
        self.tensor.setToolTip("Which tensor of the layer is shown")
        self.channel = ComboBox(objectName="filters-channel")
        self.channel.setAccessibleName("Input channel")
        self.channel.setToolTip("Which part of each kernel is shown: that for one input channel")
        self.tensor.activated.connect(lambda _: self._other_tensor())
        self.channel.activated.connect(lambda _: self.asks.emit())
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.tensor, 1)
        row.addWidget(self.channel, 1)
        self.beside.addLayout(row)
        self.around_large.addLayout(self.both, 2)
        self.histogram = Bars("filters-histogram")
        self.histogram.setAccessibleName("Distribution of the weights")
        self.around_large.addWidget(self.histogram, 1)
        self.beside.addLayout(self.around_large, 1)
        self.figures = wrapped_label("filters-figures")
        self.beside.addWidget(self.figures)

    def refusal(self) -> str:
        node, layers = self.model.node, dict(self.model.workspace.analysis.top.layers())
        if node not in layers:
            inside = next((path for path in layers if path.startswith(f"{node}.")), "")
            if not inside:
                return ""  # another network, of which the worker says what is wrong
            return f"{node} is a block: select one of its layers, such as {inside}."
        layer, inputs = layers[node].layer, layers[node].inputs
        known = [each for each in inputs if each is not None]
        if layer is None or (known and layer.states(known)):
            return ""
        return f"{node} has no weights: select a layer that has some, such as a convolution."

    def request(self, side: Side) -> dict[str, Any]:
        asked: dict[str, Any] = {"do": "filters", "node": self.model.node}
        if self.model.node != self._node:
            return asked
        if self.tensor.currentText():
            asked["tensor"] = self.tensor.currentText()
        if self.channel.count() and self.channel.currentData() != _ALL:
            asked["channel"] = self.channel.currentData()
        return asked

    def _other_tensor(self) -> None:
        self.channel.clear()  # those of the tensor before
        self.asks.emit()

    def show_replies(self, replies: Sequence[Reply]) -> None:
        self.replies = replies
        fields = replies[0].fields
        self._fill_boxes(fields)
        values: list[Any] = [reply.arrays["values"] for reply in replies]
        scale, kind = coloring.scale_of(*values), fields["kind"]
        self.views[1].setVisible(len(replies) > 1)
        for view, value in zip(self.views, values, strict=False):
            order = range(min(map(len, values)))
            if kind == "matrix":
                view.show_matrix(value, scale, "rows: outputs, columns: inputs")
            elif kind == "vector":
                view.show_vector(value, (scale.low, scale.high), order, "value {}".format)
            else:
                colored = kind == "colors"
                view.show_grid(value, None if colored else scale, order, "Kernel {}".format)
        if kind in ("tiles", "colors"):
            choose_in_all(self.views, max(self.views[0].grid.current, 0))
        self.words.setText(_words(fields, scale))
        self._show_distribution(fields, replies[0].arrays["counts"])
        self._show_large()

    def _fill_boxes(self, fields: dict[str, Any]) -> None:
        """List the tensors of the node and the input channels of a kernel."""
        with QSignalBlocker(self.tensor), QSignalBlocker(self.channel):
            names = [each["name"] for each in fields["tensors"]]
            listed = [self.tensor.itemText(row) for row in range(self.tensor.count())]
            if names != listed:
                self.tensor.clear()
                self.tensor.addItems(names)
            self.tensor.setCurrentText(fields["tensor"])
            count = min(fields["inputs"], _LISTED)
            if self._node != fields["node"] or self.channel.count() != count + 1:
                self.channel.clear()
                words = "In colors" if fields["kind"] == "colors" else "Mean of inputs"
                self.channel.addItem(words, _ALL)
                for number in range(count):
                    self.channel.addItem(f"Input {number}", number)
        kernels = fields["kind"] in ("tiles", "colors") and fields["inputs"] > 1
        self.channel.setVisible(kernels)
        self._node = fields["node"]

    def _show_distribution(self, fields: dict[str, Any], counts: Any) -> None:
        figures = fields["figures"]
        low, high = (figures[each] or 0.0 for each in ("minimum", "maximum"))  # None of NaN
        width = (high - low) / len(counts)

        def words(place: int) -> str:
            start = low + place * width
            number = numbers.count(int(counts[place]))
            return f"{figure(start)} to {figure(start + width)}: {number}"

        self.histogram.show_bars(
            counts, words, ends=(figure(figures["minimum"]), figure(figures["maximum"]))
        )
        self.figures.setText(f"{figures_words(figures)} · norm {figure(figures['norm'])}")

    def _show_large(self) -> None:
        kind, number = self.replies[0].fields["kind"], self.chosen
        tiles = kind in ("tiles", "colors") and number >= 0
        for place, large in enumerate(self.large):
            large.setVisible(tiles and place < len(self.replies))
        if not tiles:
            return
        whole: list[Any] = [reply.arrays["values"] for reply in self.replies]
        scale = coloring.scale_of(*whole)
        for large, values in zip(self.large, whole, strict=False):
            if kind == "colors":
                large.show_colors(values[number], f"kernel {number}")
            else:
                large.show_map(values[number], scale, f"kernel {number}")


def _words(fields: dict[str, Any], scale: coloring.Scale) -> str:
    """Return what is shown: the tensor, its shape, and what the colors mean."""
    shape = "×".join(numbers.count(size) for size in fields["shape"])
    chosen = next(each for each in fields["tensors"] if each["name"] == fields["tensor"])
    words = [f"{fields['tensor']} {shape}" + ("" if chosen["learned"] else ", not learned")]
    if fields["reduced"]:
        words.append("means over neighbors, as it is larger than the screen")
    if fields["kind"] == "colors":
        words.append("each kernel from its lowest to its highest value")
    else:
        words.append(scale.words)
    return " · ".join(words)
