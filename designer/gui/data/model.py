"""The data set of the current design's recipe, read in the background for all pages."""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, QTimer, Signal

from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.base.speed import idle_imports
from designer.gui.documents.unpacking import Unpacking
from designer.gui.documents.workspace import Workspace
from designer.recipe.data import reading_settings
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences

if TYPE_CHECKING:
    from designer.data.pictures import Fit, PictureForm
    from designer.gui.data.contents import Contents
    from designer.gui.data.looking import Look

Answer = dict[str, Any]
Preview = Callable[[Answer, Callable[[Answer], object]], object]

_SETTLED = 120  # milliseconds after a change of the recipe at which its data are read


class DataModel(QObject):
    """What the pages show; it follows the current design and its recipe while it is `active`.

    Signals
    -------
    changed()
        `contents`, `error` or `busy` have another value.
    form_changed()
        The network's input or the recipe has changed, so that pictures are fitted otherwise.
    looked()
        `look`, `looking` or `look_error` have another value.
    class_opened(number)
        The pictures of the class or label with this number are to be shown.

    Attributes
    ----------
    contents
        The data set; None while it is read and where it cannot be read.
    error
        Why it cannot be read; "" if it can.
    busy
        Whether it is being read.
    unpacking
        How far an archive is uncompressed while it is read.
    preview
        Asks a worker process for draws of pictures, as `Trainer.preview` does; None where there is
        none.
    look
        What a look at its pictures found; None until that is known.
    looking
        How many pictures of how many were looked at; None while none are.
    look_error
        Why they could not be looked at; "" if they could.
    """

    changed = Signal()
    form_changed = Signal()
    looked = Signal()
    class_opened = Signal(int)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.contents: Contents | None = None
        self.error = ""
        self.busy = False
        self.preview: Preview | None = None
        self.active = False
        self.look: Look | None = None
        self.looking: tuple[int, int] | None = None
        self.look_error = ""
        self.unpacking = Unpacking(self)
        self._stop_looking = threading.Event()  # of the thread that looks
        self._whole = False  # whether the user wants all pictures looked at
        self._asked: object = None  # the settings that were last read, or are being read
        self._number = 0  # of the last reading: what an earlier one finds is obsolete
        self._soon = QTimer(self, interval=_SETTLED, singleShot=True)
        self._soon.timeout.connect(self._follow)
        for signal in (workspace.switched, workspace.recipe_changed, workspace.changed):
            signal.connect(self._follow_soon)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the current design."""
        return self.workspace.recipe

    @property
    def form(self) -> "PictureForm | None":
        """The form in which the network takes pictures; None if it takes none or has problems."""
        from designer.data.pictures import PictureForm

        shapes = [port.shape for port in self.workspace.analysis.inputs]
        if len(shapes) != 1 or len(shapes[0] or ()) != 3 or min(shapes[0]) < 1:
            return None
        channels, height, width = shapes[0]
        fit = cast("Fit", self.recipe.data.fit)  # which the recipe has checked
        return PictureForm(channels, height, width, fit)

    def set_active(self, active: bool) -> None:
        """Follow the recipe from now on, or no longer: nothing is read that nobody sees."""
        self.active = active
        if active:
            self._follow()
            if self.contents is not None and self.look is None and not self.look_error:
                self.look_at()
        else:
            self._stop_looking.set()
            self.looking = None

    def read_again(self) -> None:
        """Read the data set again, because its files may have changed."""
        self.contents, self._asked, self._whole = None, None, False
        self._follow()

    def cancel(self) -> None:
        """End the reading."""
        if self.busy:
            self._number += 1
            self.unpacking.cancel()
            self.contents = None
            self._end("Reading was canceled.")

    def look_at(self, *, whole: bool | None = None) -> None:
        """Look at the pictures: at a sample if there are many, or at all of them.

        Parameters
        ----------
        whole
            Whether to look at all; None for as the user wanted last for these files.
        """
        from designer.gui.data.looking import look

        contents, recipe = self.contents, self.recipe
        if contents is None or not self.active:
            return
        self._whole = self._whole if whole is None else whole
        self._stop_looking.set()
        stop = self._stop_looking = threading.Event()
        whole = self._whole

        def progress(done: int, total: int) -> None:
            background.post(self, lambda: self._progress(stop, done, total))

        self.looking, self.look_error = (0, 0), ""
        self.looked.emit()
        idle_imports.run(
            self,
            lambda: look(contents, recipe, whole=whole, progress=progress, canceled=stop.is_set),
            lambda found: self._looked_at(stop, found, ""),
            lambda sentence: self._looked_at(stop, None, sentence),
        )

    def stop_looking(self) -> None:
        """End the look at the pictures; what it found so far is remembered for the next one."""
        if self.looking is not None:
            self._stop_looking.set()
            self.looking, self.look_error = None, "The look at the pictures was canceled."
            self.looked.emit()

    def change(self, settings: Mapping[str, object]) -> None:
        """Change settings of the current design's recipe, by their dotted names."""
        if self.workspace.document is None:
            return
        try:
            also = consequences(self.recipe, settings)
            self.workspace.set_recipe(changed(self.recipe, {**also, **settings}))
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def _follow_soon(self, *_: object) -> None:
        if self.active:
            self._soon.start()

    def _follow(self) -> None:
        """Read what the recipe asks for, unless it was read or is being read."""
        if not self.active:
            return
        if self.workspace.document is None:
            self._number += 1
            self._asked, self.contents = None, None
            self._end("No design is open: open one, since its recipe names the data set.")
            return
        from designer.gui.data.contents import Division, read_contents

        recipe, known = self.recipe, self.contents
        asked = (reading_settings(recipe.data), Division.of(recipe))
        if asked != self._asked:
            self._asked = asked
            self._number += 1
            number = self._number
            self.busy, self.error = True, ""
            if known is not None and known.settings.source != asked[0].source:
                self.contents, self._whole = None, False
            self.changed.emit()
            idle_imports.run(
                self,
                self.unpacking.during(lambda: read_contents(recipe, known)),
                lambda contents: self._has_read(number, contents),
                lambda sentence: self._not_read(number, sentence),
            )
        self.form_changed.emit()

    def _has_read(self, number: int, contents: "Contents") -> None:
        if number == self._number:
            self.contents, self.look = contents, None
            self._end("")
            self.look_at()

    def _not_read(self, number: int, sentence: str) -> None:
        if number == self._number:
            self.contents = None
            self._end(sentence)

    def _progress(self, stop: threading.Event, done: int, total: int) -> None:
        if not stop.is_set():
            self.looking = (done, total)
            self.looked.emit()

    def _looked_at(self, stop: threading.Event, found: "Look | None", error: str) -> None:
        if not stop.is_set():
            self.look, self.look_error, self.looking = found, error, None
            self.looked.emit()

    def _end(self, error: str) -> None:
        self.busy, self.error = False, error
        self.changed.emit()
