"""Which tensors of a file belong to which of a design: by name, then by order and shape.

Tensors of equal name and shape are matched first. Of the rest, modules with tensors of the same
shapes are matched in forward order, if there are as many of them on both sides. Modules in parallel
branches have no order; they are matched by words in their names, in order within a branch that both
sides name alike, or by a neighbor whose name shares more with the one than with the other. What
cannot be matched without guessing keeps its fresh values, and the report says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from designer.analysis.report.tensors import Module
from designer.layers.tensors import state_key
from designer.runs.layouts import Shape, Stored
from designer.runs.weights_report import COUNTER, Differing, How, Report, Taken, show_shape

WeightStatus = Literal["kept", "new", "resized"]
"""Whether all tensors of a layer or block get values, none does, or some do not, as a rule because
their shapes differ."""

_MOST_PARALLEL = 100  # parallel modules whose names are compared, each with each


@dataclass
class _Matching:
    """The state of the matching; modules are named by their paths.

    Attributes
    ----------
    ours, theirs
        The modules of the design, and those of the file with their tensors.
    partner
        Modules of the file by the modules of the design that they are matched with.
    refused
        Sentences about modules that could only be matched by guessing.
    position
        The number of each module of the design in forward order.
    after
        The modules that read the output of each.
    """

    ours: Mapping[str, Module]
    theirs: Mapping[str, Mapping[str, Stored]]
    partner: dict[str, str]
    refused: list[str]
    position: Mapping[str, int]
    after: Mapping[str, Sequence[str]]


def match(
    ours: Sequence[Module],
    theirs: Sequence[Stored],
    *,
    ordered: bool = True,
    given: Mapping[str, str] | None = None,
) -> Report:
    """Match the tensors of a file with those of a design.

    Parameters
    ----------
    ours
        The design's modules, as `analysis.report.tensors.modules` returns them.
    theirs
        The file's tensors.
    ordered
        Whether they are in the order of the network; safetensors files are sorted by name.
    given
        The pairs that the user chose: from a module of the design to one of the file.
    """
    given = given or {}
    by_name = {each.name: each for each in theirs}
    by_module: dict[str, dict[str, Stored]] = {}
    for each in theirs:
        by_module.setdefault(each.module, {})[each.name.rpartition(".")[2]] = each
    taken: dict[str, tuple[Stored, How]] = {}
    differing: list[Differing] = []
    partner: dict[str, str] = {}
    for module in ours:
        source = given.get(module.path, module.path)
        if module.path not in given and source in given.values():
            continue
        for own, shape in module.tensors.items():
            other = by_name.get(state_key(source, own))
            if other is None:
                continue
            name = state_key(module.path, own)
            partner[module.path] = source
            if other.shape == shape:
                taken[name] = other, "given" if module.path in given else "name"
            else:
                differing.append(Differing(name, shape, other.origin, other.shape))
    matching = _by_order(ours, by_module, partner, ordered=ordered)
    for module in ours:
        source = matching.partner.get(module.path, "")
        for own in module.tensors if module.path not in partner else ():
            if source and own in by_module[source]:
                taken[state_key(module.path, own)] = by_module[source][own], "order"
    differing += _replaced(ours, by_module, matching.partner)
    return _report(ours, theirs, taken, differing, matching.refused)


def _report(
    ours: Sequence[Module],
    theirs: Sequence[Stored],
    taken: Mapping[str, tuple[Stored, How]],
    differing: Sequence[Differing],
    refused: Sequence[str],
) -> Report:
    names = [state_key(module.path, own) for module in ours for own in module.tensors]
    fresh = (name for name in names if name not in taken and not name.endswith(COUNTER))
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
        Stored(key, shape, key)
        for each in modules
        for own, shape in each.tensors.items()
        for key in [state_key(each.path, own)]
    ]


def weight_status(ours: Sequence[Module], report: Report) -> dict[str, WeightStatus]:
    """Return the status of each layer that has tensors, and of each block around such a layer."""
    taken = {each.name for each in report.taken}
    differing = {each.name for each in report.differing}
    found: dict[str, set[WeightStatus]] = {}
    for module in ours:
        own = {state_key(module.path, each) for each in module.tensors if each != COUNTER}
        status: WeightStatus = "resized"
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
    return frozenset(each for each in tensors if each[0] != COUNTER)


def _by_order(
    ours: Sequence[Module],
    by_module: Mapping[str, Mapping[str, Stored]],
    partner: Mapping[str, str],
    *,
    ordered: bool,
) -> _Matching:
    """Match by order the modules that were not matched by name."""
    after: dict[str, list[str]] = {}
    for module in ours:
        for path in module.before:
            after.setdefault(path, []).append(module.path)
    matching = _Matching(
        ours={module.path: module for module in ours},
        theirs=by_module,
        partner=dict(partner),
        refused=[],
        position={module.path: number for number, module in enumerate(ours)},
        after=after,
    )
    groups: dict[Signature, tuple[list[str], list[str]]] = {}
    for module in ours:
        if module.path not in partner:
            key = _signature(module.tensors.items())
            groups.setdefault(key, ([], []))[0].append(module.path)
    used = set(partner.values())
    for path, tensors in by_module.items():
        key = _signature((own, each.shape) for own, each in tensors.items())
        if path not in used and key in groups:
            groups[key][1].append(path)
    parallel = []
    for mine, others in groups.values():
        if not others:
            continue
        if len(mine) != len(others):
            matching.refused.append(_uneven(matching, mine, others))
            continue
        for run, some in _pairs_of_runs(matching, mine, others, ordered=ordered):
            if len(run) > 1:
                branches = _branches(run, some)
                parallel += [
                    pair
                    for branch in branches
                    for pair in _pairs_of_runs(matching, *branch, ordered=ordered)
                ]
            else:
                parallel.append((run, some))
    for run, some in parallel:
        if len(run) == 1:
            matching.partner[run[0]] = some[0]
    _match_parallel(matching, [pair for pair in parallel if len(pair[0]) > 1])
    return matching


def _pairs_of_runs(
    matching: _Matching, mine: list[str], others: list[str], *, ordered: bool
) -> list[tuple[list[str], list[str]]]:
    """Match as many modules of equal shapes in their order; more than one run in parallel."""
    alike = len({re.sub(r"\d+", "#", path) for path in others}) == 1
    if not ordered and alike:
        others = sorted(others, key=_natural)
    runs = _runs(matching, mine) if ordered or alike else [mine]
    found, start = [], 0
    for run in runs:
        found.append((run, others[start : start + len(run)]))
        start += len(run)
    return found


def _branches(mine: list[str], others: list[str]) -> list[tuple[list[str], list[str]]]:
    """Split parallel modules by the words that names of both sides have, such as branch1.

    They stay together where the design and the file have not as many modules of a branch.
    """
    common = frozenset().union(*map(_words, mine)) & frozenset().union(*map(_words, others))
    found: dict[frozenset[str], tuple[list[str], list[str]]] = {}
    for side, paths in enumerate((mine, others)):
        for path in paths:
            found.setdefault(common & _words(path), ([], []))[side].append(path)
    fits = all(len(one) == len(two) for one, two in found.values())
    return [*found.values()] if fits else [(mine, others)]


def _runs(matching: _Matching, paths: Sequence[str]) -> list[list[str]]:
    """Split modules in forward order into runs, each of which reaches the next one entirely."""
    runs: list[list[str]] = []
    for path in paths:
        run = [path]
        while runs and not all(_reaches(matching, each, path) for each in runs[-1]):
            run = runs.pop() + run
        runs.append(run)
    return runs


def _reaches(matching: _Matching, start: str, end: str) -> bool:
    first = matching.position[start]
    waiting, seen = [end], {end}
    while waiting:
        for path in matching.ours[waiting.pop()].before:
            if path == start:
                return True
            if path not in seen and matching.position[path] > first:
                seen.add(path)
                waiting.append(path)
    return False


def _match_parallel(matching: _Matching, parallel: list[tuple[list[str], list[str]]]) -> None:
    """Match modules of equal shapes in parallel branches, by their names or their neighbors."""
    waiting = [
        (list(mine), list(others)) for mine, others in parallel if len(mine) <= _MOST_PARALLEL
    ]
    found = True
    while found:
        found = False
        for mine, others in waiting:
            scores = {(one, two): _score(matching, one, two) for one in mine for two in others}
            while mine and (pair := _surest(scores, mine, others)):
                matching.partner[pair[0]] = pair[1]
                mine.remove(pair[0])
                others.remove(pair[1])
                found = True
    waiting += [pair for pair in parallel if len(pair[0]) > _MOST_PARALLEL]
    for mine, others in waiting:
        if mine:
            matching.refused.append(_ambiguous(matching, mine, others))


def _surest(
    scores: Mapping[tuple[str, str], int], mine: Sequence[str], others: Sequence[str]
) -> tuple[str, str] | None:
    """Return two modules that score higher with each other than with any other; None if none do."""
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


def _score(matching: _Matching, one: str, two: str) -> int:
    """Return a score for a pair: words in both names, and parts shared with neighbors' partners.

    Only exclusive neighbors count: a norm and its convolution usually have a common module, but the
    branches that a concatenation joins need not.
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
    """Return how many leading parts two names have in common."""
    count = 0
    for a, b in zip(re.split(r"[._]", one), re.split(r"[._]", two), strict=False):
        if a != b:
            break
        count += 1
    return count


