"""Opening networks from elsewhere: from the question to the tab with the design and its report."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QMainWindow

from designer.gui.base import background
from designer.gui.documents import imported, steps
from designer.gui.documents.imported import Imported
from designer.gui.opening import edited
from designer.gui.opening.opener import Opener, Opening, title_of
from designer.gui.opening.strip import OpeningStrip

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.design.values import Design
    from designer.gui.documents.document import Document
    from designer.gui.documents.workspace import Workspace
    from designer.gui.opening.report_dialog import ReportDialog
    from designer.gui.worker.trainer import Trainer
    from designer.preferences import Preferences


_INPUT_OPTION = "--input"  # of the command line, which sentences name that ask for shapes
_MOST_CODE = 16 * 2**20  # bytes of a Python file by which it is known again


class Window(Protocol):
    """What opening networks may use of the main window."""

    @property
    def frame(self) -> QMainWindow:
        """The window as a widget: the parent of dialogs."""

    @property
    def workspace(self) -> "Workspace":
        """The open designs."""

    @property
    def trainer(self) -> "Trainer":
        """The worker processes."""

    @property
    def preferences(self) -> "Preferences":
        """What the program remembers of its user."""

    def guarded(self, work: Callable[[], object]) -> bool:
        """Do something, show what it refuses, and return whether it was done."""

    def show_error(self, sentence: str) -> None:
        """Show what went wrong."""


class ForeignNetworks(QObject):
    """Opens networks that are no design files, each in a tab of its own.

    Attributes
    ----------
    opener
        Those that are being opened.
    strip
        Shows how far they are.
    report
        The dialog on what was found; None while it is closed.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window.frame)
        self.window = window
        self.opener = Opener(window.trainer, self)
        self.strip = OpeningStrip(self.opener)
        self.report: ReportDialog | None = None
        self._codes: list[tuple[str, Sequence[str], _Code]] = []  # code that is to be opened
        self._asking = False  # whether a question about one of them is shown now
        self._tabs: dict[Opening, _Tab] = {}  # of networks whose weights are still to come
        self.opener.known.connect(self._known)
        self.opener.opened.connect(self._opened)
        self.opener.failed.connect(
            lambda opening, sentence: self._failed(self._tabs.get(opening), opening, sentence)
        )
        self.opener.ended.connect(self._ended)
        window.workspace.switched.connect(self._switched)

    # Asking

    def ask_for_library(self) -> None:
        """Ask for a network of torchvision or timm, and open it."""
        from designer.gui.opening.source_dialogs import LibraryDialog

        form = LibraryDialog(self.window.frame)
        if form.exec() == QDialog.DialogCode.Accepted:
            self.open(form.source, inputs=form.inputs)
        form.deleteLater()

    def ask_for_module(self) -> None:
        """Ask for Python code that builds a network, and open that if its code may be run."""
        from designer.gui.opening.source_dialogs import ModuleDialog

        form = ModuleDialog(self.window.frame)
        if form.exec() == QDialog.DialogCode.Accepted:
            self.open_code(form.source, inputs=form.inputs)
        form.deleteLater()

    # Opening

    def open_file(self, path: Path) -> None:
        """Open a file that is no design; Python code is run only if the user agrees."""
        if path.suffix.lower() == ".py":
            self.open_code(str(path.absolute()))
        else:
            self.open(str(path.absolute()))

    def open_named(self, text: str) -> None:
        """Open what is no file: ``torchvision:NAME``, or Python code by its name."""
        from designer.readers import sources

        def begin() -> None:
            if sources.parse(text).kind.asks:
                self.open_code(text)
            else:
                self.open(text)

        self.window.guarded(begin)

    def open_code(self, source: str, inputs: Sequence[str] = ()) -> None:
        """Open the network of Python code, once the user agrees that it is run.

        A generated file that was not edited is opened without running it, and a text of a file is
        asked for once.
        """
        background.run(
            self,
            lambda: _look_at_code(source),
            lambda code: self._take_code(source, inputs, code),
            self.window.show_error,
        )

    def _take_code(self, source: str, inputs: Sequence[str], code: "_Code") -> None:
        """Open Python code, after the questions about others that were dropped with it."""
        self._codes.append((source, inputs, code))
        if self._asking:
            return
        self._asking = True
        try:
            while self._codes:
                self._open_code(*self._codes.pop(0))
        finally:
            self._asking = False
            self._codes.clear()

    def _open_code(self, source: str, inputs: Sequence[str], code: "_Code") -> None:
        if code.design is not None and not code.edited:
            self._show_generated(source, code.design)
        elif code.trusted or self._may_run(source, code.text):
            origin = code.design if code.edited else None
            self.open(source, inputs, run_code=True, digest=code.digest, origin=origin)

    def _may_run(self, source: str, text: str) -> bool:
        from designer.gui.opening.run_code_dialog import may_run
        from designer.runs import trusted_code

        if not may_run(self.window.frame, source):
            return False
        if text:
            self.window.guarded(lambda: trusted_code.trust([text]))
        return True

    def _show_generated(self, source: str, design: "Design") -> None:
        """Show the design of a generated file that was not edited since."""
        self._remember(source)
        workspace, name = self.window.workspace, title_of(source)
        shown = next((each for each in workspace.documents if each.design == design), None)
        if shown is not None:
            workspace.show(shown)
            workspace.reported.emit(
                f"{name} was not edited since it was exported from this design."
            )
            return
        workspace.add(design)
        workspace.reported.emit(
            f"{name} was not edited since it was exported, so its design was opened without "
            "running it."
        )

    def open(
        self,
        source: str,
        inputs: Sequence[str] = (),
        *,
        run_code: bool = False,
        digest: str = "",
        origin: "Design | None" = None,
    ) -> None:
        """Let the worker open a network.

        Parameters
        ----------
        source
            A file or a name, as in `designer.readers.sources`.
        inputs
            The shapes of its inputs without the batch; empty to find them.
        run_code
            Whether the user agreed to run it.
        digest
            The SHA-256 of the code that the user agreed to; "" if it is not known.
        origin
            The design that an edited file was exported from.
        """
        background.run(self, imported.remove_old, lambda _: None)

        def begin() -> None:
            folder = imported.new_folder()
            self.opener.begin(Opening(source, run_code, digest, inputs, folder, origin))

        self.window.guarded(begin)

    def close(self) -> None:
        """Give up what is being opened, before the window closes."""
        self.opener.close()

    # Showing

    def show_report(self) -> None:
        """Show what was found when the current design was opened."""
        document = self.window.workspace.document
        if document is None or document.imported is None:
            return
        from designer.gui.opening.report_dialog import ReportDialog

        if self.report is not None:
            self.report.close()
        self.report = dialog = ReportDialog(self.window.workspace, document, self.window.frame)
        dialog.finished.connect(lambda _: self._report_closed(dialog))
        dialog.appear()

    def _report_closed(self, dialog: "ReportDialog") -> None:
        if self.report is dialog:
            self.report = None

    def _switched(self) -> None:
        """Close the report of a design that is not shown any more."""
        if self.report is not None and self.report.document is not self.window.workspace.document:
            self.report.close()

    # Answers

    def _known(self, opening: Opening, message: dict[str, Any]) -> None:
        """Show a design whose weights are still to come, unless it is compared with another."""
        if opening.origin is not None:
            return
        self._tabs[opening] = tab = _Tab(opening)
        self._read(tab, message)

    def _opened(self, opening: Opening, answer: dict[str, Any]) -> None:
        """Add weights and report to a design, and show it if it is not shown yet."""
        tab = self._tabs.pop(opening, None)
        if tab is None:
            tab = _Tab(opening, answer=answer)
            if opening.origin is not None:
                self._compare(tab, opening.origin)
            else:
                self._read(tab, answer)
            return
        tab.answer = answer
        if tab.document is not None:
            self._complete(tab)

    def _compare(self, tab: "_Tab", origin: "Design") -> None:
        """Show what was edited in a file, and take it into its design or open it."""
        opening, answer = tab.opening, tab.answer
        assert answer is not None
        document = edited.document_of(origin, self.window.workspace)
        known = origin if document is None else document.design
        background.run(
            self,
            lambda: edited.compare(_design(opening, answer)[0], known, origin),
            lambda found: self._take_edits(tab, document, known, found),
            lambda sentence: self._failed(tab, opening, sentence),
        )

    def _take_edits(
        self, tab: "_Tab", document: "Document | None", known: "Design", found: edited.Edits
    ) -> None:
        workspace, name = self.window.workspace, tab.opening.title
        if document is None or document not in workspace.documents or document.design is not known:
            self._show(tab, found.design, None)
            return
        self._remember(tab.opening.source)
        workspace.show(document)
        imported.discard(tab.opening.folder)
        if not found.sentences:
            workspace.reported.emit(f"{name} has the same network as this design.")
            return
        answer = edited.ask(self.window.frame, name, document.title, found.sentences)
        if answer == "take":
            workspace.edit(steps.step("take_code", name=name), lambda _: found.design, follow=True)
        elif answer == "open":
            workspace.add(found.design)

    def _read(self, tab: "_Tab", message: dict[str, Any]) -> None:
        background.run(
            self,
            lambda: _design(tab.opening, message),
            lambda found: self._show(tab, *found),
            lambda sentence: self._failed(tab, tab.opening, sentence),
        )

    def _show(self, tab: "_Tab", design: "Design", analysis: "Analysis | None") -> None:
        self._remember(tab.opening.source)
        tab.document = self.window.workspace.add(design, analysis=analysis)
        if tab.answer is not None:
            self._complete(tab)

    def _complete(self, tab: "_Tab") -> None:
        """Keep report and weights of a design that is shown, off the main thread."""
        opening, answer = tab.opening, tab.answer
        assert answer is not None
        background.run(
            self,
            lambda: _imported(opening, answer),
            lambda found: self._take(tab, found),
            lambda sentence: self._failed(tab, opening, sentence),
        )

    def _take(self, tab: "_Tab", found: Imported) -> None:
        workspace, document = self.window.workspace, tab.document
        if document is None or document not in workspace.documents:  # closed meanwhile
            imported.discard(found.folder)
            return
        document.imported = found
        if found.weights is not None and not (document.recipe and document.recipe.initial_weights):
            from designer.recipe.reading import changed
            from designer.recipe.recipe import Recipe

            recipe = changed(document.recipe or Recipe(), {"initial_weights": str(found.weights)})
            if document is workspace.document:
                workspace.set_recipe(recipe)
            else:
                document.recipe = recipe
        if document is workspace.document:
            self.show_report()

    def _remember(self, source: str) -> None:
        """Put a file that could be opened on the list of recent ones; a name is no file."""
        path = Path(source)
        if path.is_absolute() and path.is_file():
            self.window.preferences.remember(path)

    def _failed(self, tab: "_Tab | None", opening: Opening, sentence: str) -> None:
        if (tab is None or tab.document is None) and _INPUT_OPTION in sentence:
            self._ask_for_shapes(opening, sentence)
        elif tab is None or tab.document is None:
            self.window.show_error(f"{opening.title} was not opened. {sentence}")
        else:
            self.window.show_error(
                f"The design of {opening.title} is open, but without its weights. {sentence}"
            )

    def _ask_for_shapes(self, opening: Opening, sentence: str) -> None:
        """Ask for the shapes of the inputs, and open it with these."""
        from designer.gui.opening.source_dialogs import ShapeDialog

        form = ShapeDialog(opening, sentence, self.window.frame)
        if form.exec() == QDialog.DialogCode.Accepted:
            self.open(
                opening.source,
                form.inputs,
                run_code=opening.run_code,
                digest=opening.digest,
                origin=opening.origin,
            )
        form.deleteLater()

    def _ended(self, opening: Opening) -> None:
        """Remove the folder of a network that has no weights, or was not opened."""
        self._tabs.pop(opening, None)
        if opening.folder is not None:
            with suppress(OSError):  # it has weights
                opening.folder.rmdir()


