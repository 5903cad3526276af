"""Drawing with the mouse: the picture that results, and the files that drawings become."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from designer.gui.inside.own_pictures import OwnPictures
from designer.gui.inside.sketchpad import SIDE, Sketchpad

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def pad(qtbot: QtBot, look: str) -> Sketchpad:
    found = Sketchpad()
    qtbot.addWidget(found)
    found.resize(300, 200)
    found.show()
    return found


def pixels(image: QImage) -> NDArray[np.float64]:
    assert (image.width(), image.height()) == (SIDE, SIDE)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, image.bytesPerLine())
    return rows[:, :SIDE].astype(float)


def draw(pad: Sketchpad, *points: tuple[int, int]) -> None:
    QTest.mousePress(pad, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(*points[0]))
    for each in points[1:]:
        QTest.mouseMove(pad, QPoint(*each))
    QTest.mouseRelease(pad, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(*points[-1]))


def test_a_drawing_is_centered_like_those_of_mnist(pad: Sketchpad) -> None:
    """MNIST's digits are scaled into a box of 20 of 28 pixels, their center of mass in the middle.

    See http://yann.lecun.com/exdb/mnist: "the images were centered in a 28x28 image by computing
    the center of mass of the pixels, and translating the image".
    """
    draw(pad, (80, 30), (80, 60), (110, 60))  # small, and near a corner
    values = pixels(pad.picture())
    rows, columns = (np.flatnonzero(values.sum(axis) > 0) for axis in (1, 0))
    longest = max(np.ptp(rows), np.ptp(columns)) + 1
    assert longest == pytest.approx(SIDE * 20 / 28, abs=3)
    middles = np.arange(SIDE) + 0.5
    center = [(values.sum(axis) @ middles) / values.sum() for axis in (0, 1)]
    assert center == pytest.approx([SIDE / 2, SIDE / 2], abs=1)
    pad.centered = False
    values = pixels(pad.picture())
    # The square of 200 pixels lies 50 pixels from the left.
    scale = SIDE / 200
    assert values[round(45 * scale), round(30 * scale)] == 255
    assert np.flatnonzero(values.sum(0) > 0)[0] == pytest.approx((30 - 9) * scale, abs=3)


def test_lines_are_undone_and_cleared(pad: Sketchpad) -> None:
    heard: list[int] = []
    pad.settled.connect(lambda: heard.append(len(pad.strokes)))
    draw(pad, (80, 30), (80, 160))
    draw(pad, (150, 100))  # a dot
    assert pixels(pad.picture()).max() == 255
    QTest.keyClick(pad, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    pad.clear()
    pad.undo()  # nothing is left
    assert heard == [1, 2, 1, 0]
    assert pixels(pad.picture()).max() == 0


def test_files_of_drawings_go_with_the_window() -> None:
    own = OwnPictures()
    image = QImage(4, 4, QImage.Format.Format_Grayscale8)
    image.fill(0)
    drawn, pasted = own.drawn(image), own.pasted(image)
    passing = [own.passing(image) for _ in range(30)]
    assert drawn.exists() and pasted.exists()
    assert 0 < sum(each.exists() for each in passing) < 30 and passing[-1].exists()
    del own
    assert not drawn.parent.exists()
