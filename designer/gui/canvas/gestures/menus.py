"""What a press of the right button offers: for a node, for an edge, for the ground."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from designer.analysis.problems import Fix, Problem
from designer.gui.base import icons
from designer.gui.canvas.gestures import commands, quick_add
from designer.gui.canvas.gestures.common import reach
from designer.gui.canvas.gestures.selecting import select_edge
from designer.gui.canvas.interface import EdgeHit
from designer.gui.documents import graph_paths
from designer.gui.documents.adding import Spot

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

_MOST_FIXES = 6

# Keys of the actions in the context menus; an empty key draws a line.
CANVAS_MENU = (
    "layer.quick_add", "edit.paste", "", "layer.arrange", "edit.select_all", "view.fit", "",
    "layer.go_out", "file.picture",
)  # fmt: skip
NODE_MENU = (
    "layer.rename", "layer.replace", "", "layer.go_in", "layer.expand", "layer.group",
    "layer.dissolve", "", "layer.connect", "layer.take_out", "", "layer.freeze", "layer.unfreeze",
    "", "edit.cut", "edit.copy",
    "edit.duplicate", "edit.delete", "", "edit.select_branch", "view.fit_selection",
)  # fmt: skip


def context_menu(view: "GraphView", point: QPointF | None, at: QPoint) -> None:
    """Show what can be done with what lies at a scene point, or with the selection."""
    workspace = view.workspace
    path = view.node_at(point) if point is not None else None
    if point is None and workspace.selection:
        path = min(workspace.selection)
        at = view.mapToGlobal(view.mapFromScene(view.rect_of(path).center()))
    hit = view.edge_at(point, reach(view)) if point is not None and path is None else None
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
    if view.canvas.actions_ is not None:
        view.canvas.actions_.refresh()
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at)


def node_menu(view: "GraphView", path: str) -> QMenu:
    """Return the menu of a node, fixes of its problems first."""
    menu = QMenu(view)
    fixes = list(_fixes(view.workspace.analysis.problems, path))
    for _, fix in fixes[:_MOST_FIXES]:
        action = menu.addAction(icons.icon("fix"), f"Fix: {fix.label}")
        action.triggered.connect(lambda _=False, fix=fix: view.workspace.edit(fix.label, fix.edit))
    for problem, fix in fixes[:_MOST_FIXES]:
        _of_label(menu, fix).setToolTip(problem.message)
    if fixes:
        menu.addSeparator()
    _add(view, menu, NODE_MENU)
    return menu


def _of_label(menu: QMenu, fix: Fix) -> QAction:
    return next(each for each in menu.actions() if each.text() == f"Fix: {fix.label}")


def _fixes(problems: Iterable[Problem], path: str) -> Iterable[tuple[Problem, Fix]]:
    for problem in problems:
        if problem.path == path or problem.path.startswith(f"{path}."):
            for fix in problem.fixes:
                yield problem, fix


def edge_menu(view: "GraphView", hit: EdgeHit, point: QPointF) -> QMenu:
    """Return the menu of an edge."""
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


def _add(view: "GraphView", menu: QMenu, keys: tuple[str, ...]) -> None:
    if view.canvas.actions_ is None:
        return
    for action in view.canvas.actions_.some(keys):
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
