"""Placement of labels beside points: they overlap no point or label and, if possible, no line."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QLineF, QRectF

_DISTANCE = 4.0  # pixels between point and label, for the ring around the chosen point

_APART = 6.0  # pixels between labels side by side, which would read as one otherwise


def place_labels(
    points: Mapping[str, tuple[QRectF, float]],
    height: float,
    area: QRectF,
    taken: Iterable[QRectF],
    lines: Sequence[QLineF],
) -> dict[str, QRectF]:
    """Return the rectangles of as many labels as fit into an area; earlier ones have priority.

    Parameters
    ----------
    points
        By name, the rectangle of its point and the width of its label.
    height
        The height of all labels.
    area
        The rectangle that must contain the labels.
    taken
        Rectangles that no label may overlap.
    lines
        Lines that a label avoids if it has another position, those from its own point included.
    """
    occupied = list(taken)
    around = [QRectF(line.p1(), line.p2()).normalized().adjusted(-1, -1, 1, 1) for line in lines]

    def is_crossed(box: QRectF) -> bool:
        near = (line for line, rect in zip(lines, around, strict=True) if rect.intersects(box))
        return any(crosses(line, box) for line in near)

    found: dict[str, QRectF] = {}
    for name, (point, width) in points.items():
        free = [
            box
            for box in _positions(point, width, height)
            if area.contains(box) and not any(box.intersects(each) for each in occupied)
        ]
        if free:
            found[name] = next((box for box in free if not is_crossed(box)), free[0])
            occupied.append(found[name].adjusted(-_APART, 0, _APART, 0))
    return found


def _positions(point: QRectF, width: float, height: float) -> tuple[QRectF, ...]:
    """Return the possible rectangles of a label: right of its point, left, above, below."""
    middle = point.center()
    left, top = middle.x() - width / 2, middle.y() - height / 2
    return (
        QRectF(point.right() + _DISTANCE, top, width, height),
        QRectF(point.left() - _DISTANCE - width, top, width, height),
        QRectF(left, point.top() - _DISTANCE - height, width, height),
        QRectF(left, point.bottom() + _DISTANCE, width, height),
    )


def crosses(line: QLineF, box: QRectF) -> bool:
    """Tell whether a line passes through a rectangle, ending outside of it."""
    diagonals = (
        QLineF(box.topLeft(), box.bottomRight()),
        QLineF(box.topRight(), box.bottomLeft()),
    )
    bounded = QLineF.IntersectionType.BoundedIntersection
    return any(line.intersects(each)[0] == bounded for each in diagonals)