@dataclass(eq=False)
class _Tab:
    """A network that is being shown.

    Attributes
    ----------
    document
        Its design; None while it is still read.
    answer
        The last answer of the worker, with weights and report; None while it is to come.
    """

    opening: Opening
    document: "Document | None" = None
    answer: dict[str, Any] | None = None


def _design(opening: Opening, message: dict[str, Any]) -> "tuple[Design, Analysis | None]":
    """Return the design that the worker found, and its analysis; in a thread."""
    from designer.analysis.analysis import analyze
    from designer.design import files

    design = files.loads(message["design"], origin=opening.title)
    return design, None if design.code else analyze(design)


def _imported(opening: Opening, answer: dict[str, Any]) -> Imported:
    """Return weights and report that the worker gave; in a thread."""
    import msgspec

    from designer.readers import sources
    from designer.runs.import_report import ImportReport

    report = msgspec.convert(answer["report"], ImportReport)
    weights = Path(answer["weights"]) if answer.get("weights") else None
    if weights is not None and sources.kind_of(report.kind).prefix:
        weights.unlink()  # a library draws them at random, as a training does by the recipe
        weights = None
    if weights is not None and weights.parent == opening.folder:
        weights = weights.rename(weights.with_name(f"{_file_name(report.title)}.safetensors"))
    if weights is None:
        imported.discard(opening.folder)
        return Imported(opening.source, report)
    found = Imported(opening.source, report, weights, opening.folder)
    imported.keep(found)
    return found


