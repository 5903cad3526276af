"""The table as data: sums that agree with the totals, sorting, text and CSV."""

import pytest

from designer import presets
from designer.analysis.accounting.saved_for_backward import saved_bytes_by_layer
from designer.analysis.analysis import analyze
from designer.gui.base import numbers
from designer.gui.panels.layer_table import COLUMNS, LayerTable, as_csv, as_text

BY_NAME = {column.name: column for column in COLUMNS}
COUNTED = [column for column in COLUMNS if column.measured is None]
"""The columns that are shown while no times are measured."""


@pytest.mark.parametrize("name", presets.names())
def test_bytes_saved_for_backward_sum_up_to_the_total(name: str) -> None:
    analysis = analyze(presets.load(name))
    kept = saved_bytes_by_layer(analysis.top)
    assert sum(kept.values()) == analysis.totals.saved_bytes()
    assert kept.keys() == {row.path for row in analysis.rows()}


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "googlenet"])
def test_columns_sum_up_to_the_totals(name: str) -> None:
    analysis = analyze(presets.load(name))
    table = LayerTable(analysis)
    totals = analysis.totals
    assert sum(table.numbers["values"]) == totals.output_values
    assert sum(table.numbers["memory"]) == totals.output_bytes
    assert sum(table.numbers["parameters"]) == totals.parameters
    assert sum(table.numbers["macs"]) == totals.macs


def test_names_sort_by_their_numbers() -> None:
    table = LayerTable(analyze(presets.load("vgg16")))
    order = table.order(BY_NAME["layer"], descending=False, words="conv5 conv2d")
    assert [table.paths[index] for index in order] == ["conv5_1", "conv5_2", "conv5_3"]
    order = table.order(BY_NAME["parameters"], descending=True)
    assert [table.paths[index] for index in order[:3]] == ["fc6", "fc7", "fc8"]


LENET = """\
Layer  Type        Output  Values   Memory     Kept  Params     MACs  RF
image  Input      1×32×32   1,024  4.10 KB        0       0        0   1
conv1  Conv2d     6×28×28   4,704  18.8 KB  4.10 KB     156  117.6 K   5
tanh1  Tanh       6×28×28       –        –  18.8 KB       –        –   5
pool1  AvgPool2d  6×14×14   1,176  4.70 KB        0       0        0   6
"""


def test_text_is_aligned_and_csv_is_plain() -> None:
    table = LayerTable(analyze(presets.load("lenet5")))
    assert as_text(table, range(4), COUNTED) == LENET
    everything = as_text(table, range(len(table.lines)), COUNTED).splitlines()
    assert everything[-1].split() == ["Total", "14", "layers", "9,118", "36.5", "KB", "36.4", "KB",
                                      "61,706", "416.5", "K"]  # fmt: skip
    assert as_csv(table, [0, 1, 2], COUNTED) == (
        "layer,type,output,values,memory_bytes,kept_bytes,parameters,macs,receptive_field\n"
        "image,Input,1x32x32,1024,4096,0,0,0,1\n"
        "conv1,Conv2d,6x28x28,4704,18816,4096,156,117600,5\n"
        "tanh1,Tanh,6x28x28,0,0,18816,0,0,5\n"
    )


def test_the_users_number_format_is_not_used_in_csv() -> None:
    table = LayerTable(analyze(presets.load("lenet5")))
    numbers.use("plain")
    try:
        assert "4704" in as_text(table, [1], COUNTED)
    finally:
        numbers.use("english")
    assert "4704" in as_csv(table, [1], COUNTED)