def _natural(path: str) -> list[tuple[int, str]]:
    """Return a sort key by which conv2 comes before conv10."""
    return [
        (int(part or 0), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)
    ]


def _uneven(matching: _Matching, mine: Sequence[str], others: Sequence[str]) -> str:
    return (
        f"{_named(mine)} of the design and {_named(others)} of the file have the same shapes "
        f"({_shapes(matching, mine[0])}) but are {len(mine)} and {len(others)}: matching them "
        "would be a guess, so these stay fresh; match them with netdesigner weights --map "
        "OURS=THEIRS."
    )


def _ambiguous(matching: _Matching, mine: Sequence[str], others: Sequence[str]) -> str:
    return (
        f"{_named(mine)} are parallel and have the same shapes ({_shapes(matching, mine[0])}): "
        f"matching them with {_named(others)} would be a guess, so they stay fresh; match them as "
        f"in netdesigner weights --map {mine[0]}={others[0]}."
    )


def _named(paths: Sequence[str]) -> str:
    if len(paths) > 4:
        return f"{', '.join(paths[:3])} and {len(paths) - 3} more"
    return ", ".join(paths)


def _shapes(matching: _Matching, path: str) -> str:
    tensors = matching.ours[path].tensors.items()
    return ", ".join(f"{own} {show_shape(shape)}" for own, shape in tensors if own != COUNTER)


def _replaced(
    ours: Sequence[Module],
    by_module: Mapping[str, Mapping[str, Stored]],
    partner: Mapping[str, str],
) -> Iterator[Differing]:
    """Yield the differing tensors of a head: the only unmatched modules of one kind."""
    used = set(partner.values())

    def kind(tensors: Iterable[tuple[str, Shape]]) -> frozenset[tuple[str, int]]:
        return frozenset((own, len(shape)) for own, shape in tensors if own != COUNTER)

    left: dict[frozenset[tuple[str, int]], _Left] = {}
    for module in ours:
        if module.path not in partner:
            left.setdefault(kind(module.tensors.items()), _Left([], [])).mine.append(module)
    for path, tensors in by_module.items():
        key = kind((own, each.shape) for own, each in tensors.items())
        if path not in used and key in left:
            left[key].others.append(path)
    for mine, others in left.values():
        if len(mine) == len(others) == 1:
            for own, shape in mine[0].tensors.items():
                other = by_module[others[0]].get(own)
                if other is not None and other.shape != shape:
                    yield Differing(f"{mine[0].path}.{own}", shape, other.origin, other.shape)


class _Left(NamedTuple):
    mine: list[Module]
    others: list[str]
