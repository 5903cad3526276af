"""Every user action, one row each: menus, toolbar, command palette and shortcuts show this table.

To add an action, add a row to `ACTIONS`. A row says what the action is called, what it does, and
why it cannot be done now.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from designer.gui.base import icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import theme
from designer.gui.commands.window import Window
from designer.gui.documents import folding, freezing, graph_paths, sharing, steps
from designer.gui.documents.node_figures import FIGURES
from designer.lessons import LESSONS

Refusal = Callable[[Window], str]
"""Returns why an action cannot be done now; "" if it can."""


@dataclass(frozen=True)
class Action:
    """A row of the table.

    Attributes
    ----------
    key
        The name in the code, such as ``file.open``.
    menu
        One of `MENUS`.
    text
        What the menu says; the letter after "&" is its access key.
    help
        One sentence for tooltips, the status bar and the command palette.
    run
        Does it.
    shortcut
        The keys in Qt's portable notation, several separated by "; ".
    icon
        The name of a file in ``assets/icons``; "" for none.
    refusal
        Returns why it cannot be done now; "" if it can.
    on_canvas
        Whether the shortcut works only while the canvas has the focus.
    checked
        For a setting that is on or off: whether it is on.
    separated
        Whether a line is drawn above it in its menu.
    submenu
        The name of the submenu that holds it; "" for the menu itself.
    """

    key: str
    menu: str
    text: str
    help: str
    run: Callable[[Window], object]
    shortcut: str = ""
    icon: str = ""
    refusal: Refusal = lambda _: ""
    on_canvas: bool = False
    checked: Callable[[Window], bool] | None = None
    separated: bool = False
    submenu: str = ""

    @property
    def words(self) -> str:
        """What it is called where no menu is around it, without access keys."""
        text = self.text.replace("&", "").rstrip("…")
        return f"{self.submenu.replace('&', '')}: {text}" if self.submenu else text


def _turn(window: Window) -> None:
    """Turn the direction in which data flow on the canvas, and remember it."""
    right = not window.canvas.flows_right
    window.canvas.set_flow(right=right)
    window.preferences.direction = "right" if right else "down"  # stored when the window closes


def _color_nodes(key: str, text: str, help_: str) -> Action:
    """Return the action that colors nodes by a figure of the table `FIGURES`."""
    return Action(
        f"view.color_{key}",
        "View",
        text,
        help_,
        lambda w: w.canvas.figure_colors.show(key),
        refusal=lambda w: _no_design(w) or w.canvas.figure_colors.refusal(key),
        checked=lambda w: not _no_design(w) and w.canvas.figure_colors.shown == key,
        submenu=_COLORS,
    )


def _lesson(key: str, title: str, text: str) -> Action:
    """Return the action that opens a lesson of the table `LESSONS`."""
    return Action(
        f"help.lesson_{key}", "Help", title, text, lambda w: w.open_lesson(key), submenu="&Lessons"
    )


def _usual_colors(window: Window) -> bool:
    document = window.workspace.document
    return document is not None and document.overlay is None


def _not_imported(window: Window) -> str:
    document = window.workspace.document
    if document is not None and document.imported is not None:
        return ""
    return _no_design(window) or "This design was not read from another program's file."


def _no_design(window: Window) -> str:
    return "" if window.workspace.document else "No design is open."


def _paste(window: Window) -> None:
    """Paste files or a path if the clipboard holds some, else nodes."""
    if not window.paste_files():
        window.canvas.paste()


def _no_maps(window: Window) -> str:
    if refusal := _no_design(window):
        return refusal
    if window.maps.shown:
        return ""
    inputs = window.workspace.analysis.inputs
    if not window.workspace.analysis.valid:
        return "The design has errors, so that it computes nothing: see Problems."
    if len(inputs) != 1 or len(inputs[0].shape) != 3:
        return "The design has no input for a picture, with channels, height and width."
    return ""


def _no_selection(window: Window) -> str:
    return _no_design(window) or ("" if window.workspace.selection else "No node is selected.")


def _no_block(window: Window) -> str:
    selection = window.workspace.selection
    if len(selection) != 1:
        return "Select one block."
    node = graph_paths.node_at(window.workspace.design, next(iter(selection)))
    return "" if hasattr(node, "block") else "The selected node is a layer, not a block."


def _no_single(window: Window) -> str:
    return _no_design(window) or (
        "" if len(window.workspace.selection) == 1 else "Select one node."
    )


def _no_undo(window: Window) -> str:
    document = window.workspace.document
    return "" if document and document.past else "Nothing was changed yet."


def _no_redo(window: Window) -> str:
    document = window.workspace.document
    return "" if document and document.future else "Nothing was undone."


def _at_top(window: Window) -> str:
    return "" if window.workspace.scope else "This is the top level."


def _not_revertible(window: Window) -> str:
    document = window.workspace.document
    if document is None:
        return "No design is open."
    if document.path is None and not document.preset:
        return "This design was never saved."
    return "" if document.modified else "Nothing was changed since it was saved."


def _not_trainable(window: Window) -> str:
    return _no_design(window) or window.training.refusal()


def _not_compared(window: Window) -> str:
    if window.workspace.comparison is not None:
        return ""
    return "Choose in the Training panel which weights to start from."


def _not_running(window: Window) -> str:
    steered = window.trainer.steered
    return "" if steered is not None and steered.going else "No training is running."


def _pause(window: Window) -> None:
    window.build_docks()  # a training of an earlier window may run before a design is opened
    window.training.toggle_pause()


_COLORS = "Color &nodes by"

# fmt: off
ACTIONS: tuple[Action, ...] = (
    # File
    Action("file.new", "File", "&New", "Begin an empty design.", lambda w: w.documents.new(), "Ctrl+N", "new"),
    Action("file.open", "File", "&Open…", "Open a design, or a network that another program wrote.", lambda w: w.documents.open(), "Ctrl+O", "open"),
    Action("file.open_library", "File", "Open from torch&vision or timm…", "Open a network of one of these libraries as a design.", lambda w: w.foreign.ask_for_library()),
    Action("file.open_module", "File", "Open P&ython code…", "Open a network that a Python file or an installed module builds.", lambda w: w.foreign.ask_for_module(), "", "code"),
    Action("file.welcome", "File", "&Gallery", "Show presets and recent designs.", lambda w: w.documents.show_welcome(), "Ctrl+Shift+N", "gallery"),
    Action("file.save", "File", "&Save", "Write the design to its file.", lambda w: w.documents.save(), "Ctrl+S", "save", _no_design, separated=True),
    Action("file.save_as", "File", "Save &as…", "Write the design to another file.", lambda w: w.documents.save_as(), "Ctrl+Shift+S", "", _no_design),
    Action("file.revert", "File", "&Revert", "Discard the changes since the last save; can be undone.", lambda w: w.documents.revert(), "", "revert", _not_revertible),
    Action("file.export", "File", "&Export…", "Write model files and code.", lambda w: w.export(), "Ctrl+E", "export", _no_design, separated=True),
    Action("file.picture", "File", "Save &picture…", "Write a picture of the network as SVG or PNG.", lambda w: w.documents.save_picture(), "", "picture", _no_design),
    Action("file.report", "File", "&Import report", "Show what was found when this design was opened from another program's file.", lambda w: w.foreign.show_report(), "", "info", _not_imported),
    Action("file.settings", "File", "Se&ttings…", "Light or dark theme, folders, device.", lambda w: w.settings(), "Ctrl+,", "settings", separated=True),
    Action("file.close", "File", "&Close design", "Close this tab.", lambda w: w.documents.close(), "Ctrl+W", "", _no_design),
    Action("file.quit", "File", "&Quit", "Close the window; a running training continues.", lambda w: w.close(), "Ctrl+Q", "quit"),
    # Edit
    Action("edit.undo", "Edit", "&Undo", "Undo the last change.", lambda w: w.workspace.undo(), "Ctrl+Z", "undo", _no_undo),
    Action("edit.redo", "Edit", "&Redo", "Redo the change that was undone last.", lambda w: w.workspace.redo(), "Ctrl+Shift+Z; Ctrl+Y", "redo", _no_redo),
    Action("edit.cut", "Edit", "Cu&t", "Move the selected nodes to the clipboard, as text.", lambda w: w.canvas.cut(), "Ctrl+X", "cut", _no_selection, True, separated=True),
    Action("edit.copy", "Edit", "&Copy", "Copy the selected nodes as text.", lambda w: w.canvas.copy(), "Ctrl+C", "copy", _no_selection, True),
    Action("edit.paste", "Edit", "&Paste", "Add the nodes that the clipboard holds, open the file whose path it holds, or try its picture.", _paste, "Ctrl+V", "paste", _no_design, True),
    Action("edit.paste_shared", "Edit", "Paste as s&hared", "Add copies that share the weights of the nodes that were copied.", lambda w: w.canvas.paste_shared(), "Ctrl+Shift+V", "share", _no_design, True),
    Action("edit.duplicate", "Edit", "&Duplicate", "Add the selected nodes once more.", lambda w: w.canvas.duplicate(), "Ctrl+D", "duplicate", _no_selection, True),
    Action("edit.delete", "Edit", "De&lete", "Remove the selection and connect its neighbors.", lambda w: w.canvas.delete(), "Del; Backspace", "delete", lambda w: _no_design(w) or w.canvas.delete_refusal(), True),
    Action("edit.select_all", "Edit", "Select &all", "Select every node here.", lambda w: w.canvas.select_all(), "Ctrl+A", "", _no_design, True, separated=True),
    Action("edit.select_branch", "Edit", "Select &branch", "Select every node that the selection leads to.", lambda w: w.canvas.select_branch(), "Ctrl+B", "branch", _no_selection, True),
    Action("edit.find", "Edit", "&Find node…", "Go to a node by its name.", lambda w: w.find_node(), "Ctrl+F", "search", _no_design),
    # View
    Action("view.fit", "View", "&Fit", "Show everything.", lambda w: w.canvas.fit(), "Ctrl+0; F", "fit", _no_design, True),
    Action("view.fit_selection", "View", "Fit &selection", "Show what is selected.", lambda w: w.canvas.fit_selection(), "Shift+F", "", _no_selection, True),
    Action("view.actual", "View", "&100 %", "Show nodes at their natural size.", lambda w: w.canvas.actual_size(), "Ctrl+1", "", _no_design, True),
    Action("view.zoom_in", "View", "Zoom &in", "Enlarge the view.", lambda w: w.canvas.zoom_in(), "Ctrl++; Ctrl+=", "zoom-in", _no_design, True),
    Action("view.zoom_out", "View", "Zoom &out", "Shrink the view.", lambda w: w.canvas.zoom_out(), "Ctrl+-", "zoom-out", _no_design, True),
    Action("view.minimap", "View", "&Minimap", "Show the whole network in the corner.", lambda w: w.canvas.set_minimap(not w.canvas.minimap_shown), "M", "", _no_design, True, checked=lambda w: not _no_design(w) and w.canvas.minimap_shown, separated=True),
    Action("view.flow_right", "View", "From &left to right", "Let data flow to the right, not down; positions in the file stay as they are.", _turn, "", "", _no_design, checked=lambda w: not _no_design(w) and w.canvas.flows_right),
    Action("view.absent", "View", "&Absent layers", "Draw layers that the present arguments leave out, such as the normalization of VGG16, faintly.", lambda w: w.canvas.show_absent(not w.canvas.absent_shown), "", "", _no_design, checked=lambda w: not _no_design(w) and w.canvas.absent_shown),
    Action("view.compare", "View", "Com&pare with another design…", "Compare a design with another one, with what its file has or with a preset: node by node, and number by number.", lambda w: w.compare(), "", "table", separated=True),
    Action("view.weight_status", "View", "Kept &weights", "Mark the layers that start from loaded weights in the training that is set up.", lambda w: w.canvas.show_weight_status(not w.canvas.weight_status_shown), "", "", lambda w: _no_design(w) or _not_compared(w), checked=lambda w: not _not_compared(w) and w.canvas.weight_status_shown),
    Action("view.maps", "View", "Feature ma&ps", "Show on each node what it gives for the chosen picture, or for an example of the data.", lambda w: w.maps.toggle(), "Ctrl+Shift+M", "maps", _no_maps, checked=lambda w: not _no_design(w) and w.maps.shown),
    Action("view.color_usual", "View", "Category", "Give nodes their usual colors, those of the categories of layers.", lambda w: w.canvas.figure_colors.show(""), "", "", _no_design, checked=_usual_colors, submenu=_COLORS),
    *(_color_nodes(each.key, each.title, each.help) for each in FIGURES),
    Action("view.measure_times", "View", "Measure &times", "Measure how long each layer takes, forward and backward, at the recipe's batch size.", lambda w: w.measure_times(), "", "clock", lambda w: _no_design(w) or w.times_refusal()),
    Action("view.focus", "View", "Focus the &canvas", "Send the keys to the canvas.", lambda w: w.canvas.setFocus(), "F7", "", _no_design),
    # Layer
    Action("layer.quick_add", "Layer", "&Add…", "Add a layer by typing its name.", lambda w: w.canvas.quick_add(), "Tab; A", "add", _no_design, True),
    Action("layer.replace", "Layer", "&Replace…", "Change the layer type, keeping the settings that both types have.", lambda w: w.canvas.replace_layer(), "Ctrl+R", "replace", _no_single, True),
    Action("layer.connect", "Layer", "&Connect", "Draw edges from the selected nodes to the lowest of them, or remove them.", lambda w: w.canvas.connect_selected(), "C", "connect", lambda w: _no_design(w) or w.canvas.connect_refusal(), True),
    Action("layer.take_out", "Layer", "Take &out", "Remove the edges of the selected nodes and connect their neighbors.", lambda w: w.canvas.take_out(), "Ctrl+Shift+X", "take-out", _no_selection, True),
    Action("layer.rename", "Layer", "Re&name", "Give the node another name.", lambda w: w.canvas.rename(), "F2", "rename", _no_single, True),
    Action("layer.group", "Layer", "&Group into a block", "Make the selection a block that can be used again.", lambda w: w.canvas.group(), "Ctrl+G", "group", _no_selection, True, separated=True),
    Action("layer.dissolve", "Layer", "&Dissolve block", "Replace the block with the nodes inside it.", lambda w: w.canvas.dissolve(), "Ctrl+Shift+G", "ungroup", _no_block, True),
    Action("layer.go_in", "Layer", "Look &into block", "Show the graph of the block.", lambda w: w.canvas.go_in(), "Return; Enter", "go-in", _no_block, True),
    Action("layer.go_out", "Layer", "Go &out", "Show the graph around this one.", lambda w: w.canvas.go_out(), "Escape", "go-out", _at_top, True),
    Action("layer.expand", "Layer", "&Expand in place", "Show the nodes of the block within this graph.", lambda w: w.canvas.toggle_expanded(), "Space", "expand", _no_block, True),
    Action("layer.fold", "Layer", "Fold repeated struct&ure", "Make what occurs several times a block each, and blocks in a row repetitions; the figures stay the same.", lambda w: folding.fold(w.workspace), "Ctrl+Alt+G", "group", _no_design),
    Action("layer.unfold", "Layer", "Unfol&d", "Replace the selected blocks, or all if none is selected, by the layers inside them, repetitions written out.", lambda w: folding.unfold(w.workspace), "", "ungroup", lambda w: _no_design(w) or folding.unfold_refusal(w.workspace)),
    Action("layer.freeze", "Layer", "&Freeze", "Keep weights and running statistics unchanged while the rest learns.", lambda w: freezing.freeze(w.workspace, 0), "Ctrl+Shift+F", "freeze", lambda w: _no_selection(w) or freezing.freeze_refusal(w.workspace), True, separated=True),
    Action("layer.unfreeze", "Layer", "&Unfreeze", "Let the selected nodes learn at the training's own learning rate.", lambda w: freezing.freeze(w.workspace, 1), "Ctrl+Alt+F", "sun", lambda w: _no_selection(w) or freezing.unfreeze_refusal(w.workspace), True),
    Action("layer.share", "Layer", "&Share weights", "Let the selected nodes share the weights of the first of them, which count once.", lambda w: sharing.share(w.workspace), "Ctrl+Alt+S", "share", lambda w: _no_selection(w) or sharing.share_refusal(w.workspace), True),
    Action("layer.stop_sharing", "Layer", "S&top sharing", "Give the selected nodes weights of their own.", lambda w: sharing.stop(w.workspace), "", "unshare", lambda w: _no_selection(w) or sharing.stop_refusal(w.workspace), True),
    Action("layer.freeze_kept", "Layer", "Freeze &kept", "Freeze the layers that start from loaded weights, so that only the others learn.", lambda w: freezing.freeze_kept(w.workspace), "", "freeze", lambda w: _no_design(w) or freezing.freeze_kept_refusal(w.workspace)),
    Action("layer.own", "Layer", "&Own layers…", "Write layer types in Python, take them from a file, read and trust those of this design.", lambda w: w.show_own_layers(), "", "code", _no_design, separated=True),
    Action("layer.arrange", "Layer", "Arran&ge", "Lay the graph out in layers.", lambda w: w.canvas.arrange(), "Ctrl+L", "arrange", _no_design, True, separated=True),
    # Train
    Action("train.start", "Train", "&Train", "Train this design as the Training panel says.", lambda w: w.train(), "Ctrl+T; F5", "play", _not_trainable),
    Action("train.pause", "Train", "&Pause or resume", "Pause the training, or resume it.", _pause, "F8", "pause", _not_running),
    Action("train.stop", "Train", "&Stop", "End the training with a checkpoint.", lambda w: w.trainer.steer("stop"), "Shift+F5", "stop", _not_running),
    Action("train.checkpoint", "Train", "&Checkpoint now", "Write a checkpoint and continue the training.", lambda w: w.trainer.steer("checkpoint"), "", "checkpoint", _not_running),
    Action("train.data", "Train", "&Data…", "Show the classes and pictures of the design's data set, and what is unusual about them.", lambda w: w.show_data(), "Ctrl+Shift+D", "data", _no_design),
    Action("train.try", "Train", "Tr&y pictures", "See what the network says of pictures that you drop, paste or draw.", lambda w: w.show_dock("try"), "", "picture", _no_design),
    Action("train.weights", "Train", "Load &weights…", "Start from the weights in a file, and show which layers they fit.", lambda w: w.load_weights(), "", "open", _no_design),
    Action("train.study", "Train", "New st&udy…", "Vary settings and layers in many trainings, and see what that does.", lambda w: w.new_study(), "", "chart", _no_design),
    Action("train.runs", "Train", "&Runs", "Show earlier trainings.", lambda w: w.show_dock("runs"), "", "runs", separated=True),
    # Window
    Action("window.panels", "Window", "&Hide all panels", "Leave the whole window to the canvas; again, show the panels as they were.", lambda w: w.toggle_panels(), "F9", "panels", _no_design, checked=lambda w: not _no_design(w) and w.panels_hidden),
    Action("window.full_screen", "Window", "&Full screen", "Use the whole screen, without title bar.", lambda w: w.toggle_full_screen(), "F11", "expand", checked=lambda w: w.frame.isFullScreen()),
    Action("window.next_panel", "Window", "&Next panel", "Send the keys to the next panel, and after the last one to the canvas.", lambda w: w.focus_panel(1), "F6", "", _no_design),
    Action("window.previous_panel", "Window", "&Previous panel", "Send the keys to the panel before.", lambda w: w.focus_panel(-1), "Shift+F6", "", _no_design),
    # Help
    Action("help.commands", "Help", "&Commands…", "Find anything by typing.", lambda w: w.command_palette(), "Ctrl+K; Ctrl+Shift+P", "search"),
    Action("help.tour", "Help", "&First steps", "A tour of the window in two minutes.", lambda w: w.tour(), "F1", "help"),
    *(_lesson(each.key, each.title, each.text[0]) for each in LESSONS),
    Action("help.shortcuts", "Help", "&Keys", "All shortcuts on one page.", lambda w: w.show_shortcuts(), "Ctrl+/", "keyboard"),
    Action("help.about", "Help", "&About", "Version, license, folders.", lambda w: w.about(), "", "info"),
)
# fmt: on

MENUS = ("File", "Edit", "View", "Layer", "Train", "Window", "Help")
TOOLBAR = (
    "file.open", "file.save", "", "edit.undo", "edit.redo", "", "layer.quick_add",
    "layer.arrange", "view.fit", "view.maps", "layer.group", "", "train.start", "file.export",
)  # fmt: skip


class Actions(QObject):
    """The table as Qt actions of one window, each enabled or disabled with the reason why."""

    def __init__(self, window: Window) -> None:
        super().__init__(window.frame)
        self.window = window
        self.rows = {row.key: row for row in ACTIONS}
        self.by_key: dict[str, QAction] = {row.key: self._made(row) for row in ACTIONS}
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        workspace = window.workspace
        for signal in (
            workspace.changed,
            workspace.selection_changed,
            workspace.scope_changed,
            workspace.documents_changed,
            workspace.compared,
            workspace.node_values_changed,
            window.trainer.state_changed,
        ):
            signal.connect(self.refresh_soon)
        theme.changed.connect(self._draw)
        self._draw()

    def __getitem__(self, key: str) -> QAction:
        return self.by_key[key]

    def some(self, keys: Iterable[str]) -> list[QAction | None]:
        """Return actions by their keys, with None (a separator) for each empty key."""
        return [self.by_key[key] if key else None for key in keys]

    def refusal(self, key: str) -> str:
        """Return why an action cannot be done now; "" if it can."""
        return self.rows[key].refusal(self.window)

    def refresh_soon(self) -> None:
        """Refresh once the present event has been handled."""
        self._soon.start()

    def refresh(self) -> None:
        """Enable or disable every action and show the reason."""
        for key, action in self.by_key.items():
            row = self.rows[key]
            refusal = row.refusal(self.window)
            action.setEnabled(not refusal)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            words = f"{row.help} {refusal}".strip()
            named = f"{row.words}  {keys}\n{words}" if keys else words
            action.setToolTip(tip(named))
            action.setWhatsThis(words)
            if row.checked is not None:
                action.setChecked(row.checked(self.window))
        document = self.window.workspace.document
        history = (document.past, document.future) if document else ([], [])
        names = (("edit.undo", steps.UNDO), ("edit.redo", steps.REDO))
        for (key, text), entries in zip(names, history, strict=True):
            self.by_key[key].setText(
                text.format(step=entries[-1].label.replace("&", "&&"))
                if entries
                else self.rows[key].text
            )

    def _made(self, row: Action) -> QAction:
        action = QAction(row.text, self.window.frame, objectName=row.key)
        action.setShortcuts([QKeySequence(text) for text in row.shortcut.split("; ") if text])
        action.setIconText(row.text.split()[0].strip("&…").replace("&", ""))  # in the toolbar
        action.setCheckable(row.checked is not None)
        action.triggered.connect(lambda: self._run(row))
        if row.on_canvas:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        else:
            self.window.frame.addAction(action)
        return action

    def make_primary(self, button: QToolButton, key: str) -> None:
        """Color a tool button as the main one, with a white icon whatever the menu's color is."""
        button.setProperty("primary", True)
        row, action = self.rows[key], self.by_key[key]
        # A tool button takes over its action's icon whenever anything of the action changes.
        action.changed.connect(lambda: button.setIcon(icons.icon(row.icon, "#ffffff")))
        button.setIcon(icons.icon(row.icon, "#ffffff"))

    def attach(self, canvas: QWidget) -> None:
        """Give the canvas the shortcuts that work there only."""
        canvas.addActions([self.by_key[row.key] for row in ACTIONS if row.on_canvas])

    def _run(self, row: Action) -> None:
        # The state may have changed since the last refresh.
        refusal = row.refusal(self.window)
        if refusal:
            self.window.workspace.refused.emit(refusal)
        else:
            self.window.guarded(lambda: row.run(self.window))
        self.refresh_soon()

    def _draw(self) -> None:
        for key, action in self.by_key.items():
            if self.rows[key].icon:
                action.setIcon(icons.icon(self.rows[key].icon))
