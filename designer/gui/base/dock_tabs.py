"""Hides the tab bars of docks that Qt leaves behind, and sets crowded tabs closer together.

Qt 6.10 and 6.11 create new tab bars with each `restoreState`, and when docks are tabbed before the
first show. The old bars stay visible, do nothing and cover other widgets.
"""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

_CHANGES = (
    QEvent.Type.ChildAdded,
    QEvent.Type.LayoutRequest,
    QEvent.Type.Resize,
    QEvent.Type.Show,
)
_PADDING = 24  # pixels beside the title of a tab, left and right together


class DockTabs(QObject):
    """Keeps one tab bar visible for each group of tabbed docks: the newest with their titles."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.window = window
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.tidy)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tidy up soon after the arrangement of the window changed."""
        if event.type() in _CHANGES:
            self._soon.start()
        return False

    def tidy(self) -> None:
        """Show the bars in use and hide the others."""
        bars = self.window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        used = set()
        for titles in self._groups():
            named = [bar for bar in bars if _titles(bar) == titles]
            if named:
                used.add(named[-1])
        for bar in bars:
            # Only where it is a change: setting it asks for a layout, after which this runs again.
            if bar.elideMode() != Qt.TextElideMode.ElideNone:
                bar.setElideMode(Qt.TextElideMode.ElideNone)  # scroll rather than cut the titles
                bar.setUsesScrollButtons(True)
            if bar in used:
                _space(bar)
            if bar.isVisible() != (bar in used) and self.window.isVisible():
                bar.setVisible(bar in used)

    def _groups(self) -> set[frozenset[str]]:
        return {
            frozenset(each.windowTitle() for each in (dock, *others))
            for dock in self.window.findChildren(QDockWidget)
            if (others := self.window.tabifiedDockWidgets(dock)) and not dock.isFloating()
        }


def _space(bar: QTabBar) -> None:
    """Set the tabs of a bar closer together where they have too little room."""
    metrics = bar.fontMetrics()
    titles = (bar.tabText(index) for index in range(bar.count()))
    needed = sum(metrics.horizontalAdvance(title) + _PADDING for title in titles)
    crowded = needed > bar.width()
    if crowded != bool(bar.property("crowded")):
        bar.setProperty("crowded", crowded)
        bar.style().unpolish(bar)
        bar.style().polish(bar)
        # Polishing alone leaves the tabs as wide as they were before.
        QCoreApplication.sendEvent(bar, QEvent(QEvent.Type.StyleChange))


def _titles(bar: QTabBar) -> frozenset[str]:
    return frozenset(bar.tabText(index) for index in range(bar.count()))
