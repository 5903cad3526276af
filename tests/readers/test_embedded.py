"""Designs are found in model files of this program, and only whole ones."""

import zipfile
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from onnx import helper
from safetensors.torch import save_file
from torch import nn

from designer import presets
from designer.design import files
from designer.engine import weights
from designer.engine.export import WRITERS, Model, of_design, write
from designer.errors import DesignerError
from designer.readers.embedded import Embedded, embedded, embedded_design
from designer.runs.export_formats import EXPORT_FORMATS

DESIGN = files.loads(
    """{"format": "netdesigner/design", "version": 1, "name": "Größe", "about": "A test.",
    "arguments": {"width": {"default": 4, "min": 1, "help": "Channels."}},
    "blocks": {"Unit": {"arguments": {"width": {"default": 8}}, "inputs": ["x"], "outputs": ["y"],
        "nodes": {"conv": {"layer": "Conv2d", "out_channels": "=width", "kernel_size": 3,
                           "at": [0, 60.5]}, "relu": {"layer": "ReLU"}},
        "edges": [["x", "conv", "relu", "y"]]}},
    "nodes": {"image": {"layer": "Input", "shape": [3, 8, 8], "at": [-40, 0]},
        "stage": {"block": "Unit", "repeat": 2, "with": {"width": "=width"}, "lr_scale": 0.5},
        "flatten": {"layer": "Flatten"}, "fc": {"layer": "Linear", "out_features": 4},
        "scores": {"layer": "Output", "at": [10, 300]}},
    "edges": [["image", "stage", "flatten", "fc", "scores"]]}"""
)


@pytest.fixture(scope="module")
def model() -> Model:
    return of_design(DESIGN)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory) -> Path:
    """A folder with a model file of each format."""
    place = tmp_path_factory.mktemp("models")
    for ending in EXPORT_FORMATS:
        write(model, place / f"net{ending}")
    return place


@pytest.mark.parametrize("ending", EXPORT_FORMATS)
def test_every_format_gives_the_same_design(folder, ending):
    assert embedded(folder / f"net{ending}") == Embedded(DESIGN)
    assert embedded_design(folder / f"net{ending}") == DESIGN


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_comes_back_from_source_and_safetensors(name, model, tmp_path):
    design = presets.load(name)
    code = replace(model.generated, source="import torch\n")  # the comment is the same
    model = replace(model, design=design, generated=code, network=nn.Linear(1, 1))
    for ending in (".py", ".safetensors"):
        path = tmp_path / f"net{ending}"
        WRITERS[ending][0](model, path)
        assert embedded(path) == Embedded(design)


def test_state_dicts_load_as_before(model, folder):
    state = torch.load(folder / "net.pt", weights_only=True)
    assert model.network.load_state_dict(state, strict=True).missing_keys == []
    mapped = torch.load(folder / "net.pt", weights_only=True, mmap=True)
    assert all(torch.equal(mapped[name], value) for name, value in state.items())
    extra = {"netdesigner.design": ""}
    torch.export.load(folder / "net.pt2", extra_files=extra)
    assert extra["netdesigner.design"].startswith("netdesigner/embedded 1 ")


def test_what_other_programs_wrote_carries_no_design(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "a.pt")
    torch.save({"weight": torch.ones(2)}, tmp_path / "b.pth", _use_new_zipfile_serialization=False)
    save_file({"weight": torch.ones(2)}, tmp_path / "c.safetensors")
    program = torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),))
    torch.export.save(program, tmp_path / "d.pt2")
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2])
    other = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [other])
    onnx.save(helper.make_model(graph), tmp_path / "e.onnx")
    (tmp_path / "f.py").write_text("import torch\n")
    (tmp_path / "g.txt").write_text("")
    for path in tmp_path.iterdir():
        assert embedded(path) == Embedded(), path


