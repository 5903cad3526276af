"""The menu that chooses what the first side of the Maps dock is compared with."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from designer.gui.inside.maps_model import MapsModel
from designer.gui.inside.side_title import fill_networks
from designer.gui.inside.subject_words import weights_of
from designer.runs.inspection import Picture

_PICTURES = 10  # listed in the menu


class CompareMenu(QMenu):
    """Another picture, another epoch, another network, or nothing.

    Parameters
    ----------
    model
        What is shown.
    pick
        Asks the user for a picture file; returns None if there is none.
    """

    def __init__(self, model: MapsModel, pick: Callable[[], Path | None], parent: QWidget) -> None:
        super().__init__(parent)
        self.model = model
        self.pick = pick
        self._networks = QMenu("Another network", self)
        self._networks.aboutToShow.connect(
            lambda: fill_networks(
                self._networks,
                model,
                lambda subject: model.compare_with(subject, model.other_picture),
            )
        )
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        self._add("Another picture…", self._pick_picture)
        shown = self.model.inspection.pictures
        for picture in [each for each in shown if each != self.model.inspection.picture]:
            if len(self.actions()) > _PICTURES:
                break
            name = picture.name.replace("&", "&&")
            self._add(name, partial(self._with_picture, picture))
        self.addSeparator()
        epoch = self._add("Another epoch of this run", self._with_epoch)
        epoch.setEnabled(self._other_weights() is not None)
        self.addMenu(self._networks)
        self.addSeparator()
        nothing = self._add("Nothing", lambda: self.model.compare_with(None, None))
        nothing.setEnabled(self.model.compares)

    def _add(self, words: str, run: Callable[[], object]) -> QAction:
        action = self.addAction(words)
        action.triggered.connect(lambda _=False: run())
        return action

    def _pick_picture(self) -> None:
        path = self.pick()
        if path is not None:
            self._with_picture(Picture(file=str(path)))

    def _with_picture(self, picture: Picture) -> None:
        self.model.compare_with(self.model.other_subject, picture)

    def _other_weights(self) -> str | None:
        """Return the earliest weights but those of the first side; None if there are no others."""
        subject = self.model.subject
        if subject is None:
            return None
        listed = [each for each in weights_of(subject) if each != subject.weights]
        return listed[0] if listed else None

    def _with_epoch(self) -> None:
        subject, weights = self.model.subject, self._other_weights()
        if subject is not None and weights is not None:
            other = msgspec.structs.replace(subject, weights=weights)
            self.model.compare_with(other, self.model.other_picture)
