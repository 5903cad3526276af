"""The rows of the palette as plain values: headers, and the entries under them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from designer.analysis.analysis import Analysis
from designer.analysis.report import formatting
from designer.common_blocks import COMMON_BLOCKS
from designer.design.values import BlockNode, Design
from designer.gui.base import fuzzy
from designer.gui.documents import labels
from designer.gui.documents.items import Item
from designer.gui.documents.search_words import SEARCH_WORDS
from designer.layers.base import Layer

# Importing the catalogue registers all layer types.
from designer.layers.catalogue import layer_types, make
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.own import Own
from designer.layers.parameters import Int, Integers, SpatialInts
from designer.layers.tensors import Tensor

_MODULES = re.compile(r"^(torch\.)?(nn\.)?(functional\.|F\.)?")

BLOCKS, COMMON, PRESETS = "Blocks of this design", "Common blocks", "Presets"


@dataclass(frozen=True, slots=True)
class Header:
    """The title of a group, whose entries are shown while it is open."""

    title: str
    open: bool = True
    foldable: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be added.

    Attributes
    ----------
    item
        What is added.
    text
        Its name, which the typed letters are matched with.
    group
        The title of its header.
    help
        Its tooltip.
    soft
        What is shown beside its name: the year and size of a preset.
    other
        Other words that find it.
    category
        The layer category that gives color and icon; None for blocks and presets.
    positions
        The indices of the typed letters in its text.
    """

    item: Item
    text: str
    group: str
    help: str
    soft: str = ""
    other: str = ""
    category: Category | None = None
    positions: tuple[int, ...] = ()


PaletteRow: TypeAlias = Header | Entry


def layer_entries() -> list[Entry]:
    """Return an entry for each layer type, by category."""
    return [
        Entry(
            Item("layer", name),
            name,
            category.value,
            "\n".join(filter(None, (layer.help, labels.defaults(layer)))),
            other=f"{_summary(layer)} {category.value} {SEARCH_WORDS.get(name, '')}",
            category=category,
        )
        for category in Category
        for name, layer in layer_types().items()
        if layer.category is category and layer.offered
    ]


def own_entries(design: Design) -> list[Entry]:
    """Return an entry for each layer type of a design's own code."""
    return [
        Entry(
            Item("layer", name),
            name,
            Category.OWN.value,
            "\n".join(filter(None, (layer.help, labels.defaults(layer)))),
            soft="cannot be used" if layer.fault else "",
            other=f"{_summary(layer)} {Category.OWN.value}",
            category=Category.OWN,
        )
        for name, layer in layer_types(design.code).items()
        if issubclass(layer, Own)
    ]


def _summary(layer: type) -> str:
    """Return the first line of a layer type's docstring; python -OO leaves none."""
    return (layer.__doc__ or "").partition("\n")[0]


def block_entries(design: Design) -> list[Entry]:
    """Return an entry for each block of a design, with the number of its uses."""
    graphs = [design.graph, *(block.graph for block in design.blocks.values())]
    used = [
        node.block
        for graph in graphs
        for node in graph.nodes.values()
        if isinstance(node, BlockNode)
    ]
    return [
        Entry(
            Item("block", name),
            name,
            BLOCKS,
            f"A block of {len(block.graph.nodes)} nodes"
            + (f" with the arguments {', '.join(block.arguments)}." if block.arguments else "."),
            soft=f"used {used.count(name)}×" if name in used else "not used",
        )
        for name, block in design.blocks.items()
    ]


def common_entries() -> list[Entry]:
    """Return an entry for each of the common blocks."""
    return [
        Entry(
            Item("common", each.name), each.name, COMMON, each.idea, other=f"{COMMON} {each.idea}"
        )
        for each in COMMON_BLOCKS
    ]


def preset_entry(name: str) -> Entry:
    """Return the entry of a preset, with its year and number of parameters.

    Raises
    ------
    DesignerError
        Its files are damaged.
    """
    from designer import presets

    info = presets.info(name)
    return Entry(
        Item("preset", name),
        info.title,
        PRESETS,
        f"{info.idea}\n{info.paper.reference}",
        soft=f"{info.year} · {formatting.short(info.parameters)}",
        other=name,
    )


def grouped(entries: Sequence[Entry], closed: Iterable[str]) -> list[PaletteRow]:
    """Return the headers of the groups with their entries; those of closed groups are left out."""
    rows: list[PaletteRow] = []
    last = ""
    for entry in entries:
        if entry.group != last:
            last = entry.group
            rows.append(Header(last, last not in closed))
        if last not in closed:
            rows.append(entry)
    return rows


def found(entries: Sequence[Entry], pattern: str) -> list[PaletteRow]:
    """Return the entries whose name matches, the best first, then those whose other words do.

    Names may be typed as they are written in code, such as ``nn.Conv1d`` or ``F.relu``.
    """
    pattern = without_module(pattern)
    rows: list[PaletteRow] = []
    names = set()
    for entry, hit in fuzzy.ranked(pattern, entries, lambda each: each.text):
        rows.append(replace(entry, positions=hit.positions))
        names.add(entry.item)
    rows += [
        each
        for each in entries
        if each.item not in names and mentions(f"{each.text} {each.other}", pattern)
    ]
    return rows


def without_module(text: str) -> str:
    """Return a typed name without torch's modules before it: ``Conv1d`` for ``nn.Conv1d``."""
    return _MODULES.sub("", text.strip())


def mentions(text: str, pattern: str) -> bool:
    """Tell whether a text has all the typed words, in any order; hyphens separate words, too."""
    text = text.lower().replace("-", " ")
    return all(word in text for word in pattern.lower().replace("-", " ").split())


def unfit(analysis: Analysis, path: str) -> frozenset[str]:
    """Return the layer types that cannot take a node's output, whatever their parameters."""
    result = analysis.node(path)
    flow = result.outputs[0] if result is not None and result.outputs else None
    if flow is None:
        return frozenset()
    return frozenset(name for name, layer in layer_types().items() if not _takes(name, layer, flow))


# The codes of errors and warnings about the kind of an input; others depend on the parameters.
_WRONG_KIND = (
    "not-a-sequence",
    "not-an-image",
    "not-a-volume",
    "not-features",
    "missing-flatten",
)


def _takes(name: str, layer: type[Layer], given: Tensor) -> bool:
    if layer.inputs[1] == 0:
        return True
    values = {
        key: parameter.check(1)
        for key, parameter in layer.parameters.items()
        if key in layer.required and isinstance(parameter, Int | SpatialInts | Integers)
    }
    if values.keys() != layer.required:
        return True
    made, inputs = make(name, **values), (given,) * max(1, layer.inputs[0])
    try:
        made.output_shape(inputs)
    except LayerError as error:
        return error.code not in _WRONG_KIND
    warning = made.warning(inputs)
    return warning is None or warning.code not in _WRONG_KIND
