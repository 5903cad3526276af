"""A few of the damages and kills of ``python -m tests.hostile`` in every run of the tests."""

import os

import pytest

from tests.hostile import files, kills


@pytest.mark.parametrize("kind", files.KINDS)
def test_damaged_files_are_refused_in_a_sentence(kind, tmp_path):
    counter, bad = files.run_kind(kind, tmp_path, 150, seed=1)
    assert not bad, bad[0]
    if files.KINDS[kind].never_refused:
        assert counter["refused"] == 0
        assert counter["valid"] > 50
    else:
        assert counter["refused"] > 50


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="trainings are forks")
@pytest.mark.parametrize("recipe", ["adam", "plateau"])
def test_killed_trainings_end_as_if_they_were_not(recipe, tmp_path):
    _, bad = kills.run_recipe(recipe, tmp_path / recipe, 3, seed=1)
    assert not bad, bad[0]
