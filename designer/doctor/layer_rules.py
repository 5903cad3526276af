"""What the statistics of the layers say of a training, where it does not go well."""

from collections.abc import Iterable

from designer.doctor.advice import Advice, Location, Remedy, setting
from designer.doctor.case import Case
from designer.doctor.changes import insert_norms, leaky
from designer.doctor.curve_rules import goes_well
from designer.doctor.design_rules import plural
from designer.runs.layer_warnings import LayerWarning, warnings, written

_LASTING = 3
"""Measurements in a row that show something which lasts."""
_SETTLED = 50  # steps after which a network has left its initial state


def _lasting(case: Case, keys: tuple[str, ...]) -> list[LayerWarning]:
    """Return the warnings of some rules that each of the newest measurements shows.

    A layer that is suspicious hurts nothing while the network learns well: then there are none.
    """
    run = case.run
    if run is None or goes_well(case):
        return []
    measured = [each for each in run.measurements if each.step >= _SETTLED][-_LASTING:]
    if len(measured) < _LASTING:
        return []
    shown = [
        {(each.key, each.path): each for each in warnings(one) if each.key in keys}
        for one in measured
    ]
    keys_always = set.intersection(*[{key for key, _ in each} for each in shown])
    return [each for (key, _), each in shown[-1].items() if key in keys_always]


def gradients(case: Case) -> Iterable[Advice]:
    """Find gradients that vanish or explode on their way back."""
    recipe = case.recipe
    for found in _lasting(case, ("gradients-vanish", "gradients-explode"))[:1]:
        remedies: tuple[Remedy, ...] = ()
        if recipe is not None and found.key == "gradients-explode":
            remedies = setting(recipe, "clip the gradients at a norm of 1", gradient_clipping=1.0)
        if recipe is not None:
            remedies += setting(
                recipe, "use Kaiming's initialization", initialization__name="kaiming_normal"
            )
        sentence, _, figures = found.sentence.partition(": ")
        yield Advice(
            sentence=f"{sentence} towards the first layers. {found.remedy}",
            evidence=f"{figures[:1].upper()}{figures[1:]}",
            remedies=(*insert_norms(case), *remedies),
            location=Location(found.path),
        )


def dead_units(case: Case) -> Iterable[Advice]:
    """Find units that are zero for every image, in layers such as ReLU."""
    found = _lasting(case, ("dead",))
    if not found:
        return
    first, recipe = found[0], case.recipe
    remedies: tuple[Remedy, ...] = ()
    if recipe is not None:
        rate = recipe.optimizer.learning_rate / 3
        remedies = (
            *setting(
                recipe,
                f"lower the learning rate to {rate:.3g}",
                optimizer__learning_rate=rate,
            ),
            *setting(recipe, "use Kaiming's initialization", initialization__name="kaiming_normal"),
        )
    others = f" The same holds for {plural(len(found) - 1, 'more layer')}." * (len(found) > 1)
    assert case.run is not None
    share = case.run.measurements[-1].main("activation")[first.path].dead
    yield Advice(
        sentence=f"Most units of {first.path} are dead: they are zero for every image, so that "
        f"they get no gradient and stay so. {first.remedy}",
        evidence=f"{written('dead', share or 0.0)} of its units at step "
        f"{case.run.measurements[-1].step:,}, and most in the measurements before.{others}",
        remedies=(*remedies, *leaky(case, [each.path for each in found])),
        location=Location(first.path),
    )
