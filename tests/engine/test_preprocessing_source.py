"""The preprocessing of inputs that are no pictures, written as Python that repeats it."""

from typing import Any

import numpy as np
import torch

from designer.engine.preprocessing_source import preprocessing_source
from designer.recipe.columns import ValueColumn
from designer.runs.preprocessing import InputPreprocessing, Preprocessing


def functions(*inputs: InputPreprocessing) -> tuple[str, dict[str, Any]]:
    """Return the source for these inputs, and what it defines."""
    about = Preprocessing(input=(), mean=(), deviation=(), classes=(), inputs=inputs).metadata()
    source, scope = preprocessing_source(about), {"torch": torch}
    exec(source, scope)
    return source, {name: each for name, each in scope.items() if name.startswith("preprocess")}


def test_rows_of_a_table_are_standardized_column_by_column() -> None:
    columns = (ValueColumn(name="age"), ValueColumn(name="city", categories=("Bern", "Rome")))
    row = InputPreprocessing(
        name="row", shape=(3,), mean=(40.0, 0.0, 0.0), deviation=(8.0, 1.0, 1.0), columns=columns
    )
    source, made = functions(row)
    rows = np.array([[48.0, 1.0, 0.0], [36.0, 0.0, 1.0]], np.float32)
    found = made["preprocess_row"](torch.from_numpy(rows))
    np.testing.assert_allclose(found, [[1.0, 1.0, 0.0], [-0.5, 0.0, 1.0]])
    assert "    - age\n    - city = Bern\n    - city = Rome\n" in source
    assert "(n, 3)" in source


def test_each_input_has_a_function_and_bytes_are_scaled() -> None:
    left = InputPreprocessing(
        name="left", shape=(2, 4), bytes=True, mean=(0.5, 0.0), deviation=(0.25, 1.0)
    )
    right = InputPreprocessing(name="right", shape=(2, 4), bytes=True)
    tokens = InputPreprocessing(name="tokens", shape=(8,), integer=True)
    _, made = functions(left, right, tokens)
    assert [*made] == ["preprocess_left", "preprocess_right"]
    values = torch.full((1, 2, 4), 255, dtype=torch.uint8)
    np.testing.assert_allclose(made["preprocess_left"](values)[0, :, 0], [2.0, 1.0])
    np.testing.assert_allclose(made["preprocess_right"](values), np.ones((1, 2, 4)))


def test_names_of_columns_cannot_end_the_docstring() -> None:
    names = ('"""\nraise SystemExit(1)\n"""', "\\", "x" * 500)
    columns = tuple(ValueColumn(name=name) for name in names)
    row = InputPreprocessing(
        name="row", shape=(3,), mean=(0.0,) * 3, deviation=(2.0,) * 3, columns=columns
    )
    source, made = functions(row)
    assert made["preprocess_row"](torch.ones(1, 3)).tolist() == [[0.5] * 3]
    assert max(map(len, source.splitlines())) <= 100


def test_values_that_stay_as_they_are_have_no_function() -> None:
    assert functions(InputPreprocessing(name="x", shape=(5,))) == ("", {})
