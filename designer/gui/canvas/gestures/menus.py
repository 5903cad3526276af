"""The context menus of a node, of an edge and of the background."""

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QMenu

from designer.analysis.problems import Fix, Problem
from designer.gui.base import icons, numbers
from designer.gui.canvas.gestures import commands, quick_add
from designer.gui.canvas.gestures.common import edge_reach
from designer.gui.canvas.gestures.selecting import select_edge
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import EdgeHit
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.adding import Spot

_MOST_FIXES = 6

# Keys of the actions in the context menus; an empty key draws a line.
CANVAS_MENU = (
    "layer.quick_add", "edit.paste", "edit.paste_shared", "", "layer.arrange", "edit.select_all",
    "view.fit", "", "layer.go_out", "file.picture",
)  # fmt: skip
NODE_MENU = (
    "layer.rename", "layer.replace", "", "layer.go_in", "layer.expand", "layer.group",
    "layer.dissolve", "", "layer.connect", "layer.take_out", "", "layer.freeze", "layer.unfreeze",
    "layer.share", "layer.stop_sharing", "", "edit.cut", "edit.copy",
    "edit.duplicate", "edit.delete", "", "edit.select_branch", "view.fit_selection",
)  # fmt: skip


def context_menu(view: SceneView, point: QPointF | None, at: QPoint) -> None:
    """Show the menu for what lies at a scene point.

    The menu key passes no point: it shows the menu of the first selected node. `at` is the menu's
    position on the screen.
    """
    workspace = view.workspace
    path = view.node_at(point) if point is not None else None
    if point is None and workspace.selection:
        path = min(workspace.selection)
        at = view.mapToGlobal(view.mapFromScene(view.rect_of(path).center()))
    hit = view.edge_at(point, edge_reach(view)) if point is not None and path is None else None
    if path is not None:
        if path not in workspace.selection:
            workspace.select({path})
        menu = node_menu(view, path)
    elif hit is not None and point is not None:
        select_edge(view, hit)
        menu = edge_menu(view, hit, point)
    else:
        menu = QMenu(view)
        _add(view, menu, CANVAS_MENU)
    menu.setObjectName("context-menu")
    menu.setToolTipsVisible(True)
    if view.action_source is not None:
        view.action_source.refresh()
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at)


def node_menu(view: SceneView, path: str) -> QMenu:
    """Return the menu of a node, beginning with the fixes of its problems."""
    menu = QMenu(view)
    fixes = list(_fixes(view.workspace.analysis.problems, path))
    for problem, fix in fixes[:_MOST_FIXES]:
        action = menu.addAction(icons.icon("fix"), f"Fix: {fix.label}")
        action.setToolTip(f"<p>{escape(numbers.sentence(problem.message))}</p>")
        action.triggered.connect(
            lambda _=False, fix=fix: view.workspace.edit(steps.capitalized(fix.label), fix)
        )
    if fixes:
        menu.addSeparator()
    _add(view, menu, NODE_MENU)
    return menu


def _fixes(problems: Iterable[Problem], path: str) -> Iterable[tuple[Problem, Fix]]:
    for problem in problems:
        if problem.path == path or problem.path.startswith(f"{path}."):
            for fix in problem.fixes:
                yield problem, fix


def edge_menu(view: SceneView, hit: EdgeHit, point: QPointF) -> QMenu:
    """Return the menu of an edge that was hit at a scene point."""
    menu = QMenu(view)
    spot = Spot(hit.scope, edge=hit.edge)
    insert = menu.addAction(icons.icon("add"), "Insert layer…")
    insert.triggered.connect(lambda: quick_add.ask(view, point, spot))
    remove = menu.addAction(icons.icon("delete"), "Delete edge")
    remove.triggered.connect(lambda: commands.delete_edge(view, hit))
    menu.addSeparator()
    for name in (hit.edge.source, hit.edge.target):
        path = graph_paths.join(hit.scope, name)
        if graph_paths.node_at(view.workspace.design, path) is not None:
            go = menu.addAction(f"Go to {name}")
            go.triggered.connect(
                lambda _=False, path=path: view.workspace.select({path}, reveal=True)
            )
    return menu


def _add(view: SceneView, menu: QMenu, keys: tuple[str, ...]) -> None:
    """Add actions of the window's table to a menu."""
    if view.action_source is None:
        return
    for action in view.action_source.some(keys):
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
