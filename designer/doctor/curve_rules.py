"""What the curves of a training say of it, while it goes on and once it has ended."""

from collections.abc import Iterable
from math import isfinite

from designer.analysis.assist.inputs import takes_picture, text_length
from designer.doctor.advice import Advice, Location, Remedy, setting
from designer.doctor.case import Case, Epoch, Record, Step, mean, value
from designer.doctor.changes import (
    insert_dropout,
    insert_norms,
    larger,
    regularizing,
    smaller,
    without_dropout,
)
from designer.recipe.augmentations import active
from designer.runs.layer_statistics import Measurement
from designer.runs.layer_warnings import warnings

_NEAR = 0.03  # of the loss of guessing: so close to it, a network has learned nothing
_DEAD_STEPS = (
    200  # so many steps after its warm-up a network that learns is below the loss of guessing
)
_DEAD_AT_END = 40  # steps of a whole training, after which it should be, too
_RISES = 0.1  # of the loss at the start: from such a rise on, it is no noise of small batches
_TOO_HIGH, _TOO_LOW = 1e-2, 1e-5  # of a step's change of the weights; about 1e-3 is usual
_SETTLED = 50  # steps after which a loss has left its beginning
_CURVED = 2.0  # a line whose two halves fall by less than this, compared, is straight
_WAITS = 0.5  # share of a step's time from which on the device waits for data
_WAIT_ROWS = 5  # logged steps that say so
_UNDER = {True: 0.6, False: 0.8}  # accuracy of a network that fits its data; with many classes
_MANY = 100  # classes
_GAP = 0.05  # of accuracy, between training and validation
_GROWS = 1.1  # the validation loss, compared with its lowest
_SINCE = 2  # epochs since then
_BETTER = 0.01  # of accuracy: so much better than in training is worth an explanation


def dead_start(case: Case) -> Iterable[Advice]:
    """Find a loss that stays where guessing puts it."""
    run, recipe, guessing = case.run, case.recipe, case.loss_of_guessing
    if run is None or recipe is None or guessing is None:
        return
    # The slow steps of a warm-up do not count, nor those of a rate that was set to almost nothing.
    peak = recipe.optimizer.learning_rate
    begun = next((each.step for each in run.steps if each.rate >= peak / 2), None)
    if begun is None:
        return
    if run.step - begun < (_DEAD_AT_END if run.ended_as_planned else _DEAD_STEPS):
        return
    recent = run.losses(max(begun / run.step, 0.5), 1)
    if not recent or abs(mean(recent) - guessing) > _NEAR * guessing:
        return
    measured = run.measurements[-1] if run.measurements else None
    what = f"ln({case.classes})" if recipe.loss.name == "cross_entropy" else "ln(2)"
    seen = "; ".join([_where(measured)] if measured is not None else [])
    ratio = _update_ratio(run)
    rate = recipe.optimizer.learning_rate
    faster = ratio is not None and ratio < 1e-4
    changed = 10 * rate if faster else rate / 10
    yield Advice(
        sentence=f"The loss stays at {what}, which is that of guessing: the network has learned "
        f"nothing yet.{' ' * bool(seen)}{seen}",
        evidence=f"The mean loss of the last {len(recent):,} logged steps is {mean(recent):.4f}, "
        f"and {what} is {guessing:.4f}; step {run.step:,}.",
        remedies=(
            *setting(
                recipe, f"set the learning rate to {changed:.3g}", optimizer__learning_rate=changed
            ),
            *setting(recipe, "use Kaiming's initialization", initialization__name="kaiming_normal"),
            *insert_norms(case),
        ),
        location=Location(_first_path(measured)),
    )


_SPREADING = ("activations-vanish", "gradients-vanish", "dead", "saturated")


def _spread(measured: Measurement | None) -> list[tuple[str, str]]:
    """Return sentence and path of what stops a network from learning, by its layers."""
    found = warnings(measured) if measured is not None else []
    rank = {key: number for number, key in enumerate(_SPREADING)}
    kept = sorted((each for each in found if each.key in rank), key=lambda each: rank[each.key])
    return [(each.sentence, each.path) for each in kept]


def _where(measured: Measurement) -> str:
    found = _spread(measured)
    if found:
        return found[0][0]
    return "Neither activations nor gradients vanish on their way."


def _first_path(measured: Measurement | None) -> str:
    found = _spread(measured)
    return found[0][1] if found else ""


