"""Which network a side of the Maps dock shows, with a slider through the epochs that were kept."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from designer.gui.base.boxes import Slider
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.inside.maps_model import MapsModel
from designer.gui.inside.subject_words import network_words, weights_of, weights_words
from designer.runs.folder import RunFolder, list_runs
from designer.runs.inspection import EPOCH, Subject

_RUNS = 15  # listed in a menu
_SLIDER = 110  # pixels across


class SideTitle(QWidget):
    """The network, its weights, and what chooses others.

    Parameters
    ----------
    model
        What is shown.
    side
        0 for the first side, 1 for what it is compared with.
    """

    def __init__(self, model: MapsModel, side: int) -> None:
        super().__init__(objectName=f"maps-side-{side}")
        self.model = model
        self.side = side
        self._weights: list[str] = []
        self.network = QToolButton(objectName=f"maps-network-{side}")
        self.network.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.network.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.network.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self.network)
        menu.aboutToShow.connect(lambda: fill_networks(menu, model, self._chosen))
        self.network.setMenu(menu)
        self.slider = Slider(Qt.Orientation.Horizontal, objectName=f"maps-epoch-{side}")
        self.slider.setPageStep(1)
        self.slider.setAccessibleName("Epoch")
        self.slider.valueChanged.connect(self._moved)
        self.weights = ElidedLabel(name=f"maps-weights-{side}")
        self.weights.setProperty("role", "soft")
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(6)
        across.addWidget(self.network)
        across.addWidget(self.slider)
        across.addWidget(self.weights, 1)

    def show_subject(self, subject: Subject, picture: str, *, narrow: bool) -> None:
        """Show a network with its weights, and the name of the picture that it is shown.

        In half of the panel's width, the network's name is cut and the slider shorter.
        """
        name = network_words(subject)
        room = self.network.fontMetrics().horizontalAdvance("m") * (9 if narrow else 20)
        self.slider.setFixedWidth(_SLIDER // 2 if narrow else _SLIDER)
        self.network.setText(
            self.network.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        )
        self.network.setToolTip(tip(f"{name}: the network that is looked into"))
        self._weights = weights_of(subject)
        kept = any(each.startswith(EPOCH) for each in self._weights)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(len(self._weights) - 1, 0))
            if subject.weights in self._weights:
                self.slider.setValue(self._weights.index(subject.weights))
        self.slider.setVisible(kept)
        self.slider.setToolTip("From the first to the last epoch whose weights were kept")
        words = weights_words(subject)
        self.weights.setText(f"{words} · {picture}" if picture else words)
        self.weights.setToolTip(
            ""
            if kept or not subject.run
            else "To move through the epochs here, train with 1 at Keep weights every, which is "
            "below More in the recipe."
        )

    def _moved(self, value: int) -> None:
        self.model.take_weights(self.side, self._weights[value])

    def _chosen(self, subject: Subject) -> None:
        self.model.look_into(self.side, subject)


def fill_networks(menu: QMenu, model: MapsModel, choose: Callable[[Subject], object]) -> None:
    """Fill a menu with the networks that can be looked into.

    Parameters
    ----------
    menu
        Its entries before are removed.
    model
        What is shown.
    choose
        Called with the network that the user chose.
    """
    menu.clear()
    shown, design = model.shown_run(), model.of_design()
    if shown is not None:
        action = menu.addAction("The run in Training")
        action.triggered.connect(lambda: choose(shown))
    if design is not None:
        words = weights_words(design)
        action = menu.addAction(f"The design on the canvas, {words}")
        action.triggered.connect(lambda: choose(design))
    menu.addSeparator()
    for run in list_runs(model.trainer.runs_folder)[:_RUNS]:
        if run.best.exists() or run.last.exists():
            _add_run(menu, run, choose)
    if menu.isEmpty():
        menu.addAction("There is nothing to look into").setEnabled(False)


def _add_run(menu: QMenu, run: RunFolder, choose: Callable[[Subject], object]) -> None:
    action = menu.addAction(run.path.name.replace("&", "&&"))
    subject = Subject(run=str(Path(run.path).absolute()))
    action.triggered.connect(lambda: choose(subject))
