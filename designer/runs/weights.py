"""Which tensors of a file belong to which of a design: by name, then by order and shape.

A name with the same shape is taken at its word. What is left goes by modules: those that hold
tensors of the same shapes are matched in the order in which data pass them, if there are as many of
them on both sides. Modules that lie side by side have no order; they are told apart by words in
their names, or by a neighbor that shares more of its name with the one than with the other, and
where nothing tells them apart they are left fresh with a sentence that says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from designer.analysis.report.tensors import Module
from designer.runs.layouts import Shape, Stored

How = Literal["name", "order", "given"]
Fate = Literal["kept", "new", "resized"]
"""What becomes of a layer or block: all its tensors get values, none does, or other shapes, or a
part of them, are in the way."""

_MOST_TWINS = 100  # equal modules side by side of which one looks for what tells them apart
_COUNTER = "num_batches_tracked"  # which many files lack, and nobody misses


class Taken(msgspec.Struct, frozen=True):
    """A tensor of the design, where its values came from, and by what that was found."""

    name: str
    origin: str
    how: How


class Differing(msgspec.Struct, frozen=True):
    """A tensor that both have, of different shapes."""

    name: str
    shape: Shape
    origin: str
    stored: Shape


class Report(msgspec.Struct, frozen=True):
    """What became of the tensors of a design and of a file.

    Attributes
    ----------
    taken
        Those of the design that get their values from the file.
    fresh
        Those of the design that keep their fresh values, the differing ones among them.
    differing
        Those whose shapes differ: as a rule a head for other classes.
    left_over
        Those of the file that nothing of the design takes.
    refused
        Sentences about matches that would have been guesses.
    """

    taken: tuple[Taken, ...] = ()
    fresh: tuple[str, ...] = ()
    differing: tuple[Differing, ...] = ()
    left_over: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def count(self, how: How) -> int:
        """Return how many tensors were found in a way."""
        return sum(each.how == how for each in self.taken)

    def lines(self) -> Iterator[str]:
        """Tell the report, a module a line where names do not speak for themselves."""
        yield self.summary
        pairs = [(each.name, each.origin) for each in self.taken if each.how != "name"]
        if pairs:
            yield "By order and shape:"
            yield from _rows(pairs)
        if self.differing:
            yield "Of another shape, left fresh:"
            for each in self.differing:
                yield f"  {each.name} {_show(each.shape)}; the file has {each.origin} " + _show(
                    each.stored
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
        """What fits and how that was found, in one sentence."""
        ways: list[tuple[How, str]] = [
            ("name", "name"),
            ("order", "order and shape"),
            ("given", "--map"),
        ]
        told = [f"{self.count(how):,} by {words}" for how, words in ways if self.count(how)]
        sentence = f"{len(self.taken):,} of {len(self.taken) + len(self.fresh):,} tensors fit"
        sentence += f": {', '.join(told)}" if told else ""
        if not self.fresh:
            return f"{sentence}."
        return (
            f"{sentence}; {len(self.fresh):,} {'stays' if len(self.fresh) == 1 else 'stay'} fresh."
        )


@dataclass
class _Matching:
    """The matching while it is made; modules are named by their paths."""

    ours: Mapping[str, Module]
    theirs: Mapping[str, Mapping[str, Stored]]
    partner: dict[str, str]
    refused: list[str]
    place: Mapping[str, int]
    after: Mapping[str, Sequence[str]]


def match(
    ours: Sequence[Module],
    theirs: Sequence[Stored],
    *,
    ordered: bool = True,
    given: Mapping[str, str] | None = None,
) -> Report:
    """Find out which tensors of a file belong to which of a design.

    Parameters
    ----------
    ours
        The design's modules, as `analysis.tensors.modules` gives them.
    theirs
        The file's tensors.
    ordered
        Whether these are in the order of the network; a safetensors file sorts its own by name.
    given
        Modules of the file by modules of the design, for what the user knows better.
    """
    given = given or {}
    by_name = {each.name: each for each in theirs}
    held: dict[str, dict[str, Stored]] = {}
    for each in theirs:
        held.setdefault(each.module, {})[each.name.rpartition(".")[2]] = each
    taken: dict[str, tuple[Stored, How]] = {}
    differing: list[Differing] = []
    partner: dict[str, str] = {}
    for module in ours:
        source = given.get(module.path, module.path)
        if module.path not in given and source in given.values():
            continue
        for own, shape in module.tensors.items():
            other = by_name.get(f"{source}.{own}")
            if other is None:
                continue
            name = f"{module.path}.{own}"
            partner[module.path] = source
            if other.shape == shape:
                taken[name] = other, "given" if module.path in given else "name"
            else:
                differing.append(Differing(name, shape, other.origin, other.shape))
    matching = _by_order(ours, held, partner, ordered=ordered)
    for module in ours:
        source = matching.partner.get(module.path, "")
        for own in module.tensors if module.path not in partner else ():
            if source and own in held[source]:
                taken[f"{module.path}.{own}"] = held[source][own], "order"
    differing += _replaced(ours, held, matching.partner)
    return _report(ours, theirs, taken, differing, matching.refused)


def _report(
    ours: Sequence[Module],
    theirs: Sequence[Stored],
    taken: Mapping[str, tuple[Stored, How]],
    differing: Sequence[Differing],
    refused: Sequence[str],
) -> Report:
    names = [f"{module.path}.{own}" for module in ours for own in module.tensors]
    fresh = (name for name in names if name not in taken and not name.endswith(_COUNTER))
    used = {each.origin for each, _ in taken.values()} | {each.origin for each in differing}
    return Report(
        taken=tuple(
            Taken(name, taken[name][0].origin, taken[name][1]) for name in names if name in taken
        ),
        fresh=tuple(fresh),
        differing=tuple(differing),
        left_over=tuple(each.origin for each in theirs if each.origin not in used),
        refused=tuple(refused),
    )


def stored_by(modules: Sequence[Module]) -> list[Stored]:
    """Return the tensors that a network of these modules saves."""
    return [
        Stored(f"{each.path}.{own}", shape, f"{each.path}.{own}")
        for each in modules
        for own, shape in each.tensors.items()
    ]


def weight_status(ours: Sequence[Module], report: Report) -> dict[str, Fate]:
    """Return what becomes of each layer that holds tensors, and of each block around one."""
    taken = {each.name for each in report.taken}
    differing = {each.name for each in report.differing}
    found: dict[str, set[Fate]] = {}
    for module in ours:
        own = {f"{module.path}.{each}" for each in module.tensors if each != _COUNTER}
        status: Fate = "resized"
        if own <= taken:
            status = "kept"
        elif not own & (taken | differing):
            status = "new"
        path = module.layer
        while path:
            found.setdefault(path, set()).add(status)
            path = path.rpartition(".")[0]
    return {path: min(each) if len(each) == 1 else "resized" for path, each in found.items()}


# By order


Signature = frozenset[tuple[str, Shape]]


def _signature(tensors: Iterable[tuple[str, Shape]]) -> Signature:
    return frozenset(each for each in tensors if each[0] != _COUNTER)


def _by_order(
    ours: Sequence[Module],
    held: Mapping[str, Mapping[str, Stored]],
    partner: Mapping[str, str],
    *,
    ordered: bool,
) -> _Matching:
    """Match the modules that names left alone."""
    after: dict[str, list[str]] = {}
    for module in ours:
        for path in module.before:
            after.setdefault(path, []).append(module.path)
    matching = _Matching(
        ours={module.path: module for module in ours},
        theirs=held,
        partner=dict(partner),
        refused=[],
        place={module.path: place for place, module in enumerate(ours)},
        after=after,
    )
    groups: dict[Signature, tuple[list[str], list[str]]] = {}
    for module in ours:
        if module.path not in partner:
            key = _signature(module.tensors.items())
            groups.setdefault(key, ([], []))[0].append(module.path)
    used = set(partner.values())
    for path, tensors in held.items():
        key = _signature((own, each.shape) for own, each in tensors.items())
        if path not in used and key in groups:
            groups[key][1].append(path)
    twins = []
    for mine, others in groups.values():
        if not others:
            continue
        if len(mine) != len(others):
            matching.refused.append(_uneven(matching, mine, others))
            continue
        alike = len({re.sub(r"\d+", "#", path) for path in others}) == 1
        if not ordered and alike:
            others.sort(key=_natural)
        runs = _runs(matching, mine) if ordered or alike else [mine]
        start = 0
        for run in runs:
            some = others[start : start + len(run)]
            start += len(run)
            if len(run) == 1:
                matching.partner[run[0]] = some[0]
            else:
                twins.append((run, some))
    _tell_apart(matching, twins)
    return matching


def _runs(matching: _Matching, paths: Sequence[str]) -> list[list[str]]:
    """Cut modules in forward order where all before the cut reach all behind it."""
    runs: list[list[str]] = []
    for path in paths:
        run = [path]
        while runs and not all(_reaches(matching, each, path) for each in runs[-1]):
            run = runs.pop() + run
        runs.append(run)
    return runs


def _reaches(matching: _Matching, start: str, end: str) -> bool:
    first = matching.place[start]
    waiting, seen = [end], {end}
    while waiting:
        for path in matching.ours[waiting.pop()].before:
            if path == start:
                return True
            if path not in seen and matching.place[path] > first:
                seen.add(path)
                waiting.append(path)
    return False


def _tell_apart(matching: _Matching, twins: list[tuple[list[str], list[str]]]) -> None:
    """Match modules of equal shapes that lie side by side, where names or neighbors tell which."""
    waiting = [(list(mine), list(others)) for mine, others in twins if len(mine) <= _MOST_TWINS]
    found = True
    while found:
        found = False
        for mine, others in waiting:
            scores = {(one, two): _kinship(matching, one, two) for one in mine for two in others}
            while mine and (pair := _surest(scores, mine, others)):
                matching.partner[pair[0]] = pair[1]
                mine.remove(pair[0])
                others.remove(pair[1])
                found = True
    waiting += [twin for twin in twins if len(twin[0]) > _MOST_TWINS]
    for mine, others in waiting:
        if mine:
            matching.refused.append(_ambiguous(matching, mine, others))


def _surest(
    scores: Mapping[tuple[str, str], int], mine: Sequence[str], others: Sequence[str]
) -> tuple[str, str] | None:
    """Return a pair of which each speaks for the other more than any else does."""
    if len(mine) == 1:
        return mine[0], others[0]
    for one in mine:
        two = max(others, key=lambda each: scores[one, each])
        best = scores[one, two]
        if all(scores[one, each] < best for each in others if each != two) and all(
            scores[each, two] < best for each in mine if each != one
        ):
            return one, two
    return None


def _kinship(matching: _Matching, one: str, two: str) -> int:
    """Count what speaks for a pair: words in both names, and what neighbors' partners share.

    Only a neighbor of which nobody else is one tells anything: a norm and its convolution lie in
    one module, but what a concatenation gathers lies anywhere.
    """
    score = len(_words(one) & _words(two))
    before, after = matching.ours[one].before, matching.after.get(one, ())
    links = [each for each in before if len(before) == len(matching.after[each]) == 1]
    links += [each for each in after if len(after) == len(matching.ours[each].before) == 1]
    for neighbor in links:
        if neighbor in matching.partner:
            score += _shared(matching.partner[neighbor], two)
    return score


def _words(path: str) -> set[str]:
    return {word for word in path.split(".") if not word.isdigit()}


def _shared(one: str, two: str) -> int:
    """Return how many parts two names share at their beginning."""
    count = 0
    for a, b in zip(re.split(r"[._]", one), re.split(r"[._]", two), strict=False):
        if a != b:
            break
        count += 1
    return count


def _natural(path: str) -> list[tuple[int, str]]:
    """Return a key by which conv2 comes before conv10."""
    return [
        (int(part or 0), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)
    ]


def _uneven(matching: _Matching, mine: Sequence[str], others: Sequence[str]) -> str:
    return (
        f"{_named(mine)} of the design and {_named(others)} of the file have the same shapes "
        f"({_shapes(matching, mine[0])}) but are {len(mine)} and {len(others)}: which belongs to "
        "which would be a guess, so these stay fresh; netdesigner weights --map OURS=THEIRS "
        "settles it."
    )


def _ambiguous(matching: _Matching, mine: Sequence[str], others: Sequence[str]) -> str:
    return (
        f"{_named(mine)} lie side by side with the same shapes ({_shapes(matching, mine[0])}), and "
        f"nothing tells which of {_named(others)} is whose, so they stay fresh; netdesigner "
        f"weights --map {mine[0]}={others[0]}, for example, settles it."
    )


def _named(paths: Sequence[str]) -> str:
    if len(paths) > 4:
        return f"{', '.join(paths[:3])} and {len(paths) - 3} more"
    return ", ".join(paths)


def _shapes(matching: _Matching, path: str) -> str:
    tensors = matching.ours[path].tensors.items()
    return ", ".join(f"{own} {_show(shape)}" for own, shape in tensors if own != _COUNTER)


def _replaced(
    ours: Sequence[Module],
    held: Mapping[str, Mapping[str, Stored]],
    partner: Mapping[str, str],
) -> Iterator[Differing]:
    """Yield the tensors of the only module left on both sides that is of one kind: the head."""
    used = set(partner.values())

    def kind(tensors: Iterable[tuple[str, Shape]]) -> frozenset[tuple[str, int]]:
        return frozenset((own, len(shape)) for own, shape in tensors if own != _COUNTER)

    left: dict[frozenset[tuple[str, int]], _Left] = {}
    for module in ours:
        if module.path not in partner:
            left.setdefault(kind(module.tensors.items()), _Left([], [])).mine.append(module)
    for path, tensors in held.items():
        key = kind((own, each.shape) for own, each in tensors.items())
        if path not in used and key in left:
            left[key].others.append(path)
    for mine, others in left.values():
        if len(mine) == len(others) == 1:
            for own, shape in mine[0].tensors.items():
                other = held[others[0]].get(own)
                if other is not None and other.shape != shape:
                    yield Differing(f"{mine[0].path}.{own}", shape, other.origin, other.shape)


class _Left(NamedTuple):
    mine: list[Module]
    others: list[str]


# Words


def _show(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "one value"


def _rows(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Tell pairs of tensors, those of a module on one line."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, origin in pairs:
        module, _, own = name.rpartition(".")
        if own == _COUNTER:
            continue
        source = re.split(r"[./](?=[^./]*$)", origin)[0] if re.search(r"[./]", origin) else ""
        rows.setdefault((module, source), []).append(own)
    wide = max(len(module) for module, _ in rows)
    for (module, source), names in rows.items():
        yield f"  {module:<{wide}} ← {source}  ({', '.join(names)})"


def _listed(names: Sequence[str]) -> Iterator[str]:
    """Tell names, those of a module on one line."""
    modules: dict[str, list[str]] = {}
    for name in names:
        module, _, own = name.rpartition(".")
        if own != _COUNTER:
            modules.setdefault(module, []).append(own)
    for module, owns in modules.items():
        yield f"  {module or 'at the top'}: {', '.join(owns)}"
