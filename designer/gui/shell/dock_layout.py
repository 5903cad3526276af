"""Which docks share a row of tabs in windows of each width, and how large the docks are.

The canvas keeps at least half of the editor in each direction. Docks have the sizes that the user
gave them, as far as this leaves room; those that the user never resized follow the window.
"""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from designer.gui.base import screens
from designer.gui.shell.docks import BOTTOM, LEFT, RIGHT, Dock
from designer.preferences import DockSizes, DockTabbing

_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
_UNLIMITED = 16_777_215  # QWIDGETSIZE_MAX

# At the usual font size, whose lines are 15 pixels high; a larger font needs a wider window.
_LINE = 15
_WIDE = 1200  # from here on, all groups of tabs are shown side by side
_NARROW = 1000  # from here on, docks are shown at more than one side
_USUAL_WIDTH = 1480  # the window for which the first widths of the table are meant
_LARGEST_SCALE = 1.6  # of the first widths in a larger window
_BOTTOM_SHARE = 0.36  # of the height, for the docks below the canvas
_BOTTOM_LEAST = 260  # pixels that these get where they leave half of the height to the canvas
_TABS = 30  # height of a row of tabs
_FORMER_HEIGHT = 300  # the first height of the docks below before it followed the window
_TOLERANCE = 60  # by which a size differs in windows of other sizes though nobody changed it
_LEAST_WIDTH = 200  # of docks beside the canvas, however small the window is
_SIDES = {"left": LEFT, "right": RIGHT}

Group = tuple[Dock, ...]
"""Docks that are tabs of one group; the area of the first is that of all."""


def groups(rows: Sequence[Dock], tabbing: DockTabbing) -> list[Group]:
    """Return the groups of tabs in a window of some width."""
    found = [
        (first, *(row for row in rows if row.tab_with == first.key))
        for first in rows
        if not any(other.key == first.tab_with for other in rows)
    ]
    if tabbing == "narrow":
        return _joined(found, (BOTTOM,))
    if tabbing == "small":
        return _joined(found, (LEFT, RIGHT, BOTTOM))
    return found


def _joined(found: list[Group], areas: tuple[Qt.DockWidgetArea, ...]) -> list[Group]:
    """Return the groups with those of some areas made one, where the first of them was."""
    together = tuple(row for group in found if group[0].area in areas for row in group)
    others = [group for group in found if group[0].area not in areas]
    return [together, *others] if together else others


