"""The doctor is silent on every preset, whatever its arguments, and while presets train well."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.design import edits
from designer.design.expressions import Scalar
from designer.design.values import Argument, Design
from designer.doctor.case import Case
from designer.doctor.rules import examine
from designer.errors import DesignerError
from tests.doctor.judging import load, said
from tests.doctor.presets_to_train import TRAININGS, Training
from tests.doctor_on_presets import judged

_DRAWN = 10  # combinations of arguments of each preset, besides all values of each by itself
_LAYERS = 1_500  # a network of more layers has no other ones


def values(argument: Argument) -> tuple[Scalar, ...]:
    """Return the default of an argument, its bounds or choices, and some values between."""
    default = argument.default
    if argument.choices:
        return argument.choices
    if isinstance(default, bool):
        return (False, True)
    if isinstance(default, str):
        return (default,)
    between = (1, 2, 8, 2 * default) if isinstance(default, int) else (0.1, 0.5, default / 2)
    bounds = [each for each in (argument.minimum, argument.maximum) if each is not None]
    found = [default, *between, *[type(default)(each) for each in bounds if each <= 200]]
    return tuple(dict.fromkeys(each for each in found if argument.refusal(each) is None))


def variants(design: Design) -> Iterator[tuple[dict[str, Scalar], Design]]:
    """Yield a design with each value of each argument, and with combinations drawn by chance."""
    names = list(design.arguments)
    given = {name: values(argument) for name, argument in design.arguments.items()}
    alone = [{name: value} for name in names for value in given[name]]
    every = list(itertools.product(*given.values()))
    drawn = random.Random(0).sample(every, min(_DRAWN, len(every)))
    for chosen in [{}, *alone, *[dict(zip(names, each, strict=True)) for each in drawn]]:
        changed = design
        try:
            for name, value in chosen.items():
                changed = edits.set_argument(changed, name, value)
        except DesignerError:
            continue
        yield chosen, changed


@pytest.mark.parametrize("name", presets.names())
def test_nothing_is_said_of_a_preset_before_it_is_trained(name: str) -> None:
    recipe = presets.recipe(name)
    looked = 0
    for chosen, design in variants(presets.load(name)):
        analysis = analyze(design)
        if not analysis.valid or analysis.totals.layers > _LAYERS:
            continue
        looked += 1
        found = examine(Case(analysis=analysis, recipe=recipe))
        assert [each.text for each in found] == [], chosen
    assert looked > len(presets.load(name).arguments)


@pytest.mark.parametrize("training", TRAININGS, ids=lambda each: each.preset)
def test_nothing_is_said_against_a_training_that_goes_well(training: Training) -> None:
    """The curves were recorded by ``python -m tests.doctor_on_presets --record``."""
    case = Case(analysis=analyze(training.design()), recipe=training.recipe())
    recording = load(training.preset)
    assert recording.result.status == "finished"
    assert recording.result.seconds < 180
    assert recording.layers
    found = said(case, recording)
    assert [each.text for _, each in found if each.severity == "advice"] == []
    assert {each.key for _, each in found} <= {"validation-better"}


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("lenet5", {"epochs": 2, "data.limit": 2000}),
        ("lenet_caffe", {"epochs": 3, "data.limit": 2000}),
    ],
)
def test_nothing_is_said_against_a_training_of_now(
    preset: str, changes: dict[str, object], tmp_path: Path
) -> None:
    (training,) = [each for each in TRAININGS if each.preset == preset]
    short = training._replace(changes={**training.changes, **changes})
    assert judged(short, tmp_path / "run") == []
