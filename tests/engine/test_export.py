import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from safetensors import safe_open

from designer import presets
from designer.design import edits, files
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine import export as exporter
from designer.engine import program_names
from designer.engine.export import WRITERS, export, of_design
from designer.errors import DesignerError
from designer.runs.export_formats import EXPORT_FORMATS
from tests.engine.samples import TWO_OUTPUTS


def tiny(*middle: LayerNode, shape: tuple[int, ...] = (3, 12, 12)) -> Design:
    nodes = {"image": LayerNode("Input", {"shape": shape})}
    nodes |= {f"layer{number}": node for number, node in enumerate(middle)}
    nodes["flatten"] = LayerNode("Flatten")
    nodes["fc"] = LayerNode("Linear", {"out_features": 4})
    nodes["scores"] = LayerNode("Output")
    names = list(nodes)
    edges = tuple(Edge(a, 0, b, 0) for a, b in pairwise(names))
    return Design("Tiny", graph=Graph(nodes, edges))


@pytest.fixture(scope="module")
def lenet():
    return of_design(presets.load("lenet5"), seed=3)


def test_every_format_has_a_writer() -> None:
    assert list(WRITERS) == list(EXPORT_FORMATS)


@pytest.mark.parametrize("ending", EXPORT_FORMATS)
def test_every_format_loads_back_and_agrees(lenet, tmp_path, ending):
    (done,) = export(lenet, [tmp_path / "deep" / f"model{ending}"])
    assert done.path.stat().st_size == done.size > 500
    assert done.difference <= EXPORT_FORMATS[ending].tolerance
    assert [path.name for path in done.path.parent.iterdir()] == [done.path.name]


def test_onnx_runs_in_onnxruntime_at_any_batch(lenet, tmp_path):
    (done,) = export(lenet, [tmp_path / "lenet5.onnx"])
    session = onnxruntime.InferenceSession(str(done.path))
    assert [each.name for each in session.get_inputs()] == ["image"]
    assert [each.name for each in session.get_outputs()] == ["scores"]
    for batch in (1, 5):
        images = torch.randn(batch, 1, 32, 32)
        (found,) = session.run(None, {"image": images.numpy()})
        with torch.no_grad():
            expected = lenet.network(images).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_program_runs_at_any_batch(lenet, tmp_path):
    (done,) = export(lenet, [tmp_path / "lenet5.pt2"])
    images = torch.randn(7, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            torch.export.load(done.path).module()(images), lenet.network(images)
        )


