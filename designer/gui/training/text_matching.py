"""Whether a text fits a design, in a sentence, and the edits that make it fit."""

from typing import TYPE_CHECKING

from designer.analysis.analysis import Analysis
from designer.analysis.assist.inputs import text_length
from designer.analysis.problems import Fix
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, LayerNode
from designer.gui.base import numbers
from designer.layers.tokens import Embedding

if TYPE_CHECKING:
    from designer.data import Description

_ARGUMENT = "vocabulary"


def text_refusal(analysis: Analysis, data: "Description") -> tuple[str, tuple[Fix, ...]]:
    """Return why a text and a design do not fit, with edits that help; "" if they do.

    Parameters
    ----------
    analysis
        Of a valid design.
    data
        Of a text.
    """
    length, size = text_length(analysis), data.outputs
    if not length:
        return (
            f"{data.name} is a text, whose tokens a design reads by one Input of whole numbers "
            "(dtype int64) with one axis: the number of tokens at once. Give it such an Input and "
            "an Embedding behind it, or begin with the preset GPT nano.",
            (),
        )
    for output in analysis.outputs:
        if output.shape == (length, size):
            continue
        if output.shape[:-1] != (length,):
            shape = "×".join(map(str, output.shape))
            return (
                f"{data.name} is a text: {output.name} must give {numbers.count(size)} values for "
                f"each of the {numbers.count(length)} tokens of the input "
                f"({length}×{size}), but it is {shape}.",
                (),
            )
        edit = vocabulary_edit(analysis, size)
        fixes = (Fix(f"set the design to {numbers.count(size)} tokens", edit),) if edit else ()
        return (
            f"{data.name} has {numbers.count(size)} different tokens, but {output.name} gives "
            f"values for {numbers.count(output.shape[-1])}.",
            fixes,
        )
    known = [
        result.layer.num_embeddings
        for _, result in analysis.top.layers()
        if isinstance(result.layer, Embedding)
    ]
    if known and min(known) < size and (edit := vocabulary_edit(analysis, size)):
        return (
            f"{data.name} has {numbers.count(size)} different tokens, but an Embedding knows only "
            f"{numbers.count(min(known))}.",
            (Fix(f"set the design to {numbers.count(size)} tokens", edit),),
        )
    return "", ()


def vocabulary_edit(analysis: Analysis, size: int) -> Edit | None:
    """Return the edit that gives a design a vocabulary of a size; None if it is not clear how.

    It sets the argument ``vocabulary``, or else the Embedding that reads the tokens and the last
    Linear.
    """
    design = analysis.design
    if _ARGUMENT in design.arguments:
        return lambda design: edits.set_argument(design, _ARGUMENT, size)
    names = [name for name, _ in analysis.top.layers() if "." not in name]
    nodes = {name: design.graph.nodes.get(name) for name in names}
    tables = [name for name, node in nodes.items() if _is(node, "Embedding")]
    last = [name for name, node in nodes.items() if _is(node, "Linear")]
    if len(tables) != 1 or not last or len(analysis.outputs) != 1:
        return None

    def edit(design: Design) -> Design:
        design = edits.set_parameter(design, tables[0], "num_embeddings", size)
        return edits.set_parameter(design, last[-1], "out_features", size)

    return edit


def _is(node: object, layer: str) -> bool:
    return isinstance(node, LayerNode) and node.layer == layer
