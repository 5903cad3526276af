"""Every setting of a recipe, and every row of the tables that some of them choose from."""

import re
from collections.abc import Mapping

import msgspec
import pytest

from designer.errors import DesignerError
from designer.recipe.augmentations import AUGMENTATIONS, Augmentation
from designer.recipe.averaging import AVERAGES, Averaging
from designer.recipe.evaluation import TEST_TIMES
from designer.recipe.initialization import INITIALIZATIONS, Initialization
from designer.recipe.losses import LOSSES, WITHIN, Loss, Targets, losses_for
from designer.recipe.optimizers import ESTIMATES, OPTIMIZERS, Optimizer, estimate_name, state_copies
from designer.recipe.preprocessing import PREPROCESSINGS
from designer.recipe.reading import changed, recipe_from_json
from designer.recipe.recipe import Recipe, consequences, fields, is_used, value_of
from designer.recipe.schedules import SCHEDULES, Schedule
from designer.recipe.settings import Group, Kind, annotations
from designer.recipe.templates import TEMPLATES
from designer.recipe.watching import METRICS
from tests.recipe.alternatives import another_value

TABLES: list[tuple[type[Group], Mapping[str, Kind]]] = [
    (Optimizer, OPTIMIZERS),
    (Schedule, SCHEDULES),
    (Loss, LOSSES),
    (Initialization, INITIALIZATIONS),
    (Averaging, AVERAGES),
]
ROWS = [(group, kind) for group, table in TABLES for kind in table.values()]


@pytest.mark.parametrize("name", fields())
def test_a_setting_is_explained(name: str) -> None:
    setting = fields()[name].setting
    assert setting.title[0].isupper()
    assert setting.help[0].isupper()
    assert setting.help.endswith(".")
    assert "\n" not in setting.help
    assert setting.empty or not fields()[name].optional


def test_titles_are_unique() -> None:
    titles = [field.setting.title for field in fields().values()]
    assert len(set(titles)) == len(titles)


def test_every_field_of_a_recipe_has_a_setting() -> None:
    groups = {
        name for name in Recipe.__struct_fields__ if isinstance(getattr(Recipe(), name), Group)
    }
    for name in groups:
        assert all(each.setting for each in annotations(type(getattr(Recipe(), name))).values())
    own = {name for name, each in annotations(Recipe).items() if each.setting is None}
    assert own == groups


@pytest.mark.parametrize("name", fields())
def test_another_value_is_taken_and_survives(name: str) -> None:
    value = another_value(fields()[name])
    recipe = changed(Recipe(), {name: value})
    assert value_of(recipe, name) == value
    assert recipe_from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    "name", [name for name, field in fields().items() if field.kind in (int, float)]
)
def test_the_bounds_hold(name: str) -> None:
    setting = fields()[name].setting
    for bound, is_open, beyond, words in (
        (setting.low, setting.open_low, -1, "above" if setting.open_low else "at least"),
        (setting.high, setting.open_high, 1, "below" if setting.open_high else "at most"),
    ):
        if bound is None or bound > 2**62:
            continue
        with pytest.raises(DesignerError, match=rf"{name} is .*{words} {bound:,}"):
            changed(Recipe(), {name: bound + beyond})
        if is_open:
            with pytest.raises(DesignerError, match=words):
                changed(Recipe(), {name: bound})
        else:
            changed(Recipe(), {name: bound})


@pytest.mark.parametrize(
    "name", [name for name, field in fields().items() if field.setting.choices]
)
def test_the_choices_hold(name: str) -> None:
    choices = fields()[name].setting.choices or {}
    several = fields()[name].several is not None
    for choice, title in choices.items():
        assert title
        value = (choice,) if several else choice
        settings = changed(Recipe(), {name: value, "loss.label_smoothing": 0.0})
        assert value_of(settings, name) == value
    with pytest.raises(
        DesignerError, match=f"{name} takes one of {', '.join(choices)}; received 'x'"
    ):
        changed(Recipe(), {name: ("x",) if several else "x"})


@pytest.mark.parametrize(("group", "kind"), ROWS, ids=lambda each: getattr(each, "name", ""))
def test_a_row_uses_settings_that_there_are(group: type[Group], kind: Kind) -> None:
    assert set(kind.settings) <= set(group.__struct_fields__) - {"name"}
    recipe = changed(Recipe(), {f"{group.prefix}name": kind.name})
    for field in fields().values():
        if field.group is group and field.own_name in kind.settings:
            assert is_used(recipe, field)


