"""The object of ``check --json`` and its schema."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.report.check import SCHEMA_PATH, Report, report, schema_text
from designer.design import files
from designer.design.values import Design
from designer.recipe.optimizers import ESTIMATES

SCHEMA = json.loads(schema_text())  # the file's, by the test below; right while it is renewed, too
VALIDATOR = Draft202012Validator(SCHEMA)


def design(nodes: dict[str, Any], *edges: list[str], **more: Any) -> Design:
    document = {"format": files.FORMAT, "version": files.VERSION, "name": "Made for a test"}
    return files.loads(json.dumps({**document, "nodes": nodes, "edges": list(edges), **more}))


IMAGE = {"layer": "Input", "shape": [3, 8, 8]}
OUTPUT = {"layer": "Output"}
CONV = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3}
LOOP = {
    "inputs": ["x"],
    "outputs": ["y"],
    "nodes": {"b": {"block": "B"}},
    "edges": [["x", "b", "y"]],
}
CELL = {"inputs": ["x"], "outputs": ["y"], "nodes": {"c": CONV}, "edges": [["x", "c", "y"]]}

BROKEN = {
    "nothing": design({}),
    "no input": design({"out": OUTPUT}),
    "unknown layer": design({"image": IMAGE, "c": {"layer": "Conv3d"}}, ["image", "c"]),
    "no parameter": design({"image": IMAGE, "c": {"layer": "Conv2d"}}, ["image", "c"]),
    "flat": design(
        {"image": IMAGE, "fc": {"layer": "RBF", "out_features": 2}, "out": OUTPUT},
        ["image", "fc", "out"],
    ),
    "cycle": design(
        {"image": IMAGE, "a": {"layer": "Add"}, "r": {"layer": "ReLU"}},
        ["image", "a", "r", "a:1"],
    ),
    "recursion": design({"image": IMAGE, "b": {"block": "B"}}, ["image", "b"], blocks={"B": LOOP}),
    "shrinks away": design(
        {"image": IMAGE, "b": {"block": "B", "repeat": 9}, "out": OUTPUT},
        ["image", "b", "out"],
        blocks={"B": CELL},
    ),
    "huge repeat": design(
        {"image": IMAGE, "b": {"block": "B", "repeat": 10**9}, "out": OUTPUT},
        ["image", "b", "out"],
        blocks={"B": CELL},
    ),
    "huge layer": design(
        {"image": IMAGE, "c": {**CONV, "out_channels": 10**12, "padding": 1}, "out": OUTPUT},
        ["image", "c", "out"],
    ),
}


def as_printed(given: Design, batch: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report(analyze(given), batch).to_json())
    return found


def test_the_schema_is_that_of_the_classes(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--renew-golden"):
        SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", presets.names())
def test_presets_fit_the_schema(name: str) -> None:
    found = as_printed(presets.load(name))
    VALIDATOR.validate(found)
    assert found["valid"] is True
    assert found["problems"] == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken_designs_fit_the_schema(name: str) -> None:
    found = as_printed(BROKEN[name], batch=10**6)
    VALIDATOR.validate(found)
    assert found["valid"] is False
    assert any(problem["severity"] == "error" for problem in found["problems"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: found.pop("name"),
        lambda found: found.update(extra=1),
        lambda found: found["totals"].pop("macs"),
        lambda found: found["totals"]["training_bytes"].pop("adam"),
        lambda found: found["totals"]["training_bytes"].update(lion=1),
        lambda found: found["totals"].update(macs=-1),
        lambda found: found["layers"][0].update(output="3x32x32"),
        lambda found: found["layers"][0]["receptive_field"].update(size=[1, 1, 1, 1]),
    ],
)
def test_the_schema_refuses_damaged_reports(damage: Callable[[dict[str, Any]], object]) -> None:
    found = as_printed(presets.load("lenet5"))
    damage(found)
    assert not VALIDATOR.is_valid(found)


def test_vgg16_is_the_lecture() -> None:
    found = as_printed(presets.load("vgg16"))
    totals = found["totals"]
    assert totals["weights"] == 138_344_128
    assert totals["biases"] == 13_416
    assert totals["parameters"] == 138_357_544
    assert totals["macs"] == 15_470_264_320
    assert totals["output_values"] == 15_237_608
    assert totals["output_bytes"] == 4 * 15_237_608
    assert totals["buffer_values"] == 24_168_936
    assert totals["saved_bytes"] == 73_254_912
    assert totals["inference_peak_bytes"] == 26_292_224
    assert totals["file_bytes"] == 553_430_176
    assert found["inputs"] == [{"name": "image", "shape": [3, 224, 224]}]
    assert found["outputs"] == [{"name": "scores", "shape": [1000]}]
    assert found["arguments"] == {"classes": 1000, "resolution": 224, "batch_norm": False}
    layers = {layer["path"]: layer for layer in found["layers"]}
    assert layers["conv5_3"]["receptive_field"]["size"] == [196, 196]
    pool5 = {"size": [212, 212], "jump": [32, 32], "start": [16, 16], "local": [212, 212]}
    assert layers["pool5"]["receptive_field"] == pool5
    assert layers["conv1_1"] == {
        "path": "conv1_1",
        "type": "Conv2d",
        "output": [64, 224, 224],
        "values": 3_211_264,
        "weights": 1728,
        "biases": 64,
        "macs": 86_704_128,
        "receptive_field": {"size": [3, 3], "jump": [1, 1], "start": [0.5, 0.5], "local": [3, 3]},
    }


@pytest.mark.parametrize("name", presets.names())
def test_layers_add_up_to_the_totals(name: str) -> None:
    found = as_printed(presets.load(name))
    for of_layer, of_all in (
        ("values", "output_values"),
        ("weights", "weights"),
        ("biases", "biases"),
        ("macs", "macs"),
    ):
        assert sum(layer[of_layer] for layer in found["layers"]) == found["totals"][of_all]


def test_the_batch_counts_for_training_only() -> None:
    one, eight = (as_printed(presets.load("resnet18"), batch)["totals"] for batch in (1, 8))
    assert eight["saved_bytes"] == 38_400 + 8 * 22_179_840
    assert set(eight["training_bytes"]) == set(ESTIMATES)
    assert all(eight["training_bytes"][name] > one["training_bytes"][name] for name in ESTIMATES)
    changed = {key for key in one if one[key] != eight[key]}
    assert changed == {"saved_bytes", "training_bytes"}


def test_a_problem_has_a_path_and_fixes() -> None:
    (problem,) = as_printed(BROKEN["flat"])["problems"]
    assert problem["severity"] == "error"
    assert problem["path"] == "fc"
    assert problem["port"] == 0
    assert "3×8×8" in problem["message"]
    assert any("Flatten" in fix for fix in problem["fixes"])


def test_an_invalid_design_is_reported_as_far_as_known() -> None:
    found = as_printed(BROKEN["shrinks away"])
    paths = [layer["path"] for layer in found["layers"]]
    assert paths[:4] == ["image", "b.0.c", "b.1.c", "b.2.c"]
    assert found["outputs"] == []


def test_no_image_has_no_receptive_field() -> None:
    row = design({"row": {"layer": "Input", "shape": [5]}, "out": OUTPUT}, ["row", "out"])
    assert [layer["receptive_field"] for layer in as_printed(row)["layers"]] == [None, None]


def test_it_can_be_read_back() -> None:
    made = report(analyze(presets.load("googlenet")), 3)
    assert msgspec.json.decode(made.to_json(), type=Report) == made
    assert made.to_json().isascii()
