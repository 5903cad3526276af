"""Names of the nodes: the path of the module with "_" for ".", or what the operation is called."""

import re

from designer.design.identifiers import is_identifier, normalized
from designer.design.naming import LONGEST, node_name_refusal


class Names:
    """The names of a design that are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, text: str) -> str:
        """Return a name that no other node has, as near to a path or a word as it can be."""
        name = _as_name(text)
        if name in self._taken or node_name_refusal(name) is not None:
            number = 2 if name in self._taken else 1
            name = name[: LONGEST - 8].rstrip("_")
            while f"{name}_{number}" in self._taken:
                number += 1
            name = f"{name}_{number}"
        self._taken.add(name)
        return name

    def give_back(self, name: str) -> None:
        """Let a name be free again."""
        self._taken.discard(name)


def _as_name(text: str) -> str:
    name = normalized(re.sub(r"\W+", "_", text)).strip("_") or "node"
    if len(name) > LONGEST - len("layer_"):  # the end of a path says most
        name = name[-(LONGEST - len("layer_")) :].partition("_")[2].strip("_") or name[-20:]
    if not is_identifier(name):
        name = "layer_" + re.sub(r"[^A-Za-z0-9_]+", "", name)
    return name


def kind_name(kind: str) -> str:
    """Return what an operation is called: ``add`` for ``add_``."""
    return kind.rpartition(".")[2].strip("_") or "node"
