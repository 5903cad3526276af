import msgspec
import pytest
import torch
from torch.optim import lr_scheduler

from designer.engine.schedules import LearningRate
from designer.recipe.recipe import fields
from designer.recipe.schedules import SCHEDULES, Schedule, position, rate_at
from designer.recipe.typed_rates import typed_rate
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


CASES = {
    "constant": [
        ({}, lambda o: lr_scheduler.ConstantLR(o, 1.0), 1),
        ({"warmup_epochs": 2.0}, lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 9), 1),
    ],
    "step": [
        (
            {"step_epochs": 2, "factor": 0.5},
            lambda o: lr_scheduler.StepLR(o, 2, 0.5),
            PER_EPOCH,
        )
    ],
    "milestones": [
        (
            {"milestones": (2, 3, 6), "factor": 0.5},
            lambda o: lr_scheduler.MultiStepLR(o, [2, 3, 6], 0.5),
            PER_EPOCH,
        )
    ],
    "linear": [
        (
            {"minimum": 0.03},
            lambda o: lr_scheduler.LinearLR(o, 1.0, 0.1, STEPS),
            1,
        )
    ],
    "exponential": [
        (
            {"epoch_factor": 0.7},
            lambda o: lr_scheduler.ExponentialLR(o, 0.7 ** (1 / PER_EPOCH)),
            1,
        )
    ],
    "inverse_square_root": [
        (
            # The factor of "Attention is all you need", section 5.3, peaking at 1.
            {"warmup_epochs": 2.0},
            lambda o: lr_scheduler.LambdaLR(
                o, lambda s: 10**0.5 * min((s + 1) / 10**1.5, max(s, 1) ** -0.5)
            ),
            1,
        ),
        ({}, lambda o: lr_scheduler.LambdaLR(o, lambda s: (1 + s / PER_EPOCH) ** -0.5), 1),
    ],
    "cosine": [({"minimum": 0.01}, lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, 0.01), 1)],
    "cosine_restarts": [
        (
            {"restart_epochs": epochs, "restart_factor": factor, "minimum": 0.01},
            lambda o, epochs=epochs, factor=factor: lr_scheduler.CosineAnnealingWarmRestarts(
                o, epochs * PER_EPOCH, factor, 0.01
            ),
            1,
        )
        for epochs, factor in ((1, 1), (2, 1), (1, 2), (2, 3))
    ],
    "one_cycle": [
        (
            {"rise": rise},
            lambda o, rise=rise: lr_scheduler.OneCycleLR(
                o, BASE, STEPS, pct_start=rise, cycle_momentum=False
            ),
            1,
        )
        for rise in (0.2, 0.3, 0.9)
    ],
    "cyclic": [
        (
            {"cycle_epochs": 2.4, "minimum": 0.05},
            lambda o: lr_scheduler.CyclicLR(o, 0.05, BASE, 6, cycle_momentum=False),
            1,
        )
    ],
    "reduce_on_plateau": [],  # which has a test of its own
}


def test_every_row_has_a_case():
    assert list(CASES) == list(SCHEDULES)


@pytest.mark.parametrize(
    ("name", "number"), [(name, i) for name, cases in CASES.items() for i in range(len(cases))]
)
def test_rates_equal_torch(name, number):
    settings, make, every = CASES[name][number]
    ours = rate(name=name, **settings)
    expected = torch_rates(make, every=every)
    assert [ours.at(step) for step in range(STEPS)] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("rise", [0.2, 0.5])
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_momentum_cycles_as_torch_has_it(kind, rise):
    settings = {"momentum": 0.9} if kind == "SGD" else {}
    optimizer = getattr(torch.optim, kind)([torch.zeros(1)], lr=BASE, **settings)
    schedule = lr_scheduler.OneCycleLR(optimizer, BASE, STEPS, pct_start=rise)
    ours = rate(name="one_cycle", rise=rise, cycle_momentum=True)
    for step in range(STEPS):
        group = optimizer.param_groups[0]
        expected = group["momentum"] if kind == "SGD" else group["betas"][0]
        assert ours.momentum_at(step) == pytest.approx(expected, rel=1e-6)
        assert ours.at(step) == pytest.approx(group["lr"], rel=1e-6)
        optimizer.step()
        if step < STEPS - 1:
            schedule.step()


@pytest.mark.parametrize("name", SCHEDULES)
def test_momentum_stays_where_it_does_not_cycle(name):
    assert rate(name=name).momentum_at(3) is None
    cycles = rate(name=name, cycle_momentum=True).momentum_at(3) is not None
    assert cycles == ("cycle_momentum" in SCHEDULES[name].settings)


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


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("step", [0, 3, 12, STEPS - 1])
def test_a_typed_rate_is_that_of_the_next_step_and_the_schedule_goes_on_scaled(name, step):
    ours, plain = (rate(name=name, warmup_epochs=1.0, minimum=0.001) for _ in range(2))
    words = ours.set(0.07, step=step)
    assert ours.at(step) == pytest.approx(0.07)
    assert ours.by_hand is None
    factor = 0.07 / plain.at(step)
    later = [ours.at(each) for each in range(step, STEPS)]
    assert later == pytest.approx([factor * plain.at(each) for each in range(step, STEPS)])
    if max(later) > 0.0701:
        epoch = (step + later.index(max(later))) // PER_EPOCH + 1
        assert words.endswith(f"it will peak at {max(later):.3g} in epoch {epoch}.")
    else:
        assert "peak" not in words
    assert_restored(ours)
    ours.set(0.02, step=step)  # not from the scaled schedule
    assert ours.at(step) == pytest.approx(0.02)
    ours.follow_schedule()
    assert [ours.at(each) for each in range(STEPS)] == [plain.at(each) for each in range(STEPS)]


