"""The pages of the Data window: one row each.

To add a page, write its widget and add a row to `PAGES`. A page is built when it is first shown; it
reads what it shows from the `DataModel` and listens to the model's signals.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from designer.gui.data.model import DataModel


@dataclass(frozen=True)
class Page:
    """A row of the table.

    Attributes
    ----------
    key
        The name in the code.
    title
        What the tab says.
    help
        One sentence for the tab's tooltip.
    build
        Makes the page's widget.
    pictures
        Whether it is for data sets of pictures, or for others; None for all.
    """

    key: str
    title: str
    help: str
    build: Callable[[DataModel], QWidget]
    pictures: bool | None = None


def _classes(model: DataModel) -> QWidget:
    from designer.gui.data.classes_page import ClassesPage

    return ClassesPage(model)


def _pictures(model: DataModel) -> QWidget:
    from designer.gui.data.pictures_page import PicturesPage

    return PicturesPage(model)


def _values(model: DataModel) -> QWidget:
    from designer.gui.data.values_page import ValuesPage

    return ValuesPage(model)


def _sizes(model: DataModel) -> QWidget:
    from designer.gui.data.sizes_page import SizesPage

    return SizesPage(model)


def _left_out(model: DataModel) -> QWidget:
    from designer.gui.data.left_out_page import LeftOutPage

    return LeftOutPage(model)


def _fit(model: DataModel) -> QWidget:
    from designer.gui.data.fit_page import FitPage

    return FitPage(model)


def _augmentation(model: DataModel) -> QWidget:
    from designer.gui.data.augmentation_page import AugmentationPage

    return AugmentationPage(model)


PAGES: tuple[Page, ...] = (
    Page("classes", "Classes", "What is to be predicted, and how often it occurs.", _classes),
    Page("pictures", "Pictures", "The pictures, by part, class and file name.", _pictures, True),
    Page("values", "Values", "The inputs, their columns and the first examples.", _values, False),
    Page("sizes", "Sizes", "How high and wide the pictures are.", _sizes, True),
    Page("fit", "Fit", "How pictures of other proportions become the network's input.", _fit, True),
    Page(
        "augmentation",
        "Augmentation",
        "Draws of the random changes that the recipe makes to training pictures.",
        _augmentation,
        True,
    ),
    Page(
        "left-out",
        "Left out",
        "Files that are not used, broken pictures, and pictures that are in several parts.",
        _left_out,
    ),
)
