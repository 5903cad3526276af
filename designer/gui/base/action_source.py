"""What a feature needs of the table of actions: to show some of them and to run one by its key."""

from collections.abc import Iterable
from typing import Protocol

from PySide6.QtGui import QAction


class ActionSource(Protocol):
    """The window's actions by their keys, such as ``layer.expand``.

    Features never import the table itself, which lies above them.
    """

    def __getitem__(self, key: str) -> QAction: ...

    def some(self, keys: Iterable[str]) -> list[QAction | None]:
        """Return actions by their keys, with None (a separator) for each empty key."""

    def refresh(self) -> None:
        """Enable or disable every action as the present state asks."""

    def refresh_soon(self) -> None:
        """Do the same once the present event has been handled."""
