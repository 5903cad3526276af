"""Which designs fit the built-in data."""

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.data import describe, open_dataset
from designer.gui.documents.data_titles import BUILT_IN, built_in_for
from designer.gui.documents.training_problem import RecipeFix
from designer.gui.training.matching import match
from designer.recipe.reading import changed


@pytest.fixture(scope="module")
def described():
    return {name: describe(open_dataset(name)) for name in BUILT_IN}


WITH_RECIPE = [name for name in presets.names() if presets.path(name, "recipe").exists()]


@pytest.mark.parametrize("name", WITH_RECIPE)
def test_every_preset_with_a_recipe_fits_the_built_in_data_for_it(name, described):
    """At once, or after the one fix that sets the number of classes."""
    design = presets.load(name)
    analysis = analyze(design)
    source = built_in_for(analysis.inputs[0].shape[0])
    recipe = changed(presets.recipe(name), {"data.source": source})
    found = match(analysis, described[source], recipe)
    if found.refusal:
        assert "has 10 classes, but" in found.refusal
        fix = found.fixes[0]
        assert not isinstance(fix, RecipeFix) and "10 classes" in fix.label
        found = match(analyze(fix.edit(design)), described[source], recipe)
    assert not found.refusal
