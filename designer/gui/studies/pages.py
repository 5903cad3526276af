"""The pages of a study: one row each.

To add a page, write its widget, a `Page`, and add a row to `PAGES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from designer.gui.studies.answer_page import AnswerPage
from designer.gui.studies.curves_page import CurvesPage
from designer.gui.studies.effect_page import EffectPage
from designer.gui.studies.importance_page import ImportancePage
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Page
from designer.gui.studies.parallel_page import ParallelPage
from designer.gui.studies.pareto_page import ParetoPage
from designer.gui.studies.table_page import TablePage


@dataclass(frozen=True)
class PageRow:
    """A page.

    Attributes
    ----------
    key
        Its name in the code.
    title
        What its tab says.
    help
        A sentence for the tooltip of the tab.
    build
        Makes its widget when it is first shown.
    """

    key: str
    title: str
    help: str
    build: Callable[[StudyModel], Page]


PAGES = (
    PageRow("answer", "Answer", "What was found, in sentences.", AnswerPage),
    PageRow("table", "Table", "All candidates with their figures.", TablePage),
    PageRow("effect", "Effect", "A figure against the values of a field.", EffectPage),
    PageRow("curves", "Curves", "All trainings over their epochs.", CurvesPage),
    PageRow("parallel", "Parallel", "Each candidate as a line through its values.", ParallelPage),
    PageRow(
        "importance",
        "Importance",
        "How much of the differences each field explains.",
        ImportancePage,
    ),
    PageRow(
        "pareto", "Pareto", "Two figures against each other, and the best of both.", ParetoPage
    ),
)
