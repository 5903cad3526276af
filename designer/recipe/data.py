"""The data of a recipe: which images are used, how they are read, and how they are divided."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from designer.errors import DesignerError
from designer.recipe.preprocessing import PREPROCESSINGS, PreprocessingKind
from designer.recipe.settings import Group, Setting, titles
from designer.recipe.vocabulary import TOKENS

TARGETS: Mapping[str, str] = {
    "auto": "as the data suggest",
    "classes": "one class",
    "labels": "several labels",
    "numbers": "numbers",
    "input": "the input itself",
}
CLASSES_FROM: Mapping[str, str] = {
    "auto": "as the data suggest",
    "folders": "the folders",
    "names": "the file names",
}
SPELLINGS: Mapping[str, str] = {
    "ask": "ask",
    "merge": "one class",
    "apart": "classes of their own",
}
FITS: Mapping[str, str] = {"crop": "crop", "pad": "pad", "stretch": "stretch"}
CACHES: Mapping[str, str] = {
    "never": "never",
    "needed": "if they do not fit into memory",
    "always": "always",
}
RESAMPLINGS: Mapping[str, str] = {
    "none": "one division",
    "folds": "folds",
    "bootstrap": "bootstrap",
}
SAMPLINGS: Mapping[str, str] = {"shuffled": "shuffled", "balanced": "class-balanced"}


class Data(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which images are used, how they are read and divided, and in which order they come."""

    prefix: ClassVar[str] = "data."
    title: ClassVar[str] = "Data"
    kinds: ClassVar[Mapping[str, PreprocessingKind]] = PREPROCESSINGS
    chooser: ClassVar[str] = "preprocessing"

    source: Annotated[
        str,
        Setting(
            title="Data",
            help="A built-in data set, or the path of one.",
            form="elsewhere",
        ),
    ] = "mnist10k"
    validation: Annotated[
        float,
        Setting(
            title="Validation share",
            help="Fraction of the images by which epochs are compared.",
            low=0.0,
            high=0.9,
            reason="enough to choose the best epoch by",
            used_when=("resampling", ("none",)),
        ),
    ] = 0.1
    test: Annotated[
        float,
        Setting(
            title="Test share",
            help="Fraction kept for the final test, if the data has no test part.",
            low=0.0,
            high=0.9,
            reason="as much as for validation",
        ),
    ] = 0.1
    split_seed: Annotated[
        int | None,
        Setting(
            title="Seed of the split",
            help="Fixes which images are drawn for validation and test, apart from the weights and "
            "the order that the recipe's seed fixes; empty for that seed.",
            low=0,
            high=2**63 - 1,
            empty="that of the recipe",
            reason="one seed repeats a whole run",
        ),
    ] = None
    stratified: Annotated[
        bool,
        Setting(
            title="Stratified",
            help="Whether validation and test are drawn so that they have each class or label in "
            "proportion; else of all images alike.",
            reason="no class is missing in a part by chance",
        ),
    ] = True
    resampling: Annotated[
        str,
        Setting(
            title="Resampling",
            help="How all images that are not for the test become training and validation, a "
            "validation part of the data included: folds hold one of several equal parts out for "
            "validation, and bootstrap trains on as many images as there are, drawn with "
            "replacement, and validates on those that were never drawn.",
            choices=RESAMPLINGS,
            reason="one training is one division",
            source="Efron and Tibshirani, 1993: An introduction to the bootstrap",
        ),
    ] = "none"
    folds: Annotated[
        int,
        Setting(
            title="Folds",
            help="Into how many equal parts the images are divided for cross-validation, of which "
            "each run holds out one.",
            unit="folds",
            low=2,
            high=1000,
            reason="nine tenths are trained on, and ten runs give a steady mean",
            source="Kohavi, 1995: A study of cross-validation and bootstrap for accuracy "
            "estimation and model selection",
            used_when=("resampling", ("folds",)),
        ),
    ] = 10
    fold: Annotated[
        int,
        Setting(
            title="Fold held out",
            help="Which of the folds is the validation part, counted from 1.",
            low=1,
            high=1000,
            used_when=("resampling", ("folds",)),
        ),
    ] = 1
    resampling_seed: Annotated[
        int | None,
        Setting(
            title="Seed of the resampling",
            help="Fixes the folds or the bootstrap sample, apart from the test images that the "
            "seed of the split fixes; empty for that seed.",
            low=0,
            high=2**63 - 1,
            empty="that of the split",
            reason="one seed fixes the whole division",
            used_when=("resampling", ("folds", "bootstrap")),
        ),
    ] = None
    limit: Annotated[
        int | None,
        Setting(
            title="Limit",
            help="Takes only so many training images, for a quick try; empty for all.",
            unit="images",
            low=1,
            empty="all",
        ),
    ] = None
    first_label: Annotated[
        int,
        Setting(
            title="First label",
            help="The number of the first class in the labels; 1 if they are numbered from 1.",
            low=0,
            high=100_000,
        ),
    ] = 0
    table: Annotated[
        str,
        Setting(
            title="Table",
            help="The table of labels that is read, by its name in the folder or archive, where "
            "there are several; empty where it is found by itself.",
            empty="found",
            form="elsewhere",
        ),
    ] = ""
    file_column: Annotated[
        str,
        Setting(
            title="File column",
            help="The column of a table that names the picture files; empty where it is found by "
            "itself.",
            empty="found",
            form="elsewhere",
        ),
    ] = ""
    label_columns: Annotated[
        tuple[str, ...],
        Setting(
            title="Label columns",
            help="The columns of a table that hold the class, the labels or the numbers; empty "
            "where they are found by themselves.",
            empty="found",
            form="elsewhere",
        ),
    ] = ()
    input_columns: Annotated[
        tuple[str, ...],
        Setting(
            title="Input columns",
            help="The columns of a table of numbers, or the arrays of a file, that the network "
            "reads; empty for all but those of labels and parts.",
            empty="all others",
            form="elsewhere",
        ),
    ] = ()
    part_column: Annotated[
        str,
        Setting(
            title="Part column",
            help="The column of a table that says which part a picture belongs to: training, "
            "validation or test; empty where it is found by itself.",
            empty="found",
            form="elsewhere",
        ),
    ] = ""
    separator: Annotated[
        str,
        Setting(
            title="Label separator",
            help="What stands between several labels in one column, such as a semicolon or a "
            "space; empty where it is found by itself.",
            empty="found",
            form="elsewhere",
        ),
    ] = ""
    targets: Annotated[
        str,
        Setting(
            title="Targets",
            help="What the network learns to give: one class for each example, several labels, "
            "numbers, or its own input, as an autoencoder does, for which labels are not used.",
            choices=TARGETS,
        ),
    ] = "auto"
    tokens: Annotated[
        str,
        Setting(
            title="Tokens",
            help="Of a text: whether its tokens, of which the network predicts the next one, are "
            "characters or bytes.",
            choices=TOKENS,
            reason="as many as there are different characters",
        ),
    ] = "characters"
    windows: Annotated[
        int | None,
        Setting(
            title="Windows an epoch",
            help="Of a text: how many windows, pieces as long as the network's input, an epoch "
            "takes from it at random; empty for as many as cover the text once.",
            unit="windows",
            low=1,
            empty="the whole text",
        ),
    ] = None
    classes_from: Annotated[
        str,
        Setting(
            title="Classes from",
            help="Whether the class of a picture is the name of its folder, or the first part of "
            "its file's name, as in cat.12.jpg.",
            choices=CLASSES_FROM,
        ),
    ] = "auto"
    spellings: Annotated[
        str,
        Setting(
            title="Spellings",
            help="Whether labels that differ in case or spaces only, such as Cat and cat, are one "
            "class.",
            choices=SPELLINGS,
            reason="either may be meant",
        ),
    ] = "ask"
    skip: Annotated[
        tuple[str, ...],
        Setting(
            title="Left out",
            help="Names of pictures that are left out, such as those that cannot be read.",
            empty="none",
            form="elsewhere",
        ),
    ] = ()
    gray_range: Annotated[
        tuple[float, float] | None,
        Setting(
            title="Gray range",
            help="The levels of gray pictures of more than 8 bits that become black and white; "
            "empty for the smallest and largest of the training part.",
            empty="of the data",
            form="elsewhere",
        ),
    ] = None
    fit: Annotated[
        str,
        Setting(
            title="Fit",
            help="How a picture of other proportions becomes the network's input: crop cuts edges "
            "off, pad adds black ones, stretch distorts.",
            choices=FITS,
            reason="shapes stay true and no pixel is wasted",
        ),
    ] = "crop"
    preprocessing: Annotated[
        str,
        Setting(
            title="Preprocessing",
            help="What is done to every picture, in training and ever after, by figures of the "
            "training part alone.",
            choices=titles(PREPROCESSINGS),
            reason="inputs around 0 of size 1 are what initializations expect",
        ),
    ] = "standardize"
    standardize: Annotated[
        bool,
        Setting(
            title="Standardize numbers",
            help="For inputs that are no pictures: whether each number, or each channel of a "
            "sequence or volume, is taken less its mean and divided by its standard deviation over "
            "the training part.",
            formula="(x - mean) / deviation",
            reason="numbers of different units count alike",
        ),
    ] = True
    whitening_epsilon: Annotated[
        float,
        Setting(
            title="Whitening epsilon",
            help="Added to the variance of each principal component, so that those that hardly "
            "vary are not blown up to noise.",
            low=0.0,
            high=1e6,
            open_low=True,
            reason="a tenth of the range of a pixel as deviation",
        ),
    ] = 0.01
    sampling: Annotated[
        str,
        Setting(
            title="Sampling",
            help="Shuffled takes each image once an epoch; class-balanced takes every class "
            "equally often, so that images of rare classes repeat and those of frequent ones take "
            "turns.",
            choices=SAMPLINGS,
            reason="the network learns how frequent each class is",
        ),
    ] = "shuffled"
    memory: Annotated[
        float | None,
        Setting(
            title="Memory",
            help="Most memory for decoded pictures, which are decoded anew in every epoch if they "
            "take more; empty for a share of the free memory.",
            unit="GiB",
            low=0.0,
            high=1e6,
            empty="share of the free",
        ),
    ] = None
    cache: Annotated[
        str,
        Setting(
            title="Disk cache",
            help="When decoded pictures are stored on disk, so that they are not decoded again.",
            choices=CACHES,
        ),
    ] = "needed"
    workers: Annotated[
        int | None,
        Setting(
            title="Loader workers",
            help="Processes that decode pictures; empty for as many as the processor has cores.",
            unit="processes",
            low=0,
            high=256,
            empty="all cores",
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.source:
            raise DesignerError("data.source is empty: name a data set or give its path.")
        if self.gray_range is not None and not self.gray_range[0] < self.gray_range[1]:
            low, high = self.gray_range
            raise DesignerError(
                f"data.gray_range is {low:g} to {high:g}: give the lower level first, then a "
                "higher one."
            )


_READING = (
    "source",
    "table",
    "file_column",
    "label_columns",
    "input_columns",
    "part_column",
    "separator",
    "targets",
    "tokens",
    "classes_from",
    "spellings",
    "skip",
    "gray_range",
)


def reading_settings(data: Data) -> Data:
    """Return the settings that decide what is read of a data set; the others have their defaults.

    Where they are equal, a data set need not be read again.
    """
    return Data(**{name: getattr(data, name) for name in _READING})


def other_data(source: str) -> dict[str, Any]:
    """Return the changes of a recipe that take another data set, by dotted names.

    How the data set before was read, such as the columns of its table and the pictures that are
    left out, says nothing about the new one: those settings get their defaults.
    """
    plain = Data()
    names = (*_READING, "first_label")
    return {f"data.{name}": getattr(plain, name) for name in names} | {"data.source": source}
