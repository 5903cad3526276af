"""Operations of the neutral graph as layers of the catalogue: `convert` makes a flat design.

Each module has the operations of a family. A handler is registered by the kind of operation that it
takes, adds nodes to the `Converter`, and says what its result is in the design. What no handler
takes becomes an Opaque node.
"""

from designer.folding.patterns.conversion import convert
from designer.folding.patterns.converted import Converted, Evaluate, OpaqueNode, Weight

__all__ = ["Converted", "Evaluate", "OpaqueNode", "Weight", "convert"]
