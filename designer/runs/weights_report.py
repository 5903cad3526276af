"""Which tensors of a design got values from a file, as a report and as text."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from designer.runs.layouts import Shape

How = Literal["name", "order", "given"]

COUNTER = "num_batches_tracked"  # many files lack it, and training does not need it


class Taken(msgspec.Struct, frozen=True):
    """A tensor of the design, that of the file with its values, and how it was found."""

    name: str
    origin: str
    how: How


class Differing(msgspec.Struct, frozen=True):
    """A tensor that design and file both have, in different shapes."""

    name: str
    shape: Shape
    origin: str
    stored: Shape


class Report(msgspec.Struct, frozen=True):
    """Which tensors of a design get values from a file.

    Attributes
    ----------
    taken
        Tensors of the design that get their values from the file.
    fresh
        Tensors of the design that keep their fresh values, the differing ones included.
    differing
        Tensors whose shapes differ: usually a head for other classes.
    left_over
        Tensors of the file that are not used.
    refused
        Sentences about modules that could only have been matched by guessing.
    """

    taken: tuple[Taken, ...] = ()
    fresh: tuple[str, ...] = ()
    differing: tuple[Differing, ...] = ()
    left_over: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def count(self, how: How) -> int:
        """Return how many tensors were found by name, by order, or as given."""
        return sum(each.how == how for each in self.taken)

    def lines(self) -> Iterator[str]:
        """Yield the report as text, with a line for each module that was not matched by name."""
        yield self.summary
        pairs = [(each.name, each.origin) for each in self.taken if each.how != "name"]
        if pairs:
            yield "By order and shape:"
            yield from _rows(pairs)
        if self.differing:
            yield "Of another shape, left fresh:"
            for each in self.differing:
                yield (
                    f"  {each.name} {show_shape(each.shape)}; the file has {each.origin} "
                    + show_shape(each.stored)
                )
        differing = {each.name for each in self.differing}
        fresh = [name for name in self.fresh if name not in differing]
        if fresh:
            yield "Not in the file, left fresh:"
            yield from _listed(fresh)
        if self.left_over:
            yield "Left over in the file:"
            yield from _listed(self.left_over)
        yield from self.refused

    @property
    def summary(self) -> str:
        """How many tensors fit and how they were found, in one sentence."""
        methods: list[tuple[How, str]] = [
            ("name", "name"),
            ("order", "order and shape"),
            ("given", "--map"),
        ]
        found = [f"{self.count(how):,} by {words}" for how, words in methods if self.count(how)]
        sentence = f"{len(self.taken):,} of {len(self.taken) + len(self.fresh):,} tensors fit"
        sentence += f": {', '.join(found)}" if found else ""
        if not self.fresh:
            return f"{sentence}."
        return (
            f"{sentence}; {len(self.fresh):,} {'stays' if len(self.fresh) == 1 else 'stay'} fresh."
        )


def show_shape(shape: Shape) -> str:
    """Return a shape as text, such as "64×3×7×7"."""
    return "×".join(map(str, shape)) or "one value"


def _rows(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield a line per module: its name, where its tensors come from, and which these are.

    Each pair is the name of a tensor of the design and that of the file's tensor.
    """
    rows: dict[tuple[str, str], list[str]] = {}
    for name, origin in pairs:
        module, _, own = name.rpartition(".")
        if own == COUNTER:
            continue
        source = re.split(r"[./](?=[^./]*$)", origin)[0] if re.search(r"[./]", origin) else ""
        rows.setdefault((module, source), []).append(own)
    wide = max(len(module) for module, _ in rows)
    for (module, source), names in rows.items():
        yield f"  {module:<{wide}} ← {source}  ({', '.join(names)})"


def _listed(names: Sequence[str]) -> Iterator[str]:
    """Yield a line per module: its name and those of its tensors among ``names``."""
    modules: dict[str, list[str]] = {}
    for name in names:
        module, _, own = name.rpartition(".")
        if own != COUNTER:
            modules.setdefault(module, []).append(own)
    for module, owns in modules.items():
        yield f"  {module or 'at the top'}: {', '.join(owns)}"
