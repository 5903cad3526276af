"""Where the names of points stand: clear of points and each other and, if possible, of lines."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QLineF, QRectF

_AWAY = 4.0  # pixels from a point's place to its name, for the ring around what is chosen


def place_labels(
    points: Mapping[str, tuple[QRectF, float]],
    height: float,
    area: QRectF,
    taken: Iterable[QRectF],
    lines: Sequence[QLineF],
) -> dict[str, QRectF]:
    """Return the boxes of as many names as fit into an area, the first ones first.

    Parameters
    ----------
    points
        By name, the place of its point and how wide the name is written.
    taken
        Where no name may stand; other names are added.
    lines
        What a name keeps off where there is a choice; those that end at its point count too.
    """
    closed = list(taken)
    around = [QRectF(line.p1(), line.p2()).normalized().adjusted(-1, -1, 1, 1) for line in lines]

    def is_struck(box: QRectF) -> bool:
        near = (line for line, rect in zip(lines, around, strict=True) if rect.intersects(box))
        return any(crosses(line, box) for line in near)

    found: dict[str, QRectF] = {}
    for name, (place, width) in points.items():
        free = [
            box
            for box in _beside(place, width, height)
            if area.contains(box) and not any(box.intersects(each) for each in closed)
        ]
        if free:
            found[name] = next((box for box in free if not is_struck(box)), free[0])
            closed.append(found[name])
    return found


def _beside(place: QRectF, width: float, height: float) -> tuple[QRectF, ...]:
    """Return where a name may stand: to the right of its point, left, above or below."""
    middle = place.center()
    left, top = middle.x() - width / 2, middle.y() - height / 2
    return (
        QRectF(place.right() + _AWAY, top, width, height),
        QRectF(place.left() - _AWAY - width, top, width, height),
        QRectF(left, place.top() - _AWAY - height, width, height),
        QRectF(left, place.bottom() + _AWAY, width, height),
    )


def crosses(line: QLineF, box: QRectF) -> bool:
    """Tell whether a line passes through a box in which it does not end."""
    diagonals = (
        QLineF(box.topLeft(), box.bottomRight()),
        QLineF(box.topRight(), box.bottomLeft()),
    )
    bounded = QLineF.IntersectionType.BoundedIntersection
    return any(line.intersects(each)[0] == bounded for each in diagonals)
