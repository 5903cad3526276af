"""The choice of a data set: its name or path, its size and classes, some of its pictures."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons, numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.base.pictures import paint_framed
from designer.gui.base.plain_text import tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import theme
from designer.gui.documents import steps
from designer.gui.documents.unpacking import Unpacking
from designer.gui.training import data_download
from designer.gui.training.data_download import Download
from designer.gui.training.data_reading import (
    Reading,
    is_table,
    look,
    read,
    source_title,
)
from designer.gui.training.matching import Match, for_recipe, split_counts
from designer.gui.training.wrapping_button import WrappingButton
from designer.known_data import KNOWN, KnownData
from designer.known_data.titles import BUILT_IN, DIGITS, is_missing
from designer.recipe.data import Data, reading_settings
from designer.recipe.recipe import Recipe

if TYPE_CHECKING:
    from designer.data import Description

_REMEMBERED = 8  # data sets whose description and samples are kept, to switch back at once
_NAMES_ROOM, _NAME_ROOM = 80, 40  # letters of all names of classes, and of one
_LISTED = 25  # classes that are listed with their counts
_WORDS = {"train": "training", "validation": "validation", "test": "test"}


class DataChooser(QWidget):
    """Shows a data set; another is chosen by name, in a file dialog, or by drag and drop.

    Signals
    -------
    chosen(source), dropped(source)
        The user wants this data set, which was chosen in a list or dialog, or dropped.
    read()
        Reading ended: `reading` or `error` is set.
    browse_wanted()
        The user wants to look through the data set.
    columns_wanted()
        The user wants to choose the columns of the table.
    """

    chosen = Signal(str)
    dropped = Signal(str)
    read = Signal()
    browse_wanted = Signal()
    columns_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = ""
        self.offered = DIGITS  # the built-in data set that a button offers in place of missing data
        self._settings: Data | None = None  # of the data set that is shown
        self.data_folder: Callable[[], str] = str  # where file dialogs open, "" for the home folder
        self.reading: Reading | None = None
        self.error = ""
        self.busy = False
        self._number = 0  # of the last reading: an error of an earlier or canceled one is obsolete
        self.table = False  # whether the data set that is shown has a table with columns to choose
        self._known: dict[Data, Reading] = {}
        self._downloads: dict[str, Download] = {}
        self._unpacking = Unpacking(self)
        self._unpacking.moved.connect(self._show_download)
        self._failed = False  # whether the error is that of a download
        self.name = ComboBox(objectName="data-source", editable=True)
        # Not by setLineEdit: the style sheet gives such a line edit padding, which clips its text.
        edit = self.name.lineEdit()
        assert edit is not None
        self._edit = edit
        self.name.setAccessibleName("Data set")
        self.name.setToolTip("A built-in data set, one to download, or the path of one.")
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for name, built_in in BUILT_IN.items():
            self.name.addItem(built_in.title, name)
        for known in KNOWN.values():
            self.name.addItem(data_download.offered_title(known), known.name)
            last = self.name.count() - 1
            self.name.setItemData(last, tip(known.help), Qt.ItemDataRole.ToolTipRole)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.name.activated.connect(lambda index: self.chosen.emit(self.name.itemData(index)))
        self._edit.editingFinished.connect(self._typed)
        self.browse = QToolButton(
            objectName="data-browse", toolTip="Choose a folder or a file of images."
        )
        self.browse.setAccessibleName("Choose a data set")
        self.browse.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.browse)
        menu.addAction("Folder…").triggered.connect(self._choose_folder)
        menu.addAction("File…").triggered.connect(self._choose_file)
        self.browse.setMenu(menu)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.name, 1)
        row.addWidget(self.browse)
        self.samples = Samples()
        self.facts = QLabel(objectName="data-facts", wordWrap=True)
        self.facts.setProperty("role", "soft")
        self.look = QPushButton("Browse…", objectName="data-look")
        self.look.setToolTip("Show its classes and pictures, and what is unusual about them.")
        self.look.clicked.connect(self.browse_wanted)
        self.columns = QPushButton("Columns…", objectName="data-columns")
        self.columns.setToolTip("Choose which columns of the table name files, labels and parts.")
        self.columns.clicked.connect(self.columns_wanted)
        self.message = QLabel(
            objectName="data-message", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.bar = QProgressBar(objectName="data-progress", textVisible=False, maximum=0)
        self.cancel = QPushButton("Cancel", objectName="data-cancel")
        self.cancel.clicked.connect(self.stop_reading)
        self.arrived = QLabel(objectName="data-arrived", wordWrap=True)
        self.arrived.setProperty("role", "soft")
        self.waiting = QWidget()
        waiting = QHBoxLayout(self.waiting)
        waiting.setContentsMargins(0, 0, 0, 0)
        waiting.addWidget(self.bar, 1)
        waiting.addWidget(self.cancel)
        self.remedies = QVBoxLayout()
        self.remedies.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.waiting)
        column.addWidget(self.arrived)
        # Before the pictures: what hinders the training and the buttons that mend it stay in sight
        # on small screens.
        column.addWidget(self.message)
        column.addLayout(self.remedies)
        column.addWidget(self.samples)
        column.addWidget(self.facts)
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self.look)
        below.addWidget(self.columns)
        below.addStretch(1)
        column.addLayout(below)
        column.addStretch(1)
        self.setAcceptDrops(True)
        theme.changed.connect(self._dress)
        self._dress()
        self._show_state()

    def _dress(self) -> None:
        self.browse.setIcon(icons.icon("open"))

    # Reading

    def show_data(self, data: Data) -> None:
        """Show the data set of a recipe; it is read in the background unless it was read before."""
        settings = reading_settings(data)
        if settings == self._settings and (self.busy or self.reading or self.error):
            return
        self._settings = settings
        self.source = source = settings.source
        index = self.name.findData(source)
        if index < 0:
            self.name.addItem(source_title(source), source)
            index = self.name.count() - 1
        self.name.setCurrentIndex(index)
        if source not in KNOWN:
            self.name.setItemData(index, tip(source), Qt.ItemDataRole.ToolTipRole)
        self._edit.setCursorPosition(0)
        self.reading, self.error, self._failed = self._known.get(settings), "", False
        self.busy = self.reading is None
        self.table = self.reading is not None and self.reading.table
        if self.busy and source not in self._downloads:
            number = self._number = self._number + 1
            idle_imports.run(
                self,
                self._unpacking.during(lambda: read(settings)),
                self._has_read,
                lambda text: self._not_read(number, settings, text),
            )
        self._show_state()
        if not self.busy:
            self.read.emit()

    def read_again(self) -> None:
        """Read the current data set again, because its files may have changed."""
        settings, self._settings = self._settings, None
        if settings is not None:
            self._known.pop(settings, None)
            self.show_data(settings)

    def stop_reading(self) -> None:
        """Cancel reading, or the download of the data set that is shown."""
        if download := self._downloads.pop(self.source, None):
            download.cancel()
            self._stopped(
                f"The download of {KNOWN[self.source].title} was canceled; what has arrived is "
                "kept and continued the next time.",
            )
        elif self.busy:
            self._number += 1
            self._unpacking.cancel()
            self._stopped("Reading was canceled.")

    # Downloading

    def download(self, source: str) -> None:
        """Show a known data set and download it, then read it."""
        download = self._downloads[source] = Download(source, self)
        download.moved.connect(self._show_download)
        download.ended.connect(lambda error: self._downloaded(download, error))
        if source != self.source:
            self.chosen.emit(source)
        self.busy, self.error, self._failed = True, "", False
        self._show_state()
        self.read.emit()
        download.start()

    def _show_download(self) -> None:
        """Show how far the data set that is shown is downloaded or unpacked."""
        doing = self._downloads.get(self.source) or self._unpacking
        words = doing.words if self.busy else ""
        value, maximum = doing.steps
        self.arrived.setVisible(bool(words))
        self.bar.setMaximum(maximum)
        self.bar.setValue(value)
        self.arrived.setText(words)

    def _downloaded(self, download: Download, error: str) -> None:
        download.deleteLater()
        self._title_known_data()
        if self._downloads.get(download.name) is not download:
            return  # it was canceled
        del self._downloads[download.name]
        if download.name != self.source:
            return
        if error:
            self._failed = True
            self._stopped(error)
        else:
            self.read_again()

    def _title_known_data(self) -> None:
        """Say in the list which known data sets are on this computer."""
        for row in KNOWN.values():
            self.name.setItemText(self.name.findData(row.name), data_download.offered_title(row))
        self._edit.setCursorPosition(0)

    def _has_read(self, reading: Reading) -> None:
        self._known[reading.settings] = reading
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        if reading.settings == self._settings and self.busy:
            self.busy, self.reading, self.table = False, reading, reading.table
            self._show_state()
            self.read.emit()
            if reading.files is not None:
                idle_imports.run(self, lambda: look(reading), self._has_looked)

    def _has_looked(self, reading: Reading) -> None:
        """Show what a look at the pictures found, unless other data are shown by now."""
        if reading.settings in self._known:
            self._known[reading.settings] = reading
        if reading.settings == self._settings and self.reading is not None:
            self.reading = reading
            self.read.emit()

    def _not_read(self, number: int, settings: Data, sentence: str) -> None:
        if number == self._number and settings == self._settings:
            self._stopped(sentence)
            idle_imports.run(
                self, lambda: is_table(settings.source), lambda table: self._found(settings, table)
            )

    def _found(self, settings: Data, table: bool) -> None:
        """Offer the choice of columns where a table cannot be read with those of the recipe."""
        if settings == self._settings and self.error and table:
            self.table = True
            self._show_state()
            self.read.emit()

    def _stopped(self, sentence: str) -> None:
        """End reading or downloading, and say why."""
        if self.busy:
            self.busy, self.error = False, sentence
            self._show_state()
            self.read.emit()

    # Showing

    def offer(self, source: str) -> None:
        """Offer this built-in data set where the data cannot be read."""
        if source != self.offered:
            self.offered = source
            if self.error:
                self._show_state()

    def show_match(
        self,
        match: Match,
        recipe: Recipe,
        act: Callable[[int], object],
        *,
        missing: str = "",
        adapted: bool = False,
    ) -> None:
        """Show whether the data set fits the design.

        Parameters
        ----------
        match
            What fits, and the fixes, each of which gets a button.
        recipe
            Decides how the data set is split.
        act
            Called with the number of the remedy whose button is pressed.
        missing
            The data set of the preset's recipe that is not on this computer, and for which the
            one that is shown stands in; "" for none.
        adapted
            Whether Train gives the design as many outputs as the stand-in has classes.
        """
        if self.reading is not None:
            self.facts.setText(_facts(self.reading.description, recipe))
            self.facts.setToolTip(tip(_counted(for_recipe(self.reading.description, recipe))))
        instead = data_download.stands_in(missing, adapted) if missing else ""
        text = match.refusal or "\n".join(filter(None, (match.warning, instead, match.note)))
        self.message.setText(text)
        self.message.setVisible(bool(text))
        role = "error" if match.refusal else "warning" if match.warning else "soft"
        _set_role(self.message, role)
        self._clear_remedies()
        if missing in KNOWN:
            self._offer_download(KNOWN[missing])
        for number, fix in enumerate(match.fixes):
            button = WrappingButton(steps.capitalized(fix.label), f"data-remedy-{number}")
            button.clicked.connect(lambda _=False, n=number: act(n))
            self.remedies.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _clear_remedies(self) -> None:
        while (item := self.remedies.takeAt(0)) is not None:
            if (button := item.widget()) is not None:
                button.hide()
                button.deleteLater()

    def _show_state(self) -> None:
        self.waiting.setVisible(self.busy)
        self._show_download()
        self.samples.show_reading(self.reading)
        self.samples.setVisible(self.reading is not None and bool(self.reading.samples))
        self.facts.setVisible(self.reading is not None)
        self.look.setVisible(self.reading is not None)
        self.columns.setVisible(self.table)
        self._clear_remedies()
        if self.error:
            self.message.setText(self.error)
            to_do = is_missing(self.source) and not self._failed
            _set_role(self.message, "soft" if to_do else "error")
            if self.source in KNOWN and is_missing(self.source):
                self._offer_download(KNOWN[self.source])
            offered = self.offered
            button = WrappingButton(steps.capitalized(BUILT_IN[offered].offer), "data-use-built-in")
            button.clicked.connect(lambda: self.chosen.emit(offered))
            self.remedies.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.message.setVisible(bool(self.error))
        if self.busy:
            self.message.setText("")

    def _offer_download(self, row: KnownData) -> None:
        label = f"Download {row.title} ({numbers.size(row.size)})"
        button = WrappingButton(label, "data-download")
        button.setToolTip(tip(data_download.terms(row)))
        button.clicked.connect(lambda: self.download(row.name))
        self.remedies.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    # Choosing

    def _typed(self) -> None:
        text = self.name.currentText().strip()
        if self.name.findText(text) < 0 and text and text != self.source:
            self.chosen.emit(text)

    def _choose_folder(self) -> None:
        text = QFileDialog.getExistingDirectory(
            self, "Folder of the data set", self._start_folder()
        )
        if text:
            self.chosen.emit(text)

    def _choose_file(self) -> None:
        from designer.data.formats import file_filter  # with numpy, which takes 0.1 s

        text, _ = QFileDialog.getOpenFileName(
            self, "File of the data set", self._start_folder(), file_filter()
        )
        if text:
            self.chosen.emit(text)

    def _start_folder(self) -> str:
        path = Path(self.source)
        if path.is_absolute():
            return str(path.parent)
        return self.data_folder() or str(Path.home())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a data set; designs and several files are left to the window."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile() and not urls[0].fileName().endswith(".json"):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData().urls()[0].toLocalFile())


class Samples(QWidget):
    """Two rows of pictures of a data set, as many as fit."""

    def __init__(self) -> None:
        super().__init__(objectName="data-samples")
        self._reading: Reading | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Sample pictures")
        theme.changed.connect(self.update)

    def show_reading(self, reading: Reading | None) -> None:
        """Show the samples of a data set, or nothing for None."""
        self._reading = reading
        if reading is not None:
            names = ", ".join(dict.fromkeys(reading.labels))
            self.setToolTip(tip(f"Some training images: {names}"))
        self.update()

    def sizeHint(self) -> QSize:
        side = self._side()
        return QSize(6 * (side + 3), 2 * (side + 3))

    def _side(self) -> int:
        return round(self.fontMetrics().height() * 1.9)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._reading is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = self._side()
        columns = max(self.width() // (side + 3), 1)
        for number, picture in enumerate(self._reading.samples[: 2 * columns]):
            row, column = divmod(number, columns)
            corner = QPoint(column * (side + 3), row * (side + 3))
            paint_framed(painter, QRect(corner, QSize(side, side)), picture)
        painter.end()


_BEGINNING = 120  # characters of a text that are shown


def _facts(data: "Description", recipe: Recipe) -> str:
    data = for_recipe(data, recipe)
    if data.kind == "tokens" and (text := data.inputs[0].text) is not None:
        tokens = text.vocabulary.kind
        begins = " ".join(text.beginning.split())[:_BEGINNING]
        return (
            f"Text of {numbers.count(text.tokens)} {tokens}, {numbers.count(text.vocabulary.size)} "
            f"different ones<br>{escape(begins)} …"
        )
    if data.inputs:
        size = " and ".join(
            f"{escape(each.name)} {'×'.join(map(str, each.shape))}" for each in data.inputs
        )
    else:
        color = {1: "gray", 3: "color"}.get(data.channels, f"{data.channels} channels")
        size = f"{_range(data.heights)}×{_range(data.widths)} {color}"
    kind = _outputs(data.kind, data.outputs)
    counts = split_counts(data, recipe)
    parts = ", ".join(f"{numbers.count(n)}&nbsp;{_WORDS[part]}" for part, n in counts.items())
    names = _names(data.target.values)
    return "<br>".join(filter(None, (f"{size}, {kind}", escape(names), parts)))


def _names(names: Sequence[str]) -> str:
    """Return the names of classes or labels, as many as have room on two lines."""
    shown: list[str] = []
    room = _NAMES_ROOM
    for each in names:
        name = " ".join(each.split())[:_NAME_ROOM]
        room -= len(name) + 2
        if room < 0:
            return f"{', '.join(shown)} … and {numbers.count(len(names) - len(shown))} more"
        shown.append(name)
    return ", ".join(shown)


def _counted(data: "Description") -> str:
    """Return the classes or labels with their numbers of training images, a line for each."""
    counts = data.class_counts.get("train", ())
    lines = [
        f"{name[:_NAME_ROOM]}: {numbers.count(count)}"
        for name, count in zip(data.target.values, counts, strict=False)
    ]
    rest = len(lines) - _LISTED
    return "\n".join([*lines[:_LISTED], f"… and {numbers.count(rest)} more"] if rest > 0 else lines)


def _outputs(kind: str, number: int) -> str:
    """Return how many classes, labels or numbers there are, for the facts."""
    if kind == "input":
        return "each is its own target"
    one, several = {
        "classes": ("class", "classes"),
        "labels": ("label", "labels"),
        "numbers": ("target value", "target values"),
    }[kind]
    return f"1 {one}" if number == 1 else f"{numbers.count(number)} {several}"


def _range(sizes: tuple[int, int]) -> str:
    return str(sizes[0]) if sizes[0] == sizes[1] else f"{sizes[0]}–{sizes[1]}"


def _set_role(label: QLabel, role: str) -> None:
    label.setProperty("role", role)
    label.style().unpolish(label)
    label.style().polish(label)
