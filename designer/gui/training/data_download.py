"""Downloads of known data sets in the background, and what the data chooser says of them."""

import threading

from PySide6.QtCore import QObject, Signal

from designer.gui.base import background, numbers
from designer.gui.base.speed import idle_imports
from designer.known_data import KNOWN, KnownData, find
from designer.known_data.progress import Progress
from designer.known_data.titles import BUILT_IN, data_title, stand_in_for

_STEPS = 1000  # of the progress bar


def offered_title(row: KnownData) -> str:
    """Return the title of a known data set in a list, with where it is."""
    if find(row.name):
        return f"{row.title} (on this computer)"
    return f"{row.title} (download, {numbers.size(row.size)})"


def invitation(row: KnownData) -> str:
    """Return what is said of a known data set that is not on this computer yet."""
    return (
        f"{row.help} {row.title} is not on this computer yet: download it, or use a built-in data "
        "set."
    )


def stands_in(missing: str, adapted: bool) -> str:
    """Return what is said of a built-in data set that takes the place of a preset's own.

    Parameters
    ----------
    missing
        The data set of the preset's recipe, which is not on this computer.
    adapted
        Whether Train gives the design as many outputs as the built-in data set has classes.
    """
    title, instead = data_title(missing, missing), BUILT_IN[stand_in_for(missing)]
    if adapted:
        return (
            f"This preset is for {title}, which is not on this computer: Train uses "
            f"{instead.words} instead and sets the design to their {instead.classes} classes."
        )
    return (
        f"This preset is for {title}, which is not on this computer: Train uses {instead.words} "
        "instead."
    )


def terms(row: KnownData) -> str:
    """Return where a data set comes from and under which terms it is given out."""
    return f"Source: {row.page}\nTerms: {row.license}"


class Download(QObject):
    """A download in a thread; it goes on while other data are shown.

    Signals
    -------
    moved()
        `progress` is another one.
    ended(error)
        It has ended; the text is empty when the data set is there, else it says what hindered it.

    Attributes
    ----------
    progress
        How far it is; None before the first answer.
    """

    moved = Signal()
    ended = Signal(str)

    def __init__(self, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self.name = name
        self.progress: Progress | None = None
        self._canceled = threading.Event()

    def start(self) -> None:
        """Begin to download."""
        idle_imports.run(self, self._work, lambda _: self.ended.emit(""), self.ended.emit)

    def cancel(self) -> None:
        """End it; what has arrived is continued the next time."""
        self._canceled.set()

    def _work(self) -> None:
        from designer.known_data.downloading import download  # with urllib, which takes 0.05 s

        def progress(state: Progress) -> None:
            background.post(self, lambda: self._show(state))

        download(self.name, progress, self._canceled.is_set)

    def _show(self, state: Progress) -> None:
        self.progress = state
        self.moved.emit()

    @property
    def steps(self) -> tuple[int, int]:
        """The value and the maximum of a progress bar; a maximum of 0 where it is unknown."""
        state = self.progress
        if state is None or state.stage == "waiting":
            return 0, 0
        return min(_STEPS, _STEPS * state.done // max(1, state.total)), _STEPS

    @property
    def words(self) -> str:
        """What is said beside the progress bar."""
        title, state = KNOWN[self.name].title, self.progress
        if state is None:
            return f"Connecting to download {title} …"
        if state.stage == "waiting":
            return f"Another program downloads {title}: waiting for its end …"
        if state.stage == "unpacking":
            return f"Unpacking {title}: {numbers.size(state.done)} so far …"
        amount = f"{numbers.size(state.done)} of {numbers.size(state.total)}"
        if not state.rate:
            return f"Downloading {title}: {amount}"
        return f"Downloading {title}: {amount}, {numbers.size(state.rate)} a second"