@pytest.mark.parametrize("name", [n for n, f in fields().items() if f.setting.used_when])
def test_a_setting_that_another_one_decides_on(name: str) -> None:
    field = fields()[name]
    assert field.setting.used_when is not None
    own, used_with = field.setting.used_when
    other = f"{field.group.prefix}{own}"
    choices = fields()[other].setting.choices or {}
    assert set(used_with) < choices.keys()
    for choice in choices:
        recipe = changed(Recipe(), {other: choice})
        assert is_used(recipe, field) == (choice in used_with)


@pytest.mark.parametrize("kind", [*OPTIMIZERS.values(), *SCHEDULES.values(), *AVERAGES.values()])
def test_a_row_is_explained(kind: Kind) -> None:
    texts = {name: getattr(kind, name) for name in ("help", "formula", "source")}
    assert texts["help"][0].isupper() and texts["help"].endswith(".")
    assert kind.name == "none" or all(texts.values())
    assert not any("\n" in text for text in texts.values())


@pytest.mark.parametrize(
    "kind",
    [*LOSSES.values(), *INITIALIZATIONS.values(), *PREPROCESSINGS.values(), *TEST_TIMES.values()],
    ids=lambda kind: kind.name,
)
def test_a_row_has_a_sentence_and_a_formula(kind: Kind) -> None:
    texts = {name: getattr(kind, name) for name in ("help", "formula")}
    assert texts["help"][0].isupper() and texts["help"].endswith(".")
    assert kind is TEST_TIMES["none"] or texts["formula"]


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_has_a_sentence(metric: Kind) -> None:
    assert getattr(metric, "help", "").endswith(".")


def test_sources_are_written_alike() -> None:
    rows = [
        *(kind for _, kind in ROWS),
        *PREPROCESSINGS.values(),
        *TEST_TIMES.values(),
        *TEMPLATES.values(),
        *(field.setting for field in fields().values()),
    ]
    sources = {source for row in rows if (source := getattr(row, "source", ""))}
    assert len(sources) > 40
    for source in sources:
        assert re.match(r"[A-Z][^:;]*, (19|20)\d\d: \w", source) or source.endswith(" of torch")
        assert not source.endswith("."), source


@pytest.mark.parametrize("group", [group for group, _ in TABLES])
def test_no_setting_of_a_group_is_used_by_nothing(group: type[Group]) -> None:
    """What no row lists is shown for every row: what each optimizer or initialization has."""
    listed = {name for row in group.kinds.values() for name in row.settings}
    free = set(group.__struct_fields__) - listed - {"name"}
    assert free <= {"learning_rate", "zero_last"}


def test_every_augmentation_setting_belongs_to_one_row() -> None:
    listed = [name for row in AUGMENTATIONS.values() for name in row.settings]
    assert sorted(listed) == sorted(Augmentation.__struct_fields__)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_choosing_an_optimizer_brings_its_usual_rate(name: str) -> None:
    before = changed(Recipe(), {"optimizer.name": another_name(name)})
    row = OPTIMIZERS[name]
    usual = {"learning_rate": row.learning_rate, **row.usual}
    found = consequences(before, {"optimizer.name": name})
    assert found == {f"optimizer.{each}": value for each, value in usual.items()}
    given = {"optimizer.name": name, **dict.fromkeys(found, 0.3)}
    assert consequences(before, given) == {}
    same = changed(before, {"optimizer.name": name})
    assert consequences(same, {"optimizer.name": name}) == {}


def test_what_an_optimizer_needs_ends_with_it() -> None:
    before = changed(Recipe(), {"optimizer.name": "adadelta", "optimizer.epsilon": 1e-6})
    after = consequences(before, {"optimizer.name": "adam"})
    assert after == {"optimizer.learning_rate": 0.001, "optimizer.epsilon": 1e-8}


def another_name(name: str) -> str:
    return next(each for each in OPTIMIZERS if each != name)


