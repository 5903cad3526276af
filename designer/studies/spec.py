"""What a study is: what varies, how candidates are found, how each is trained and compared.

It is plain data, written once as ``study.json`` when the study begins. Tables of the samplers and
the goals stand in `designer.studies.samplers` and `designer.studies.goals`.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from designer.studies.protocols import Protocol

Scalar: TypeAlias = str | int | float | bool | None
Choice: TypeAlias = Any
"""A value of a setting or argument: a `Scalar`, or a list of them for several values."""


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers from `low` to `high`, both included.

    Attributes
    ----------
    low, high
        The ends.
    whole
        Whether only whole numbers are meant.
    log
        Whether equal ratios, and not equal differences, are equally likely.
    step
        The distance of neighboring values from `low` on; None for all numbers, or all whole ones.
    points
        How many values a grid takes; None for the number that suits the range.
    """

    low: float
    high: float
    whole: bool = False
    log: bool = False
    step: float | None = None
    points: int | None = None


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of a field that stands for several changes at once.

    Attributes
    ----------
    title
        Its name in tables and plots, such as "with dropout".
    design
        The file name of its design within the study's folder; empty for the study's own design.
    changes
        Values by the names of fields, as in `Varied.name`.
    """

    title: str
    design: str = ""
    changes: Mapping[str, Choice] = {}


class Varied(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that varies: with values, a range, or variants, exactly one of them.

    Attributes
    ----------
    name
        A setting of the recipe (``optimizer.learning_rate``), an argument of the design
        (``design.width``), a parameter of a node of it (``design.conv1.kernel_size``), or any word
        for variants (``network``).
    values
        The values.
    range
        The numbers between two ends.
    variants
        Named sets of changes.
    """

    name: str
    values: tuple[Choice, ...] = ()
    range: Range | None = None
    variants: tuple[Variant, ...] = ()


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that a candidate's network may cost; one beyond it is never trained.

    Attributes
    ----------
    parameters
        Weights and biases.
    macs
        Multiply-accumulates for one example.
    training_bytes
        Estimated memory of a training step with the candidate's batch, in bytes.
    file_bytes
        Size of the file of weights, in bytes.
    """

    parameters: float | None = None
    macs: float | None = None
    training_bytes: float | None = None
    file_bytes: float | None = None


class Pruning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a training is stopped before its end because it falls behind.

    Attributes
    ----------
    name
        ``none``, or a row of `designer.studies.pruning.PRUNERS`.
    warmup
        Epochs that each training is left alone.
    trials
        Trials that must have ended before any is stopped.
    """

    name: str = "none"
    warmup: int = 1
    trials: int = 4


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question: what to vary, and how to find out what it does.

    Attributes
    ----------
    format
        The version of this file.
    title
        Its name.
    question
        The question in one sentence; may be empty.
    varied
        The fields that vary.
    sampler
        How candidates are found: a row of `designer.studies.samplers.SAMPLERS`.
    goals
        What is compared, the most important one first: rows of `designer.studies.goals.GOALS`.
    protocol
        How often each candidate is trained, and on which parts of the data.
    budget
        What a candidate may cost.
    trials
        How many candidates are trained; None for all of a grid.
    seconds
        Time after which no further training begins; None for no limit.
    pruning
        Whether trainings that fall behind are stopped.
    seed
        Fixes the random candidates.
    parallel
        Trainings at once in each process that runs the study; 0 for as many as there are GPUs, or
        one where there is none.
    """

    format: int = 1
    title: str
    question: str = ""
    varied: tuple[Varied, ...] = ()
    sampler: str = "grid"
    goals: tuple[str, ...] = ("validation_accuracy",)
    protocol: Protocol = Protocol()
    budget: Budget = Budget()
    trials: int | None = None
    seconds: float | None = None
    pruning: Pruning = Pruning()
    seed: int = 0
    parallel: int = 1
