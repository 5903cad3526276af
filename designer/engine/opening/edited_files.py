"""Model files of this program that were edited: the design that they carry, with the edits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from designer.codegen import generate
from designer.design.values import Design
from designer.engine import export
from designer.engine.opening import live, reading, running, taking
from designer.engine.opening.reading import Network
from designer.errors import DesignerError
from designer.folding.differences_in_words import KINDS, Difference, place_text
from designer.folding.fold import fold
from designer.folding.patterns import convert
from designer.folding.reconcile import Reconciled, reconcile
from designer.readers import pt2
from designer.readers.graph import TensorSpec
from designer.readers.sources import Source, Way
from designer.runs import own_layers, trusted_code

_MOST_LISTED = 20  # differences in the report


def inputs_of(design: Design) -> tuple[TensorSpec, ...]:
    """Return the shapes of a design's inputs, without the batch."""
    return tuple(
        TensorSpec(port.shape, "int64" if port.integer else "float32")
        for port in own_layers.analyzed(design).inputs
    )


def base(
    source: Source,
    known: Design,
    folder: Path,
    run: Callable[[Source, Path, Design], live.Exported],
) -> Design | None:
    """Return the network of a file as it was before its edits, read in the same way as the file.

    Parameters
    ----------
    source
        The file.
    known
        The design that it carries.
    folder
        Where files may be written.
    run
        Runs a Python file in a process of its own, which writes a program into a folder; the third
        argument is the design that the file carries.

    Returns
    -------
    Design or None
        None if that cannot be read, as where the design has code of its own that is not trusted.
    """
    assert source.path is not None
    path = folder / f"before{source.path.suffix.lower()}"
    try:
        trusted_code.require(known)
        if source.kind.way is Way.LIVE:
            path.write_text(generate(known, own_layers.analyzed(known)).source, encoding="utf-8")
            graph = pt2.read(
                run(replace(source, path=path), _new(folder / "before"), known).program
            )
        else:
            export.write(export.of_design(known), path)
            graph = reading.graph_of(replace(source, path=path), ())
        converted = convert(graph, running.evaluate)
        return fold(converted.design, converted.modules, growing_concats=True).design
    except DesignerError:
        return None


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def with_edits(network: Network, known: Design, before: Design | None) -> Network:
    """Return the design that a file carries with the edits of its network.

    Parameters
    ----------
    network
        The edited file, as it was read.
    known, before
        The design that it carries, and what `base` returns.
    """
    found = reconcile(network.design, known, before)
    notes = (*network.notes, *_sentences(found))
    if not found.kept:
        return replace(network, design=found.design, notes=notes)
    # The edited code names its tensors as the code of the design does.
    names = taking.shapes_of(own_layers.analyzed(found.design))
    weights = {
        name: each
        for flat, each in network.weights.items()
        if (name := each.key or taking.moved_name(flat, network.moved)) in names
    }
    return replace(network, design=found.design, weights=weights, moved={}, notes=notes)


def _sentences(found: Reconciled) -> Iterator[str]:
    if not found.differences:
        yield "The file was edited, and its network is that of the design that it carries."
        return
    if found.kept:
        yield "The file was edited. The design that it carries was taken, with these edits:"
    else:
        yield (
            "The file was edited so much that its network was read anew; positions and texts are "
            "those of the design that it carries. It differs in this:"
        )
    for each in found.differences[:_MOST_LISTED]:
        yield _sentence(each)
    if len(found.differences) > _MOST_LISTED:
        yield f"There are {len(found.differences) - _MOST_LISTED:,} more differences."


def _sentence(row: Difference) -> str:
    place = place_text(row.graph)
    where = f" in {place}" if place else ""
    return f"{row.name}{where} {KINDS[row.kind].word}: {row.text}."
