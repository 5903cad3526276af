"""The menu of recipe templates: those of published networks, and those of the user."""

from typing import Protocol

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMenu, QMessageBox, QWidget

from designer.errors import DesignerError
from designer.gui.base.plain_text import tip
from designer.gui.documents.workspace import Workspace
from designer.recipe import templates
from designer.recipe.recipe import Recipe


class Host(Protocol):
    """What has the recipe at hand."""

    workspace: Workspace

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        ...

    def take(self, recipe: Recipe) -> None:
        """Use another recipe."""
        ...


class TemplatesMenu(QMenu):
    """Takes a template for the recipe at hand, saves that as a template, or removes one."""

    def __init__(self, host: Host, parent: QWidget) -> None:
        super().__init__("Templates", parent)
        self._host = host
        self.setObjectName("recipe-templates")
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)
        self.fill()

    def fill(self) -> None:
        """List the templates that there are now."""
        self.clear()
        self._head("Published")
        for row in templates.TEMPLATES.values():
            self._add(row.name, row.title, f"{row.help}\n{row.source}.")
        self.addSeparator()
        self._head("Your own")
        own = [name for name in templates.own_names() if name not in templates.TEMPLATES]
        for name in own:
            self._add(name, name, "A recipe that you saved.")
        self.addAction("Save as template…").triggered.connect(self._save)
        if own:
            remove = self.addMenu("Remove")
            for name in own:
                action = remove.addAction(name)
                action.triggered.connect(lambda _=False, n=name: self._remove(n))

    def _head(self, title: str) -> None:
        """Add a heading; a section of Qt's has no title in a menu with a style sheet."""
        self.addAction(title).setEnabled(False)

    def _add(self, name: str, title: str, help_: str) -> QAction:
        action = self.addAction(title)
        action.setObjectName(f"template-{name}")
        action.setToolTip(tip(help_))
        action.triggered.connect(lambda _=False: self._take(name))
        return action

    def _take(self, name: str) -> None:
        try:
            self._host.take(templates.applied(name, self._host.recipe))
        except DesignerError as error:
            self._host.workspace.refused.emit(str(error))
        else:
            self._host.workspace.reported.emit(
                f"The recipe is that of {name} now; data, device and seed are as before."
            )

    def _save(self) -> None:
        name, given = QInputDialog.getText(
            self.parentWidget(),
            "Save as template",
            "Name of the template:",
            QLineEdit.EchoMode.Normal,
            "",
        )
        if given:
            self.save(name)

    def save(self, name: str) -> None:
        """Save the recipe under a name, after a question where that is taken."""
        if name.strip() in templates.own_names():
            answer = QMessageBox.question(
                self.parentWidget(),
                "Save as template",
                f"There is a template {name.strip()} already. Replace it?",
            )
            if answer != QMessageBox.StandardButton.Yes:
                return
        try:
            templates.save(name, self._host.recipe)
        except DesignerError as error:
            self._host.workspace.refused.emit(str(error))
        else:
            self._host.workspace.reported.emit(f"Saved as the template {name.strip()}.")

    def _remove(self, name: str) -> None:
        try:
            templates.remove(name)
        except DesignerError as error:
            self._host.workspace.refused.emit(str(error))
        else:
            self._host.workspace.reported.emit(f"The template {name} is removed.")
