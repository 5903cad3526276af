"""The set-up of a training: data set, recipe, device."""

from collections.abc import Callable, Collection
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist.inputs import takes_picture, text_length
from designer.analysis.problems import Fix
from designer.errors import DesignerError
from designer.gui.base import icons, numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.base.plain_text import tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import sans, theme
from designer.gui.documents import fitting, opaque, steps
from designer.gui.documents.training_problem import RecipeFix, recipe_fix, training_problem
from designer.gui.documents.workspace import Workspace
from designer.gui.training.center_node import CenterNodeButton
from designer.gui.training.cost_matrix import CostsButton
from designer.gui.training.dataset import DataChooser
from designer.gui.training.initialization_line import InitializationLine
from designer.gui.training.matching import (
    Match,
    for_recipe,
    match,
    outputs_fix,
    split_counts,
    with_values,
)
from designer.gui.training.recipe_form import RecipeForm
from designer.gui.training.schedule_curve import ScheduleCurve
from designer.gui.training.start_from import StartFrom
from designer.gui.training.steps_line import StepsLine
from designer.gui.training.templates_menu import TemplatesMenu
from designer.gui.training.wrapping_button import WrappingButton
from designer.known_data.titles import BUILT_IN, built_in_for, is_missing, stand_in_for
from designer.recipe.data import other_data, reading_settings
from designer.recipe.reading import changed, read_recipe
from designer.recipe.recipe import Recipe
from designer.storage import save_file, unwritable

if TYPE_CHECKING:
    from designer.data import Description

SETTLED = 150  # milliseconds after the last edit at which data and design are compared
ASK_MEMORY = 5_000  # milliseconds between two queries of the free memory, while it is shown
_RECIPES = "Recipes (*.json);;All files (*)"
_NARROW = 40  # line heights of a panel that stacks its columns
_MEDIUM = 62  # and of one that has room for two: the device stands above the data then
_SHARES = (9, 15, 8)  # of the width, for data, recipe and device