def test_the_peak_after_a_rate_typed_early_in_a_warm_up_is_said():
    ours = rate(name="cosine", warmup_epochs=3.0)
    words = ours.set(0.1, step=0)
    assert words == "The schedule goes on scaled: it will peak at 1.5 in epoch 3."
    assert ours.at(14) == pytest.approx(1.5)


def test_where_the_schedule_is_at_zero_a_typed_rate_is_held():
    ours = rate(name="cyclic", cycle_epochs=2.0)
    assert "cannot be scaled: the rate is held" in ours.set(0.1, step=10)
    assert [ours.at(step) for step in range(STEPS)] == [0.1] * STEPS


@pytest.mark.parametrize(
    ("name", "words"),
    [("constant", "goes on from this rate"), ("linear", "it will not rise above this rate")],
)
def test_a_schedule_without_a_later_peak_says_so(name, words):
    assert words in rate(name=name).set(0.1, step=2)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_peak_of_a_long_training_is_found(name):
    schedule = Schedule(name=name, warmup_epochs=7.3, minimum=0.001)
    at = position(schedule, base=BASE, step=17, epochs=30, steps_per_epoch=997)
    found = typed_rate(schedule, at, 0.2)
    steps = range(17, 29_910)
    rates = [rate_at(schedule, msgspec.structs.replace(at, step=each)) for each in steps]
    assert found.peak == pytest.approx(0.2 * max(rates) / rates[0], rel=1e-9)
    assert found.peak_step == 17 + rates.index(max(rates))


def test_a_typed_rate_and_a_scale_come_together():
    ours, plain = (rate(name="one_cycle") for _ in range(2))
    ours.scale(0.5)
    ours.set(0.3, step=4)
    assert ours.at(4) == pytest.approx(0.3)
    ours.follow_schedule()
    assert ours.at(4) == pytest.approx(0.5 * plain.at(4))


def test_a_rate_that_is_held_holds_and_survives():
    ours = rate(name="cosine", warmup_epochs=3.0)
    ours.hold(50.0)
    assert [ours.at(step) for step in range(STEPS)] == [50.0] * STEPS
    assert_restored(ours)


def test_the_schedule_is_followed_again():
    ours, plain = (rate(name="one_cycle") for _ in range(2))
    ours.hold(1.0)
    ours.follow_schedule()
    assert [ours.at(step) for step in range(STEPS)] == [plain.at(step) for step in range(STEPS)]
    assert_restored(ours)


def test_a_scaled_schedule_stays_a_schedule():
    ours, plain = (rate(name="one_cycle") for _ in range(2))
    ours.scale(0.5)
    assert [ours.at(step) for step in range(STEPS)] == [
        0.5 * plain.at(step) for step in range(STEPS)
    ]
    ours.hold(1.0)
    ours.scale(0.5)
    assert ours.at(0) == 0.5
    assert_restored(ours)


def test_no_plateau_is_counted_while_the_schedule_is_off():
    ours = rate(name="reduce_on_plateau", patience=0, factor=0.1)
    ours.hold(1.0)
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
    ours.hold(1.0)
    other = LearningRate(
        Schedule(name="constant"), base=0.01, epochs=EPOCHS, steps_per_epoch=PER_EPOCH
    )
    other.restore(ours.state())
    assert other.at(0) == 0.01
    ours.set(2.0, step=0)
    other.restore(ours.state())
    assert other.at(0) == 0.01


def test_a_checkpoint_from_before_rates_scaled_the_schedule_is_read():
    ours = rate(name="cosine")
    before = {"scale": 1.0, "reduction": 1.0, "lowest": 0.5, "bad_epochs": 0, "base": BASE}
    ours.restore({**before, "by_hand": 0.2})
    assert ours.at(10) == 0.2


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
        rates.append((ours.at(step), ours.momentum_at(step)))
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
    # Else longer than the training.
    short = {"patience": 1, "step_epochs": 2, "milestones": (2.0,), "restart_epochs": 2.0}
    other = {**short, field.own_name: another_value(field)}
    if field.own_name in ("patience", "step_epochs"):
        other[field.own_name] = short[field.own_name] + 1
    changes = plan(name=name, **short) != plan(name=name, **other)
    assert changes == field.used_with(name)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rate_lies_between_nothing_and_the_base(name):
    assert all(0 <= each <= BASE for each, _ in plan(name=name))
