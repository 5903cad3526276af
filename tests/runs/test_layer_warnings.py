"""Suspicious figures of layers, in sentences."""

import pytest

from designer.runs.layer_statistics import FIGURES, KINDS
from designer.runs.layer_warnings import LIMITS, NOT_FINITE, TRENDS, limits, warnings
from tests.runs.test_layer_statistics import figures, measurement


def found(*layers):
    return [(each.key, each.path) for each in warnings(measurement(1, *layers))]


def test_healthy_layers_have_no_warnings():
    assert not found(
        figures("relu1", dead=0.1),
        figures("tanh2", saturated=0.2, deviation=0.6),
        figures("fc1", "weight", "weight", update_ratio=1e-3),
        figures("fc1", "gradient", norm=0.3),
        figures("fc2", "gradient", norm=0.9),
    )


@pytest.mark.parametrize(
    ("kind", "values", "key"),
    [
        ("activation", {"dead": 0.8}, "dead"),
        ("activation", {"saturated": 0.8}, "saturated"),
        ("weight", {"update_ratio": 0.05}, "update-high"),
        ("weight", {"update_ratio": 1e-6}, "update-low"),
        ("activation", {"mean": None}, NOT_FINITE),
    ],
)
def test_a_suspicious_layer_is_named_with_a_remedy(kind, values, key):
    rows = figures("good", kind), figures("bad", kind, **values)
    [warning] = warnings(measurement(1, *rows))
    assert (warning.key, warning.path, warning.kind) == (key, "bad", kind)
    assert "bad" in warning.sentence and warning.sentence.endswith(".")
    assert warning.remedy.endswith(".")


def test_weights_that_do_not_move_at_all_are_left_on_purpose():
    assert not found(figures("fc", "weight", "weight", update_ratio=0.0))
    assert not found(figures("fc", "weight", "weight", update_ratio=None))


def test_only_the_main_parameter_of_a_layer_is_judged():
    weight = figures("fc", "weight", "weight", update_ratio=1e-3)
    bias = figures("fc", "weight", "bias", update_ratio=0.5)
    assert not found(weight, bias)


@pytest.mark.parametrize(
    ("kind", "figure", "first", "last", "key"),
    [
        ("gradient", "norm", 1e-6, 1.0, "gradients-vanish"),
        ("gradient", "norm", 1e5, 1.0, "gradients-explode"),
        ("activation", "deviation", 1.0, 1e-5, "activations-vanish"),
        ("activation", "deviation", 1.0, 1e5, "activations-explode"),
    ],
)
def test_what_vanishes_or_explodes_over_the_depth_is_told_with_both_ends(
    kind, figure, first, last, key
):
    rows = [
        figures(path, kind, **{figure: value})
        for path, value in (("one", first), ("two", (first * last) ** 0.5), ("three", last))
    ]
    [warning] = warnings(measurement(1, *rows))
    assert (warning.key, warning.path) == (key, "one" if kind == "gradient" else "three")
    assert "one" in warning.sentence and "three" in warning.sentence
    assert f"{first:.3g}" in warning.sentence and f"{last:.3g}" in warning.sentence


def test_vanishing_is_seen_though_the_last_layer_adds_its_biases():
    values = {"image": 1.0, "fc1": 1e-2, "fc2": 1e-4, "scores": 0.1}
    rows = [figures(path, deviation=value) for path, value in values.items()]
    assert found(*rows) == [("activations-vanish", "fc2")]


def test_branches_that_are_switched_off_are_not_suspicious():
    values = {"image": 1.0, "norm": 0.0, "add": 1.0}
    assert not found(*(figures(path, deviation=value) for path, value in values.items()))
    assert not found(*(figures(path, "gradient", norm=value) for path, value in values.items()))


def test_the_first_layer_that_is_not_finite_stands_for_those_behind_it():
    rows = [figures("a"), figures("b", mean=None), figures("c", mean=None)]
    assert found(*rows) == [(NOT_FINITE, "b")]


def test_every_rule_is_on_a_figure_that_its_kind_has():
    for rule in (*LIMITS, *TRENDS):
        assert rule.kind in KINDS and rule.kind in FIGURES[rule.figure].kinds
    assert len({rule.key for rule in (*LIMITS, *TRENDS)}) == len(LIMITS) + len(TRENDS)
    assert limits("weight", "update_ratio") == (1e-5, 1e-2)
    assert limits("weight", "norm") == (None, None)
