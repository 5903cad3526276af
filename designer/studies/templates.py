"""The ready-made studies: each asks one question of textbooks, on built-in data.

To add one, add a row to `TEMPLATES`. The welcome page, the Studies dock and the command
``netdesigner study templates`` follow.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from designer.errors import DesignerError
from designer.lessons import LessonDesign, load
from designer.studies.protocols import Protocol
from designer.studies.spec import Range, Study, Variant, Varied

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe

_COLORS = "shapes10"  # the built-in color pictures
_DIGITS = "mnist10k"  # the built-in digits
_LENET = {"": LessonDesign("design", "LeNet-5", "lenet5")}
_SEEDS = Protocol(name="repeats", repeats=3)


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A study that is begun with one press.

    Attributes
    ----------
    name
        On the command line.
    title
        What the welcome page calls it.
    question
        The question in one sentence.
    help
        What is trained, and what is seen, in one or two sentences.
    minutes
        About how long it takes on a processor with two cores.
    varied
        The fields that vary.
    recipe
        Settings of the recipe that differ from the defaults, by dotted names.
    designs
        The designs by the names of their files; "" is the study's own.
    protocol
        How often each candidate is trained.
    goals
        What is compared.
    """

    name: str
    title: str
    question: str
    help: str
    minutes: int
    varied: tuple[Varied, ...]
    recipe: Mapping[str, Any]
    designs: Mapping[str, LessonDesign] = msgspec.field(default_factory=lambda: _LENET)
    protocol: Protocol = _SEEDS
    goals: tuple[str, ...] = ("validation_accuracy", "seconds")

    def build(self) -> "tuple[Study, dict[str, Design], Recipe]":
        """Return the study, its designs by the names of their files, and its recipe.

        Raises
        ------
        DesignerError
            A file of the program is missing or damaged.
        """
        from designer.recipe.reading import changed
        from designer.recipe.recipe import Recipe

        study = Study(
            title=self.title,
            question=self.question,
            varied=self.varied,
            goals=self.goals,
            protocol=self.protocol,
        )
        designs = {name: load(each) for name, each in self.designs.items()}
        return study, designs, changed(Recipe(), self.recipe)


def _widths(title: str, factor: float) -> Variant:
    """Return LeNet-5 with so many times the channels and units."""
    usual = {"conv1.out_channels": 6, "conv2.out_channels": 16}
    usual |= {"fc1.out_features": 120, "fc2.out_features": 84}
    changes = {f"design.{name}": max(1, round(factor * n)) for name, n in usual.items()}
    return Variant(title=title, changes=changes)


