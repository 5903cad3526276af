"""Studies for the tests: LeNet-5 on few digits, small enough to be trained in a second."""

from pathlib import Path
from typing import Any

from designer import presets
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.studies import typed
from designer.studies.folder import StudyFolder
from designer.studies.spec import Study

LENET = presets.load("lenet5")
QUICK = changed(
    Recipe(),
    {"data.limit": 64, "epochs": 1, "batch": 32, "threads": 1, "statistics": 0, "device": "cpu"},
)


def varied(*texts: str) -> tuple[Any, ...]:
    """Return fields that vary, as they are typed."""
    return tuple(typed.read(each, LENET, QUICK) for each in texts)


def study(*texts: str, **settings: Any) -> Study:
    """Return a study of LeNet-5 with fields as they are typed."""
    return Study(title="Test", varied=varied(*texts), **settings)


def create(path: Path, made: Study) -> StudyFolder:
    """Create the folder of a study of LeNet-5."""
    return StudyFolder.create(path, made, {"": LENET}, QUICK)
