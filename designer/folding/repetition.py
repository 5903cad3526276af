"""Uses of one block that run one after the other become one node that repeats it.

What differs from repetition to repetition is written as an expression over ``i``, the number of the
repetition: ``2 if i == 0 else 1``, ``64 * 2 ** i``. A row of uses is cut where that would be hard
to read; where to cut is found by the cheapest sum over all rows, by dynamic programming.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby, pairwise
from math import isclose
from typing import NamedTuple

from designer.design.expressions import (
    Binary,
    Conditional,
    ExpressionError,
    Literal,
    Name,
    Scalar,
    Tree,
    evaluate,
    is_expression,
)
from designer.design.rewriting import NUMBER, tree_of, value_of
from designer.errors import DesignerError

NODE = 3.0
"""What a node costs, beside which an expression is judged."""
LEAST_COST = 0.5
"""A cost that no expression is below."""
MOST_RUNS = 12
"""Runs of equal values in one expression."""
CLOSE = 1e-6
"""How much steps may differ, relative to a step, so that a rule is looked for."""
ROUNDING = 1e-12
"""How much a rule may differ from fractions that were rounded, as 1 - (1 - p) is."""
MOST_STEPS = 400
"""The largest divisor that is tried for a rule such as ``0.2 * i / 11``."""
_I = Name(NUMBER)


class Rule(NamedTuple):
    """An expression over the number of the repetition.

    Attributes
    ----------
    value
        The value or expression.
    cost
        How hard it is to read: 0 for a plain value.
    """

    value: Scalar
    cost: float


def rule_of(values: Sequence[Scalar], limit: float = float("inf")) -> Rule | None:
    """Return a value or expression that gives each repetition its value; None if there is none.

    Parameters
    ----------
    limit
        The cost from which on an expression is of no use.
    """
    first = values[0]
    if all(_same(each, first) for each in values):
        return Rule(first, 0.0)
    if any(is_expression(each) for each in values):
        found = _unified([tree_of(each) for each in values], limit)
        return None if found is None else Rule(value_of(found[0]), found[1])
    for tree, cost in _trees(values):
        if cost < limit and _gives(tree, values):
            with suppress(DesignerError):  # too long to be written
                return Rule(value_of(tree), cost)
    return None


def _unified(trees: Sequence[Tree], limit: float) -> tuple[Tree, float] | None:
    """Return one expression for expressions that differ in numbers only, and its cost."""
    first = trees[0]
    if all(each == first for each in trees):
        return first, 0.0
    if all(isinstance(each, Literal) for each in trees):
        rule = rule_of([each.value for each in trees if isinstance(each, Literal)], limit)
        return None if rule is None else (tree_of(rule.value), rule.cost)
    if not isinstance(first, Binary):
        return None
    sides: list[tuple[Tree, float] | None] = []
    for side in ("left", "right"):
        parts = [
            getattr(each, side)
            for each in trees
            if isinstance(each, Binary) and each.operator == first.operator
        ]
        sides.append(_unified(parts, limit) if len(parts) == len(trees) else None)
    left, right = sides
    if left is None or right is None:
        return None
    return Binary(first.operator, left[0], right[0]), left[1] + right[1]


def _gives(tree: Tree, values: Sequence[Scalar]) -> bool:
    """Tell whether an expression has these values for the repetitions."""
    try:
        return all(
            _is_close(evaluate(tree, {NUMBER: number}), value)
            for number, value in enumerate(values)
        )
    except ExpressionError:
        return False


def _same(one: Scalar, other: Scalar) -> bool:
    return one == other and type(one) is type(other)


def _is_close(one: Scalar, other: Scalar) -> bool:
    """Tell whether values are equal, fractions as far as the last digits, which are rounded."""
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=ROUNDING)
    return _same(one, other)


def _trees(values: Sequence[Scalar]) -> Iterable[tuple[Tree, float]]:
    """Yield expressions that may give the values, the easiest to read first."""
    first, second, last = values[0], values[1], values[-1]
    runs = [
        (value, len([*each])) for value, each in groupby(values, lambda each: (type(each), each))
    ]
    if len(runs) == 2 and runs[0][1] == 1:
        cost = 1.0 if len(values) > 2 else 2.0
        yield _choice(first, Binary("==", _I, Literal(0)), Literal(second)), cost
    numbers = [each for each in values if isinstance(each, int | float) and type(each) is not bool]
    if len(numbers) == len(values) > 1:
        yield from _progressions(numbers)
    if len(values) > 3 and all(_same(each, values[n % 2]) for n, each in enumerate(values)):
        test = Binary("==", Binary("%", _I, Literal(2)), Literal(0))
        yield _choice(first, test, Literal(second)), 2.0
    if len(runs) == 2 and runs[1][1] == 1:
        test = Binary("==", _I, Literal(len(values) - 1))
        yield _choice(last, test, Literal(first)), 3.5
    if len(runs) <= MOST_RUNS:
        start, tests = 0, []
        for (_, value), count in runs[:-1]:
            start += count
            test = Binary("==", _I, Literal(0)) if start == 1 else Binary("<", _I, Literal(start))
            tests.append((value, test))
        tree: Tree = Literal(runs[-1][0][1])
        for value, test in reversed(tests):
            tree = _choice(value, test, tree)
        yield tree, 4.0 * (len(runs) - 1)


def _choice(value: Scalar, test: Tree, otherwise: Tree) -> Tree:
    return Conditional(Literal(value), test, otherwise)


def _progressions(values: Sequence[float]) -> Iterable[tuple[Tree, float]]:
    """Yield rules of numbers that grow by a sum, a factor, or a share of a whole."""
    first, second = values[0], values[1]
    if all(type(each) is int for each in values):
        if len(values) > 2 and len({b - a for a, b in pairwise(values)}) == 1:
            yield _sum(first, second - first), 1.0
        if len(values) > 2 and first and second % first == 0:
            factor = second // first
            power = Binary("**", Literal(factor), _I)
            yield (power if first == 1 else Binary("*", Literal(first), power)), 1.0
        return
    step = second - first
    if not step or len(values) < 3:
        return
    if any(abs(b - a - step) > CLOSE * abs(step) for a, b in pairwise(values)):
        return
    start = round(first / step)
    number: Tree = _I if not start else Binary("+", _I, Literal(start))
    count = len(values) - 1 + start
    for steps in _divisors(float(f"{step:.9g}")) if count else ():
        whole = _short(values[-1] * steps / count)
        if isclose(whole * count / steps, values[-1], rel_tol=ROUNDING):
            yield Binary("/", Binary("*", Literal(whole), number), Literal(steps)), 1.5


@lru_cache
def _divisors(step: float) -> tuple[int, ...]:
    """Return numbers of steps that together are nearly a fraction of few digits."""
    wholes = [(steps, step * steps) for steps in range(1, MOST_STEPS)]
    return tuple([n for n, whole in wholes if isclose(_short(whole), whole, rel_tol=CLOSE)])


def _short(value: float) -> float:
    """Return a fraction rounded to six digits."""
    return float(f"{value:.6g}")


def _sum(first: float, step: float) -> Tree:
    grown: Tree = _I if abs(step) == 1 else Binary("*", Literal(abs(step)), _I)
    if not first and step > 0:
        return grown
    return Binary("+" if step > 0 else "-", Literal(first), grown)


class Row(NamedTuple):
    """Uses that become one node.

    Attributes
    ----------
    start, stop
        Where they stand in the chain, the last one excluded.
    arguments
        The arguments of the node.
    """

    start: int
    stop: int
    arguments: Mapping[str, Scalar]


def rows_of(
    uses: Sequence[Mapping[str, Scalar]],
    defaults: Mapping[str, Scalar],
    longest: int,
    *,
    plain: bool = False,
) -> list[Row]:
    """Return the nodes that a chain of uses becomes.

    Parameters
    ----------
    uses
        The arguments of each use; those that do not matter are left out.
    defaults
        The default of each argument, for uses of which none gives it.
    longest
        The most repetitions of a node.
    plain
        Whether uses become one node only if they are equal.
    """
    # A row begins where a value changes, or one use later.
    changes = {
        number
        for number in range(1, len(uses))
        if any(not _same_at(uses[number - 1], uses[number], key) for key in defaults)
    }
    points = sorted({0, len(uses), *changes, *[each + 1 for each in changes if each < len(uses)]})
    if len(uses) > longest:
        points = sorted({*points, *range(0, len(uses), longest)})
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}  # cost and start of the last row
    for place, stop in enumerate(points[1:], 1):
        found = (float("inf"), points[place - 1])
        for start in reversed(points[:place]):
            limit = found[0] - best[start][0] - NODE
            if stop - start > longest or limit <= 0:
                continue
            cost = _cost(uses[start:stop], defaults, min(limit, LEAST_COST) if plain else limit)
            if cost < limit:
                found = best[start][0] + NODE + cost, start
        best[stop] = found
    stop = len(uses)
    rows: list[Row] = []
    while stop:
        start = best[stop][1]
        rows.append(Row(start, stop, _arguments(uses[start:stop], defaults) or {}))
        stop = start
    return rows[::-1]


def _same_at(one: Mapping[str, Scalar], other: Mapping[str, Scalar], key: str) -> bool:
    return key in one and key in other and _same(one[key], other[key])


def _cost(
    uses: Sequence[Mapping[str, Scalar]], defaults: Mapping[str, Scalar], limit: float
) -> float:
    cost = 0.0
    for key in defaults:
        rule = _rule(uses, key, defaults[key], limit - cost)
        if rule is None:
            return float("inf")
        cost += rule.cost
        if cost >= limit:
            return float("inf")
    return cost


def _rule(
    uses: Sequence[Mapping[str, Scalar]], key: str, default: Scalar, limit: float = float("inf")
) -> Rule | None:
    given = [each[key] for each in uses if key in each]
    if not given:
        return Rule(default, 0.0)
    if len(given) == len(uses):
        return rule_of(given, limit)
    if all(_same(each, given[0]) for each in given):
        return Rule(given[0], 0.0)
    return rule_of([each.get(key, default) for each in uses], limit)


def _arguments(
    uses: Sequence[Mapping[str, Scalar]], defaults: Mapping[str, Scalar]
) -> dict[str, Scalar] | None:
    found: dict[str, Scalar] = {}
    for key, default in defaults.items():
        rule = _rule(uses, key, default)
        if rule is None:
            return None
        if not _same(rule.value, default):
            found[key] = rule.value
    return found
