"""What an edit of generated code changed, in terms of the design that the code was made from.

The code is read as a network without the design's own words: an expression is a number there, a
composite layer the layers that it consists of, a convolution that was left out is not there. So the
code as it was before the edit is read, too, in the same way: what differs between the two is what
was edited. Each layer of the edited code is then known as a layer of the design, as one that is
new, or as neither, where it is part of a composite layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from designer.design.values import LayerNode
from designer.folding.leaves import Leaves
from designer.folding.matching import match
from designer.layers.base import Layer
from designer.layers.catalogue import layer_types


@dataclass(frozen=True)
class CodeChanges:
    """The layers of a design, of its code, and of the edited code.

    Attributes
    ----------
    known
        Those of the design.
    base
        Those of its code, as it was read.
    read
        Those of the edited code.
    """

    known: Leaves
    base: Leaves
    read: Leaves

    @cached_property
    def known_of_base(self) -> Mapping[str, str]:
        """For layers of the code the layer of the design; several may be of a composite one."""
        if self.base is self.known:
            return {name: name for name in self.known.nodes}
        pairs = match(self.known.flat, self.base.flat).top.pairs
        found = {base: known for known, base in pairs.items()}
        alone = [name for name in self.known.nodes if name not in pairs]
        for name in self.base.nodes:
            if name in found:
                continue
            around = (each for each in alone if name.startswith((f"{each}.", f"{each}_")))
            composite = next(around, None) or self._with_the_same_source(name, alone, found)
            if composite is not None:
                found[name] = composite
        return found

    def _with_the_same_source(
        self, name: str, alone: list[str], known: Mapping[str, str]
    ) -> str | None:
        """Return the layer of the design that reads what a layer of the code reads."""
        entering = {known.get(source) for source, _ in self.base.sources[name].values()}
        for each in alone:
            if entering == {source for source, _ in self.known.sources[each].values()}:
                return each
        return None

    @cached_property
    def base_of_read(self) -> Mapping[str, str]:
        """For layers of the edited code, the layer of the code before."""
        found: dict[str, str] = {}
        for name, node in self.read.nodes.items():
            # Layers of repeated blocks are all alike: their numbers tell which is which.
            if _is_numbered(name) or _is_numbered(self._first.get(name, "")):
                before = name if name in self.base.nodes else self._first.get(_unnumbered(name, 0))
                if before is not None and self.base.nodes[before].layer == node.layer:
                    found[name] = before
        taken = set(found.values())
        for before_name, name in match(self.base.flat, self.read.flat).top.pairs.items():
            if before_name not in taken and name not in found:
                found[name] = before_name
        return found

    @cached_property
    def known_of_read(self) -> Mapping[str, str]:
        """For layers of the edited code the layer of the design, if there is one."""
        known = self.known_of_base
        return {name: known[base] for name, base in self.base_of_read.items() if base in known}

    @cached_property
    def _first(self) -> Mapping[str, str]:
        """The layers of the code in first repetitions, by their paths without numbers."""
        return {_unnumbered(name, 0): name for name in reversed([*self.base.nodes])}

    @cached_property
    def place_of_read(self) -> Mapping[str, str]:
        """As `known_of_read`; layers of repetitions that were added have the place of the first."""
        found = dict(self.known_of_read)
        for name in self.read.nodes:
            first = self._first.get(_unnumbered(name), "")
            if name not in found and _is_numbered(name) and first in self.known_of_base:
                found[name] = self.known_of_base[first]
        return found

    @cached_property
    def removed(self) -> frozenset[str]:
        """The layers of the design of which the edited code has nothing left."""
        left = set(self.known_of_read.values())
        rows = {_unnumbered(name) for name in left}
        return frozenset(
            name
            for name in self.known_of_base.values()
            if name not in left and not (_is_numbered(name) and _unnumbered(name) in rows)
        )

    @cached_property
    def added(self) -> tuple[str, ...]:
        """The layers of the edited code that the code before did not have."""
        return tuple(
            name
            for name in self.read.nodes
            if name not in self.base_of_read and name not in self.place_of_read
        )

    @cached_property
    def renamed_parts(self) -> Mapping[str, str]:
        """Parts of the design by their paths in the edited code, where a name of theirs is new."""
        found: dict[str, str] = {}
        for name, base in self.base_of_read.items():
            known = self.known_of_base.get(base)
            if known != base or name == base or not is_module(self.read.nodes[name]):
                continue
            ours, theirs = known.split("."), name.split(".")
            if len(ours) == len(theirs):
                for end in range(1, len(ours) + 1):
                    if ours[:end] != theirs[:end]:
                        found.setdefault(".".join(theirs[:end]), ".".join(ours[:end]))
        return found

    @cached_property
    def prefix_of_added(self) -> Mapping[str, str]:
        """For each layer that is new the prefix of the graph of the design that it stands in."""
        prefixes = {each for found in self.known.prefixes.values() for each in found}
        found: dict[str, str] = {}
        for path in self.added:
            around = path.split(".")[:-1]
            found[path] = ""
            for end in range(len(around), 0, -1):
                part = ".".join(around[:end])
                prefix = f"{self.renamed_parts.get(part, part)}."
                if prefix in prefixes:
                    found[path] = prefix
                    break
        return found

    def wanted(self) -> dict[str, LayerNode]:
        """Return what each layer of the design must be after the edit, with numbers for settings.

        Layers that are gone, or that the code has in another form, are left out.
        """
        found: dict[str, LayerNode] = {}
        for name, base_name in self.base_of_read.items():
            known_name = self.known_of_base.get(base_name)
            if known_name is None:
                continue
            before, after = self.base.nodes[base_name], self.read.nodes[name]
            known = self.known.nodes[known_name]
            if before.layer != known.layer:
                continue
            if after.layer != before.layer:
                found[known_name] = LayerNode(after.layer, after.parameters)
                continue
            settings = dict(known.parameters)
            for key in {**before.parameters, **after.parameters}:
                if before.parameters.get(key) == after.parameters.get(key):
                    continue
                if key in after.parameters:
                    settings[key] = after.parameters[key]
                else:
                    settings.pop(key, None)
            found[known_name] = LayerNode(known.layer, settings)
        return found


def is_module(node: LayerNode) -> bool:
    """Tell whether code has a layer as a module with a name, and not as a plain expression."""
    kind = layer_types().get(node.layer)
    return kind is None or kind.forward is Layer.forward


def _unnumbered(path: str, number: int | None = None) -> str:
    """Return a path without the numbers of repetitions, or without those that are a number."""
    parts = path.split(".")
    return ".".join(part for part in parts if not part.isdigit() or number not in (None, int(part)))


def _is_numbered(path: str) -> bool:
    return any(part.isdigit() for part in path.split("."))