@pytest.mark.parametrize("name", LOSSES)
def test_choosing_a_loss_without_label_smoothing_ends_it(name: str) -> None:
    smooth = changed(Recipe(), {"loss.label_smoothing": 0.1})
    changes = {"loss.name": name}
    recipe = changed(smooth, {**changes, **consequences(smooth, changes)})
    assert recipe.loss.name == name
    assert bool(recipe.loss.label_smoothing) == ("label_smoothing" in LOSSES[name].settings)


def test_balanced_weights_end_given_ones_and_the_other_way_round() -> None:
    given = changed(Recipe(), {"loss.weights": (1.0, 2.0)})
    with pytest.raises(DesignerError, match=r"empty loss.weights or set loss"):
        changed(given, {"loss.class_weights": "balanced"})
    for changes in ({"loss.class_weights": "balanced"}, {"loss.weights": (3.0,)}):
        recipe = changed(given, {**changes, **consequences(given, changes)})
        assert bool(recipe.loss.weights) != (recipe.loss.class_weights == "balanced")
        back = {"loss.class_weights": "balanced"}
        assert changed(recipe, {**back, **consequences(recipe, back)}).loss.weights == ()


@pytest.mark.parametrize("name", WITHIN)
def test_a_setting_that_a_loss_does_not_use_is_refused(name: str) -> None:
    value = another_value(fields()[f"loss.{name}"])
    with pytest.raises(DesignerError, match=f"loss.{name} goes with .* only: set it to"):
        changed(Recipe(), {"loss.name": "mean_squared_error", f"loss.{name}": value})


@pytest.mark.parametrize(
    ("targets", "losses"),
    [
        (
            "classes",
            [
                "cross_entropy",
                "expected_cost",
                "focal",
                "mean_squared_error",
                "mean_absolute_error",
                "smooth_l1",
            ],
        ),
        (
            "labels",
            [
                "binary_cross_entropy",
                "focal",
                "mean_squared_error",
                "mean_absolute_error",
                "smooth_l1",
            ],
        ),
        ("numbers", ["mean_squared_error", "mean_absolute_error", "smooth_l1"]),
    ],
)
def test_losses_for_targets_begin_with_the_usual_one(targets: Targets, losses: list[str]) -> None:
    assert losses_for(targets) == losses


def test_the_levels_of_gray_ascend() -> None:
    assert changed(Recipe(), {"data.gray_range": (0, 4095)}).data.gray_range == (0, 4095)
    with pytest.raises(DesignerError, match=r"data.gray_range is 5 to 5: give the lower level"):
        changed(Recipe(), {"data.gray_range": (5, 5)})


def test_without_a_threshold_no_label_could_be_decided() -> None:
    with pytest.raises(DesignerError, match=r"loss.threshold is empty: give one number"):
        changed(Recipe(), {"loss.threshold": ()})


@pytest.mark.parametrize("rows", [((0.0, 1.0),), ((0.0, 1.0), (1.0,)), ((0.0, 1.0), ())])
def test_a_cost_matrix_is_square(rows: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(
        DesignerError, match=r"loss.cost_matrix has \d rows? of .* as many numbers in"
    ):
        changed(Recipe(), {"loss.cost_matrix": rows})


def test_a_cost_is_not_negative() -> None:
    with pytest.raises(DesignerError, match=r"loss.cost_matrix is -1.0 but must be at least 0"):
        changed(Recipe(), {"loss.cost_matrix": ((0.0, -1.0), (1.0, 0.0))})


def test_names_in_no_table_have_no_consequences() -> None:
    assert consequences(Recipe(), {"optimizer.name": "nothing", "loss.name": "nothing"}) == {}


@pytest.mark.parametrize("name", ESTIMATES)
def test_an_estimate_is_found_by_its_settings(name: str) -> None:
    assert estimate_name(ESTIMATES[name].settings) == name


def test_every_optimizer_has_an_estimate_with_its_default_settings() -> None:
    assert {each.settings.name for each in ESTIMATES.values()} == set(OPTIMIZERS)
    for name in OPTIMIZERS:
        found = ESTIMATES[estimate_name(Optimizer(name=name))].settings
        assert state_copies(found) == state_copies(Optimizer(name=name))
    assert state_copies(ESTIMATES["sgd"].settings) == 0
    assert state_copies(ESTIMATES["momentum"].settings) == 1


def test_settings_are_plain_data() -> None:
    assert msgspec.to_builtins(Recipe())["optimizer"]["betas"] == (0.9, 0.999)
