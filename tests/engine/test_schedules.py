import pytest
import torch
from torch.optim import lr_scheduler

from designer.engine.schedules import LearningRate
from designer.recipe.recipe import fields
from designer.recipe.schedules import SCHEDULES, Schedule
from tests.recipe.alternatives import another_value

EPOCHS, PER_EPOCH, BASE = 7, 5, 0.3
STEPS = EPOCHS * PER_EPOCH


def rate(**fields):
    return LearningRate(Schedule(**fields), base=BASE, epochs=EPOCHS, steps_per_epoch=PER_EPOCH)


def torch_rates(make, *, every=1):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    schedule = make(optimizer)
    rates = []
    for step in range(1, STEPS + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step % every == 0 and step < STEPS:
            schedule.step()
    return rates


@pytest.mark.parametrize(
    ("fields", "make", "every"),
    [
        (
            {"name": "step", "step_epochs": 2, "factor": 0.5},
            lambda o: lr_scheduler.StepLR(o, 2, 0.5),
            PER_EPOCH,
        ),
        (
            {"name": "cosine", "minimum": 0.01},
            lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, 0.01),
            1,
        ),
        *(
            (
                {"name": "one_cycle", "rise": rise},
                lambda o, rise=rise: lr_scheduler.OneCycleLR(
                    o, BASE, STEPS, pct_start=rise, cycle_momentum=False
                ),
                1,
            )
            for rise in (0.2, 0.3, 0.9)
        ),
        ({"name": "constant"}, lambda o: lr_scheduler.ConstantLR(o, 1.0), 1),
        (
            {"name": "constant", "warmup_epochs": 2.0},
            lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 9),
            1,
        ),
    ],
)
def test_rates_equal_torch(fields, make, every):
    ours = rate(**fields)
    assert [ours.at(step) for step in range(STEPS)] == pytest.approx(torch_rates(make, every=every))


def test_reduce_on_plateau_equals_torch():
    losses = [1.0, 0.9, 0.9, 0.89999, 0.95, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    ours = rate(name="reduce_on_plateau", patience=1, factor=0.1, minimum=0.001)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=1, min_lr=0.001)
    for loss in losses:
        ours.epoch_ended(loss)
        theirs.step(loss)
        assert ours.at(0) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_warm_up_comes_before_the_cosine():
    ours = rate(name="cosine", warmup_epochs=1.0)
    assert ours.at(0) == pytest.approx(BASE / PER_EPOCH)
    assert ours.at(PER_EPOCH - 1) == pytest.approx(BASE)
    assert ours.at(PER_EPOCH) == pytest.approx(BASE)
    assert ours.at(STEPS - 1) < 0.01 * BASE


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("epochs", [1, 2])
def test_the_shortest_trainings_have_a_rate(name, epochs):
    ours = LearningRate(Schedule(name=name), base=BASE, epochs=epochs, steps_per_epoch=1)
    assert all(0 <= ours.at(step) <= BASE for step in range(epochs + 1))


def test_a_rate_set_by_hand_holds_and_survives():
    ours = rate(name="cosine", warmup_epochs=3.0)
    ours.set(50.0)
    assert [ours.at(step) for step in range(STEPS)] == [50.0] * STEPS
    assert_restored(ours)


def test_the_schedule_is_followed_again():
    ours, plain = (rate(name="one_cycle") for _ in range(2))
    ours.set(1.0)
    ours.follow_schedule()
    assert [ours.at(step) for step in range(STEPS)] == [plain.at(step) for step in range(STEPS)]
    assert_restored(ours)


def test_a_scaled_schedule_stays_a_schedule():
    ours, plain = (rate(name="one_cycle") for _ in range(2))
    ours.scale(0.5)
    assert [ours.at(step) for step in range(STEPS)] == [
        0.5 * plain.at(step) for step in range(STEPS)
    ]
    ours.set(1.0)
    ours.scale(0.5)
    assert ours.at(0) == 0.5
    assert_restored(ours)


def test_no_plateau_is_counted_while_the_schedule_is_off():
    ours = rate(name="reduce_on_plateau", patience=0, factor=0.1)
    ours.set(1.0)
    for _ in range(5):
        ours.epoch_ended(1.0)
    assert ours.at(0) == 1.0
    ours.follow_schedule()
    assert ours.at(0) == BASE


def test_a_checkpoint_of_a_rate_that_scaled_the_schedule_continues_so():
    ours = rate(name="cosine")
    ours.restore({"scale": 2.0, "reduction": 1.0, "lowest": 0.5, "bad_epochs": 0})
    assert ours.at(10) == 2.0 * rate(name="cosine").at(10)


def test_another_rate_in_the_recipe_replaces_the_one_set_by_hand():
    ours = rate(name="constant")
    ours.set(1.0)
    other = LearningRate(
        Schedule(name="constant"), base=0.01, epochs=EPOCHS, steps_per_epoch=PER_EPOCH
    )
    other.restore(ours.state())
    assert other.at(0) == 0.01


def assert_restored(ours):
    """Compare the rates with those of another object that was given the state."""
    again = LearningRate(ours._schedule, base=BASE, epochs=EPOCHS, steps_per_epoch=PER_EPOCH)
    again.restore(ours.state())
    assert [again.at(step) for step in range(STEPS)] == [ours.at(step) for step in range(STEPS)]


def plan(**settings):
    """Return the rates of a training whose validation loss never falls."""
    ours = rate(**settings)
    rates = []
    for step in range(STEPS):
        rates.append(ours.at(step))
        if step % PER_EPOCH == PER_EPOCH - 1:
            ours.epoch_ended(1.0)
    return rates


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(
    "field",
    [field for field in fields().values() if field.group is Schedule and field.own_name != "name"],
    ids=lambda field: field.own_name,
)
def test_a_setting_has_an_effect_where_the_row_lists_it(name, field):
    short = {"patience": 1, "step_epochs": 2}  # else longer than the training
    other = {**short, field.own_name: another_value(field)}
    if field.own_name in short:
        other[field.own_name] = short[field.own_name] + 1
    changes = plan(name=name, **short) != plan(name=name, **other)
    assert changes == field.used_with(name)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rate_lies_between_nothing_and_the_base(name):
    assert all(0 <= each <= BASE for each in plan(name=name))