def _update_ratio(run: Record) -> float | None:
    """Return how much a step changes the weights: the median over the layers where measured."""
    rows = run.measurements[-1].main("weight").values() if run.measurements else ()
    ratios = sorted(each.update_ratio for each in rows if each.update_ratio)
    if ratios:
        return ratios[len(ratios) // 2]
    return run.steps[-1].update_ratio if run.steps else None


def diverging(case: Case) -> Iterable[Advice]:
    """Find a loss that is no longer finite, or far above that of the start."""
    run, recipe = case.run, case.recipe
    if run is None or recipe is None or not run.steps:
        return
    result, start = run.result, case.loss_at_start
    if result is not None and result.status == "diverged":
        evidence = result.message or "Its loss is no longer a number."
    else:
        recent = run.losses(0.8, 1)
        finite = [each for each in recent if isfinite(each)]
        grown = start is not None and len(finite) >= 2 and min(finite) > 3 * start
        if not grown:
            return
        evidence = f"The last {len(finite):,} logged losses are {min(finite):.3g} and more; at "
        evidence += f"the start it was about {start:.3g}."
    yield Advice(
        sentence="The training diverges: each step makes the loss larger.",
        evidence=evidence,
        remedies=(*_slower(case), *_clipped(case), *_warmed_up(case)),
    )


def rate_too_high(case: Case) -> Iterable[Advice]:
    """Find a loss that rises while steps change the weights by more than a hundredth."""
    run, start = case.run, case.loss_at_start
    if run is None or start is None or len(run.steps) < 8:
        return
    ratio = _update_ratio(run)
    quarters = [run.losses(share / 4, (share + 1) / 4) for share in range(4)]
    if ratio is None or ratio <= _TOO_HIGH or not all(quarters):
        return
    means = [mean(each) for each in quarters]
    lowest, now = min(means[:3]), means[3]
    limit = lowest + _RISES * start
    best = means.index(lowest)
    rate = next(each.rate for each in run.steps if each.step > best / 4 * run.step)
    if run.steps[-1].rate > rate:  # a warm-up: it may cost some of what was learned
        limit = max(limit, start)
    if now < limit:
        return
    yield Advice(
        sentence="The learning rate is too high: the loss rises, since steps jump over what they "
        "look for.",
        evidence=f"The mean loss rose from {lowest:.3g} to {now:.3g}, and a step changes the "
        f"weights by {ratio:.2g} of their norm; about 0.001 is usual.",
        remedies=(*_slower(case), *_warmed_up(case), *_clipped(case)),
    )


def rate_too_low(case: Case) -> Iterable[Advice]:
    """Find a loss that falls in a straight line while steps hardly change the weights."""
    run, start, recipe = case.run, case.loss_at_start, case.recipe
    if run is None or start is None or recipe is None:
        return
    if run.step < _SETTLED or _spread(run.measurements[-1] if run.measurements else None):
        return  # what does not get through the layers is no matter of the rate
    ratio = _update_ratio(run)
    # At the beginning of a warm-up and at the end of a schedule steps are small on purpose.
    peak = recipe.optimizer.learning_rate
    if ratio is None or ratio >= _TOO_LOW or run.steps[-1].rate < peak / 2:
        return
    # Means of epochs have less noise than those of single batches.
    losses = [each.train_loss for each in run.epochs]
    if len(losses) < 3:
        losses = [mean(run.losses(share / 3, (share + 1) / 3) or [start]) for share in range(3)]
    first, middle, last = losses[0], losses[len(losses) // 2], losses[-1]
    straight = first - middle < _CURVED * max(middle - last, 0.0) + 1e-3 * start
    if last < start / 2 or not straight:
        return
    faster = 10 * recipe.optimizer.learning_rate
    yield Advice(
        sentence="The learning rate is too low: the weights hardly change, and the loss falls "
        "slowly in a straight line, if at all.",
        evidence=f"A step changes the weights by {ratio:.2g} of their norm, about 0.001 is usual; "
        f"the mean loss was {first:.4g} at first and is {last:.4g} after {run.step:,} steps.",
        remedies=setting(
            recipe, f"set the learning rate to {faster:.3g}", optimizer__learning_rate=faster
        ),
    )


def underfitting(case: Case) -> Iterable[Advice]:
    """Find a network that is bad even at the examples that it was trained on."""
    run, recipe = case.run, case.recipe
    if run is None or recipe is None or not run.ended_as_planned or not run.epochs:
        return
    last = run.epochs[-1]
    if last.train_accuracy is None:
        return
    if case.analysis is not None and text_length(case.analysis):
        return  # nobody knows the next token of every text
    # Augmentation and dropout make training harder than it is: the better of both counts.
    accuracy = max(last.train_accuracy, last.validation_accuracy or 0.0)
    needed = _UNDER[case.classes > _MANY]
    if accuracy >= needed:
        return
    off = type(recipe.augmentation)()
    changed = [row.settings[0] for row in active(recipe.augmentation)]
    plain = {f"augmentation__{name}": getattr(off, name) for name in changed}
    decay = recipe.optimizer.weight_decay
    things = "images" if _takes_picture(case) else "examples"
    wrong = 100 * (1 - last.train_accuracy)
    yield Advice(
        sentence=f"The network underfits: it is bad even at the {things} that it was trained on.",
        evidence=f"{wrong:.1f} % of the training {things} are wrong after "
        f"{last.epoch:,} {'epoch' if last.epoch == 1 else 'epochs'}, at a loss of "
        f"{last.train_loss:.3g}.",
        remedies=(
            *larger(case),
            *setting(recipe, "train twice as long", epochs=2 * recipe.epochs),
            *_faster(case),
            *without_dropout(case),
            *setting(recipe, "end the augmentation", **plain),
            *setting(recipe, "end the weight decay", optimizer__weight_decay=0.0) * (decay > 1e-3),
            *setting(recipe, "standardize the pictures", data__preprocessing="standardize"),
            *insert_norms(case),
        ),
    )


def _faster(case: Case) -> tuple[Remedy, ...]:
    assert case.recipe is not None
    rate = 3 * case.recipe.optimizer.learning_rate
    return (
        *setting(
            case.recipe, f"raise the learning rate to {rate:.3g}", optimizer__learning_rate=rate
        ),
        *setting(case.recipe, "use Adam", optimizer__name="adam"),
    )


def overfitting(case: Case) -> Iterable[Advice]:
    """Find a network that gets better at its training images and worse at others."""
    run, recipe = case.run, case.recipe
    if run is None or recipe is None:
        return
    known = [each for each in run.epochs if each.validation_loss is not None]
    if not known:
        return
    last, best = known[-1], min(known, key=lambda each: each.validation_loss or 0.0)
    assert last.validation_loss is not None
    assert best.validation_loss is not None
    grown = last.validation_loss >= _GROWS * best.validation_loss
    if last.epoch < best.epoch + _SINCE or not grown or last.train_loss >= best.train_loss:
        return
    gap = _gap(last)
    if gap is not None and gap < _GAP:
        return
    things = "images" if _takes_picture(case) else "examples"
    gap_words = "" if gap is None else f"; accuracy differs by {100 * gap:.1f} points"
    yield Advice(
        sentence=f"The network overfits: it still gets better at the training {things}, but worse "
        f"at those of the validation. More training {things} would help, too.",
        evidence=f"Since epoch {best.epoch:,} the validation loss rose from "
        f"{best.validation_loss:.3g} to {last.validation_loss:.3g}, while the training loss fell "
        f"from {best.train_loss:.3g} to {last.train_loss:.3g}{gap_words}.",
        remedies=(
            *insert_dropout(case),
            *regularizing(recipe, pictures=_takes_picture(case)),
            *smaller(case),
        ),
    )


def _gap(epoch: Epoch) -> float | None:
    if epoch.train_accuracy is None or epoch.validation_accuracy is None:
        return None
    return epoch.train_accuracy - epoch.validation_accuracy


_NOISY = (
    "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "StochasticDepth",
    "NormalNoise",
    "DropConnect", "DropPathMean",
    "StochasticPool2d", "FractionalMaxPool2d",
)  # fmt: skip


def validation_better(case: Case) -> Iterable[Advice]:
    """Find validation that is better than training, since only training is made harder."""
    run, recipe, network = case.run, case.recipe, case.network
    if run is None or recipe is None or network is None or len(run.epochs) < 2:
        return
    last = run.epochs[-1]
    gap, smoothing = _gap(last), recipe.loss.label_smoothing
    accurate = gap is not None and gap <= -_BETTER
    lower = last.validation_loss is not None and last.validation_loss < last.train_loss / _GROWS
    reasons = _harder(case) if accurate or lower else []
    # Smoothed labels raise the loss, and change no accuracy.
    if smoothing and lower:
        reasons.append("the labels are smoothed")
    if not reasons or last.validation_loss is None:
        return
    evidence = f"Loss in epoch {last.epoch:,}: {last.train_loss:.3g} in training, "
    evidence += f"{last.validation_loss:.3g} in validation."
    if accurate:
        assert last.train_accuracy is not None
        assert last.validation_accuracy is not None
        evidence = f"Accuracy in epoch {last.epoch:,}: {100 * last.train_accuracy:.1f} % in "
        evidence += f"training, {100 * last.validation_accuracy:.1f} % in validation."
    yield Advice(
        sentence=f"Validation is better than training, as it should be: {_and(reasons)} in "
        "training only.",
        evidence=evidence,
        severity="explanation",
    )


def _harder(case: Case) -> list[str]:
    """Return what makes training harder than validation, in clauses."""
    assert case.recipe is not None
    assert case.network is not None
    places = case.network.places
    noisy = next((each for each in places if each.type in _NOISY and _is_on(each.layer)), None)
    mixed = [name for name in ("mixup", "cutmix") if value(case.recipe, f"augmentation.{name}")]
    reasons = [f"{noisy.path} ({noisy.type}) drops values at random"] if noisy is not None else []
    if mixed:
        reasons.append(f"{' and '.join(mixed)} mixes images and classes")
    elif case.recipe.augmentation.active:
        reasons.append("augmentation changes the images")
    return reasons


def _is_on(layer: object) -> bool:
    return bool(getattr(layer, "p", getattr(layer, "drop_path", 1.0)))


def _and(words: list[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def waits_for_data(case: Case) -> Iterable[Advice]:
    """Find a device that waits for its next batch most of the time."""
    run, recipe = case.run, case.recipe
    if run is None or recipe is None:
        return
    timed = [each for each in run.steps if each.step > _WAIT_ROWS and _is_timed(each)]
    timed = timed[-10 * _WAIT_ROWS :]
    if len(timed) < _WAIT_ROWS:
        return
    data = sum(each.data_seconds or 0.0 for each in timed)
    others = sum(each.other_seconds or 0.0 for each in timed)
    share = data / (data + others) if data + others > 0 else 0.0
    if share <= _WAITS:
        return
    yield Advice(
        sentence="The device waits for data: reading, decoding and augmenting the images takes "
        "longer than the network.",
        evidence=f"{100 * share:.0f} % of the time of a step is spent on its data, "
        f"{1000 * data / len(timed):.3g} ms of {1000 * (data + others) / len(timed):.3g} ms.",
        remedies=(
            *setting(recipe, "decode with all cores", data__workers=None),
            *setting(recipe, "store decoded pictures on disk", data__cache="always"),
        ),
    )


def _is_timed(step: Step) -> bool:
    return step.data_seconds is not None and step.other_seconds is not None


# Remedies of several rules


def _slower(case: Case) -> tuple[Remedy, ...]:
    assert case.recipe is not None
    rate = case.recipe.optimizer.learning_rate / 3
    label = f"lower the learning rate to {rate:.3g}"
    return setting(case.recipe, label, optimizer__learning_rate=rate)


def _clipped(case: Case) -> tuple[Remedy, ...]:
    assert case.recipe is not None
    if case.recipe.gradient_clipping is not None:
        return ()
    return setting(case.recipe, "clip the gradients at a norm of 1", gradient_clipping=1.0)


def _warmed_up(case: Case) -> tuple[Remedy, ...]:
    recipe = case.recipe
    assert recipe is not None
    if recipe.schedule.warmup_epochs or "warmup_epochs" not in _schedule_settings(case):
        return ()
    return setting(recipe, "warm up for one epoch", schedule__warmup_epochs=1)


def _schedule_settings(case: Case) -> tuple[str, ...]:
    assert case.recipe is not None
    schedule = case.recipe.schedule
    return tuple(type(schedule).kinds[schedule.name].settings)


def goes_well(case: Case) -> bool:
    """Tell whether the loss is clearly below that of the start: then layers may be as they are."""
    run, start = case.run, case.loss_at_start
    if run is None or start is None:
        return False
    recent = run.losses(0.9, 1) or run.losses(0, 1)
    return bool(recent) and mean(recent) < 0.7 * start


def next_step(case: Case) -> str:
    """Return what a finished run would try next, where nothing is against it; "" for nothing."""
    run = case.run
    if run is None or not run.ended_as_planned or not run.epochs:
        return ""
    return _next_of(run, pictures=_takes_picture(case))


def _next_of(run: Record, *, pictures: bool) -> str:
    known = [each for each in run.epochs if each.validation_loss is not None]
    if not known:
        return ""
    best = min(known, key=lambda each: each.validation_loss or 0.0)
    last = known[-1]
    if len(run.epochs) == 1:
        return "One epoch shows little: train on, or begin again with more epochs."
    if best.epoch == last.epoch and len(known) > 1:
        return (
            f"The validation loss was lowest in the last epoch ({last.epoch:,}): more epochs would "
            "go on lowering it. Train on, or begin again with twice as many."
        )
    gap = _gap(last)
    if gap is not None and gap > _GAP / 2:
        remedy = "augmentation or more images" if pictures else "a regularizer or more examples"
        return (
            f"Training is {100 * gap:.1f} points more accurate than validation: {remedy} would "
            "help next."
        )
    return (
        "Training and validation are about equal, and the loss no longer falls: a larger network "
        "would help next."
    )


def _takes_picture(case: Case) -> bool:
    """Tell whether the network takes a picture; so it is taken while it is not known."""
    return case.analysis is None or takes_picture(case.analysis)
