"""An open design: its value, file and history, and what the user looks at in it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.design.values import Design
    from designer.gui.documents.imported import Imported
    from designer.gui.documents.node_values import NodePictures, NodeTimes, Overlay
    from designer.recipe.recipe import Recipe


class FileState(NamedTuple):
    """How a file on disk differs from what was read or saved here.

    Attributes
    ----------
    kind
        "changed", "gone", or "" for no difference.
    digest
        The digest of its present content; "" if it is gone.
    differences
        What another program changed, in words; empty if only other things than the design changed,
        None if what was there before is not known.
    design, recipe
        Those of its present content; None if it has none, or is as it was.
    """

    kind: str = ""
    digest: str = ""
    differences: tuple[str, ...] | None = ()
    design: "Design | None" = None
    recipe: "Recipe | None" = None


AS_KNOWN = FileState()


class Step(NamedTuple):
    """An entry of the history: a value of the design, with the scope and selection at that time.

    `recipe` is that of the time, where the step changed it, as reloading a file does; else None.
    """

    label: str
    design: "Design"
    scope: str
    selection: frozenset[str]
    recipe: "Recipe | None" = None


@dataclass(eq=False)
class Document:
    """One open design.

    Attributes
    ----------
    path
        Its file; None if it was never saved, such as a preset.
    saved
        The value in the file; None for a design that no file holds, such as a restored backup.
    preset
        The name of the preset it came from; "" for none.
    recipe
        How it is trained, with absolute paths; None until the user chose.
    saved_recipe
        The recipe in the file; None if it has none, so that the defaults apply.
    unread
        What of the file's recipe cannot be used and is lost when it is saved; "" for nothing.
    digest
        Of the content of the file as it was read or saved last; "" if none is known.
    kept_from
        The design of that content, if the user chose to keep this one instead.
    on_disk
        How the file differs from that now, as far as `disk.DiskWatch` has seen.
    scope
        The path of the graph that is shown, "" for the top level; see `graph_paths`.
    selection
        The paths of the selected nodes.
    fresh
        The paths of nodes that were just added, whose problems are not shown as such yet.
    past, future
        The steps that undo and redo go to, the nearest last.
    merging
        What `Workspace.edit` got as `merge` with the last step.
    pictures, overlay
        What is drawn on its nodes; None for nothing.
    times
        How long its nodes take, if that was measured.
    imported
        What it was read from, if that was no design file.
    """

    design: "Design"
    analysis: "Analysis"
    path: Path | None = None
    saved: "Design | None" = None
    preset: str = ""
    recipe: "Recipe | None" = None
    saved_recipe: "Recipe | None" = None
    unread: str = ""
    digest: str = ""
    kept_from: "Design | None" = None
    on_disk: FileState = AS_KNOWN
    scope: str = ""
    selection: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    past: list[Step] = field(default_factory=list)
    future: list[Step] = field(default_factory=list)
    merging: object = None
    pictures: "NodePictures | None" = None
    overlay: "Overlay | None" = None
    times: "NodeTimes | None" = None
    imported: "Imported | None" = None

    @property
    def in_file(self) -> "Design | None":
        """The design of the content that `digest` belongs to; None if that is not known."""
        return self.kept_from or self.saved

    @property
    def modified(self) -> bool:
        """Whether the design or its recipe has changes that the file lacks."""
        return self.design is not self.saved or self.on_disk.kind == "gone" or self.recipe_modified

    @property
    def recipe_modified(self) -> bool:
        """Whether the recipe differs from the file's."""
        if self.recipe is self.saved_recipe:
            return False
        from designer.recipe.recipe import Recipe

        return (self.recipe or Recipe()) != (self.saved_recipe or Recipe())

    @property
    def title(self) -> str:
        """The text of its tab."""
        return self.path.name if self.path else self.design.name
