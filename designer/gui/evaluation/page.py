"""What all pages of the Evaluation dock have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from designer.gui.evaluation.model import EvaluationModel

if TYPE_CHECKING:
    from designer.gui.evaluation.contents import Contents


@dataclass(frozen=True)
class Table:
    """What a page shows as figures: a name for the file, the titles, and the rows."""

    name: str
    titles: Sequence[str]
    rows: Sequence[Sequence[object]]


class Page(QWidget):
    """A page; it is refreshed when it is seen and another evaluation is shown."""

    def __init__(self, model: EvaluationModel, name: str) -> None:
        super().__init__(objectName=name)
        self.model = model

    @property
    def contents(self) -> "Contents":
        """The evaluation that is shown; a page without one is never seen."""
        assert self.model.contents is not None
        return self.model.contents

    def refresh(self) -> None:
        """Show another evaluation."""
        raise NotImplementedError

    def table(self) -> Table:
        """Return the figures that the page shows."""
        raise NotImplementedError
