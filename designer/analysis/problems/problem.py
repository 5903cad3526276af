"""Problems of a design: where each one lies, its sentence, and the fixes that it offers."""

from dataclasses import dataclass, replace
from enum import Enum

from designer.design.edits import Edit
from designer.design.values import Design


class Severity(Enum):
    """How bad a problem is: an error stops training, a warning does not.

    What is pending is no error: code of the design that is not trusted yet, or not measured. Advice
    says what keeps a network from learning well; an explanation asks for no change.
    """

    ERROR = "error"
    PENDING = "pending"
    WARNING = "warning"
    ADVICE = "advice"
    EXPLANATION = "explanation"


@dataclass(frozen=True, slots=True)
class Fix:
    """An edit that solves a problem, and the label of the button that offers it."""

    label: str
    edit: Edit

    def __call__(self, design: Design) -> Design:
        """Apply the edit."""
        return self.edit(design)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one node.

    Attributes
    ----------
    code
        Short stable name of the kind of problem, such as ``inputs-differ``.
    message
        One sentence that names the node and gives the numbers.
    path
        The node's graph path through the blocks around it, such as ``layer2.0.add``; "" for a
        problem of the whole design.
    block, node
        The node's name, and the block in whose graph it stands; None for the design's own graph.
    port, axis
        The input port and the axis (``channels``, ``height``, …) at fault, where one is.
    received, expected
        The value that came and the one that would have fitted, as text.
    origin
        The node that gave the offending shape; "" where no shape is at fault.
    fixes
        Edits that would solve the problem, the likeliest first.
    """

    code: str
    message: str
    path: str = ""
    block: str | None = None
    node: str = ""
    severity: Severity = Severity.ERROR
    port: int | None = None
    axis: str | None = None
    received: str = ""
    expected: str = ""
    origin: str = ""
    fixes: tuple[Fix, ...] = ()

    def under(self, prefix: str) -> "Problem":
        """Return the problem with its path prefixed by the node that uses the block."""
        return replace(self, path=f"{prefix}.{self.path}" if self.path else prefix)