class SetUp(QWidget):
    """The choice of data set, recipe and device for the current design.

    The recipe itself is stored in the workspace's document, and saved with the design.

    Signals
    -------
    changed()
        `refusal`, the memory estimate or the recipe has changed.
    compared()
        Design, recipe and data were compared anew.
    train_requested()
        The Train button was pressed.
    running_wanted()
        The run that is being trained is to be shown.
    rate_wanted()
        A learning rate is to be found by a test.
    preview_wanted()
        Draws of the augmentation are to be shown.
    """

    changed = Signal()
    compared = Signal()
    train_requested = Signal()
    running_wanted = Signal()
    rate_wanted = Signal()
    preview_wanted = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training-set-up")
        self.workspace = workspace
        self.match = Match()
        self.silenced: Callable[[], Collection[str]] = tuple  # of the doctor's conditions
        self.devices: tuple[fitting.Device, ...] = ()
        self.missing = ""  # the data set of the preset's recipe if a built-in one stands in for it
        self.adaptation: Fix | None = None  # what Train does to the design before, for the stand-in
        self._dropped = ""  # data that were dropped and are not read yet
        self._skipped: tuple[str, ...] = ()  # what the button at a failure sets `data.skip` to
        self._assemble()
        self.set_refused("")
        self.data.chosen.connect(self._choose_data)
        self.data.dropped.connect(self.take_data)
        self.data.read.connect(self._compare)
        self.data.read.connect(self._ask_columns)
        self.start.chosen.connect(lambda source: self._change({"initial_weights": source}))
        self.start.checked.connect(self._report)
        self.start.checked.connect(self._refresh)
        self.form.edited.connect(self._edited)
        self.form.checked.connect(self._refresh)
        # As wide as the labels of the form below, so that all fields begin at one line.
        self.start.label.setMinimumWidth(self.form.label_width())
        self._soon = QTimer(self, interval=SETTLED, singleShot=True)
        self._soon.timeout.connect(self._compare)
        self._asking = QTimer(self, interval=ASK_MEMORY)
        self._asking.timeout.connect(self._ask_memory)
        workspace.switched.connect(self._switched)
        workspace.recipe_changed.connect(self._show_recipe)
        workspace.changed.connect(lambda *_: self._soon.start())
        theme.changed.connect(self._dress)
        self._dress()
        self._switched()

    @property
    def recipe(self) -> Recipe:
        """The recipe of the current document."""
        return self.workspace.recipe

    @property
    def refusal(self) -> str:
        """Why the design cannot be trained with these settings, "" if no reason is known."""
        return (
            opaque.refusal(self.workspace.analysis)
            or self.form.refusal
            or self._data_error
            or self.match.refusal
            or self.start.error
        )

    @property
    def _data_error(self) -> str:
        """Why the recipe's data cannot be read, "" if they can or were not read yet."""
        return self.data.error if self.data.source == self.recipe.data.source else ""

    @property
    def device(self) -> fitting.Device | None:
        """The device that the recipe selects; None while unknown or if there is no such device."""
        return fitting.chosen(self.recipe, self.devices)

    @property
    def needed(self) -> int:
        """The estimated bytes of memory that training takes at the recipe's batch size."""
        device = self.device or fitting.Device("cpu", "CPU", 0, 0)
        return fitting.needed(self.workspace.analysis.totals, self.recipe, device)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stack the columns where they have no room side by side."""
        super().resizeEvent(event)
        lines = event.size().width() / self.fontMetrics().height()
        direction = QBoxLayout.Direction
        self._columns.setDirection(
            direction.TopToBottom if lines < _NARROW else direction.LeftToRight
        )
        self._place_device(above=_NARROW <= lines < _MEDIUM)

    def _place_device(self, *, above: bool) -> None:
        """Put the device above the data, or into a column of its own."""
        if above and self._left.count() == 1:
            self._columns.removeWidget(self._device)
            self._left.insertWidget(0, self._device)
        elif not above and self._left.count() > 1:
            self._left.removeWidget(self._device)
            self._columns.addWidget(self._device, _SHARES[2])

    # Assembling

    def _assemble(self) -> None:
        # Built from the outside in: Qt styles a widget with all its children again when it is
        # put into another.
        scroll = QScrollArea(self, widgetResizable=True)
        page = QWidget()
        scroll.setWidget(page)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        columns = self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, page)
        columns.setContentsMargins(12, 8, 12, 8)
        columns.setSpacing(18)
        data, recipe, device = (_Column(name) for name in ("Data", "Recipe", "Device"))
        self._device, self._left = device, QVBoxLayout()
        self._left.setSpacing(12)
        self._left.addWidget(data, 1)
        columns.addLayout(self._left, _SHARES[0])
        columns.addWidget(recipe, _SHARES[1])
        columns.addWidget(device, _SHARES[2])
        self.data = DataChooser(data)
        data.rows.addWidget(self.data, 1)
        self.start = StartFrom(self.workspace, recipe)
        self.form = RecipeForm(
            recipe,
            below={
                "batch": self._steps_line,
                "schedule.name": self._schedule_curve,
                "initialization.name": lambda row: InitializationLine(self.workspace, row),
            },
            beside={
                "optimizer.learning_rate": self._rate_button,
                "loss.cost_matrix": lambda row: CostsButton(
                    row, lambda: self.form.recipe.loss.cost_matrix, self._classes
                ),
                "loss.center_node": lambda row: CenterNodeButton(row, self.workspace),
            },
            headed={"augmentation": self._preview_button},
        )
        recipe.rows.addWidget(self.start)
        recipe.rows.addWidget(self.form, 1)
        menu = self._recipe_menu()
        self.finder = self._finder()
        recipe.head.addWidget(self.finder, 3)
        recipe.head.addWidget(menu)
        for column in (data, recipe, device):
            column.head.addStrut(menu.sizeHint().height())  # all titles on one line
        self._fill_device(device)

    def _finder(self) -> QLineEdit:
        line = QLineEdit(objectName="recipe-finder", placeholderText="Find a setting…")
        line.setClearButtonEnabled(True)
        line.setAccessibleName("Find a setting")
        line.setToolTip("Show only settings with these words in their names or help.")
        line.setMinimumWidth(40)
        line.textChanged.connect(self.form.search)
        return line

    def _recipe_menu(self) -> QToolButton:
        button = QToolButton(
            objectName="recipe-menu",
            text="Recipe ▾",
            toolTip="Take a template; load, save or reset the recipe.",
        )
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addMenu(TemplatesMenu(self, button))
        menu.addAction("Load…").triggered.connect(self._load)
        menu.addAction("Save…").triggered.connect(self._save)
        self.reset = menu.addAction("Reset")
        self.reset.triggered.connect(self._reset)
        button.setMenu(menu)
        return button

    def _steps_line(self, parent: QWidget) -> QWidget:
        self.steps = StepsLine(lambda: self.recipe, lambda: self.images, parent)
        self.steps.rate_chosen.connect(self.take_rate)
        return self.steps

    def _schedule_curve(self, parent: QWidget) -> QWidget:
        self.curve = ScheduleCurve(lambda: self.recipe, lambda: self._steps_per_epoch, parent)
        return self.curve

    @property
    def images(self) -> int | None:
        """The number of training images; None while the data are not known."""
        reading = self.data.reading
        if reading is None or reading.settings != reading_settings(self.recipe.data):
            return None
        return split_counts(reading.description, self.recipe, self._text_length)["train"]

    @property
    def _text_length(self) -> int:
        """How many tokens of a text the design reads at once; 0 if it reads none."""
        return text_length(self.workspace.analysis)

    @property
    def _steps_per_epoch(self) -> int | None:
        images = self.images
        return images and images // (self.recipe.batch * self.recipe.accumulation)

    def _classes(self) -> tuple[str, ...]:
        """Return the names of the classes of the data; none while they are not known."""
        reading = self.form.data
        return () if reading is None else for_recipe(reading.description, self.recipe).classes

    def _rate_button(self, parent: QWidget) -> QWidget:
        button = QPushButton("Find a rate…", parent, objectName="recipe-find-rate")
        button.setToolTip(
            "Train a copy for some steps while the learning rate grows, and see at which rates the "
            "loss falls (learning-rate range test)."
        )
        button.clicked.connect(self.rate_wanted)
        return button

    def _preview_button(self, parent: QWidget) -> QWidget:
        button = QToolButton(parent, objectName="recipe-preview", text="Preview…")
        button.setToolTip("Show what the network gets: several draws of some training pictures.")
        button.clicked.connect(self.preview_wanted)
        return button

    def _fill_device(self, column: "_Column") -> None:
        self.device_name = ComboBox(objectName="training-device-choice")
        self.device_name.setAccessibleName("Device")
        self.device_name.setToolTip("The device to train on; Automatic uses a GPU if there is one.")
        self.device_name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.device_name.activated.connect(
            lambda index: self._change({"device": self.device_name.itemData(index)})
        )
        self.memory = QLabel(
            objectName="training-memory", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.lower_batch = QPushButton(objectName="training-lower-batch")
        self.lower_batch.clicked.connect(
            lambda: self._change({"batch": self.lower_batch.property("batch")})
        )
        self.train = QPushButton("Train", objectName="training-start")
        self.train.setProperty("primary", True)
        self.train.clicked.connect(self.train_requested)
        self.why = QLabel(
            objectName="training-why", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.why.setProperty("role", "soft")
        self.device_rows = rows = column.rows
        rows.setSpacing(8)
        rows.addWidget(self.device_name)
        rows.addWidget(self.memory)
        rows.addWidget(self.lower_batch, 0, Qt.AlignmentFlag.AlignLeft)
        rows.addSpacing(6)
        self.going = QLabel(
            objectName="training-going", wordWrap=True, textFormat=Qt.TextFormat.RichText
        )
        self.going.setProperty("role", "soft")
        self.going.setMinimumWidth(1)
        self.going.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.going.linkActivated.connect(lambda _: self.running_wanted.emit())
        self.going.hide()
        rows.addWidget(self.train)
        rows.addWidget(self.going)
        rows.addWidget(self.why)
        self.failure = QLabel(objectName="training-failure", wordWrap=True)
        self.failure.setProperty("role", "error")
        self.failure.setTextFormat(Qt.TextFormat.PlainText)
        self.failure.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.failure.hide()
        self.skip = WrappingButton("", "set-up-skip")
        self.skip.clicked.connect(self._skip_and_train)
        self.skip.hide()
        # Before the sentence, which may be long, so that it is in sight on small screens.
        rows.addWidget(self.skip, 0, Qt.AlignmentFlag.AlignLeft)
        rows.addWidget(self.failure)
        rows.addStretch(1)

    def _dress(self) -> None:
        self.train.setIcon(icons.icon("play", "#ffffff"))

    # The recipe

    def _switched(self) -> None:
        document = self.workspace.document
        preset = document.preset if document is not None else ""
        self.reset.setText(
            f"Reset to the recipe of {preset}" if preset else "Reset to the defaults"
        )
        self.form.show_recipe(self.recipe)
        self.steps.start_from(self.recipe)
        self._show_recipe()

    def _change(self, changes: dict[str, object]) -> None:
        try:
            self._use(changed(self.recipe, changes))
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def take_rate(self, rate: float) -> None:
        """Use another learning rate for the current document."""
        self._change({"optimizer.learning_rate": rate})

    def take(self, recipe: Recipe) -> None:
        """Use another recipe for the current document."""
        self._use(recipe)
        self.steps.start_from(self.recipe)

    def _use(self, recipe: Recipe) -> None:
        if self.workspace.document is None:
            return
        self.form.show_recipe(recipe)  # which discards wrong values, even if the recipe is the same
        self.workspace.set_recipe(recipe)
        self._refresh()

    def _edited(self, recipe: Recipe) -> None:
        if self.workspace.document is not None:
            self.workspace.set_recipe(recipe)

    def _show_recipe(self) -> None:
        """Show the recipe of the document, after it or the document has changed."""
        recipe = self.recipe
        if recipe != self.form.recipe:  # not what the user is just typing there
            self.form.show_recipe(recipe)
        self.start.show_source(recipe.initial_weights)
        self._show_data()
        self._fill_devices()
        self._compare()

    def _load(self) -> None:
        text, _ = QFileDialog.getOpenFileName(self, "Load recipe", str(Path.home()), _RECIPES)
        if text:
            self.load(Path(text))

    def load(self, path: Path) -> None:
        """Use the recipe in a file; errors are shown as messages."""
        try:
            self.take(read_recipe(path))
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def _save(self) -> None:
        text, _ = QFileDialog.getSaveFileName(
            self, "Save recipe", str(Path.home() / "recipe.json"), _RECIPES
        )
        if text:
            self.save(Path(text))

    def save(self, path: Path) -> None:
        """Write the recipe to a file; errors are shown as messages."""
        try:
            save_file(path, self.recipe.to_json())
        except OSError as error:
            self.workspace.refused.emit(str(unwritable(path, error)))
        else:
            self.workspace.reported.emit(f"Saved as {path}.")

    def _reset(self) -> None:
        document = self.workspace.document
        if document is not None:
            own = presets.usable_recipe(document.preset) if document.preset else None
            self.take(own or Recipe())

    # Data and device

    def _choose_data(self, source: str) -> None:
        """Use a data set; the current one, chosen again, is read again."""
        if source != self.recipe.data.source:
            self._change(other_data(source))
        elif not self.data.busy:
            self.data.read_again()

    def take_data(self, source: str) -> None:
        """Use a data set that was dropped, and ask for the columns of a table if they are open."""
        self._dropped = source
        self._choose_data(source)

    def _ask_columns(self) -> None:
        """Ask for the columns of a table that was dropped, where it leaves a question."""
        reading, data = self.data.reading, self.data
        if not self._dropped or data.busy or self._dropped != data.source:
            return
        open_ = bool(data.error) or (
            reading is not None
            and any(each.kind == "question" for each in reading.description.findings)
        )
        if data.table and open_:
            self._dropped = ""
            data.columns_wanted.emit()
        elif not data.error:
            self._dropped = ""

    def _show_data(self) -> None:
        if self.isVisible() and self.workspace.document is not None:
            self.data.show_data(self.recipe.data)

    def _compare(self) -> None:
        """Check that data set and design fit, and show the result."""
        reading = self.data.reading
        self.match, self.missing = Match(), self._stood_in_for()
        self.adaptation = self._adaptation()
        # While the form is hidden, the data of another design may be the last ones that were read.
        wanted = reading_settings(self.recipe.data)
        known = reading is not None and reading.settings == wanted
        analysis = self.workspace.analysis
        pictures = not analysis.inputs or takes_picture(analysis)
        self.form.show_data(reading if known else None, pictures=pictures)
        if self.workspace.document is not None:
            shapes = [port.shape for port in analysis.inputs]
            self.data.offer(built_in_for(shapes[0][0] if shapes and shapes[0] else 1))
            if reading is not None and known and analysis.inputs and analysis.outputs:
                self._match(analysis, reading.description)
        if not self.data.error:
            self.data.show_match(
                self.match,
                self.recipe,
                self._apply_fix,
                missing=self.missing,
                adapted=self.adaptation is not None,
            )
        self._report()
        self.compared.emit()
        self._refresh()

    def _stood_in_for(self) -> str:
        """Return the missing data set of the preset's recipe that a built-in one stands in for."""
        document = self.workspace.document
        missing = presets.missing_data(document.preset) if document and document.preset else ""
        stands_in = missing and self.recipe.data.source == stand_in_for(missing)
        return missing if stands_in else ""

    def _adaptation(self) -> Fix | None:
        """Return the edit of Train that gives the design as many outputs as a stand-in needs."""
        if not self.missing:
            return None
        analysis, classes = self.workspace.analysis, BUILT_IN[self.recipe.data.source].classes
        if all(output.shape[:1] == (classes,) for output in analysis.outputs):
            return None
        return outputs_fix(analysis, classes, f"{classes} classes")

    def _match(self, analysis: Analysis, data: "Description") -> None:
        """Compare the data with the design, or with what Train makes of it for a stand-in."""
        if self.adaptation is not None:
            analysis = analyze(self.adaptation(analysis.design), analysis)
        self.match = match(analysis, data, self.recipe, silenced=self.silenced())

    def adapt(self) -> None:
        """Give the design the outputs that the built-in data need which stand in for others."""
        if self.adaptation is not None:
            self.workspace.edit(steps.capitalized(self.adaptation.label), self.adaptation)

    def _report(self) -> None:
        """List among the problems of the design why it cannot be trained, or trains badly.

        A wrong value in a field of the form is marked there. Data that are still to be downloaded
        are a step to do, not a problem.
        """
        sentence, fixes = self.match.refusal, self.match.fixes
        if self._data_error and not is_missing(self.data.source):
            sentence = self._data_error
            offered = self.data.offered
            change = with_values(other_data(offered))
            fixes = (recipe_fix(BUILT_IN[offered].offer, change),)
        elif not sentence:
            sentence, fixes = self.start.error, ()
        warning = "" if sentence else self.match.warning
        if warning:
            fixes = self.match.fixes
        self.workspace.report_training_problem(
            training_problem(sentence or warning, fixes, warning=bool(warning))
            if sentence or warning
            else None
        )

    def _apply_fix(self, number: int) -> None:
        fix = self.match.fixes[number]
        if isinstance(fix, RecipeFix):
            self.take(fix.change(self.recipe))
        else:
            self.workspace.edit(steps.capitalized(fix.label), fix)

    def _ask_memory(self) -> None:
        idle_imports.run(self, fitting.devices, self._has_devices)

    def _has_devices(self, devices: tuple[fitting.Device, ...]) -> None:
        self.devices = devices
        self._fill_devices()
        self._refresh()

    def _fill_devices(self) -> None:
        best = self.devices[0].name if self.devices else ""
        choices = {"auto": f"Automatic: {best}" if best else "Automatic"}
        choices |= {device.key: device.name for device in self.devices}
        wanted = self.recipe.device
        choices.setdefault(wanted, f"{wanted} (not on this machine)")
        box = self.device_name
        if [box.itemText(i) for i in range(box.count())] != list(choices.values()):
            box.clear()
            for key, words in choices.items():
                box.addItem(words, key)
        box.setCurrentIndex(box.findData(wanted))

    def show_failure(self, sentence: str, skip: tuple[str, ...] | None = None) -> None:
        """Show why a training could not be begun, until the next attempt; "" for nothing.

        Parameters
        ----------
        sentence
            Why it could not.
        skip
            What leaves out the broken pictures that were the reason; see `skip_words`.
        """
        self.failure.setText(sentence)
        self.failure.setVisible(bool(sentence))
        self.skip.setVisible(bool(sentence) and skip is not None)
        self._skipped = skip or ()
        if skip is not None:
            words, help_ = skip_words(skip, self.recipe.data.skip)
            self.skip.show_words(words)
            self.skip.setToolTip(help_)

    def _skip_and_train(self) -> None:
        """Leave out the broken pictures for which a training could not be begun, and train."""
        if not self._skipped:
            self.data.browse_wanted.emit()
            return
        self._change({"data.skip": self._skipped})
        self.train_requested.emit()

    def show_running(self, run: str) -> None:
        """Name the run that is being trained, behind which a new one waits; "" for none."""
        self.train.setText("Add to the queue" if run else "Train")
        self.going.setText(f'<a href="run">{escape(run)}</a> is being trained.' if run else "")
        self.going.setVisible(bool(run))

    def set_refused(self, sentence: str) -> None:
        """Disable Train for a reason, or enable it for ""."""
        self.refused = sentence
        self.train.setEnabled(not sentence)
        self.train.setToolTip(tip(sentence) or "Train this design (Ctrl+T).")
        self.why.setText(sentence)
        self.why.setVisible(bool(sentence))

    def _refresh(self) -> None:
        self.changed.emit()
        self.steps.refresh()
        self.curve.refresh()
        self._show_memory()

    def _show_memory(self) -> None:
        device, recipe = self.device, self.recipe
        self.lower_batch.hide()
        # The memory of a design with problems cannot be estimated.
        known = self.workspace.document is not None and self.workspace.analysis.valid
        self.memory.setVisible(known and device is not None)
        if device is None or not known:
            return
        totals = self.workspace.analysis.totals
        most = fitting.largest_batch(totals, recipe, device)
        fits = recipe.batch <= most
        words = (
            f"Batch {numbers.count(recipe.batch)} takes about {numbers.size(self.needed)}; "
            f"{numbers.size(device.free)} of {numbers.size(device.total)} is free."
        )
        if fits:
            words += f" {self._fitting_batches(most)}"
        elif most:
            lower = most // 8 * 8 or most
            words += f" Batches up to {numbers.count(most)} fit."
            self.lower_batch.setText(f"Set batch to {numbers.count(lower)}")
            self.lower_batch.setProperty("batch", lower)
            self.lower_batch.show()
        else:
            words += " A batch of one image does not fit: use another device or a smaller network."
        self.memory.setText(numbers.unbroken(words))
        self.memory.setProperty("role", "soft" if fits else "warning")
        self.memory.style().unpolish(self.memory)
        self.memory.style().polish(self.memory)

    def _fitting_batches(self, most: int) -> str:
        """Return a sentence on which batch sizes fit, given the largest that does."""
        reading = self.data.reading
        if reading is not None:
            images = split_counts(reading.description, self.recipe, self._text_length)["train"]
            if images <= most:
                return f"All {numbers.count(images)} training images fit in one batch."
        if most == fitting.LARGEST:
            return f"Batches up to over {numbers.short(most)} fit."
        return f"Batches up to {numbers.count(most)} fit."

    def showEvent(self, event: QShowEvent) -> None:
        """Read the data set and query the memory now that the set-up is visible."""
        super().showEvent(event)
        self.start.list_runs()
        self._show_data()
        self._ask_memory()
        self._asking.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._asking.stop()


def skip_words(skip: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, str]:
    """Return text and tooltip of a button that leaves out broken pictures and trains again.

    Parameters
    ----------
    skip
        The new value of the setting ``data.skip``; empty if not all broken pictures are known, so
        that they are to be looked for first.
    before
        The value before.
    """
    if not skip:
        return (
            "Look at all pictures…",
            "Look for all broken pictures in the Data window, where a button leaves them out.",
        )
    count = len(frozenset(skip) - frozenset(before))
    if count == 1:
        return (
            "Skip this picture and train again",
            "Leave the broken picture out (data.skip), and begin a new run.",
        )
    return (
        f"Skip these {numbers.count(count)} pictures and train again",
        "Leave the broken pictures out (data.skip), and begin a new run.",
    )


class _Column(QFrame):
    """A column with its title.

    Attributes
    ----------
    head
        The line of the title, for a button at its right.
    rows
        The contents below.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setMinimumWidth(170)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.head = QHBoxLayout()
        heading = QLabel(title, textFormat=Qt.TextFormat.PlainText)
        heading.setFont(sans(bold=True))
        self.head.addWidget(heading)
        self.head.addStretch(1)
        column.addLayout(self.head)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(4)
        column.addLayout(self.rows, 1)
