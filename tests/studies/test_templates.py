"""The ready-made studies: each makes sense, can be trained, and asks what its title says."""

import pytest

from designer.studies.candidates import candidate
from designer.studies.folder import check
from designer.studies.journal import State, Trial
from designer.studies.protocols import replicates
from designer.studies.samplers import SAMPLERS
from designer.studies.templates import TEMPLATES, find


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_candidate_of_a_template_can_be_trained(name):
    template = find(name)
    study, designs, recipe = template.build()
    check(study, designs, recipe)
    state = State()
    while (values := SAMPLERS[study.sampler].propose(study, state)) is not None:
        found = candidate(study, values, designs, recipe)
        assert not found.refusal, found.refusal
        state.trials.append(Trial(len(state.trials), values, dict(found.costs), ""))
    trainings = len(state.trials) * len(replicates(study.protocol, recipe))
    assert trainings > 1 or name == "snapshot_ensemble"
    assert template.question.endswith("?")
    assert recipe.data.source in ("mnist10k", "shapes10")


def test_templates_cover_the_questions_of_textbooks():
    wanted = {"batch_size", "learning_rate", "initialization", "depth", "kernel_size", "width"}
    assert wanted | {"optimizer", "overfitting", "data_size"} <= set(TEMPLATES)
