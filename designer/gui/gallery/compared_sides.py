"""What can be compared: open designs, what their files have, presets, and further files."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.errors import DesignerError
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery.preview import Choice


class Side(NamedTuple):
    """A network that can be compared.

    Attributes
    ----------
    key
        Identifies it in the lists.
    title
        Its text in the lists.
    kind
        "open design", "file" or "preset"; the lists have a line between them.
    analyze
        Returns its analysis; called in a thread.
    """

    key: str
    title: str
    kind: str
    analyze: Callable[[], Analysis]


def of_document(document: Document, number: int) -> Side:
    """Return an open design in its current state."""
    analysis = document.analysis
    return Side(f"document {number}", f"{document.title}, open", "open design", lambda: analysis)


def of_saved(document: Document, number: int) -> Side | None:
    """Return an open design as its file has it; None if it is as it was saved."""
    saved = document.in_file
    if document.path is None or saved is None or saved is document.design:
        return None
    measured = document.analysis.measured
    return Side(
        f"saved {number}",
        f"{document.title}, as saved",
        "open design",
        lambda: analyze(saved, measured=measured),
    )


def of_choice(choice: Choice) -> Side:
    """Return a preset with the chosen arguments."""
    try:
        title = presets.info(choice.name).title
    except DesignerError:
        title = choice.name
    if choice.arguments:
        values = ", ".join(f"{name}={value}" for name, value in choice.arguments.items())
        title, key = f"{title} ({values})", f"{choice.name} {values}"
    else:
        key = choice.name
    return Side(key, title, "preset", lambda: analyze(choice.design()))


def of_file(path: Path) -> Side:
    """Return a design file, or a model file that carries its design."""
    return Side(f"file {path}", path.name, "file", partial(_read, path))


def _read(path: Path) -> Analysis:
    from designer.design import files
    from designer.readers import sources
    from designer.readers.embedded import embedded_design
    from designer.runs import own_layers

    from_elsewhere = path.suffix.lower() in sources.suffixes()
    design = embedded_design(path) if from_elsewhere else files.read(path)
    if design is None:
        raise DesignerError(
            f"{path.name} carries no design: open it with File, Open; its tab can be compared then."
        )
    return analyze(design, measured=own_layers.known(design))


def choices(
    workspace: Workspace,
    mine: Document | None,
    choice: Choice | None,
    *,
    other: Document | None = None,
) -> tuple[Sequence[Side], str, str]:
    """Return all that can be compared, and the keys of the two that are compared at first.

    An open design is compared with the given preset; else with what its file has, if that differs,
    with another open design, or with the preset it came from. Without an open design, a preset is
    compared with the first one that it builds on.

    Parameters
    ----------
    workspace
        The open designs.
    mine
        The design that was edited last; None if none is open.
    choice
        A preset; None for none in particular.
    other
        Another open design to compare with; None for none in particular.
    """
    documents = list(enumerate(workspace.documents))
    sides = [of_document(each, number) for number, each in documents]
    saved = {number: of_saved(each, number) for number, each in documents}
    sides += [each for each in saved.values() if each is not None]
    if choice is not None and choice.arguments:
        sides.append(of_choice(choice))
    known = [of_choice(Choice(name)) for name in presets.names()]
    sides += sorted(known, key=lambda side: side.title.lower())
    first = presets.names()[0]
    given = of_choice(choice).key if choice is not None else ""
    if mine is None:
        return sides, _parent(choice.name if choice is not None else first), given or first
    number = workspace.documents.index(mine)
    own = saved[number]
    if given:
        return sides, f"document {number}", given
    if other is not None:
        return sides, f"document {number}", f"document {workspace.documents.index(other)}"
    if own is not None:
        return sides, own.key, f"document {number}"  # before and after
    others = [place for place, _ in documents if place != number]
    right = f"document {others[0]}" if others else mine.preset or first
    return sides, f"document {number}", right


def _parent(name: str) -> str:
    """Return the first preset that a preset builds on, or the preset itself if there is none."""
    try:
        return next(iter(presets.info(name).follows), name)
    except DesignerError:
        return name
