"""What model files hold: names of the design, nothing of the machine, and what checkers accept."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.carried import KEY
from designer.engine.export import of_design, write
from designer.runs.export_formats import EXPORT_FORMATS
from tests.engine.samples import TINY, TWO_OUTPUTS

EXPORTED = (
    "lenet5",
    "squeezenet1_1",
    "preact_resnet_cifar",
    "lenet5_1998",
)
USER = "ada_lovelace_1815"


@pytest.mark.slow
def test_model_files_hold_no_path_of_the_machine(tmp_path: Path) -> None:
    """Export in a process whose folders and user have names that no file holds by chance."""
    folders = {name: tmp_path / f"{name}_of_{USER}" for name in ("home", "temporary", "working")}
    for folder in folders.values():
        folder.mkdir()
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "HOME": str(folders["home"]),
        "USER": USER,
        "LOGNAME": USER,
        "TMPDIR": str(folders["temporary"]),
        "PYTHONPATH": str(root),
    }
    script = (
        "import sys; from designer.cli import main\n"
        "for name in sys.argv[2:]:\n"
        "    files = [f'files/{name}{ending}' for ending in sys.argv[1].split()]\n"
        "    assert main(['export', name, '--to', *files]) == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, " ".join(EXPORT_FORMATS), *EXPORTED],
        env=environment,
        cwd=folders["working"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    paths = [*(folders["working"] / "files").iterdir()]
    assert len(paths) == len(EXPORTED) * len(EXPORT_FORMATS)
    forbidden = [USER, "site-packages", str(root), str(Path(torch.__file__).parents[1])]
    if len(socket.gethostname()) > 4:  # a shorter one stands in the bytes of weights by chance
        forbidden.append(socket.gethostname())
    for path in paths:
        content = path.read_bytes()
        assert not [word for word in forbidden if word.encode() in content], path.name
    for name in EXPORTED:
        file = folders["working"] / "files" / name
        onnx.checker.check_model(f"{file}.onnx", full_check=True)
        session = onnxruntime.InferenceSession(f"{file}.onnx")
        program = torch.export.load(f"{file}.pt2")
        state = torch.load(f"{file}.pt", weights_only=True)
        assert program.state_dict.keys() == state.keys()
        analysis = analyze(presets.load(name))
        inputs = [torch.randn(2, *port.shape) for port in analysis.inputs]
        with torch.no_grad():
            expected = program.module()(*inputs)
        names = [each.name for each in session.get_inputs()]
        found = session.run(
            None, {key: each.numpy() for key, each in zip(names, inputs, strict=True)}
        )
        torch.testing.assert_close(torch.from_numpy(found[0]), expected, atol=1e-4, rtol=1e-4)
        layers = {row.path for row in analysis.rows()}
        layers |= {key.rpartition(".")[0] for key in state}  # a layer may have two modules
        for node in onnx.load(f"{file}.onnx").graph.node:
            assert node.name.partition("/")[0] in layers, (name, node.name)


def graph(path: Path) -> onnx.GraphProto:
    return onnx.load(path).graph


def test_onnx_nodes_and_values_have_the_names_of_layers(tmp_path: Path) -> None:
    path = write(of_design(presets.load("resnet_cifar")), tmp_path / "net.onnx").path
    found = graph(path)
    assert found.name == "ResNet CIFAR"
    nodes = {node.name: node for node in found.node}
    assert len(nodes) == len(found.node), "names are used once"
    block = nodes["layer1.0.add"]
    assert block.op_type == "Add"
    assert list(block.output) == ["layer1.0.add"]
    assert list(nodes["layer1.0.conv1"].output) == ["layer1.0.bn1"], "with the normalization"
    assert {each.key: each.value for each in block.metadata_props} == {"namespace": "layer1/0"}
    assert [each.name for each in found.input] == ["image"]
    assert "layer1.0.conv1.weight" in {each.name for each in found.initializer}


def test_layers_of_several_operations_name_each(tmp_path: Path) -> None:
    path = write(of_design(presets.load("googlenet")), tmp_path / "net.onnx").path
    names = [node.name for node in graph(path).node if node.name.startswith("norm1")]
    assert names[-1] == "norm1"
    assert all(re.fullmatch(r"norm1/[A-Za-z]+(_\d+)?", name) for name in names[:-1])


@pytest.mark.parametrize("design", [TINY, TWO_OUTPUTS], ids=lambda each: each.name)
def test_onnx_has_no_metadata_but_ours(design, tmp_path: Path) -> None:
    path = write(of_design(design), tmp_path / "net.onnx").path
    model = onnx.load(path)
    assert {each.key for each in model.metadata_props} == {"network", "program", KEY}
    parts = [*model.graph.node, *model.graph.input, *model.graph.value_info, model.graph]
    keys = {each.key for part in parts for each in part.metadata_props}
    assert keys <= {"namespace"}
    assert not any(part.doc_string for part in parts)
