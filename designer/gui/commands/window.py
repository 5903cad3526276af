"""What the commands see of the main window: as little as the action table, help and search need."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QDockWidget, QMainWindow

if TYPE_CHECKING:
    from designer.gui.canvas.canvas import Canvas
    from designer.gui.documents.workspace import Workspace
    from designer.gui.inside.map_overlay import MapOverlay
    from designer.gui.training.panel import TrainingPanel
    from designer.gui.worker.trainer import Trainer
    from designer.preferences import Preferences


class DesignFiles(Protocol):
    """The File menu: opens, saves and closes designs, and asks the user what it must know."""

    def new(self) -> None:
        """Open an empty design."""

    def open(self) -> None:
        """Ask for the file of a design or of another network, and open it."""

    def open_file(self, path: Path) -> None:
        """Open a design file."""

    def open_demo(self) -> None:
        """Open LeNet-5 with the built-in digits chosen."""

    def save(self) -> bool:
        """Write the current design to its file and return whether that was done."""

    def save_as(self) -> bool:
        """Ask for a file, write the current design to it and return whether that was done."""

    def revert(self) -> None:
        """Go back to the design as its file has it."""

    def close(self) -> bool:
        """Close the current design and return whether that was done."""

    def save_picture(self) -> None:
        """Ask for a file and write a picture of the network."""

    def show_welcome(self) -> None:
        """Show the gallery."""


class OtherNetworks(Protocol):
    """Opens networks that are no design files, and shows what was found in them."""

    def ask_for_library(self) -> None:
        """Ask for a network of torchvision or timm, and open it."""

    def ask_for_module(self) -> None:
        """Ask for Python code that builds a network, and open that if its code may be run."""

    def show_report(self) -> None:
        """Show what was found when the current design was opened."""


class Window(Protocol):
    """What a command may use of the main window.

    `canvas`, `maps` and `training` exist once a design was opened or `build_editor` was called.
    """

    @property
    def frame(self) -> QMainWindow:
        """The window as a widget: the parent of dialogs and actions."""

    @property
    def workspace(self) -> "Workspace":
        """The open designs."""

    @property
    def preferences(self) -> "Preferences":
        """What the program remembers of its user."""

    @property
    def trainer(self) -> "Trainer":
        """The trainings of this window."""

    @property
    def documents(self) -> DesignFiles:
        """The File menu."""

    @property
    def foreign(self) -> OtherNetworks:
        """Networks from elsewhere."""

    @property
    def canvas(self) -> "Canvas":
        """The canvas of the editor."""

    @property
    def maps(self) -> "MapOverlay":
        """The feature maps on the canvas."""

    @property
    def training(self) -> "TrainingPanel":
        """The panel of the Training dock."""

    def build_docks(self) -> dict[str, QDockWidget]:
        """Return the docks of the editor by key, building what is not built yet."""

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front, opening it if it is closed."""

    @property
    def panels_hidden(self) -> bool:
        """Whether no dock is shown."""

    def toggle_panels(self) -> None:
        """Hide all docks, or show again those that were hidden together."""

    def toggle_full_screen(self) -> None:
        """Use the whole screen, or go back to a window."""

    def focus_panel(self, step: int) -> None:
        """Send the keys to the next shown panel, or with -1 to the one before."""

    def guarded(self, work: Callable[[], object]) -> bool:
        """Do something, show what it refuses, and return whether it was done."""

    def show_error(self, sentence: str) -> None:
        """Show what went wrong."""

    def close(self) -> bool:
        """Close the window, asking about unsaved designs."""

    def export(self) -> None:
        """Open the export dialog."""

    def settings(self) -> None:
        """Open the settings."""

    def compare(self) -> None:
        """Open the comparison of two designs."""

    def find_node(self) -> None:
        """Open the command palette for the nodes of the design."""

    def train(self) -> None:
        """Train the current design."""

    def new_study(self) -> None:
        """Open the form of a new study of the current design."""

    def show_data(self) -> object:
        """Show the data set of the current design in a window of its own."""

    def paste_files(self) -> bool:
        """Open the file, or use the data, whose path the clipboard holds; False for none."""

    def measure_times(self) -> None:
        """Measure how long each layer of the current design takes."""

    def times_refusal(self) -> str:
        """Return why that cannot be done now; "" if it can."""

    def show_own_layers(self) -> None:
        """Open the dialog of the design's own layer types."""

    def load_weights(self) -> None:
        """Ask for a file of weights to start from."""

    def command_palette(self) -> None:
        """Open the command palette."""

    def tour(self) -> None:
        """Start the tour of the window."""

    def open_lesson(self, key: str) -> None:
        """Open the designs of a lesson, and its text."""

    def show_shortcuts(self) -> None:
        """Open the page of shortcuts and gestures."""

    def about(self) -> None:
        """Open the page about the program."""
