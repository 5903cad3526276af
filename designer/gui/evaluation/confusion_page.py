"""The Confusion page: the matrix by count or by share, and the pictures of a cell."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.segments import Segment, Segments
from designer.gui.evaluation.matrix import ConfusionMatrix, percent
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.gui.evaluation.picture_wall import Pictures
from designer.metrics import scores

_BY = (
    Segment("count", "Count", "How many images of each class are predicted as each class"),
    Segment("share", "Share", "The same as a share of the images of the true class"),
)
_PAIRS = 20  # of the most frequent mistakes in the list
_LOW = 250  # pixels of height
_LEAST = 150  # pixels of width
_KEY = "true → predicted, with its probability"


class ConfusionPage(Page):
    """The matrix on the left; on the right, the worst mistakes or the images of a cell."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-confusion")
        self.by = Segments("confusion-by", _BY)
        self.matrix = ConfusionMatrix()
        self.pairs = ComboBox(objectName="confusion-pairs")
        self.pairs.setAccessibleName("Most frequent mistakes")
        self.pairs.setToolTip("The most frequent mistakes; choose one to see its pictures.")
        self.pairs.setPlaceholderText("Most frequent mistakes")
        self.pairs.setMinimumContentsLength(8)
        self.pairs.setSizeAdjustPolicy(
            ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.caption = ElidedLabel(name="confusion-caption")
        self.caption.setProperty("role", "faint")
        self.pictures = Pictures(model)
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.matrix, 1)
        column.addWidget(self.caption)
        head = QHBoxLayout()
        head.setContentsMargins(6, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(self.by)
        head.addWidget(self.pairs, 1)
        right.setMinimumWidth(_LEAST)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.pictures, 1)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes([1100, 1000])  # of which Qt takes the shares
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)
        self.by.chosen.connect(lambda name: self.matrix.write_shares(name == "share"))
        self.matrix.picked.connect(self._pick)
        self.pairs.activated.connect(lambda number: self.matrix.pick(*self.pairs.itemData(number)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the matrix the room of its caption where it is low."""
        super().resizeEvent(event)
        self.caption.setHidden(self.height() < _LOW)

    def refresh(self) -> None:
        contents = self.contents
        matrix = contents.matrix
        self.matrix.show_matrix(contents.names, matrix)
        self.caption.setText(
            "Rows are the true classes. Green on the diagonal is right, red is mistaken; click a "
            "cell to see its pictures."
        )
        self.caption.setToolTip(self.caption.text())
        self.pairs.clear()
        wrong = matrix.copy()
        np.fill_diagonal(wrong, 0)
        for cell in np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS].tolist():
            true, predicted = divmod(cell, len(matrix))
            count = int(wrong[true, predicted])
            if count:
                share = percent(count, int(matrix[true].sum()))
                words = f"{contents.names[true]} → {contents.names[predicted]}"
                self.pairs.addItem(f"{words}: {numbers.count(count)} ({share})", (true, predicted))
        self.pairs.setCurrentIndex(-1)
        self.pairs.setEnabled(self.pairs.count() > 0)
        self._pick(None)

    def _pick(self, cell: object) -> None:
        """Show the images of a cell, or the worst mistakes for None."""
        contents = self.contents
        chosen = -1
        if isinstance(cell, tuple):
            true, predicted = cell
            images = contents.of_cell(true, predicted)
            count = numbers.count(len(images))
            word = "image" if len(images) == 1 else "images"
            names = contents.names
            if true == predicted:
                caption = f"{count} {word} of {names[true]} predicted rightly"
            else:
                caption = f"{count} {word} of {names[true]} predicted as {names[predicted]}"
            self.pictures.show_images(caption, images, key=f"{_KEY}; the most certain first")
            places = [self.pairs.itemData(number) for number in range(self.pairs.count())]
            chosen = places.index(cell) if cell in places else -1
        else:
            wrong = contents.wrong
            count = numbers.count(len(wrong))
            word = "mistake" if len(wrong) == 1 else "mistakes"
            caption = f"{count} {word}" if len(wrong) else "No mistakes"
            self.pictures.show_images(caption, wrong, key=f"{_KEY}; the largest losses first")
        self.pairs.setCurrentIndex(chosen)

    def table(self) -> Table:
        contents = self.contents
        shares = self.by.current == "share"
        matrix = scores.row_shares(contents.matrix) if shares else contents.matrix
        rows = [[name, *row] for name, row in zip(contents.names, matrix.tolist(), strict=True)]
        return Table("confusion", ("true \\ predicted", *contents.names), rows)
