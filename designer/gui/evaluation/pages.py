"""The pages of the Evaluation dock: one row each.

To add a page, write its widget, a `Page`, and add a row to `PAGES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from designer.gui.evaluation.calibration_page import CalibrationPage
from designer.gui.evaluation.classes_page import ClassesPage
from designer.gui.evaluation.confusion_page import ConfusionPage
from designer.gui.evaluation.curves_page import CurvesPage
from designer.gui.evaluation.mistakes_page import MistakesPage
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.numbers_page import NumbersPage
from designer.gui.evaluation.overview_page import OverviewPage
from designer.gui.evaluation.page import Page
from designer.recipe.losses import Targets


@dataclass(frozen=True)
class PageRow:
    """A page.

    Attributes
    ----------
    key
        Its name in the code.
    titles
        What its tab says, by what the outputs of the network stand for; others have no such page.
    help
        A sentence for the tooltip of the tab.
    build
        Makes its widget when it is first shown.
    """

    key: str
    titles: dict[Targets, str]
    help: str
    build: Callable[[EvaluationModel], Page]


def _all(title: str) -> dict[Targets, str]:
    return {"classes": title, "labels": title, "numbers": title}


PAGES = (
    PageRow(
        "overview",
        {**_all("Overview"), "input": "Overview", "tokens": "Overview"},
        "The main figures, each with what it means.",
        OverviewPage,
    ),
    PageRow(
        "classes",
        {"classes": "Classes", "labels": "Labels", "numbers": "Numbers"},
        "The figures of each, the worst first.",
        ClassesPage,
    ),
    PageRow(
        "confusion",
        {"classes": "Confusion"},
        "Which classes are taken for which; click a cell to see its pictures.",
        ConfusionPage,
    ),
    PageRow(
        "curves",
        {"classes": "Curves", "labels": "Curves"},
        "Precision-recall and ROC curves at every threshold.",
        CurvesPage,
    ),
    PageRow(
        "calibration",
        {"classes": "Calibration", "labels": "Calibration"},
        "Whether the network is right as often as its probabilities say.",
        CalibrationPage,
    ),
    PageRow(
        "predictions",
        {"numbers": "Predictions"},
        "Predicted against true values, and how errors spread.",
        NumbersPage,
    ),
    PageRow(
        "mistakes",
        {**_all("Mistakes"), "input": "Worst"},
        "The worst mistakes, as pictures or as rows.",
        MistakesPage,
    ),
)
