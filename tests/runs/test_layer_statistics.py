"""Measurements as values and as lines of a file."""

import msgspec
import pytest

from designer.errors import DesignerError
from designer.runs.layer_statistics import (
    BINS,
    FIGURES,
    KINDS,
    MOST_BYTES,
    LayerFigures,
    Measurement,
    MeasurementReader,
    MeasurementWriter,
    interval,
    is_measured,
    packed,
    read_measurements,
)


def figures(path="conv1", kind="activation", name="", **values):
    given = dict.fromkeys(FIGURES) | {"mean": 0.5, "deviation": 1.25, **values}
    counts = packed([3, 1] + [0] * (BINS - 2))
    return LayerFigures(
        path, kind, name, 4, **given, low=-1.0, high=2.5, histogram=values.get("counts", counts)
    )


def measurement(step, *layers):
    return Measurement(step=step, epoch=1, batch=8, loss=2.3, layers=layers or (figures(),))


def write(path, *steps, after=0):
    with MeasurementWriter(path, after=after) as writer:
        for step in steps:
            writer.append(measurement(step))


def steps(measurements):
    return [each.step for each in measurements]


def test_every_figure_is_a_field_with_title_and_help_and_belongs_to_known_kinds():
    fields = LayerFigures.__struct_fields__
    assert set(FIGURES) <= set(fields)
    for row in FIGURES.values():
        assert row.title
        assert row.help.endswith(".")
        assert set(row.kinds) <= set(KINDS)


def test_a_measurement_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "layers.jsonl"
    written = measurement(
        3, figures(), figures(kind="weight", name="weight", update_ratio=1e-3, mean=None)
    )
    with MeasurementWriter(path) as writer:
        writer.append(written)
    (found,) = read_measurements(path)
    assert found == written
    assert found.layers[0].counts == (3, 1) + (0,) * (BINS - 2)


def test_figures_that_are_no_numbers_are_read_as_none(tmp_path):
    path = tmp_path / "layers.jsonl"
    with MeasurementWriter(path) as writer:
        writer.append(measurement(1, figures(mean=float("nan"), maximum=float("inf"))))
    (found,) = read_measurements(path)
    assert (found.layers[0].mean, found.layers[0].maximum) == (None, None)


def test_of_weights_the_first_parameter_is_the_main_one():
    found = measurement(
        1,
        figures(),
        figures(kind="weight", name="weight"),
        figures(kind="weight", name="bias"),
        figures(path="fc", kind="weight", name="weight"),
    )
    assert [each.name for each in found.of_kind("weight")] == ["weight", "bias", "weight"]
    assert {path: each.name for path, each in found.main("weight").items()} == {
        "conv1": "weight",
        "fc": "weight",
    }


def test_a_reader_gets_each_measurement_once(tmp_path):
    path = tmp_path / "layers.jsonl"
    reader = MeasurementReader(path)
    assert reader.poll().values == []
    with MeasurementWriter(path) as writer:
        writer.append(measurement(1))
        first = reader.poll()
        assert (steps(first.values), first.restarted) == ([1], True)
        writer.append(measurement(2))
        writer.append(measurement(4))
        assert steps(reader.poll().values) == [2, 4]
        assert reader.poll().values == []


def test_a_resumed_training_cuts_the_file_back_to_its_checkpoint(tmp_path):
    path = tmp_path / "layers.jsonl"
    write(path, 1, 2, 4, 8)
    with path.open("ab") as file:
        file.write(b'{"step":16,"la')
    reader = MeasurementReader(path)
    assert steps(reader.poll().values) == [1, 2, 4, 8]
    write(path, 5, after=4)
    again = reader.poll()
    assert again.restarted
    assert steps(again.values) == [1, 2, 4, 5]


def test_a_training_that_begins_anew_begins_the_file_anew(tmp_path):
    path = tmp_path / "layers.jsonl"
    write(path, 1, 2)
    write(path, 1)
    assert steps(read_measurements(path)) == [1]


@pytest.mark.parametrize(
    "damage", [b"\x00\n", b"{}\n", b'{"step":2,"epoch":1,"batch":8,"layers":[["a"]]}\n']
)
def test_a_damaged_line_is_a_sentence(tmp_path, damage):
    path = tmp_path / "layers.jsonl"
    write(path, 1)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(damage)
    with pytest.raises(DesignerError, match=rf"layers\.jsonl is damaged at byte {size:,}.*remove"):
        read_measurements(path)


def test_each_at_an_interval_is_measured_and_of_the_first_ones_some():
    assert [step for step in range(1, 31) if is_measured(step, 10)] == [1, 2, 4, 8, 10, 20, 30]
    assert not any(is_measured(step, 0) for step in range(1, 31))


@pytest.mark.parametrize(("rows", "total"), [(44, 2_500), (1_600, 500_000), (60_000, 10**6)])
def test_no_training_writes_more_than_the_file_may_have(rows, total):
    every = interval(100, rows=rows, steps=total)
    measured = total // every + every.bit_length()
    row = figures(path="layer3.35.downsample.conv", kind="weight_gradient", name="weight")
    numbers = dict.fromkeys(FIGURES, -1.234567e-05)
    size = len(msgspec.json.encode(msgspec.structs.replace(row, **numbers)))
    size -= 2 * len(",-1.234567e-05")  # no row has all figures
    most = measured * rows * size
    assert most < MOST_BYTES or (measured <= 25 and rows == 60_000)


def test_small_networks_are_measured_as_often_as_the_recipe_says():
    assert interval(100, rows=44, steps=100_000) == 100
    assert interval(0, rows=44, steps=100_000) == 0
