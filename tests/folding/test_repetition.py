"""Values of repetitions as expressions over their number, and where a row of uses is cut."""

import pytest

from designer.design.expressions import Scalar, evaluate, is_expression
from designer.design.parsing import parse
from designer.folding.repetition import rows_of, rule_of


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([64, 64, 64], 64),
        ([2, 1, 1, 1], "=2 if i == 0 else 1"),
        ([64, 128, 256, 512], "=64 * 2**i"),
        ([16, 28, 40], "=16 + 12 * i"),
        ([5, 4, 3], "=5 - i"),
        ([0, 3, 0, 3], "=0 if i % 2 == 0 else 3"),
        ([1, 1, 2], "=2 if i == 2 else 1"),
        ([1, 1, 2, 2, 4], "=1 if i < 2 else 2 if i < 4 else 4"),
        ([0.2 * n / 11 for n in range(4, 10)], "=0.2 * (i + 4) / 11"),
        ([1 - (1 - 0.1 * n / 17) for n in range(1, 5)], "=0.1 * (i + 1) / 17"),
        (["relu", "gelu", "gelu"], '="relu" if i == 0 else "gelu"'),
        (["=width", "=width"], "=width"),
        (["=1 * width", "=2 * width", "=3 * width"], "=(1 + i) * width"),
        (["=width", "=height"], None),
    ],
)
def test_rules(values: list[Scalar], expected: Scalar) -> None:
    rule = rule_of(values)
    assert (None if rule is None else rule.value) == expected
    if rule is not None and is_expression(rule.value):
        scope = {"width": 10, "height": 20}
        for number, value in enumerate(values):
            found = evaluate(parse(str(rule.value)), {**scope, "i": number})
            wanted = evaluate(parse(value), scope) if is_expression(value) else value
            assert found == pytest.approx(wanted) if isinstance(found, float) else found == wanted


def test_a_row_is_cut_where_several_values_change() -> None:
    uses = [{"channels": 64, "stride": 1}] * 3
    uses += [{"channels": 128, "stride": 2}] + [{"channels": 128, "stride": 1}] * 3
    rows = rows_of(uses, {"channels": 64, "stride": 1}, 1000)
    assert [(row.start, row.stop, dict(row.arguments)) for row in rows] == [
        (0, 3, {}),
        (3, 7, {"channels": 128, "stride": "=2 if i == 0 else 1"}),
    ]


def test_equal_uses_alone_become_one_node_where_that_is_asked() -> None:
    uses = [{"channels": 64}, {"channels": 128}, {"channels": 128}]
    rows = rows_of(uses, {"channels": 64}, 1000, plain=True)
    assert [(row.start, row.stop) for row in rows] == [(0, 1), (1, 3)]


def test_no_row_is_longer_than_may_be() -> None:
    rows = rows_of([{}] * 25, {}, 10)
    assert [row.stop - row.start for row in rows] == [10, 10, 5]
