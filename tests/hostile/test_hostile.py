"""A few of the damages and kills of ``python -m tests.hostile`` in every run of the tests."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import files, foreign, recipes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", files.KINDS)
def test_damaged_files_are_refused_in_a_sentence(kind, tmp_path):
    count = 30 if kind in foreign.FORMATS else 150  # opening a network takes longest
    counter, bad = files.run_kind(kind, tmp_path, count, seed=1)
    assert not bad, bad[0]
    if files.KINDS[kind].never_refused:
        assert counter["refused"] == 0
        assert counter["valid"] > count / 3
    else:
        assert counter["refused"] > count / 3


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="trainings are forks")
@pytest.mark.parametrize("recipe", ["ema", "plateau"])
def test_killed_trainings_end_as_if_they_were_not(recipe):
    # In a process of its own: once a test ran backward on meta tensors, autograd has threads, and
    # a fork of that process cannot train.
    command = [sys.executable, "-m", "tests.hostile", "kills", "3", "--kind", recipe, "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong" in done.stdout


def test_random_recipes_train_or_are_refused_in_a_sentence(tmp_path):
    data = recipes.write_all(tmp_path)
    ends = []
    for number in range(12):
        told, changes, end = recipes.run_one(
            tmp_path / f"run-{number}", data, random.Random(f"0 {number}")
        )
        assert not end.startswith("wrong"), f"{told} {changes}: {end}"
        ends.append(end)
    assert "finished" in ends
    assert any(end.startswith("refused") for end in ends)
