"""Whatever others call their layers and however they list them: what is matched is right.

The tensors of presets are given other names and orders, of which the right answer is known.
"""

import random
from collections.abc import Callable

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.report.tensors import Module, modules
from designer.runs.layouts import Stored
from designer.runs.weights import match
from designer.runs.weights_report import Report

NAMES = [
    name
    for name in (
        "resnet50",
        "googlenet_torchvision",
        "densenet121",
        "mobilenet_v2",
        "squeezenet1_1",
        "shufflenet_v2_x1_0",
    )
    if name in presets.names()
]
Naming = Callable[[str, int], str]

NAMINGS: dict[str, Naming] = {
    "hidden": lambda path, _: f"m{random.Random(path).getrandbits(48):x}",
    "numbers": lambda _, number: f"features.{number}",
    "wrapped": lambda path, _: f"backbone.{path}",
    "flat": lambda path, _: path.replace(".", "_"),
    "last word": lambda path, number: f"{number}.{path.rpartition('.')[2]}",
}


def theirs(ours: list[Module], naming: Naming, order: Callable[[list[Module]], list[Module]]):
    """Return another file of the same network, and whose each of its modules is."""
    answer: dict[str, str] = {}
    found: list[Stored] = []
    names = {module.path: naming(module.path, number) for number, module in enumerate(ours)}
    for module in order(ours):
        name = names[module.path]
        answer[name] = module.path
        found += [
            Stored(f"{name}.{own}", shape, f"{name}.{own}") for own, shape in module.tensors.items()
        ]
    return found, answer


def wrong(report: Report, answer: dict[str, str]) -> list[tuple[str, str]]:
    pairs = [
        (each.name.rpartition(".")[0], answer[each.origin.rpartition(".")[0]])
        for each in report.taken
    ]
    return [pair for pair in pairs if pair[0] != pair[1]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_other_names(name: str, naming: Naming) -> None:
    ours = modules(analyze(presets.load(name)))
    found, answer = theirs(ours, naming, list)
    report = match(ours, found)
    assert not wrong(report, answer)
    assert len(report.taken) > len(found) / 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_a_file_that_is_sorted_by_name(name: str, naming: Naming) -> None:
    ours = modules(analyze(presets.load(name)))
    found, answer = theirs(ours, naming, list)
    report = match(ours, sorted(found, key=lambda each: each.name), ordered=False)
    assert not wrong(report, answer)


def branches_swapped(ours: list[Module]) -> list[Module]:
    """List what lies beside each other the other way round, as Keras lists a shortcut early."""
    result: list[Module] = []
    for module in ours:
        place = len(result)
        while place and result[place - 1].path not in module.before and len(result) - place < 6:
            place -= 1
        result.insert(place, module)
    return result


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_branches_in_another_order(name: str, naming: Naming) -> None:
    ours = modules(analyze(presets.load(name)))
    found, answer = theirs(ours, naming, branches_swapped)
    assert not wrong(match(ours, found), answer)
