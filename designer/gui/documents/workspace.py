"""The open designs: the current one, its history, its analysis, the selected nodes.

Panels listen to the one `Workspace` and send it edits; they never talk to each other. Modules that
read, edit and analyze designs are imported with the first design, so that the window shows early.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from designer.errors import DesignerError
from designer.gui.documents import graph_paths, steps, unfinished
from designer.gui.documents.document import AS_KNOWN, Document, Step
from designer.gui.documents.own_layers import OwnLayers

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.analysis.problems import Problem
    from designer.design.edits import Edit
    from designer.design.expressions import Scalar
    from designer.design.files import DesignFile
    from designer.design.values import Design
    from designer.gui.documents.node_values import NodePictures, NodeTimes, Overlay
    from designer.gui.documents.reloading import Reload
    from designer.gui.documents.weight_status import Comparison
    from designer.layers.own import Measured, Measurement, Request
    from designer.recipe.recipe import Recipe

UNTITLED = "Untitled"  # the name of a new design, until it is saved


class Workspace(QObject):
    """The open designs and the current one. No other part of the window stores a design.

    Signals
    -------
    changed(before, after)
        The current design has another value: by an edit, undo or redo, or because another document
        became current (`switched` was emitted before). `analysis` is up to date already. Both are
        the same value where only more is known of its own layer types.
    switched()
        Another document became current, or none is.
    selection_changed(), scope_changed()
        Other nodes are selected, or another graph is shown.
    revealed(path)
        The canvas should scroll to a node.
    followed(before, after)
        What differs between these values of the current design should be in sight.
    problems_changed()
        Other problems of the same design are shown: the turn of a new node has passed, or its data
        and recipe were compared with it.
    documents_changed()
        Documents were opened, closed, renamed, saved or modified.
    recipe_changed()
        The current document has another recipe, while the same document stays current.
    compared()
        `comparison` changed.
    node_values_changed()
        Other pictures or another overlay are drawn on the nodes of the current design, or their
        times were measured.
    advice_silenced(key)
        The user wants to hear nothing more of a condition of the doctor.
    code_requested(name)
        The user wants to read or edit the code of one of the design's own layer types.
    reported(sentence), refused(sentence)
        A message, or a refusal, to show to the user for some seconds.

    Attributes
    ----------
    documents
        The open designs in the order of opening.
    document
        The current one; None if none is open.
    comparison
        Which layers of the current design start from loaded weights; None for fresh weights.
    training_problem
        Why the current design cannot be trained with its data and recipe; None if nothing is known
        against it. The set-up of the training reports it here for all who list problems.
    advice
        What the doctor says of the current design and its recipe, as problems.
    own_layers
        Trusts and measures layer types of the designs' own code.
    """

    changed = Signal(object, object)
    switched = Signal()
    selection_changed = Signal()
    scope_changed = Signal()
    revealed = Signal(str)
    followed = Signal(object, object)
    problems_changed = Signal()
    advice_silenced = Signal(str)
    code_requested = Signal(str)
    documents_changed = Signal()
    recipe_changed = Signal()
    compared = Signal()
    node_values_changed = Signal()
    reported = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.documents: list[Document] = []
        self.document: Document | None = None
        self.comparison: Comparison | None = None
        self.training_problem: Problem | None = None
        self.advice: tuple[Problem, ...] = ()
        self.own_layers = OwnLayers(self, self)

    # The current design; an empty one stands in where none is open.

    @property
    def design(self) -> "Design":
        """The current design; an empty one if none is open."""
        return self.document.design if self.document else self._nothing.design

    @property
    def analysis(self) -> "Analysis":
        """The analysis of the current design."""
        return self.document.analysis if self.document else self._nothing

    @cached_property
    def _nothing(self) -> "Analysis":
        from designer.design.values import Design

        return _analyze(Design(""))

    @property
    def scope(self) -> str:
        """The path of the graph that is shown."""
        return self.document.scope if self.document else ""

    @property
    def block(self) -> str | None:
        """The name of the block whose graph is shown; None for the top level."""
        return graph_paths.block_at(self.design, self.scope)

    @property
    def selection(self) -> frozenset[str]:
        """The paths of the selected nodes."""
        return self.document.selection if self.document else frozenset()

    # Problems. Those of a node that was just added are held back until the user works elsewhere:
    # a network that is being drawn is unfinished, not wrong.

    @property
    def problems(self) -> "Sequence[Problem]":
        """The problems of the current design that are shown as such, that of its training last."""
        found = [each for each in self.analysis.problems if not self._is_unfinished(each)]
        if self.document is not None and self.training_problem and self.analysis.valid:
            found.append(self.training_problem)
        return found

    @property
    def unfinished(self) -> "Sequence[Problem]":
        """The problems that are held back, since their node was just added or none is there."""
        return [each for each in self.analysis.problems if self._is_unfinished(each)]

    def show_pictures(self, document: Document, pictures: "NodePictures | None") -> None:
        """Draw pictures on the nodes of a design, or none."""
        document.pictures = pictures
        if document is self.document:
            self.node_values_changed.emit()

    def show_overlay(self, document: Document, overlay: "Overlay | None") -> None:
        """Color the nodes of a design by a figure, or as usual."""
        document.overlay = overlay
        if document is self.document:
            self.node_values_changed.emit()

    def show_times(self, document: Document, times: "NodeTimes | None") -> None:
        """Show how long the nodes of a design take."""
        document.times = times
        if document is self.document:
            self.node_values_changed.emit()

    def report_training_problem(self, problem: "Problem | None") -> None:
        """List why the current design cannot be trained; None if nothing is against it."""
        if problem is None and self.training_problem is None:
            return
        self.training_problem = problem
        self.problems_changed.emit()

    def report_advice(self, advice: "tuple[Problem, ...]") -> None:
        """List what the doctor says of the current design; nothing is an empty tuple."""
        if advice or self.advice:
            self.advice = advice
            self.problems_changed.emit()

    def _is_unfinished(self, problem: "Problem") -> bool:
        fresh = self.document.fresh if self.document else frozenset()
        return unfinished.is_unfinished(problem, self.design, fresh)

    def is_incomplete(self, problem: "Problem") -> bool:
        """Tell whether a problem is held back and only says that something is missing yet."""
        return problem.code in unfinished.CODES and self._is_unfinished(problem)

    def end_turn(self, kept: Iterable[str] = ()) -> None:
        """Show the problems of nodes that were just added, except those `kept` as fresh."""
        document = self.document
        if document is None or not document.fresh.difference(kept):
            return
        document.fresh = document.fresh.intersection(kept)
        self.problems_changed.emit()

    # Documents

    def open(self, path: Path) -> Document:
        """Open a design file, or make it current if it is open.

        Raises
        ------
        DesignerError
            The file cannot be read.
        """
        path = path.absolute()
        document = self.document_at(path)
        if document is not None:
            self.show(document)
            return document
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise DesignerError(f"{path} is a device or a pipe; open a design file.")
        from designer.design import files

        content = files.load(path)
        recipe, unread = stored_recipe(content, path)
        document = self.add(content.design, path=path, saved=content.design, recipe=recipe)
        document.unread, document.digest = unread, content.digest
        if unread:
            self.refused.emit(
                f"{path.name} opens, but its recipe cannot be used wholly, and defaults stand in: "
                f"{unread}."
            )
        return document

    def document_at(self, path: Path) -> Document | None:
        """Return the document of a file, under whatever name or link; None if it is not open."""
        return next(
            (each for each in self.documents if each.path and _same_file(each.path, path)), None
        )

    def open_preset(
        self,
        name: str,
        arguments: "Mapping[str, Scalar] | None" = None,
        *,
        analysis: "Analysis | None" = None,
    ) -> Document:
        """Open a preset as a new design, with other values for some of its arguments.

        Parameters
        ----------
        name
            The name of the preset.
        arguments
            Values of its arguments that differ from the defaults.
        analysis
            Its analysis, if it was made before.

        Raises
        ------
        DesignerError
            There is no such preset, its file is damaged, or a value is not allowed.
        """
        from designer import presets
        from designer.design import edits

        design = saved = presets.load(name)
        for argument, value in (arguments or {}).items():
            design = edits.set_argument(design, argument, value)
        if analysis is not None and design == analysis.design:
            saved = analysis.design if design is saved else saved
            design = analysis.design
        else:
            analysis = None
        return self.add(
            design,
            saved=saved,
            preset=name,
            recipe=presets.usable_recipe(name),
            analysis=analysis,
        )

    def add(
        self,
        design: "Design",
        *,
        path: Path | None = None,
        saved: "Design | None" = None,
        preset: str = "",
        recipe: "Recipe | None" = None,
        analysis: "Analysis | None" = None,
    ) -> Document:
        """Open a design and make it current; analyze it if no analysis is given.

        `recipe` is how it is trained, and counts as saved.
        """
        document = Document(
            design,
            analysis or _analyze(design),
            path=path,
            saved=saved,
            preset=preset,
            recipe=recipe,
            saved_recipe=recipe,
        )
        self.documents.append(document)
        self.show(document)
        return document

    def show(self, document: Document | None) -> None:
        """Make a document current; None shows the welcome page."""
        if document is self.document:
            return
        before = self.design
        self.document = document
        self.switched.emit()
        self.changed.emit(before, self.design)
        self.scope_changed.emit()
        self.selection_changed.emit()
        self.documents_changed.emit()

    def close(self, document: Document) -> None:
        """Close a document without asking; its neighbor becomes current."""
        index = self.documents.index(document)
        self.documents.remove(document)
        if document is self.document:
            rest = self.documents
            self.show(rest[min(index, len(rest) - 1)] if rest else None)
        self.documents_changed.emit()

    def save(self, document: Document, path: Path) -> None:
        """Write a document with its recipe to a file, which becomes its file.

        A design without a name of its own takes the file's.

        Raises
        ------
        DesignerError
            The file cannot be written.
        """
        from designer.design import files

        path = path.absolute()
        design, name = document.design, document.design.name
        if name in (UNTITLED, document.path and document.path.stem) and path.stem.strip():
            name = path.stem
        training = None
        if document.recipe is not None:
            from designer.recipe import stored

            training = stored.dump(document.recipe, path)
        document.digest = files.save(replace(design, name=name), path, training)
        self._rename(document, name)
        document.path, document.unread, document.on_disk = path, "", AS_KNOWN
        document.saved, document.saved_recipe = document.design, document.recipe
        document.kept_from = None
        self.documents_changed.emit()

    def _rename(self, document: Document, name: str) -> None:
        """Give a design another name, which is no step of its history."""
        old, before = document.design.name, document.design

        def renamed(design: "Design") -> "Design":
            return replace(design, name=name) if design.name == old else design

        if name == old:
            return
        for entries in (document.past, document.future):
            entries[:] = [entry._replace(design=renamed(entry.design)) for entry in entries]
        document.design = renamed(before)
        document.analysis = _analyze(document.design, document.analysis)
        if document is self.document:
            self.changed.emit(before, document.design)

    def keep(self, document: Document) -> None:
        """Keep a design although its file was changed on disk: the next save replaces that."""
        document.digest, document.kept_from = document.on_disk.digest, document.on_disk.design
        document.saved, document.saved_recipe = None, document.on_disk.recipe
        document.on_disk = AS_KNOWN
        self.documents_changed.emit()

    def revert(self) -> None:
        """Go back to the design and recipe as their file or preset has them.

        This is one step of the history, which brings back both when it is undone.

        Raises
        ------
        DesignerError
            There is no file, or it cannot be read.
        """
        document = self._current()
        if document.path is None and document.preset:
            from designer import presets

            design = presets.load(document.preset)
            recipe = presets.usable_recipe(document.preset)
        elif document.path is not None:
            from designer.design import files

            content = files.load(document.path)
            design = content.design
            recipe, document.unread = stored_recipe(content, document.path)
            document.digest = content.digest
        else:
            raise DesignerError("This design was never saved, so there is nothing to revert to.")
        self._replace(steps.step("revert"), design, recipe)
        self._compare_with_file(document, design, recipe)

    def reload(self) -> "Reload":
        """Take over what another program changed in the file of the current design.

        An unsaved design, and an unsaved recipe, are kept if the file's is as it was read. What is
        replaced is one step of the history, which brings back both when it is undone.

        Returns
        -------
        Reload
            What was replaced and kept.

        Raises
        ------
        DesignerError
            There is no file, or it cannot be read.
        """
        from designer.design import files
        from designer.gui.documents.reloading import reloaded

        document = self._current()
        if document.path is None:
            raise DesignerError("This design was never saved, so there is no file to reload.")
        content = files.load(document.path)
        recipe, unread = stored_recipe(content, document.path)
        found = reloaded(document, content.design, recipe)
        document.digest, document.unread = content.digest, unread
        self._replace(steps.step("reload"), found.design, found.recipe)
        current = document.design == content.design
        self._compare_with_file(document, document.design if current else content.design, recipe)
        return found

    def _replace(self, label: str, design: "Design", recipe: "Recipe | None") -> None:
        """Make a design and a recipe the current ones, in one step of the history."""
        from designer.recipe.recipe import Recipe

        document = self._current()
        before, after = document.recipe or Recipe(), recipe or Recipe()
        if design is document.design and before == after:
            return
        changed = None if before == after else before
        document.past.append(
            Step(label, document.design, document.scope, document.selection, changed)
        )
        document.merging = None
        document.future.clear()
        document.recipe = recipe
        if design is not document.design:
            self._put(design, document.scope, document.selection)
        if changed is not None:
            self.recipe_changed.emit()

    def _compare_with_file(
        self, document: Document, design: "Design", recipe: "Recipe | None"
    ) -> None:
        """Remember what the file of a document has now."""
        document.saved, document.saved_recipe = design, recipe
        document.kept_from, document.on_disk = None, AS_KNOWN
        self.documents_changed.emit()

    # The recipe, which is no part of the design: no step of the history but with the design that a
    # file replaces, and no analysis

    @property
    def recipe(self) -> "Recipe":
        """The recipe of the current document; the defaults where none was chosen."""
        from designer.recipe.recipe import Recipe

        return (self.document.recipe if self.document else None) or Recipe()

    def set_recipe(self, recipe: "Recipe") -> None:
        """Train the current document with another recipe."""
        document = self._current()
        if recipe == self.recipe:
            return
        was_modified = document.modified
        document.recipe = recipe
        self.recipe_changed.emit()
        if document.modified != was_modified:
            self.documents_changed.emit()

    # Edits

    def edit(
        self,
        label: str,
        edit: "Edit",
        *,
        select: Iterable[str] | None = None,
        merge: object = None,
        follow: bool = False,
    ) -> bool:
        """Change the current design; each call is one step of the history.

        If the edit is refused, the user is shown why and nothing changes.

        Parameters
        ----------
        label
            The name of the step, which the menu shows behind "Undo:"; see `steps`.
        edit
            The function from the old design to the new one.
        select
            The paths to select afterwards; None keeps the selection.
        merge
            Consecutive steps with an equal `merge` that is not None become one step, such as the
            digits of a number.
        follow
            Whether the view moves to what has changed, if that is out of sight.

        Returns
        -------
        bool
            Whether the design changed.
        """
        document = self._current()
        try:
            after = edit(document.design)
        except DesignerError as error:
            self.refused.emit(str(error))
            return False
        if after is document.design:
            if select is not None:
                self.select(select)
            return False
        if merge is None or merge != document.merging or not document.past:
            document.past.append(Step(label, document.design, document.scope, document.selection))
        document.merging = merge
        document.future.clear()
        before = document.design
        chosen = document.selection if select is None else frozenset(select)
        self._put(after, document.scope, chosen)
        if follow:
            self.followed.emit(before, after)
        return True

    def undo(self) -> None:
        """Go back one step."""
        document = self._current()
        if document.past:
            step = document.past.pop()
            document.future.append(self._now(step))
            self._go(step)

    def redo(self) -> None:
        """Go forward one step."""
        document = self._current()
        if document.future:
            step = document.future.pop()
            document.past.append(self._now(step))
            self._go(step)

    def _now(self, step: Step) -> Step:
        """Return the present design, scope and selection as an entry of the history."""
        document = self._current()
        recipe = None if step.recipe is None else self.recipe
        return Step(step.label, document.design, document.scope, document.selection, recipe)

    def _go(self, step: Step) -> None:
        self._current().merging = None
        before = self.design
        self._put(step.design, step.scope, step.selection)
        if step.recipe is not None:
            self.set_recipe(step.recipe)
        self.followed.emit(before, self.design)

    def _put(self, design: "Design", scope: str, selection: Iterable[str]) -> None:
        """Make `design` the current value and emit the signals of what changed, once each."""
        document = self._current()
        before, was_modified, old_scope = document.design, document.modified, document.scope
        old_selection = document.selection
        analysis = _analyze(design, document.analysis)
        fresh = document.fresh | unfinished.added(before, design, selection)
        document.fresh = unfinished.still_fresh(fresh, analysis.problems)
        document.design, document.analysis = design, analysis
        while graph_paths.graph_at(design, scope) is None:  # the block that was shown is gone
            scope = graph_paths.parent(scope)
        document.scope = scope
        document.selection = frozenset(
            path for path in selection if graph_paths.is_drawn(design, path)
        )
        self.changed.emit(before, design)
        if document.scope != old_scope:
            self.scope_changed.emit()
        if document.selection != old_selection:
            self.selection_changed.emit()
        if document.modified != was_modified:
            self.documents_changed.emit()

    # The designs' own code

    def take_facts(self, document: Document, facts: "Mapping[Request, Measurement]") -> None:
        """Analyze a design again, with what was measured of its own layer types."""
        from designer.runs.own_layers import with_facts

        self._measured(document, with_facts(document.analysis.measured, facts))

    def look_at_trust(self) -> None:
        """Analyze the open designs that have code again, since more of it is trusted."""
        from designer.runs import own_layers

        for document in self.documents:
            if document.design.code:
                known = own_layers.known(document.design)
                self._measured(
                    document, own_layers.with_facts(known, document.analysis.measured.facts)
                )

    def _measured(self, document: Document, measured: "Measured") -> None:
        from designer.analysis.analysis import analyze

        document.analysis = analyze(document.design, measured=measured)
        document.fresh = unfinished.still_fresh(document.fresh, document.analysis.problems)
        if document is self.document:
            self.changed.emit(document.design, document.design)

    # Selecting and showing

    def select(self, paths: Iterable[str], *, reveal: bool = False) -> None:
        """Select nodes by their paths; with `reveal`, scroll to the first of them."""
        if self.document is None:
            return
        chosen = frozenset(paths)
        if reveal and chosen:
            self.reveal(min(chosen))
        if chosen != self.document.selection:
            self.document.merging = None
            self.document.selection = chosen
            self.selection_changed.emit()
            if chosen:
                self.end_turn(chosen)

    def look_into(self, scope: str) -> None:
        """Show the graph at `scope`, "" for the top level."""
        document = self._current()
        if scope != document.scope and graph_paths.graph_at(document.design, scope) is not None:
            document.scope = scope
            self.scope_changed.emit()

    def reveal(self, path: str) -> None:
        """Show the graph of a node, and scroll to the node."""
        self.look_into(graph_paths.parent(path))
        self.revealed.emit(path)

    def compared_with(self, found: "Comparison | None") -> None:
        """Set the comparison of the current design with weights; None for fresh weights."""
        if found is not self.comparison:
            self.comparison = found
            self.compared.emit()

    def _current(self) -> Document:
        if self.document is None:
            raise DesignerError("No design is open. Open one, or create a new one.")
        return self.document


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:  # one of them is missing
        return os.path.realpath(one) == os.path.realpath(other)


def stored_recipe(content: "DesignFile", path: Path) -> "tuple[Recipe | None, str]":
    """Return the recipe in a design file, and what of it cannot be used."""
    if content.training is None:
        return None, ""
    from designer.recipe import stored

    found = stored.load(content.training, path)
    return found.recipe, stored.sentence(found.faults)


def _analyze(design: "Design", before: "Analysis | None" = None) -> "Analysis":
    from designer.analysis.analysis import analyze

    if not design.code or (before is not None and before.design.code == design.code):
        return analyze(design, before)
    from designer.runs import own_layers

    known = own_layers.known(design)
    if before is not None:
        known = own_layers.with_facts(known, before.measured.facts)
    return analyze(design, before, known)
