"""The preferences, stored between sessions, of window and command line: folders, theme, ..."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from platformdirs import user_config_path, user_data_path, user_documents_path, user_state_path

from designer.errors import UNREADABLE, DesignerError
from designer.storage import save_file

RECENT = 12  # files remembered

ThemeName = Literal["system", "light", "dark"]
Numbers = Literal["english", "spaces", "plain", "system"]
DockTabbing = Literal["wide", "narrow", "small"]


def default_runs_folder() -> str:
    """Return the folder of runs if the user chose none."""
    return str(user_documents_path() / "Network Designer" / "runs")


class GalleryView(msgspec.Struct, frozen=True, kw_only=True):
    """The last state of the gallery: view, order of the cards, filters ("" for none)."""

    view: Literal["cards", "scatter", "tree"] = "cards"
    sort: Literal["year", "name", "parameters", "macs", "top1"] = "year"
    family: str = ""
    size: str = ""
    cost: str = ""
    years: str = ""


class DockSizes(msgspec.Struct, kw_only=True):
    """The sizes that the user gave the docks; 0 where a size follows the window.

    Attributes
    ----------
    left, right
        Widths of the docks beside the canvas in pixels.
    bottom
        Height of the docks below it in pixels.
    split
        Share of the first of two groups below the canvas in percent of their width.
    tabbing
        The kind of window that the docks are arranged for: in a narrow one, all docks below the
        canvas are tabs of one group; in a small one, all docks are.
    """

    left: int = 0
    right: int = 0
    bottom: int = 0
    split: int = 0
    tabbing: DockTabbing = "wide"


class RunsView(msgspec.Struct, frozen=True, kw_only=True):
    """The last state of the list of runs: order, hidden columns and widths, by keys of columns."""

    sort: str = "begun"
    descending: bool = True
    hidden: tuple[str, ...] = ()
    widths: dict[str, int] = {}


class Preferences(msgspec.Struct, kw_only=True):
    """Everything that is stored; `store` writes it.

    Attributes
    ----------
    numbers
        How digits are grouped: as in 1,234.5, with spaces (as is ``system``, of an earlier
        version), or not at all.
    standby
        Whether a worker waits for Train with torch, and a small data set, already loaded.
    autosave_seconds
        How long after a change a backup of the design is written.
    direction
        Where data flow on the canvas.
    geometry, arrangement
        Position of the window and arrangement of its docks, in Qt's format and base64.
    docks
        The sizes that the user gave the docks; None in a file of the version before.
    data_window
        Size and position of the Data window, as `geometry`.
    toured
        Whether the tour was started.
    silenced
        Keys of the doctor's conditions of which nothing is said.
    """

    theme: ThemeName = "system"
    numbers: Numbers = "english"
    runs_folder: str = msgspec.field(default_factory=default_runs_folder)
    data_folder: str = ""
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    standby: bool = True
    autosave_seconds: float = 0.5
    recent: list[str] = []
    direction: Literal["down", "right"] = "down"
    geometry: str = ""
    arrangement: str = ""
    docks: DockSizes | None = None
    data_window: str = ""
    toured: bool = False
    gallery: GalleryView = GalleryView()
    runs: RunsView = RunsView()
    silenced: list[str] = []

    def remember(self, path: Path) -> None:
        """Put a file first in the list of recent ones."""
        text = str(path.absolute())
        self.recent = [text, *(each for each in self.recent if each != text)][:RECENT]


def path() -> Path:
    """Return the file in the user's configuration folder."""
    return user_config_path("netdesigner", appauthor=False) / "preferences.json"


def state_folder() -> Path:
    """Return the folder of the program's own files, backups of designs for example."""
    return user_state_path("netdesigner", appauthor=False)


def downloads_folder() -> Path:
    """Return the folder of downloaded data sets, one sub-folder for each."""
    return user_data_path("netdesigner", appauthor=False) / "datasets"


def load() -> Preferences:
    """Return the stored preferences, with defaults in place of what cannot be read."""
    try:
        content = path().read_bytes()
    except OSError:
        return Preferences()
    try:
        return msgspec.json.decode(content, type=Preferences)
    except UNREADABLE:
        return _valid_part(content)


def _valid_part(content: bytes) -> Preferences:
    """Return the fields that are valid: one of another version does not cost the others."""
    found = Preferences()
    try:
        fields = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        return found
    for name in Preferences.__struct_fields__:
        if name in fields:
            with suppress(*UNREADABLE):
                alone = msgspec.json.encode({name: fields[name]})
                value = getattr(msgspec.json.decode(alone, type=Preferences), name)
                setattr(found, name, value)
    return found


def runs_folder(preferences: Preferences | None = None) -> Path:
    """Return the folder of runs, by default of the stored preferences."""
    chosen = (preferences or load()).runs_folder or default_runs_folder()
    return Path(chosen).expanduser().absolute()


def store(preferences: Preferences) -> None:
    """Write the preferences.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        save_file(path(), msgspec.json.format(msgspec.json.encode(preferences), indent=1))
    except OSError as error:
        raise DesignerError(
            f"The preferences {path()} cannot be written ({error.strerror}); "
            "they are forgotten when the window closes."
        ) from error