def test_source_runs_where_torch_is_installed_and_this_package_is_not(lenet, tmp_path):
    list(export(lenet, [tmp_path / "lenet5.py", tmp_path / "lenet5.pt"]))
    script = """
import sys
sys.path.insert(0, sys.argv[1])
try:
    import designer
except ImportError:
    pass
else:
    raise SystemExit("designer can be imported here; the test proves nothing")
import torch
from lenet5 import LeNet5
network = LeNet5().eval()
network.load_state_dict(torch.load(sys.argv[1] + "/lenet5.pt", weights_only=True))
print(network(torch.ones(1, 1, 32, 32))[0, 0].item())
"""
    site = Path(torch.__file__).parents[1]
    hidden = (
        "import sys; sys.meta_path.insert(0, type('Hide', (), {'find_spec': classmethod("
        "lambda cls, name, *_: (_ for _ in ()).throw(ImportError(name)) "
        "if name.split('.')[0] == 'designer' else None)}))\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys\nsys.path.append({str(site)!r})\n{hidden}{script}",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = lenet.network(torch.ones(1, 1, 32, 32))[0, 0].item()
    assert float(done.stdout) == pytest.approx(expected, abs=1e-6)


def test_metadata_names_the_network(lenet, tmp_path):
    (done,) = export(lenet, [tmp_path / "lenet5.safetensors"])
    with safe_open(done.path, "pt") as file:
        assert file.metadata()["network"] == "LeNet-5"


def test_weights_come_from_the_seed_and_leave_the_generator_alone():
    design = presets.load("lenet5")
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second, other = (of_design(design, seed=seed).network for seed in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.conv1.weight, second.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)


def test_auxiliary_outputs_stay_in_training(tmp_path):
    (done,) = export(of_design(TWO_OUTPUTS), [tmp_path / "two.onnx"])
    session = onnxruntime.InferenceSession(str(done.path))
    assert [each.name for each in session.get_outputs()] == ["scores"]


def test_old_file_stays_where_the_new_one_does_not_agree(lenet, tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    path.write_bytes(b"old")
    monkeypatch.setattr(exporter, "_state", lambda model: {
        name: tensor + 1 for name, tensor in model.network.state_dict().items()
    })  # fmt: skip
    with pytest.raises(DesignerError, match=r"model\.pt was not written.*differ by"):
        list(export(lenet, [path]))
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["model.pt"]


def test_full_disk_keeps_the_old_file(lenet, tmp_path, monkeypatch):
    path = tmp_path / "model.py"
    path.write_bytes(b"old")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporter, "replace_file", full)
    with pytest.raises(DesignerError, match="No space left on device"):
        list(export(lenet, [path]))
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("ending", [".py", ".pt", ".safetensors", ".pt2"])
def test_a_disk_that_takes_no_more_is_a_sentence(lenet, tmp_path, ending):
    resource = pytest.importorskip("resource")  # the limit of a file's size: POSIX alone
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(DesignerError, match=rf"model\{ending} cannot be written"):
            list(export(lenet, [tmp_path / f"model{ending}"]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_an_output_that_is_no_number_does_not_agree(lenet, tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(
        exporter,
        "_outputs",
        lambda network, inputs: [torch.tensor([1.0, 1.0 if network is lenet.network else wrong])],
    )
    with pytest.raises(DesignerError, match=r"model\.pt was not written.*differ by inf"):
        list(export(replace(lenet), [tmp_path / "model.pt"]))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("AdaptiveMaxPool2d", {"output_size": (5, 7)}),
        ("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 0.6}),
    ],
)
def test_layer_that_onnx_lacks_is_named(kind, settings, tmp_path):
    model = of_design(tiny(LayerNode("ReLU"), LayerNode(kind, settings)))
    sentence = rf"Tiny cannot be written as ONNX, which has no counterpart of layer1 \({kind}\): "
    with pytest.raises(DesignerError, match=rf"{sentence}.*use \.py, \.pt or \.safetensors,"):
        list(export(model, [tmp_path / "model.onnx"]))
    assert list(tmp_path.iterdir()) == []
    assert len(list(export(model, [tmp_path / "model.pt2", tmp_path / "model.py"]))) == 2


def test_layer_that_onnx_lacks_is_named_within_a_block(tmp_path):
    model = of_design(
        files.loads(
            """{"format": "netdesigner/design", "version": 1, "name": "Nested",
            "blocks": {"Stage": {"inputs": ["x"], "outputs": ["y"],
                "nodes": {"pool": {"layer": "AdaptiveMaxPool2d", "output_size": [3, 5]}},
                "edges": [["x", "pool", "y"]]}},
            "nodes": {"image": {"layer": "Input", "shape": [3, 9, 13]},
                "stage": {"block": "Stage"}, "out": {"layer": "Output"}},
            "edges": [["image", "stage", "out"]]}"""
        )
    )
    with pytest.raises(DesignerError, match=r"counterpart of stage\.pool \(AdaptiveMaxPool2d\)"):
        list(export(model, [tmp_path / "model.onnx"]))


def pools() -> list[tuple[str, dict[str, object], int]]:
    """Return poolings in ceil mode, with and without a last window that torch drops."""
    found: list[tuple[str, dict[str, object], int]] = []
    for size, kernel, stride, padding in (
        (5, 3, 3, 1), (6, 3, 3, 1), (7, 2, 3, 1), (8, 3, 2, 0), (9, 3, 2, 1), (10, 4, 3, 2),
    ):  # fmt: skip
        shared: dict[str, object] = {"kernel_size": kernel, "stride": stride, "ceil_mode": True}
        found.append(("MaxPool2d", {**shared, "padding": padding}, size))
        found.extend(
            ("AvgPool2d", {**shared, "padding": padding, "count_include_pad": counted}, size)
            for counted in (True, False)
        )
    found.append(("LPPool2d", {"kernel_size": 3, "stride": 2, "ceil_mode": True}, 8))
    return found


@pytest.mark.parametrize("size", sorted({size for _, _, size in pools()}))
def test_ceil_mode_has_torchs_windows_in_onnx(size, tmp_path, capfd):
    """Each pool of a size beside the others in one network, since an export takes a second."""
    nodes: dict[str, LayerNode] = {"image": LayerNode("Input", {"shape": (2, size + 1, size)})}
    edges = []
    for number, (kind, settings, own) in enumerate(pools()):
        if own == size:
            nodes[f"pool{number}"] = LayerNode(kind, settings)
            nodes[f"out{number}"] = LayerNode("Output")
            edges += [Edge("image", 0, f"pool{number}", 0)]
            edges += [Edge(f"pool{number}", 0, f"out{number}", 0)]
    design = Design("Ceil", graph=Graph(nodes, tuple(edges)))
    (done,) = export(of_design(design), [tmp_path / "m.onnx"])
    assert done.difference <= 1e-6
    onnx.checker.check_model(str(done.path), full_check=True)
    network = ReferenceEvaluator(str(done.path))
    images = torch.randn(3, 2, size + 1, size)
    every = network.run(None, {"image": images.numpy()})
    with torch.no_grad():
        expected = of_design(design).network(images)
    assert len(every) == len(expected) >= 3
    for found, wanted in zip(every, expected, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-5, atol=1e-6)
    assert capfd.readouterr().err == ""


def test_random_layers_agree_with_themselves(tmp_path):
    layer = LayerNode("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 0.5})
    (done,) = export(of_design(tiny(layer)), [tmp_path / "tiny.pt"])
    assert done.difference == 0


def test_invalid_design_is_refused():
    design = edits.set_parameter(presets.load("lenet5"), "conv1", "kernel_size", 99)
    with pytest.raises(DesignerError, match="LeNet-5 cannot be built: conv1"):
        of_design(design)


def test_every_format_takes_names_in_any_script(tmp_path):
    design = files.read(Path(__file__).parents[1] / "design" / "scripts.json")
    source = of_design(design, seed=3)
    keys = set(source.network.state_dict())
    for done in export(source, [tmp_path / f"网络{ending}" for ending in EXPORT_FORMATS]):
        assert done.difference <= EXPORT_FORMATS[done.path.suffix].tolerance
    with safe_open(tmp_path / "网络.safetensors", "pt") as file:
        assert set(file.keys()) == keys
    session = onnxruntime.InferenceSession(str(tmp_path / "网络.onnx"))
    assert [each.name for each in session.get_inputs()] == ["入力"]


def test_a_slow_check_recommends_the_runtime(lenet, tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "_SLOW", 0.0)
    (done,) = export(lenet, [tmp_path / "a.onnx"])
    assert done.remark == "", "it is installed"
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(exporter.onnx_file, "has_runtime", lambda: False)
    (done,) = export(lenet, [tmp_path / "b.onnx"])
    assert "pip install 'netdesigner[onnx]'" in done.remark


def test_a_program_has_other_names_for_layers_that_torch_export_would_hide(tmp_path):
    nodes = {
        "image": LayerNode("Input", {"shape": (6,)}),
        "code": LayerNode("Linear", {"out_features": 5}),
        "graph": LayerNode("BatchNorm1d"),
        "meta": LayerNode("Linear", {"out_features": 4}),
        "meta_": LayerNode("ReLU"),
        "scores": LayerNode("Output"),
    }
    edges = tuple(Edge(a, 0, b, 0) for a, b in pairwise(nodes))
    model = of_design(Design("Tiny", graph=Graph(nodes, edges)))
    program, state = export(model, [tmp_path / "model.pt2", tmp_path / "model.pt"])
    assert program.difference == 0
    assert "code is code_, graph is graph_, meta is meta__" in program.remark
    loaded = torch.export.load(program.path).state_dict
    assert {"code_.weight", "graph_.running_mean", "meta__.bias"} <= set(loaded)
    torch.testing.assert_close(loaded["code_.weight"], model.network.code.weight)
    assert "code.weight" in torch.load(state.path, weights_only=True)
    (done,) = export(model, [tmp_path / "model.onnx"])
    graph = onnx.load(done.path).graph
    assert {"code.weight", "meta.bias"} <= {each.name for each in graph.initializer}
    assert {"code", "meta", "meta_"} <= {node.name for node in graph.node}


def test_names_that_a_program_has_for_itself_are_found():
    found = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(2, 2),)).module()
    own = {name for name in dir(found) if not name.startswith("_")} - {"weight", "bias"}
    assert own <= program_names.taken()
