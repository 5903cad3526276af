"""What the command palette finds: actions, panels, layers, nodes, blocks, presets, recent files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from PySide6.QtGui import QKeySequence

from designer import presets
from designer.analysis.evaluation.results import GraphResult
from designer.errors import DesignerError
from designer.gui.base import fuzzy, icons
from designer.gui.commands.actions import Actions
from designer.gui.commands.window import Window
from designer.gui.documents import adding, palette_entries
from designer.gui.documents.items import Item
from designer.layers.category import Category
from designer.layers.tensors import show

MOST = 60  # results shown
NODES_ONLY = "@"
_CANDIDATES = 80  # nodes that are scored
_ELSEWHERE = -5.0  # the score of what only its description matches
_REFUSED = -8.0  # added to the score of what cannot be done now, so that it comes later


@dataclass(frozen=True)
class Command:
    """A row of the command palette.

    Attributes
    ----------
    kind
        What it is, shown at the right: a menu, layer, node …
    text
        Its name, which the typed letters are matched with.
    detail
        What is shown beside its name.
    run
        Does it.
    icon, category
        The sign at the left, and the layer category that colors it.
    keys
        Its shortcut.
    refusal
        Why it cannot be done now; "" if it can.
    other
        Other words that find it.
    positions
        The indices of the typed letters in its text.
    """

    kind: str
    text: str
    detail: str
    run: Callable[[], object]
    icon: str = ""
    category: Category | None = None
    keys: str = ""
    refusal: str = ""
    other: str = ""
    positions: tuple[int, ...] = ()


class _Node(NamedTuple):
    path: str
    low: str


class Search:
    """Everything that can be found in a window now; built whenever the palette opens."""

    def __init__(self, window: Window, actions: Actions) -> None:
        self.window = window
        self.commands = [
            *_actions(actions),
            *_panels(window, actions),
            *_additions(window),
            *_presets(window),
            *_recent(window),
        ]
        self._paths = list(_paths(window.workspace.analysis.top))
        # The shortest first: where too many match, only the first ones are scored.
        self._nodes = [_Node(path, path.lower()) for path in sorted(self._paths, key=len)]

    def find(self, text: str) -> list[Command]:
        """Return what matches a text, the best first; after ``@`` only nodes of the design."""
        if text.startswith(NODES_ONLY):
            return [command for _, command in self._find_nodes(text[1:], MOST)]
        if not text.strip():
            return self.commands[:MOST]
        found = [*self._find_commands(text), *self._find_nodes(text, MOST // 2)]
        found.sort(key=lambda each: -each[0])
        return [command for _, command in found[:MOST]]

    def _find_commands(self, text: str) -> Iterator[tuple[float, Command]]:
        text = palette_entries.without_module(text)
        for command in self.commands:
            hit = fuzzy.match(text, command.text)
            worse = _REFUSED if command.refusal else 0.0
            if hit is not None:
                yield hit.score + worse, replace(command, positions=hit.positions)
            elif palette_entries.mentions(f"{command.text} {command.other}", text):
                yield _ELSEWHERE + worse, command

    def _find_nodes(self, text: str, most: int) -> list[tuple[float, Command]]:
        word = "".join(text.lower().split())
        if not word:
            return [(0.0, self._node(path, fuzzy.NO_PATTERN)) for path in self._paths[:most]]
        # Scoring is slow: of 10,000 nodes, two cheap passes choose the candidates.
        nodes = list(islice((node for node in self._nodes if word in node.low), _CANDIDATES))
        if len(nodes) < most:
            order = re.compile(".*?".join(map(re.escape, word))).search
            nodes = list(islice((node for node in self._nodes if order(node.low)), _CANDIDATES))
        hits = [(node.path, hit) for node in nodes if (hit := fuzzy.match(text, node.path))]
        hits.sort(key=lambda each: -each[1].score)
        return [(hit.score, self._node(path, hit)) for path, hit in hits[:most]]

    def _node(self, path: str, hit: fuzzy.Match) -> Command:
        workspace = self.window.workspace
        result = workspace.analysis.node(path)
        layer = result.layer if result is not None else None
        detail = type(layer).__name__ if layer is not None else "block"
        if result is not None and result.outputs and result.outputs[0] is not None:
            detail += f" · {show(result.outputs[0].shape)}"
        category = type(layer).category if layer is not None else None
        return Command(
            "node",
            path,
            detail,
            lambda: self._go_to(path),
            icons.category_file(category),
            category,
            positions=hit.positions,
        )

    def _go_to(self, path: str) -> None:
        self.window.workspace.select([path], reveal=True)
        self.window.canvas.setFocus()


def _paths(graph: GraphResult, prefix: str = "") -> Iterator[str]:
    """Yield the paths of all drawn nodes, blocks before what is inside them."""
    for name, result in graph.nodes.items():
        path = prefix + name
        if not name.isdecimal():  # the index of a repetition is not a node
            yield path
        if result.inside is not None:
            yield from _paths(result.inside, f"{path}.")


def _actions(actions: Actions) -> Iterator[Command]:
    for key, row in actions.rows.items():
        action = actions[key]
        if key == "help.commands":
            continue
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        text = row.words if row.submenu else action.text().replace("&", "").rstrip("…")
        yield Command(
            row.menu, text, row.help, action.trigger, row.icon, keys=keys,
            refusal=actions.refusal(key), other=f"{row.help} {row.text.replace('&', '')}",
        )  # fmt: skip


def _panels(window: Window, actions: Actions) -> Iterator[Command]:
    named = {row.text.replace("&", "") for row in actions.rows.values()}
    for name, dock in window.build_docks().items():
        title = dock.windowTitle().partition(" (")[0]
        if title in named:  # an action shows it already
            continue
        help_ = dock.toggleViewAction().whatsThis()
        show_dock = partial(window.show_dock, name)
        yield Command(
            "panel", f"Show {title}", help_, show_dock, "eye", other=f"panel dock {help_}"
        )


def _additions(window: Window) -> Iterator[Command]:
    workspace = window.workspace
    refusal = "" if workspace.document else "No design is open."
    where = " after the selection" if workspace.selection else ""
    entries = [
        *palette_entries.layer_entries(),
        *palette_entries.own_entries(workspace.design),
        *palette_entries.block_entries(workspace.design),
        *palette_entries.common_entries(),
    ]
    for entry in entries:
        layer = entry.item.kind == "layer"
        yield Command(
            "common block" if entry.item.kind == "common" else entry.item.kind,
            entry.text,
            f"add {'the layer' if layer else 'the block'}{where}",
            partial(_add, window, entry.item),
            icons.category_file(entry.category),
            entry.category,
            refusal=refusal,
            other=f"{entry.other} {entry.help}",
        )


def _add(window: Window, item: Item) -> None:
    adding.append(window.workspace, item)
    window.canvas.setFocus()


def _presets(window: Window) -> Iterator[Command]:
    for name in presets.names():
        try:
            preset = presets.info(name)
        except DesignerError:
            continue  # the gallery shows what is wrong with it
        yield Command(
            "preset",
            preset.title,
            f"open · {preset.year}",
            partial(window.workspace.open_preset, name),
            "gallery",
            other=f"{name} {preset.idea} {preset.paper.reference}",
        )


def _recent(window: Window) -> Iterator[Command]:
    for text in window.preferences.recent:
        path = Path(text)
        yield Command(
            "recent",
            path.name,
            str(path.parent),
            partial(window.documents.open_file, path),
            "clock",
            other=text,
        )
