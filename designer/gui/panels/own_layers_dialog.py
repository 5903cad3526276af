"""The dialog of a design's own layer types: their code is read, written, trusted and removed."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer.design import own_code
from designer.design.naming import block_name_refusal, first_free
from designer.errors import DesignerError
from designer.gui.base import icons, numbers, screens
from designer.gui.base.theme import colors, theme
from designer.gui.documents import steps
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.code_editor import CodeEditor
from designer.layers.catalogue import layer_types
from designer.layers.own import Own, digest, layer_type
from designer.layers.python_text import FaultError, classes
from designer.runs import code_files, trusted_code

TEMPLATE = '''import torch
from torch import nn


class {name}(nn.Module):
    """Multiply each channel by a learned number."""

    def __init__(self, in_channels: int, start: float = 1.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((in_channels,), start))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale.view(-1, *[1] * (x.dim() - 2))
'''
_RULES = (
    "A class of nn.Module becomes a layer type. The arguments of its constructor are its settings, "
    "each an int, float, bool, str or Literal of texts. in_channels or in_features, if they come "
    "first, are filled with the first or last axis of the input. The arguments of forward are its "
    "inputs."
)
_TRUST, _DISTRUST = "Trust this code", "Take the trust back"


class OwnLayersDialog(QDialog):
    """A list of the design's own layer types, and the code of the chosen one.

    Nothing of the code is run here. Trusting a text lets the window measure it, in a process of its
    own, and run it in trainings and exports.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None, name: str = "") -> None:
        super().__init__(parent, objectName="own-layers")
        self.workspace = workspace
        self.document = workspace.document
        self.setWindowTitle(f"Own layers of {workspace.design.name}")
        self.shown = ""  # the class whose code is in the editor; "" for none
        self._build()
        workspace.changed.connect(self._refresh)
        workspace.switched.connect(self.close)
        theme.changed.connect(self._redraw)
        self._fill(name or next(iter(workspace.design.code), ""))

    def _build(self) -> None:
        self.list = QListWidget(objectName="own-layers-list")
        self.list.setAccessibleName("Layer types of this design")
        self.list.setIconSize(QSize(16, 16))
        self.list.setMaximumWidth(190)
        self.list.currentItemChanged.connect(self._chosen)
        self.new = QPushButton("New", objectName="new-layer-type")
        self.new.setToolTip("Add a layer type with the text of an example.")
        self.new.clicked.connect(self.add)
        self.take = QPushButton("From a file…", objectName="take-layer-type")
        self.take.setToolTip("Take a class from a Python file; the file is not run.")
        self.take.clicked.connect(self._choose_file)
        self.remove = QPushButton("Remove", objectName="remove-layer-type")
        self.remove.setToolTip("Remove the layer type, if no node has it.")
        self.remove.clicked.connect(self._remove)
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        for button in (self.new, self.take, self.remove):
            button.setAutoDefault(False)
            left.addWidget(button)
        self.sign = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.state = _words("own-layer-state")
        self.packages = _words("own-layer-packages")
        self.packages.setProperty("role", "soft")
        self.editor = CodeEditor()
        self.editor.setMinimumWidth(320)
        self.editor.textChanged.connect(self._show_state)
        frame = QFrame(frameShape=QFrame.Shape.StyledPanel)
        around = QVBoxLayout(frame)
        around.setContentsMargins(1, 1, 1, 1)
        around.addWidget(self.editor)
        rules = _words("own-layer-rules")
        rules.setText(_RULES)
        rules.setProperty("role", "soft")
        self.apply = QPushButton("Apply", objectName="apply-code")
        self.apply.setToolTip("Put the text into the design; this can be undone.")
        self.apply.clicked.connect(self.apply_text)
        self.trust = QPushButton(_TRUST, objectName="trust-code")
        self.trust.clicked.connect(self.trust_text)
        close = QPushButton("Close", objectName="close-own-layers")
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.apply, self.trust, close):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        top = QHBoxLayout()
        top.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.state, 1)
        right = QVBoxLayout()
        right.addLayout(top)
        right.addWidget(self.packages)
        right.addWidget(frame, 1)
        right.addWidget(rules)
        right.addLayout(buttons)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 12, 12, 12)
        line.setSpacing(12)
        line.addLayout(left)
        line.addLayout(right, 1)
        high = self.fontMetrics().height()
        screens.resize_within(self, high * 60, high * 40)

    # What is shown

    def _fill(self, name: str) -> None:
        """List the layer types, with one of them chosen."""
        self.list.blockSignals(True)
        self.list.clear()
        for each in self.workspace.design.code:
            self.list.addItem(QListWidgetItem(each))
        names = list(self.workspace.design.code)
        self.list.setCurrentRow(names.index(name) if name in names else min(0, len(names) - 1))
        self.list.blockSignals(False)
        self._show_chosen()

    def _refresh(self) -> None:
        """Follow an edit of the design, undo for example; what is being typed stays."""
        if self.workspace.document is not self.document:
            return
        names = [self.list.item(row).text() for row in range(self.list.count())]
        code = self.workspace.design.code
        if names != list(code) or (self.shown and not self.unsaved and not self._is_current()):
            self._fill(self.shown)
        self._show_state()

    def _is_current(self) -> bool:
        return self.workspace.design.code.get(self.shown) == self.editor.toPlainText()

    def _chosen(self) -> None:
        if self.unsaved:
            self.apply_text()
        self._show_chosen()

    def _show_chosen(self) -> None:
        item = self.list.currentItem()
        self.shown = item.text() if item is not None else ""
        self._text = self.workspace.design.code.get(self.shown, "")
        self.editor.setReadOnly(not self.shown)
        self.editor.setPlainText(self._text)
        self._show_state()

    @property
    def unsaved(self) -> bool:
        """Whether the editor has a text that was not applied."""
        return bool(self.shown) and self.editor.toPlainText() != self._text

    def _name(self) -> str:
        """Return the class that the text in the editor defines, as it is called now."""
        text = self.editor.toPlainText()
        try:
            found = classes(text)
        except FaultError:
            return self.shown
        return found[0] if len(found) == 1 and self.shown not in found else self.shown

    def _show_state(self) -> None:
        """Say what is wrong with the text in the editor, or whether it is trusted."""
        text, c = self.editor.toPlainText(), colors()
        self._marked_line(0)
        self.packages.setText("")
        if not self.shown:
            state, sign, color = (
                "This design has no layer types of its own. Add one, or take one from a file.",
                "info",
                c.soft_text,
            )
            trusted = usable = False
        else:
            kind = layer_type(self._name(), text)
            usable = kind.fault is None
            trusted = usable and digest(text) in trusted_code.trusted([text])
            if kind.fault is not None:
                state = f"Line {kind.fault.line}: {kind.fault.message}."
                sign, color = "problem-error", c.error
                self._marked_line(kind.fault.line)
            elif trusted:
                state, sign, color = self._trusted_state(), "check", c.success
            else:
                state = (
                    f"{kind.__name__} is not trusted yet, so nothing of it was run. Read all of "
                    "its code: it could do anything that you can do. Then trust it."
                )
                sign, color = "problem-warning", c.warning
            lines = numbers.count(len(text.rstrip().split("\n")))
            self.packages.setText(f"{lines} lines. {_about_imports(kind)}" if usable else "")
        self.state.setText(state)
        size = self.fontMetrics().height()
        self.sign.setPixmap(icons.icon(sign, color).pixmap(size, size))
        self.packages.setVisible(bool(self.packages.text()))
        self.apply.setEnabled(self.unsaved)
        self.trust.setEnabled(usable)
        self.trust.setText(_DISTRUST if trusted else _TRUST)
        self.trust.setToolTip(
            "Run nothing of this text from now on."
            if trusted
            else "Let this text be run, here and in trainings; any other text asks again."
        )
        self.remove.setEnabled(bool(self.shown))

    def _trusted_state(self) -> str:
        name = self.shown
        if self.unsaved:
            return f"This text of {name} is trusted. Apply it to use it."
        wrong = next(
            (
                each.message
                for each in self.workspace.analysis.problems
                if each.code == "own-layer" and f" {name} " in f"{each.message} "
            ),
            "",
        )
        if wrong:
            return f"{wrong[:1].upper()}{wrong[1:]}."
        return f"{name} is trusted: it is measured, and runs in trainings and exports."

    def _marked_line(self, line: int) -> None:
        self.editor.mark([line] if line else [], show=False)

    def _redraw(self) -> None:
        self.editor.redraw()
        self._show_state()

    # Actions

    def apply_text(self) -> bool:
        """Put the text into the design; return whether it is there."""
        if not self.unsaved:
            return bool(self.shown)
        text, old, name = self.editor.toPlainText(), self.shown, self._name()
        if name != old and name in layer_types():
            self.workspace.refused.emit(_built_in(name))
            self.state.setText(_built_in(name))
            return False
        before = self.workspace.design
        self._text, self.shown = text, name
        done = self.workspace.edit(
            steps.step("set_code", name=name),
            lambda design: own_code.set_code(design, name, text, old=old),
        )
        if not done and self.workspace.design is before:
            self.shown, self._text = old, before.code.get(old, "")
        self._fill(self.shown)
        return done

    def trust_text(self) -> None:
        """Put the text into the design, and trust it; take the trust back if it has that."""
        if not self.apply_text():
            return
        trusted = bool(trusted_code.trusted([self._text]))
        own = self.workspace.own_layers
        try:
            (own.distrust if trusted else own.trust)([self._text])
        except DesignerError as error:
            self.workspace.refused.emit(str(error))
        self._show_state()

    def add(self) -> None:
        """Add a layer type with the text of an example."""
        taken = {*layer_types(self.workspace.design.code), *self.workspace.design.blocks}
        name = first_free(taken, "ChannelScale", block_name_refusal)
        self._add(name, TEMPLATE.format(name=name))

    def _add(self, name: str, text: str) -> None:
        if self.unsaved:
            self.apply_text()
        if name in layer_types():
            self.workspace.refused.emit(_built_in(name))
            self.state.setText(_built_in(name))
            return
        label = "set_code" if name in self.workspace.design.code else "add_code"
        self.workspace.edit(
            steps.step(label, name=name), lambda design: own_code.set_code(design, name, text)
        )
        self._fill(name)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Take a class from a file", "", "Python (*.py)")
        if path:
            self.take_from(Path(path))

    def take_from(self, path: Path) -> None:
        """Take a class from a Python file, which is read and not run; ask if there are several."""
        try:
            name, text = self._class_of(path)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))
            self.state.setText(str(error))
            return
        if name:
            self._add(name, text)

    def _class_of(self, path: Path) -> tuple[str, str]:
        try:
            return code_files.take(path)
        except code_files.SeveralClassesError as several:
            name, chosen = QInputDialog.getItem(
                self, "Take a class", f"Class of {path.name}:", several.names, 0, False
            )
            return code_files.take(path, name) if chosen else ("", "")

    def _remove(self) -> None:
        name = self.shown
        done = self.workspace.edit(
            steps.step("remove_code", name=name), lambda design: own_code.remove_code(design, name)
        )
        if done:
            self._fill("")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Put what was typed into the design, where undo can take it back."""
        if self.unsaved and self.workspace.document is self.document:
            self.apply_text()
        super().closeEvent(event)


def _words(name: str) -> QLabel:
    return QLabel(objectName=name, wordWrap=True, textFormat=Qt.TextFormat.PlainText)


def _built_in(name: str) -> str:
    return f"There is a built-in layer type {name}: give the class another name."


def _about_imports(kind: type[Own]) -> str:
    """Return what a text imports beside torch, which is part of what is trusted."""
    if not kind.packages:
        return "It imports nothing but torch and Python's standard library."
    listed = ", ".join(kind.packages)
    return f"It imports packages beside torch and Python's standard library: {listed}."
