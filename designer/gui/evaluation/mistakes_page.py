"""The Mistakes page: the images on which the network is farthest off, as pictures."""

from PySide6.QtWidgets import QVBoxLayout

from designer.gui.base import numbers
from designer.gui.evaluation.contents import Contents
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.gui.evaluation.picture_wall import Pictures

_KEYS = {
    "classes": "true → predicted, with its probability; the largest losses first",
    "labels": "− labels that are missed, + labels that are wrongly predicted; the largest losses "
    "first",
    "numbers": "true → predicted value; the largest losses first",
    "input": "the largest losses first",
}


class MistakesPage(Page):
    """All mistakes, the worst first; pictures are fetched as they come into sight."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-mistakes")
        self.pictures = Pictures(model)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pictures)

    def refresh(self) -> None:
        contents = self.contents
        wrong = contents.wrong
        count, of = numbers.count(len(wrong)), numbers.count(len(contents))
        if contents.kind in ("numbers", "input"):
            caption = f"{count} examples, the worst predictions first"
        elif not len(wrong):
            caption = f"No mistakes on {of} {contents.things}"
        else:
            word = "mistake" if len(wrong) == 1 else "mistakes"
            caption = f"{count} {word} on {of} {contents.things}, the worst first"
        self.pictures.show_images(caption, wrong, key=_KEYS[contents.kind])

    def table(self) -> Table:
        contents = self.contents
        return Table("mistakes", _titles(contents), [_row(contents, i) for i in contents.wrong])


def _titles(contents: Contents) -> list[str]:
    if contents.kind == "input":
        return ["index", "loss"]
    if contents.kind == "classes":
        return ["index", "class", "predicted", "probability", "loss"]
    words = ("", "predicted ") if contents.kind == "numbers" else ("", "probability of ")
    return ["index", *(f"{word}{name}" for word in words for name in contents.names), "loss"]


def _row(contents: Contents, index: int) -> list[object]:
    loss = float(contents.losses[index])
    if contents.kind == "classes":
        true, said = int(contents.targets[index]), int(contents.predicted[index])
        names = contents.names
        return [int(index), names[true], names[said], float(contents.values[index, said]), loss]
    return [int(index), *contents.targets[index].tolist(), *contents.values[index].tolist(), loss]
