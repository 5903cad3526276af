"""The table of trigrams gives probabilities, and those of a text that repeats itself are sure."""

import numpy as np
import pytest

from tests.benchmarks.trigrams import Trigrams


def test_probabilities_of_the_next_token_sum_to_1() -> None:
    tokens = np.random.default_rng(0).integers(0, 5, 3000)
    table = Trigrams(tokens, 5)
    for first, second in ((0, 1), (4, 4)):
        losses = [table.loss(np.array([first, second, third])) for third in range(5)]
        assert np.exp(-np.array(losses)).sum() == pytest.approx(1, abs=1e-9)
    assert table.loss(tokens[:1000]) == pytest.approx(np.log(5), abs=0.05)


def test_a_text_that_repeats_itself_is_known() -> None:
    tokens = np.tile(np.arange(5), 400)
    assert Trigrams(tokens, 5).loss(tokens) < 0.01
