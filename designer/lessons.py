"""The lessons: each shows one finding about networks on designs and a recipe that fit it.

To add a lesson, add a row to `LESSONS`, and its designs to ``presets/lessons`` where no preset will
do. The welcome page, the Help menu, the command palette and ``netdesigner lessons`` follow.

Designs and recipes are imported only when a lesson is opened: the window shows the table at its
start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from designer.errors import DesignerError
from designer.resources import folder

if TYPE_CHECKING:
    from designer.design.expressions import Scalar
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe

TEXT_FILE = "lesson.md"


@dataclass(frozen=True)
class LessonDesign:
    """A design of a lesson.

    Attributes
    ----------
    key
        The name of its file where the lesson is written to a folder.
    title
        The name of the design, which its tab shows.
    source
        The name of a file in ``presets/lessons``, or of a preset, without the suffix.
    arguments
        The values of its arguments that differ from the defaults.
    recipe
        Settings of its recipe that differ from that of the lesson, by dotted names.
    """

    key: str
    title: str
    source: str
    arguments: "Mapping[str, Scalar]" = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """A row of the table.

    Attributes
    ----------
    key
        The name on the command line.
    title
        What the welcome page calls it, in a few words.
    text
        Three sentences: what the designs are, what to press, and what will be seen.
    dock
        The key of the dock that is brought to the front; see `designer.gui.shell.docks`.
    designs
        What is opened, each in its tab; the first is shown.
    commands
        The commands that show the same on the command line, for each of its designs.
    recipe
        Settings of the recipe that differ from the defaults, by dotted names; a design may have
        further ones.
    """

    key: str
    title: str
    text: tuple[str, str, str]
    dock: str
    designs: tuple[LessonDesign, ...]
    commands: tuple[str, ...]
    recipe: Mapping[str, Any]


def names() -> tuple[str, ...]:
    """Return the keys of all lessons, in their order."""
    return tuple(each.key for each in LESSONS)


def find(key: str) -> Lesson:
    """Return a lesson by its key.

    Raises
    ------
    DesignerError
        There is no such lesson.
    """
    for lesson in LESSONS:
        if lesson.key == key:
            return lesson
    from difflib import get_close_matches

    close = get_close_matches(key.lower(), names(), 1)
    if close:
        raise DesignerError(f"There is no lesson '{key}'; did you mean {close[0]}?")
    raise DesignerError(f"There is no lesson '{key}'; the lessons are {', '.join(names())}.")


def load(each: LessonDesign) -> "Design":
    """Read a design of a lesson and give it its arguments and its name.

    Raises
    ------
    DesignerError
        A file of the program is missing or damaged.
    """
    from dataclasses import replace

    from designer import presets
    from designer.design import edits, files

    own = folder("presets") / "lessons" / f"{each.source}.json"
    design = files.read(own) if own.is_file() else presets.load(each.source)
    for name, value in each.arguments.items():
        design = edits.set_argument(design, name, value)
    return replace(design, name=each.title)


def recipe(lesson: Lesson, each: LessonDesign) -> "Recipe":
    """Return the recipe with which a design of a lesson is trained."""
    from designer.recipe.reading import changed
    from designer.recipe.recipe import Recipe

    return changed(Recipe(), {**lesson.recipe, **each.recipe})


def write(lesson: Lesson, target: Path) -> list[Path]:
    """Write the designs of a lesson, each with the recipe in it, and its text to a folder.

    Parameters
    ----------
    lesson
        The lesson.
    target
        The folder, which is made if it is missing.

    Returns
    -------
    list of Path
        The files, the text first.

    Raises
    ------
    DesignerError
        A file of one of the names exists already, or the folder cannot be written.
    """
    from designer.design import files
    from designer.recipe import stored
    from designer.storage import save_file, unwritable

    text = target / TEXT_FILE
    paths = [target / f"{each.key}.json" for each in lesson.designs]
    for path in (text, *paths):
        if path.exists():
            raise DesignerError(
                f"{path} exists already: remove it, or write the lesson to another folder."
            )
    try:
        target.mkdir(parents=True, exist_ok=True)
        save_file(text, page(lesson).encode())
    except OSError as error:
        raise unwritable(text, error) from error
    for each, path in zip(lesson.designs, paths, strict=True):
        files.save(load(each), path, stored.dump(recipe(lesson, each), path))
    return [text, *paths]


def page(lesson: Lesson) -> str:
    """Return the text of a lesson as Markdown, with the commands that go with it."""
    opened = " ".join(f"{each.key}.json" for each in lesson.designs)
    commands = "".join(
        f"    netdesigner {command} {each.key}.json\n"
        for command in lesson.commands
        for each in lesson.designs
    )
    return (
        f"# {lesson.title}\n\n"
        + "\n\n".join(lesson.text)
        + "\n\nOpen the designs in the window:\n\n"
        + f"    netdesigner open {opened}\n\n"
        + f"or see the same in the terminal:\n\n{commands}"
    )


_COLORS = "shapes10"  # the built-in color pictures
_DIGITS = "mnist10k"  # the built-in digits
_STRONG_DECAY = {"optimizer.weight_decay": 0.1}

LESSONS = (
    Lesson(
        "initialization",
        "Initializations",
        (
            "Four tabs hold the same six wide tanh layers with other first weights: normal with a "
            "standard deviation of 0.01 or 0.05, Xavier, and Kaiming.",
            "In each press Measure now in Layer statistics, then Keep; By layer draws all four "
            "together, and no training is needed.",
            "With 0.01 the activations shrink from layer to layer, and so do the gradients on the "
            "way back; with 0.05 many values saturate near −1 and 1; Xavier and Kaiming keep every "
            "layer in range.",
        ),
        "statistics",
        (
            LessonDesign("std_0_01", "Tanh, std 0.01", "tanh", {"deviation": 0.01}),
            LessonDesign("std_0_05", "Tanh, std 0.05", "tanh", {"deviation": 0.05}),
            LessonDesign("xavier", "Tanh, Xavier", "tanh", {"initialization": "xavier_normal"}),
            LessonDesign("kaiming", "Tanh, Kaiming", "tanh", {"initialization": "kaiming_normal"}),
        ),
        ("measure",),
        {"data.source": _DIGITS, "data.limit": 3000, "epochs": 2, "batch": 50},
    ),
    Lesson(
        "vanishing_gradients",
        "Vanishing gradients",
        (
            "Four tabs hold ten dense layers in a row: with sigmoid or ReLU, each without and with "
            "batch norm.",
            "In each press Measure now and Keep in Layer statistics, and choose Gradients and By "
            "layer; then press Train in each tab and compare the curves in Runs.",
            "With sigmoid alone the gradients fall by several powers of ten on their way back to "
            "the first layer, and the loss stays where it began; ReLU or batch norm keeps them of "
            "one size, and the loss falls at once.",
        ),
        "statistics",
        (
            LessonDesign("sigmoid", "Sigmoid", "vanishing"),
            LessonDesign("sigmoid_norm", "Sigmoid, BatchNorm", "vanishing", {"batch_norm": True}),
            LessonDesign("relu", "ReLU", "vanishing", {"activation": "relu"}),
            LessonDesign(
                "relu_norm",
                "ReLU, BatchNorm",
                "vanishing",
                {"activation": "relu", "batch_norm": True},
            ),
        ),
        ("measure", "train"),
        {"data.source": _DIGITS, "data.limit": 3000, "epochs": 3, "batch": 50},
    ),
    Lesson(
        "edge_filters",
        "Edge filters",
        (
            "The fixed filters of Sobel and Laplace stand beside a layer that learns sixteen "
            "filters, and all of them see the same picture.",
            "In Maps press Take an example, select sobel, laplacian and learned on the canvas, and "
            "look at their channels and filters; press Train, and look again.",
            "Sobel and Laplacian show outlines before any training; after it many learned filters "
            "are dark on one side and bright on the other, and show outlines, too, while others "
            "answer to a color.",
        ),
        "maps",
        (LessonDesign("filters", "Fixed and learned filters", "filters"),),
        ("train",),
        {"data.source": _COLORS, "epochs": 4, "batch": 50},
    ),
    Lesson(
        "small_kernels",
        "3×3 or 7×7 kernels",
        (
            "Two tabs hold networks whose stages see 7×7 values of their input: one by three 3×3 "
            "convolutions in a row, the other by a single 7×7 convolution.",
            "Compare the parameters and the receptive fields in Analysis, then press Train in both "
            "tabs and compare the curves in Runs.",
            "The receptive fields are equal, and the three small kernels take little more than "
            "half of the parameters, yet the network with them is more accurate.",
        ),
        "analysis",
        (
            LessonDesign("stack_3x3", "Three 3×3", "stacks", {"kernel": 3}),
            LessonDesign("single_7x7", "One 7×7", "stacks", {"kernel": 7}),
        ),
        ("check", "train"),
        {"data.source": _COLORS, "epochs": 3, "batch": 50},
    ),
    Lesson(
        "shortcuts",
        "Depth and shortcuts",
        (
            "Three tabs hold networks built alike: plain with 20 layers, plain with 56, and with "
            "56 layers and shortcuts, to be trained on the built-in color pictures.",
            "Press Train in each tab, which takes minutes, and compare the curves in Runs.",
            "The plain network learns worse with 56 layers than with 20, even on the images that "
            "it is trained on; with shortcuts the same depth learns better than both.",
        ),
        "training",
        (
            LessonDesign("plain_20", "Plain-20", "plain_cifar", {"depth": 20, "resolution": 16}),
            LessonDesign("plain_56", "Plain-56", "plain_cifar", {"depth": 56, "resolution": 16}),
            LessonDesign("resnet_56", "ResNet-56", "resnet_cifar", {"depth": 56, "resolution": 16}),
        ),
        ("train",),
        {
            "data.source": _COLORS,
            "optimizer.name": "adam",
            "optimizer.learning_rate": 0.002,
            "epochs": 4,
            "batch": 50,
        },
    ),
    Lesson(
        "underfitting",
        "Underfitting",
        (
            "Four tabs train on the same digits: with a network that is too small, with a learning "
            "rate that is too low, with a weight decay that is too strong, and with none of these.",
            "Press Train in each tab, compare the curves in Runs, and read the advice below them "
            "and what helps.",
            "In the first three even the images that are trained on are not learned well, and the "
            "validation accuracy is hardly lower; the remedies are a larger network, larger steps "
            "or more of them, and less regularization.",
        ),
        "training",
        (
            LessonDesign("small", "Too small", "fitting", {"width": 1}),
            LessonDesign(
                "slow", "Rate too low", "fitting", recipe={"optimizer.learning_rate": 0.0005}
            ),
            LessonDesign("decayed", "Too much decay", "fitting", recipe=_STRONG_DECAY),
            LessonDesign("fitting", "Fitting", "fitting"),
        ),
        ("train",),
        {"data.source": _DIGITS, "data.limit": 3000, "epochs": 6, "batch": 50},
    ),
    Lesson(
        "overfitting",
        "Overfitting",
        (
            "Five tabs hold one network that is trained on 300 digits only: as it is, with "
            "dropout, with images that are moved and turned at random, with weight decay, and on "
            "ten times as many digits for as many steps.",
            "Press Train in each tab, compare the curves of both parts in Runs, and read the "
            "advice below them.",
            "The first learns its images by heart, while its validation loss rises again; each "
            "remedy narrows the gap, and more data narrow it most.",
        ),
        "training",
        (
            LessonDesign("overfitting", "By heart", "fitting"),
            LessonDesign("dropout", "Dropout", "fitting", {"dropout": 0.5}),
            LessonDesign(
                "augmented",
                "Augmentation",
                "fitting",
                recipe={"augmentation.shift": 0.1, "augmentation.rotation": 15.0},
            ),
            LessonDesign(
                "decay", "Weight decay", "fitting", recipe={"optimizer.weight_decay": 0.02}
            ),
            LessonDesign(
                "more_data", "More data", "fitting", recipe={"data.limit": 3000, "epochs": 3}
            ),
        ),
        ("train",),
        {"data.source": _DIGITS, "data.limit": 300, "epochs": 30, "batch": 50},
    ),
)
