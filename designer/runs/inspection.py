"""What a request to look into a network names: the network, its weights, and the pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe

BEST, LAST = "best", "last"
EPOCH = "epoch:"
"""Before the number of an epoch whose checkpoint was kept."""

MARK = "@"
"""Between a run and the epoch whose weights are meant, as in my-run@40."""

ZERO_LEVEL = 128
"""The level of a map's tile that stands for 0; 255 and 1 stand for the largest absolute value in
the tiles of a node, and for minus that."""

CHANNEL_FIGURES = ("minimum", "maximum", "mean", "deviation", "zeros", "strength")
"""The figures of a channel: ``deviation`` is that of the values themselves (not of a sample),
``zeros`` the share that is exactly 0, ``strength`` the mean absolute value."""


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network with weights: that of a run, or a design.

    Attributes
    ----------
    run
        The run folder; "" for a design.
    design
        The text of a design file; "" for a run.
    weights
        Of a run: ``best``, ``last``, or ``epoch:`` and the number of an epoch whose checkpoint was
        kept. Of a design: what `designer.engine.weights.read` takes, "" for fresh weights.
    seed
        From which fresh weights are drawn.
    recipe
        The recipe of a design: its data say how pictures are standardized where the weights do not.
    """

    run: str = ""
    design: str = ""
    weights: str = BEST
    seed: int = 0
    recipe: dict[str, Any] = {}


def member_name(subject: Subject) -> str:
    """Return what sentences call a member: my-run, my-run@40, my-run@last."""
    name = Path(subject.run).name
    return name if subject.weights == BEST else f"{name}{MARK}{subject.weights.removeprefix(EPOCH)}"


def design_of(subject: Subject) -> "Design":
    """Return the design of a network, read from its run or its text.

    Raises
    ------
    DesignerError
        It cannot be read.
    """
    from designer.design import files
    from designer.runs.folder import RunFolder

    if subject.run:
        return files.read(RunFolder.open(Path(subject.run)).design)
    return files.loads(subject.design, origin="The design")


def recipe_of(subject: Subject) -> "Recipe":
    """Return the recipe of a run, with the place where its data are now, or that of a design.

    Raises
    ------
    DesignerError
        It cannot be read.
    """
    from designer.recipe.reading import changed
    from designer.recipe.recipe import Recipe
    from designer.runs.folder import RunFolder

    if subject.run:
        run = RunFolder.open(Path(subject.run))
        return changed(run.recipe(), {"data.source": run.data_source()})
    return msgspec.convert(subject.recipe, Recipe)


class Picture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture or another example that a network looks at.

    It is in a file, was typed, or is an example of the data of a run.

    Attributes
    ----------
    file
        The path of a picture file, or of a table or arrays; "" for other examples.
    part, index
        The part, ``train``, ``validation`` or ``test``, and the number of the example in it.
    row
        Of a table or of arrays: the number of the example in the file, from 0; None for a picture.
    cells
        What was typed for each column of the table that the network was trained with.
    """

    file: str = ""
    part: str = ""
    index: int = 0
    row: int | None = None
    cells: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What titles and tables call it."""
        mention = self.mention
        return (
            Path(self.file).name
            if self.file and self.row is None
            else (f"{mention[0].upper()}{mention[1:]}")
        )

    @property
    def mention(self) -> str:
        """What it is called within a sentence."""
        if self.file:
            name = Path(self.file).name
            return name if self.row is None else f"row {self.row + 1} of {name}"
        if self.cells:
            return "what was typed"
        return f"example {self.index + 1} of the {self.part} part"