class DockLayout(QObject):
    """Keeps the docks of a window in proportion to it.

    Attributes
    ----------
    own
        The sizes that the user chose; 0 where the size follows the window.
    """

    def __init__(
        self, window: QMainWindow, rows: Sequence[Dock], docks: dict[str, QDockWidget]
    ) -> None:
        super().__init__(window)
        self.window = window
        self.rows = rows
        self.docks = docks
        self.own = DockSizes()
        self._hidden: set[str] = set()  # by `hide_all`
        self._front: set[str] = set()  # of these, those that no other tab covered
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.fit)
        self._fitted: DockSizes | None = None
        self._arranging = False
        self._squeezed: set[QDockWidget] = set()
        self._covered: set[str] = set()  # docks whose tab is not the current one
        for key, dock in docks.items():
            dock.visibilityChanged.connect(
                lambda seen, key=key: (self._covered.discard if seen else self._covered.add)(key)
            )
            dock.topLevelChanged.connect(self._soon.start)
            dock.visibilityChanged.connect(self._soon.start)
            dock.dockLocationChanged.connect(self._soon.start)

    # Arranging

    def arrange(self, tabbing: DockTabbing) -> None:
        """Put all docks that do not float where a window of some width has them."""
        self._arranging = True  # Qt may resize the window meanwhile
        front = [key for key in self.docks if self._in_front(key)]
        leaders: set[QDockWidget] = set()
        for group in groups(self.rows, tabbing):
            docked = [self.docks[row.key] for row in group if not self.docks[row.key].isFloating()]
            for dock in docked[:1]:
                self._put(dock, group[0].area, leaders)
                leaders.add(dock)
            for dock in docked[1:]:
                hidden = dock.isHidden()
                if dock not in self.window.tabifiedDockWidgets(docked[0]):
                    self.window.tabifyDockWidget(docked[0], dock)
                if hidden != dock.isHidden():
                    dock.setHidden(hidden)
        for key in reversed(front):  # so that the first one is in front where several were
            self.docks[key].raise_()
        self.own.tabbing = tabbing
        self._arranging = False

    def _put(self, dock: QDockWidget, area: Qt.DockWidgetArea, leaders: set[QDockWidget]) -> None:
        """Put the first dock of a group into its area, apart from the groups before it.

        One that is there already is left alone: side by side with what has yet to become a tab, it
        could need more width than the window has, which would then grow.
        """
        apart = not leaders.intersection(self.window.tabifiedDockWidgets(dock))
        if apart and self.window.dockWidgetArea(dock) == area:
            return
        hidden = dock.isHidden()
        self.window.addDockWidget(area, dock, _ACROSS if area == BOTTOM else _DOWN)
        if hidden != dock.isHidden():
            dock.setHidden(hidden)

    def arrange_all(self) -> None:
        """Show all docks where the table has them in a window of the present width."""
        for dock in self.docks.values():
            dock.setFloating(False)
            dock.show()
        self.arrange(self.tabbing())
        for group in reversed(groups(self.rows, self.own.tabbing)):
            self.docks[group[0].key].raise_()
        self.fit()

    def reset(self) -> None:
        """Forget the sizes that the user chose; the docks are as in a wide window."""
        self.own = DockSizes()

    def adopt(self) -> None:
        """Take over the sizes of an arrangement that was stored without `DockSizes`."""
        now = self._measured()
        for side, area in _SIDES.items():
            first = max((row.width for row in self.rows if row.area == area), default=0)
            if getattr(now, side) and abs(getattr(now, side) - first) > _TOLERANCE:
                setattr(self.own, side, getattr(now, side))
        if abs(now.bottom - _FORMER_HEIGHT) > _TOLERANCE:
            self.own.bottom = now.bottom

    def tabbing(self) -> DockTabbing:
        """Return which docks share tabs at the width that the window has now."""
        width = self.window.width() / self._font_scale()
        return "wide" if width >= _WIDE else "narrow" if width >= _NARROW else "small"

    def fit(self) -> None:
        """Use the sizes that belong to the present size of the window.

        Docks that are still in the groups of another width are arranged anew; where the user has
        moved one, all stay, unless the screen is too small for that.
        """
        self._soon.stop()
        if self._arranging:
            return
        tabbing = self.tabbing()
        if tabbing != self.own.tabbing:
            if self._is_arranged(self.own.tabbing) or self._is_too_wide():
                self.arrange(tabbing)
            self.own.tabbing = tabbing
        self._limit()
        for side, area in _SIDES.items():
            docks = self._docked(area)
            if docks:
                self.window.resizeDocks(docks[:1], [self._width(side)], _ACROSS)
        below = self._docked(BOTTOM)
        if below:
            self.window.resizeDocks(below[:1], [self._height()], _DOWN)
        if len(below) == 2:
            share = self.own.split or 50
            width = self.window.width()
            widths = [width * share // 100, width * (100 - share) // 100]
            self.window.resizeDocks(below, widths, _ACROSS)
        self._fitted = self._measured()

    def user_resized(self) -> None:
        """Take over the sizes of the docks after the user moved a line between them."""
        now = self._measured()
        if self._fitted is None:
            return
        for name in ("left", "right", "bottom", "split"):
            size = getattr(now, name)
            if size and size != getattr(self._fitted, name):
                setattr(self.own, name, size)
        self._fitted = now

    # All panels at once

    @property
    def hidden(self) -> bool:
        """Whether no panel is shown."""
        return all(dock.isHidden() for dock in self.docks.values())

    def hide_all(self) -> None:
        """Hide every panel; `show_hidden` shows them again."""
        shown = {key for key, dock in self.docks.items() if not dock.isHidden()}
        self._front = {key for key in shown if self._in_front(key)}
        self._hidden |= shown
        for key in shown:
            self.docks[key].hide()

    def show_hidden(self) -> None:
        """Show the panels that `hide_all` hid, or all if it hid none."""
        front = [key for key in self.docks if key in self._front] if self._hidden else []
        for key in self._hidden or self.docks:
            self.docks[key].show()
        self._hidden = set()
        self._soon.start()
        QTimer.singleShot(0, self, lambda: self._raise(front))  # Qt makes the tabs only then

    def _raise(self, keys: list[str]) -> None:
        for key in keys:
            self.docks[key].raise_()

    # Measuring

    def in_front(self) -> list[QDockWidget]:
        """Return the docks that are seen: one of each group of tabs, in the order of the table."""
        return [dock for key, dock in self.docks.items() if self._in_front(key)]

    def _font_scale(self) -> float:
        return max(1.0, self.window.fontMetrics().height() / _LINE)

    def _docked(self, area: Qt.DockWidgetArea) -> list[QDockWidget]:
        """Return one dock of each group that is shown in an area, from left to right."""
        return sorted(
            (
                dock
                for key, dock in self.docks.items()
                if self._is_docked(dock)
                and self.window.dockWidgetArea(dock) == area
                and self._in_front(key)
            ),
            key=lambda dock: dock.x(),
        )

    def _is_docked(self, dock: QDockWidget) -> bool:
        return not dock.isFloating() and not dock.isHidden()

    def _in_front(self, key: str) -> bool:
        """Tell whether a dock is shown and no other tab covers it."""
        dock = self.docks[key]
        at_hand = dock.x() >= 0 and dock.y() >= 0  # Qt moves the others away, but a moment later
        return not dock.isHidden() and at_hand and key not in self._covered

    def _is_arranged(self, tabbing: DockTabbing) -> bool:
        """Tell whether the docks that are shown are grouped as in a window of some width."""
        present = {
            (
                self.window.dockWidgetArea(dock),
                frozenset(
                    each
                    for each in (dock, *self.window.tabifiedDockWidgets(dock))
                    if self._is_docked(each)
                ),
            )
            for dock in self.docks.values()
            if self._is_docked(dock)
        }
        wanted = {
            (group[0].area, frozenset(self.docks[row.key] for row in group) & shown)
            for shown in [{dock for dock in self.docks.values() if self._is_docked(dock)}]
            for group in groups(self.rows, tabbing)
        }
        return present == {each for each in wanted if each[1]}

    def _is_too_wide(self) -> bool:
        """Tell whether the docks as they are need more width than the screen has."""
        free = screens.free_area(self.window.window()).width()
        return self.window.minimumSizeHint().width() > free

    def _sides(self) -> int:
        """Return at how many sides of the canvas docks are shown."""
        return sum(bool(self._docked(area)) for area in _SIDES.values())

    def _side_limit(self) -> int:
        """Return the largest width of the docks at one side, without the line beside them."""
        return self.window.width() // 2 // max(1, self._sides()) - 1

    def _limit(self) -> None:
        """Set the largest sizes of the docks, which leave half of the window to the canvas."""
        width = self._side_limit()
        height = self.window.height() // 2 - _TABS
        for dock in self.docks.values():
            area = self.window.dockWidgetArea(dock)
            docked = not dock.isFloating()
            beside = docked and area in _SIDES.values()
            below = docked and area == BOTTOM
            most_width = max(width, _LEAST_WIDTH) if beside else _UNLIMITED
            least = dock.minimumSizeHint()
            most_height = max(height, least.height()) if below else _UNLIMITED
            self._squeeze(dock, most_width)
            if (dock.maximumWidth(), dock.maximumHeight()) != (most_width, most_height):
                dock.setMaximumSize(most_width, most_height)

    def _squeeze(self, dock: QDockWidget, most: int) -> None:
        """Let a panel be narrower than it asks for, where else the canvas would be."""
        panel = dock.widget()
        if panel is None:
            return
        if panel.minimumSizeHint().width() > most:
            panel.setMinimumWidth(most)
            self._squeezed.add(dock)
        elif dock in self._squeezed:
            panel.setMinimumWidth(0)
            self._squeezed.remove(dock)

    def _width(self, side: str) -> int:
        """Return the width that the docks of a side should have."""
        chosen: int = getattr(self.own, side)
        limit = self._side_limit()
        if chosen:
            return min(chosen, limit)
        first = max(row.width for row in self.rows if self._stands_at(row, _SIDES[side]))
        scale = min(_LARGEST_SCALE, max(1.0, self.window.width() / _USUAL_WIDTH))
        return min(round(first * max(scale, self._font_scale())), limit)

    def _stands_at(self, row: Dock, area: Qt.DockWidgetArea) -> bool:
        return self.window.dockWidgetArea(self.docks[row.key]) == area

    def _height(self) -> int:
        """Return the height that the docks below the canvas should have."""
        usual = max(_BOTTOM_LEAST, round(self.window.height() * _BOTTOM_SHARE))
        return min(self.own.bottom or usual, self.window.height() // 2 - _TABS)

    def _measured(self) -> DockSizes:
        """Return the sizes of the docks as they are."""
        left, right, below = (self._docked(area) for area in (LEFT, RIGHT, BOTTOM))
        return DockSizes(
            left=left[0].width() if left else 0,
            right=right[-1].width() if right else 0,
            bottom=below[0].height() if below else 0,
            split=_percent(below) if len(below) == 2 else 0,
            tabbing=self.own.tabbing,
        )


def _percent(pair: list[QDockWidget]) -> int:
    """Return the share of the first of two docks side by side, in percent."""
    first, second = (dock.width() for dock in pair)
    return round(100 * first / max(1, first + second))
