"""What an import found, took and could not keep: for the command line, the window and scripts."""

import msgspec


class BlockUses(msgspec.Struct, frozen=True):
    """A block that the network was folded into.

    Attributes
    ----------
    name
        Its name in the design.
    uses
        How often it is used in the whole network, repeats counted.
    """

    name: str
    uses: int


class OpaquePiece(msgspec.Struct, frozen=True):
    """An operation that no layer expresses.

    Attributes
    ----------
    path
        The node that stands for it.
    operation
        What its format calls it.
    line
        Where the source calls it; "" if that is not known.
    reason
        What exactly no layer expresses, "a convolution with computed weights"; "" if it is the
        operation as such.
    """

    path: str
    operation: str
    line: str = ""
    reason: str = ""

    @property
    def call(self) -> str:
        """The operation, and where it is called."""
        return f"{self.operation}, called in {self.line}" if self.line else self.operation

    @property
    def words(self) -> str:
        """The operation, where it is called, and what of it no layer expresses."""
        return f"{self.call} ({self.reason})" if self.reason else self.call


class Tensors(msgspec.Struct, frozen=True):
    """The tensors of the design's state dict.

    Attributes
    ----------
    taken
        How many have values of the source.
    missing
        The names of those that have none, and keep fresh values.
    """

    taken: int
    missing: tuple[str, ...] = ()


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a source.

    Attributes
    ----------
    source
        The source as the user named it.
    kind
        The key of its row in `designer.readers.sources`.
    title
        The name of the design.
    parameters, buffers
        How many numbers the design has in them.
    layers
        How many layers it has, those of repeated blocks counted each time.
    layer_types
        How many layers there are of each type.
    blocks
        The blocks that it was folded into.
    top_level
        How many nodes its top graph has.
    opaque
        What no layer expresses.
    tensors
        The weights that were taken.
    difference
        The largest difference between an output of the source and of the design, for the same
        random inputs in eval mode; None if they were not compared.
    scale
        The largest absolute value of the outputs that were compared.
    not_compared
        Why the outputs were not compared; "" if they were.
    mismatch
        In what the outputs differ that have other numbers or shapes; "" if they do not.
    notes
        Whole sentences on what could not be kept, and on what was chosen.
    seconds
        How long each part took, by its name.
    """

    source: str
    kind: str
    title: str
    parameters: int
    buffers: int
    layers: int
    layer_types: dict[str, int]
    blocks: tuple[BlockUses, ...] = ()
    top_level: int
    opaque: tuple[OpaquePiece, ...] = ()
    tensors: Tensors
    difference: float | None = None
    scale: float | None = None
    not_compared: str = ""
    mismatch: str = ""
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = {}

    @property
    def equal(self) -> bool:
        """Whether the outputs were compared and differ by roundings at most."""
        return self.difference is not None and self.difference <= TOLERANCE * (self.scale or 1.0)

    @property
    def differs(self) -> bool:
        """Whether the outputs were compared and are those of another network."""
        return bool(self.mismatch) or (self.difference is not None and not self.equal)


TOLERANCE = 1e-4
"""The largest difference of two networks that are called the same, beside their outputs."""


def sentence_of_difference(report: ImportReport) -> str:
    """Return a sentence on the comparison of the outputs."""
    another = "This is not the same network: do not rely on the weights."
    if report.mismatch:
        return f"The outputs cannot be equal: {report.mismatch} {another}"
    if report.difference is None:
        return f"The outputs were not compared: {report.not_compared}"
    if report.difference == 0:
        return "The outputs are equal to the last bit, for a random input in eval mode."
    words = (
        f"The outputs differ by {report.difference:.1e} at most, for a random input in eval mode; "
        f"the largest is {report.scale:.1e}."
    )
    if report.equal:
        return f"{words} That is rounding."
    return f"{words} {another}"