def _file_name(title: str) -> str:
    return re.sub(r"[^\w.-]+", "-", title).strip("-.")[:80] or "weights"


class _Code(NamedTuple):
    """What is known of Python code before it is run.

    Attributes
    ----------
    text
        The text of its file; "" for a module.
    trusted
        Whether the user agreed to run this text before.
    design
        The design that a generated file was made from; None for other code.
    edited
        Whether the file was changed since.
    digest
        The SHA-256 of the file; "" for a module.
    """

    text: str = ""
    trusted: bool = False
    design: "Design | None" = None
    edited: bool = False
    digest: str = ""


def _look_at_code(source: str) -> _Code:
    """Return what is known of a Python file or module without running it; in a thread."""
    from designer.readers.embedded import embedded
    from designer.runs import trusted_code

    path = Path(source if source.endswith(".py") else source.rpartition(":")[0])
    if path.suffix != ".py":
        return _Code()
    found = embedded(path)
    try:
        with path.open("rb") as file:
            read = file.read(_MOST_CODE)
        text = read.decode()
        digest = sha256(read).hexdigest() if len(read) < _MOST_CODE else ""
    except (OSError, UnicodeDecodeError):  # which is said where it is run
        text = digest = ""
    trusted = bool(text) and bool(trusted_code.trusted([text]))
    return _Code(text, trusted, found.design, found.edited, digest)