_ROWS = (
    Template(
        name="batch_size",
        title="Batch size",
        question="What does the batch size do to accuracy and time?",
        help="LeNet-5 on 3,000 digits with batches of 8 to 512, all at one learning rate: large "
        "batches take fewer steps, and with as many epochs they get less far.",
        minutes=3,
        varied=(Varied(name="batch", values=(8, 32, 128, 512)),),
        recipe={"data.source": _DIGITS, "data.limit": 3000, "epochs": 5},
        goals=("validation_accuracy", "seconds", "steps"),
    ),
    Template(
        name="learning_rate",
        title="Learning rate",
        question="Which learning rate suits LeNet-5, and how much does it matter?",
        help="Seven rates from 0.001 to 1 with plain SGD: too low learns slowly, too high not at "
        "all.",
        minutes=3,
        varied=(
            Varied(
                name="optimizer.learning_rate", range=Range(low=0.001, high=1.0, log=True, points=7)
            ),
        ),
        recipe={
            "data.source": _DIGITS,
            "data.limit": 2000,
            "epochs": 4,
            "optimizer.name": "sgd",
            "optimizer.momentum": 0.9,
            "batch": 50,
        },
        goals=("validation_accuracy", "validation_loss"),
    ),
    Template(
        name="initialization",
        title="Initialization",
        question="Which initialization lets six tanh layers in a row learn?",
        help="The same network with its first weights zero, small, or scaled to the width of each "
        "layer: only what keeps activations in range learns well.",
        minutes=3,
        varied=(
            Varied(
                name="initialization.name",
                values=("zeros", "normal", "xavier_normal", "kaiming_normal", "orthogonal", "lsuv"),
            ),
        ),
        recipe={"data.source": _DIGITS, "data.limit": 2000, "epochs": 2, "batch": 50},
        designs={"": LessonDesign("design", "Six tanh layers", "tanh")},
        goals=("validation_accuracy", "validation_loss"),
    ),
    Template(
        name="depth",
        title="Depth and shortcuts",
        question="Is deeper better, and do shortcuts change that?",
        help="Networks of 8, 20 and 32 layers, plain and with shortcuts, on the built-in color "
        "pictures.",
        minutes=10,
        varied=(
            Varied(
                name="network",
                variants=(Variant(title="plain"), Variant(title="shortcuts", design="shortcuts")),
            ),
            Varied(name="design.depth", values=(8, 20, 32)),
        ),
        recipe={
            "data.source": _COLORS,
            "data.limit": 1000,
            "optimizer.learning_rate": 0.002,
            "epochs": 4,
            "batch": 50,
        },
        designs={
            "": LessonDesign("design", "Plain network", "plain_cifar", {"resolution": 16}),
            "shortcuts": LessonDesign("shortcuts", "ResNet", "resnet_cifar", {"resolution": 16}),
        },
        protocol=Protocol(name="repeats", repeats=2),
        goals=("validation_accuracy", "seconds", "macs"),
    ),
    Template(
        name="kernel_size",
        title="Kernel size",
        question="Are several small kernels better than a large one of equal receptive field?",
        help="Stages of three 3×3 convolutions against one 7×7: both see the same 7×7 values, and "
        "the small kernels take about half of the parameters.",
        minutes=5,
        varied=(Varied(name="design.kernel", values=(3, 7)),),
        recipe={"data.source": _COLORS, "data.limit": 2000, "epochs": 3, "batch": 50},
        designs={"": LessonDesign("design", "Stacked kernels", "stacks")},
        goals=("validation_accuracy", "parameters", "macs", "seconds"),
    ),
    Template(
        name="width",
        title="Width",
        question="What do more channels bring, and what do they cost?",
        help="LeNet-5 with a quarter to three times its channels and units: accuracy against "
        "multiply-accumulates.",
        minutes=3,
        varied=(
            Varied(
                name="width",
                variants=(
                    _widths("×0.25", 0.25),
                    _widths("×0.5", 0.5),
                    _widths("×1", 1),
                    _widths("×2", 2),
                    _widths("×3", 3),
                ),
            ),
        ),
        recipe={"data.source": _DIGITS, "data.limit": 2000, "epochs": 4, "batch": 50},
        goals=("validation_accuracy", "macs", "parameters"),
    ),
    Template(
        name="optimizer",
        title="Optimizer",
        question="Which optimizer learns fastest with its usual settings?",
        help="LeNet-5 with each optimizer at the learning rate that is usual for it.",
        minutes=3,
        varied=(
            Varied(
                name="optimizer.name",
                values=("sgd", "rmsprop", "adagrad", "adam", "adamw", "nadam"),
            ),
        ),
        recipe={"data.source": _DIGITS, "data.limit": 2000, "epochs": 3, "batch": 50},
        goals=("validation_accuracy", "validation_loss", "seconds"),
    ),
    Template(
        name="overfitting",
        title="Remedies for overfitting",
        question="What helps most where there are few pictures?",
        help="LeNet-5 on 300 digits, without and with augmentation, weight decay, label smoothing, "
        "and all of them.",
        minutes=4,
        varied=(
            Varied(
                name="remedy",
                variants=(
                    Variant(title="none"),
                    Variant(
                        title="augmentation",
                        changes={"augmentation.shift": 0.08, "augmentation.rotation": 10.0},
                    ),
                    Variant(
                        title="weight decay",
                        changes={"optimizer.name": "adamw", "optimizer.weight_decay": 0.1},
                    ),
                    Variant(title="label smoothing", changes={"loss.label_smoothing": 0.1}),
                    Variant(
                        title="all",
                        changes={
                            "augmentation.shift": 0.08,
                            "augmentation.rotation": 10.0,
                            "optimizer.name": "adamw",
                            "optimizer.weight_decay": 0.1,
                            "loss.label_smoothing": 0.1,
                        },
                    ),
                ),
            ),
        ),
        recipe={"data.source": _DIGITS, "data.limit": 300, "epochs": 30, "batch": 32},
        goals=("validation_accuracy", "test_accuracy"),
    ),
    Template(
        name="data_size",
        title="Learning curve",
        question="How much would more data help?",
        help="LeNet-5 on 100 to 8,000 digits: the validation accuracy over the number of examples.",
        minutes=4,
        varied=(Varied(name="data.limit", values=(100, 300, 1000, 3000, 8000)),),
        recipe={"data.source": _DIGITS, "epochs": 5, "batch": 32},
        goals=("validation_accuracy", "seconds"),
    ),
    Template(
        name="seed_ensemble",
        title="Ensemble of seeds",
        question="How much better are several networks together than each of them?",
        help="LeNet-5 trained with five seeds on the same 2,000 digits; then Evaluate as "
        "ensemble, in the menu of the row in its table, averages their probabilities, or "
        "netdesigner ensemble.",
        minutes=2,
        varied=(),
        recipe={"data.source": _DIGITS, "data.limit": 2000, "epochs": 5, "batch": 50},
        protocol=Protocol(name="repeats", repeats=5),
        goals=("validation_accuracy", "test_accuracy"),
    ),
    Template(
        name="snapshot_ensemble",
        title="Ensemble of snapshots",
        question="Does one training that restarts its rate give several networks to average?",
        help="LeNet-5 with a cosine rate that restarts every 4 epochs, whose weights are kept at "
        "the end of each cycle; Evaluate as ensemble, in the menu of the row in its table, "
        "averages them, or netdesigner ensemble RUN@4 RUN@8 RUN@12.",
        minutes=2,
        varied=(),
        recipe={
            "data.source": _DIGITS,
            "data.limit": 2000,
            "epochs": 12,
            "batch": 50,
            "schedule.name": "cosine_restarts",
            "schedule.restart_epochs": 4.0,
            "schedule.restart_factor": 1.0,
            "keep_checkpoints": 4,
        },
        goals=("validation_accuracy", "test_accuracy"),
    ),
)
TEMPLATES: Mapping[str, Template] = {row.name: row for row in _ROWS}
"""All rows by their names."""


def find(name: str) -> Template:
    """Return a template by its name.

    Raises
    ------
    DesignerError
        There is no such template.
    """
    if name in TEMPLATES:
        return TEMPLATES[name]
    raise DesignerError(
        f"There is no template of a study called '{name}': take one of {', '.join(TEMPLATES)}."
    )