def test_a_file_of_endless_fields_is_given_up(folder, tmp_path, monkeypatch):
    zeros = tmp_path / "zeros.onnx"
    with zeros.open("wb") as file:
        file.truncate(1 << 36)  # without contents, it takes no room on a disk
    assert embedded(zeros) == Embedded()
    many = tmp_path / "many.onnx"
    many.write_bytes(b"\x08\x01" * 30 + (folder / "net.onnx").read_bytes())
    assert embedded(many).design is not None
    monkeypatch.setattr("designer.readers.embedded._MOST_FIELDS", 30)
    assert embedded(many) == Embedded()


@pytest.mark.parametrize("ending", EXPORT_FORMATS)
def test_a_file_of_noise_or_nothing_carries_no_design(tmp_path, ending):
    path = tmp_path / f"net{ending}"
    for content in (b"", b"\x08", b"PK\x03\x04" + bytes(60), bytes(range(256)) * 9, b"\xff" * 99):
        path.write_bytes(content)
        assert embedded(path) == Embedded()
    path.write_bytes(b"")
    path.unlink()
    with pytest.raises(DesignerError, match=r"cannot be read .*No such file"):
        embedded(path)


@pytest.mark.parametrize("ending", [".onnx", ".safetensors", ".pt", ".pt2"])
def test_a_damaged_design_is_said_and_the_file_is_one_of_another_program(folder, tmp_path, ending):
    content = (folder / f"net{ending}").read_bytes()
    start = content.rindex(b"netdesigner/embedded 1 ") + 600
    path = tmp_path / f"net{ending}"
    path.write_bytes(content[:start] + b"#" + content[start + 1 :])
    found = embedded(path)
    assert found.design is None
    assert found.note.startswith(f"The design that net{ending} carries ")
    assert found.note.endswith(", so the network is read from the rest of the file.")


def test_every_cut_and_many_flipped_bytes_are_survived(folder, tmp_path):
    for ending in EXPORT_FORMATS:
        content = bytearray((folder / f"net{ending}").read_bytes())
        path = tmp_path / f"net{ending}"
        for number in range(40):
            size = len(content) * (number + 1) // 41
            path.write_bytes(content[:size])
            if ending != ".safetensors":  # the design stands before the tensors
                assert embedded(path).design is None
            changed = content[:]
            changed[-1 - number * 37 % size] ^= 1 << number % 8
            path.write_bytes(changed)
            assert embedded(path).design in (None, DESIGN)


def test_an_onnx_file_whose_operations_changed_is_edited(folder, tmp_path):
    model = onnx.load(folder / "net.onnx")
    path = tmp_path / "net.onnx"
    model.producer_name = "another"
    model.graph.initializer[0].raw_data = bytes(len(model.graph.initializer[0].raw_data))
    onnx.save(model, path)
    assert embedded(path) == Embedded(DESIGN), "other weights are no other network"
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type = "Sigmoid"
    onnx.save(model, path)
    assert embedded(path) == Embedded(DESIGN, edited=True)
    assert embedded_design(path) is None


def test_a_program_whose_operations_changed_is_edited(folder, tmp_path):
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(folder / "net.pt2") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("models/model.json"):
                data = data.replace(b"aten.relu", b"aten.gelu")
            new.writestr(name, data)
    assert embedded(path) == Embedded(DESIGN, edited=True)


def test_source_that_was_edited_is_known(folder, tmp_path):
    text = (folder / "net.py").read_text(encoding="utf-8")
    path = tmp_path / "net.py"
    path.write_text(text.replace("nn.ReLU", "nn.GELU", 1), encoding="utf-8")
    assert embedded(path) == Embedded(DESIGN, edited=True)
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert embedded(path) == Embedded(DESIGN)


def test_weights_do_not_pass_on_the_design_of_their_file(folder, model, tmp_path):
    other = replace(DESIGN, name="Another")
    path = tmp_path / "other.safetensors"
    write(of_design(other, weights=str(folder / "net.safetensors")), path)
    assert embedded_design(path) == other
    assert weights.save(model.network, tmp_path / "a.pt", other, about={}) > 0
    assert weights.save(model.network, tmp_path / "a.safetensors", other, about={}) > 0
    assert embedded_design(tmp_path / "a.pt") == other
    assert embedded_design(tmp_path / "a.safetensors") == other
