"""A study that is run by folds: each training holds its own fold out, all have one test part."""

from pathlib import Path

import numpy as np

from designer.data.identity import decode
from designer.recipe.reading import changed
from designer.studies.folder import StudyFolder
from designer.studies.protocols import Protocol
from designer.studies.running import Runner
from designer.studies.spec import Study
from designer.studies.statistics import summary
from tests.engine.samples import TINY, tiny_recipe, write_data


def test_the_folds_of_a_study(tmp_path: Path) -> None:
    recipe = tiny_recipe(write_data(tmp_path / "data.npz", images=60), epochs=1)
    study = Study(title="Folds", protocol=Protocol(name="folds", folds=3))
    folder = StudyFolder.create(
        tmp_path / "study", study, {"": TINY}, changed(recipe, {"data.test": 0.2})
    )
    (trial,) = Runner(folder, lambda report: None).run().trials
    found = [
        decode(folder.run(0, number).examples_file.read_bytes())
        for number in range(len(trial.trainings))
    ]
    (test,) = {tuple(each["test"].indices.tolist()) for each in found}
    held_out = np.concatenate([each["validation"].indices for each in found])
    assert sorted([*test, *held_out.tolist()]) == list(range(60)), "disjoint and complete"
    values = [each.ended.figures["validation_accuracy"] for each in trial.trainings if each.ended]
    assert (len(values), summary(values, study.protocol).method) == (3, "corrected_t")
