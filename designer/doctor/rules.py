"""The table of conditions that the doctor knows; to add one, add a row and its function."""

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from designer.doctor import curve_rules, design_rules, layer_rules, training_rules
from designer.doctor.advice import Advice, When
from designer.doctor.case import Case


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A condition.

    Attributes
    ----------
    key
        Its name in files and on the command line, by which it is silenced.
    title
        Its name for people.
    when
        When it can be seen. What is seen while a network trains is also seen once it has ended.
    unless
        Keys of conditions before it that explain it: where one of them is seen, it is not said.
    find
        Returns what there is to say of a case; nothing where the case lacks what it needs.
    """

    key: str
    title: str
    when: When
    unless: tuple[str, ...] = ()
    find: Callable[[Case], Iterable[Advice]]


_ROWS = (
    Rule(
        key="no-activation",
        title="No activation between two layers",
        when="before",
        find=design_rules.no_activation,
    ),
    Rule(
        key="activation-before-loss",
        title="Softmax or sigmoid before a loss that has it built in",
        when="before",
        find=design_rules.activation_before_loss,
    ),
    Rule(
        key="bias-before-norm",
        title="Bias before a batch norm",
        when="before",
        find=design_rules.bias_before_norm,
    ),
    Rule(
        key="zero-weights",
        title="Weights that begin equal",
        when="before",
        find=design_rules.zero_weights,
    ),
    Rule(
        key="dropout-before-norm",
        title="Dropout before a batch norm",
        when="before",
        find=design_rules.dropout_before_norm,
    ),
    Rule(
        key="batch-of-one",
        title="Batch norm with a batch of one image",
        when="before",
        find=design_rules.batch_of_one,
    ),
    Rule(
        key="unscaled-pictures",
        title="Pictures that are not scaled",
        when="before",
        find=design_rules.unscaled_pictures,
    ),
    Rule(
        key="imbalance",
        title="Classes out of balance",
        when="before",
        find=training_rules.unbalanced_classes,
    ),
    Rule(
        key="batch-multiple",
        title="Batch that is no multiple of 8 on a GPU",
        when="before",
        find=training_rules.batch_no_multiple_of_8,
    ),
    Rule(key="memory", title="Not enough memory", when="before", find=training_rules.memory),
    Rule(key="leak", title="Equal images in two parts", when="while", find=training_rules.leak),
    Rule(
        key="few-steps",
        title="Too few steps for the batch",
        when="while",
        find=training_rules.too_few_steps,
    ),
    Rule(key="diverging", title="Diverging training", when="while", find=curve_rules.diverging),
    Rule(
        key="rate-too-low",
        title="Learning rate too low",
        when="while",
        find=curve_rules.rate_too_low,
    ),
    Rule(
        key="dead-start",
        title="Loss that stays where guessing puts it",
        when="while",
        unless=("diverging", "rate-too-low"),
        find=curve_rules.dead_start,
    ),
    Rule(
        key="rate-too-high",
        title="Learning rate too high",
        when="while",
        find=curve_rules.rate_too_high,
    ),
    Rule(
        key="gradients",
        title="Vanishing or exploding gradients",
        when="while",
        unless=("dead-start",),
        find=layer_rules.gradients,
    ),
    Rule(key="dead-units", title="Dead units", when="while", find=layer_rules.dead_units),
    Rule(
        key="waits-for-data",
        title="Device that waits for data",
        when="while",
        find=curve_rules.waits_for_data,
    ),
    Rule(key="overfitting", title="Overfitting", when="while", find=curve_rules.overfitting),
    Rule(
        key="validation-better",
        title="Validation better than training",
        when="while",
        find=curve_rules.validation_better,
    ),
    Rule(
        key="underfitting",
        title="Underfitting",
        when="after",
        unless=("dead-start", "rate-too-high", "rate-too-low", "gradients", "dead-units"),
        find=curve_rules.underfitting,
    ),
)

RULES: Mapping[str, Rule] = {row.key: row for row in _ROWS}
"""The conditions by their keys, in the order in which they are said."""


BEFORE: tuple[When, ...] = ("before",)
"""When a design and a recipe are examined that are not trained yet."""


def examine(
    case: Case,
    *,
    when: Collection[When] = ("before", "while", "after"),
    silenced: Collection[str] = (),
) -> tuple[Advice, ...]:
    """Return what the doctor has to say of a case.

    Parameters
    ----------
    case
        What is known.
    when
        Only conditions that are seen then.
    silenced
        Keys of conditions of which nothing is said.
    """
    found: dict[str, list[Advice]] = {}
    for rule in RULES.values():
        if rule.when in when and not found.keys() & rule.unless:
            said = [
                msgspec.structs.replace(each, key=rule.key, when=rule.when)
                for each in rule.find(case)
            ]
            if said:
                found[rule.key] = said
    return tuple([each for key, said in found.items() if key not in silenced for each in said])
