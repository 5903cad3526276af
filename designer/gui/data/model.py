"""The data set of the current design's recipe, read in the background for all pages."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from designer.errors import DesignerError
from designer.gui.base.speed import idle_imports
from designer.gui.documents.workspace import Workspace
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, reading_settings

if TYPE_CHECKING:
    from designer.data.pictures import PictureForm
    from designer.gui.data.contents import Contents

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

    Attributes
    ----------
    contents
        The data set; None while it is read and where it cannot be read.
    error
        Why it cannot be read; "" if it can.
    busy
        Whether it is being read.
    preview
        Asks a worker process for draws of pictures, as `Trainer.preview` does; None where there is
        none.
    """

    changed = Signal()
    form_changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.contents: Contents | None = None
        self.error = ""
        self.busy = False
        self.preview: Preview | None = None
        self.active = False
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
        fit = self.recipe.data.fit
        assert fit in ("crop", "pad", "stretch")  # as the recipe has checked
        return PictureForm(channels, height, width, fit)

    def set_active(self, active: bool) -> None:
        """Follow the recipe from now on, or no longer: nothing is read that nobody sees."""
        self.active = active
        if active:
            self._follow()

    def read_again(self) -> None:
        """Read the data set again, because its files may have changed."""
        self.contents, self._asked = None, None
        self._follow()

    def cancel(self) -> None:
        """End the reading."""
        if self.busy:
            self._number += 1
            self._end("Reading was canceled.")

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
            if known is not None and known.settings != asked[0]:
                self.contents = None
            self.changed.emit()
            idle_imports.run(
                self,
                lambda: read_contents(recipe, known),
                lambda contents: self._has_read(number, contents),
                lambda sentence: self._not_read(number, sentence),
            )
        self.form_changed.emit()

    def _has_read(self, number: int, contents: "Contents") -> None:
        if number == self._number:
            self.contents = contents
            self._end("")

    def _not_read(self, number: int, sentence: str) -> None:
        if number == self._number:
            self.contents = None
            self._end(sentence)

    def _end(self, error: str) -> None:
        self.busy, self.error = False, error
        self.changed.emit()
