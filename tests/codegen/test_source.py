"""The text of generated files: golden files, what may stand in them, where they run."""

import ast
import cProfile
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.codegen import generate, source
from designer.design.edits import set_argument
from designer.design.values import Design
from designer.errors import DesignerError
from tests.layers.building import chain, design, images, network, valid

PRESETS = (
    "lenet5",
    "vgg16",
    "resnet18",
    "resnet50",
    "googlenet",
    "inception_v3",
    "densenet121",
    "mobilenet_v2",
    "preact_resnet_cifar",
    "wide_resnet",
)
IMAGE = {"layer": "Input", "shape": [3, 8, 8]}
SCORES = {"layer": "Output"}


@pytest.mark.parametrize("name", PRESETS)
def test_golden(name: str, golden: Callable[[str, str], None]):
    golden(f"source/{name}.py", source(presets.load(name)))


def ruff(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ruff", *options, "--isolated", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_presets_pass_the_linter_and_stay_as_the_formatter_has_them(tmp_path: Path):
    for name in presets.names():
        text = source(presets.load(name))
        assert not text.endswith("\n\n")
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    checked = ruff(tmp_path, "check", "--select", "F,E9,E5", "--line-length=100")
    assert checked.returncode == 0, checked.stdout
    formatted = ruff(tmp_path, "format", "--diff", "--line-length=100")
    assert formatted.returncode == 0, formatted.stdout


def test_the_file_runs_where_only_torch_is(tmp_path: Path):
    generated = generate(presets.load("resnet18"))
    (tmp_path / "model.py").write_text(generated.source, encoding="utf-8")
    # -I leaves out the working directory and PYTHONPATH, so that the package is found nowhere
    # but where it may be installed; that is barred.
    program = f"""
import sys
sys.modules["designer"] = None
sys.path.insert(0, {str(tmp_path)!r})
import torch, model
network = model.{generated.class_name}(classes=7)
with torch.no_grad():
    print(tuple(network.eval()(torch.zeros(1, 3, 64, 64)).shape))
assert not [name for name in sys.modules if name.startswith("designer.")]
"""
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.strip() == "(1, 7)", done.stderr


def free(name: str) -> list[str]:
    """The constructor arguments of a preset's class."""
    generated = generate(presets.load(name))
    tree = ast.parse(generated.source)
    (found,) = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == generated.class_name
    ]
    constructor = found.body[0]
    assert isinstance(constructor, ast.FunctionDef)
    return [each.arg for each in constructor.args.args if each.arg != "self"]


def test_arguments_are_free_where_the_text_follows_them():
    assert free("lenet5") == ["classes"]
    assert free("vgg16") == ["classes"]  # the first dense layer's inputs follow the resolution
    assert free("resnet18") == ["classes", "option"]
    assert free("resnet50") == ["classes", "option", "variant"]
    assert free("googlenet") == ["classes"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("lenet5", {"classes": 3}),
        ("vgg16", {"classes": 11}),
        ("resnet18", {"classes": 3, "option": "A"}),
        ("resnet18", {"option": "C"}),
        ("resnet50", {"option": "C", "variant": "paper"}),
        ("googlenet", {"classes": 5}),
    ],
)
def test_a_free_argument_gives_what_the_analysis_says(name: str, values: dict[str, Any]):
    generated = generate(presets.load(name))
    scope: dict[str, Any] = {}
    exec(compile(generated.source, "model.py", "exec"), scope)
    with torch.device("meta"):
        module = scope[generated.class_name](**values)
    changed = presets.load(name)
    for key, value in values.items():
        changed = set_argument(changed, key, value)
    count = sum(each.numel() for each in module.parameters())
    assert count == analyze(changed).totals.parameters


# Hostile words

HOSTILE = (
    "quote \" and ' and \"\"\" and '''",
    "line\nimport os\nos.abort()",
    "return\rimport os",
    "separators \u2028import os\u2029 \x85 \x0c \x1c",
    "backslash \\\nimport os",
    "# -*- coding: rot13 -*-",
    "bell \x07 null \x00 right-to-left \u202e",
)


@pytest.mark.parametrize("word", HOSTILE)
def test_words_of_a_file_never_become_code(word: str):
    layers = [("Conv2d", {"out_channels": 2, "kernel_size": 1}), ("ReLU", {})]
    plain = source(chain((3, 4, 4), *layers, name="Network"))
    hostile = source(
        chain((3, 4, 4), *layers, name=f"Network {word}", about=word, cites=[word, word])
    )
    network_name = generate(chain((3, 4, 4), *layers, name=f"Network {word}")).class_name
    assert ast.dump(ast.parse(hostile)).replace(network_name, "Network") == ast.dump(
        ast.parse(plain)
    )
    assert len(hostile.splitlines()) == len(plain.splitlines()) + 2
    assert hostile.isprintable() or set(hostile) - {"\n"} == {
        each for each in set(hostile) - {"\n"} if each.isprintable()
    }


@pytest.mark.parametrize("word", HOSTILE)
def test_text_in_parameters_is_refused_or_quoted(word: str):
    bad = chain((3, 4, 4), ("Conv2d", {"out_channels": 2, "kernel_size": 1, "padding_mode": word}))
    assert not analyze(bad).valid
    with pytest.raises(DesignerError):
        source(bad)
    block = {
        "arguments": {"kind": {"default": word, "choices": [word, "other"]}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "conv": {
                "layer": "Conv2d",
                "kernel_size": 1,
                "out_channels": "=1 if kind == 'other' else 2",
            }
        },
        "edges": [["x", "conv", "y"]],
    }
    drawn = design(
        {
            "image": IMAGE,
            "one": {"block": "B"},
            "two": {"block": "B", "with": {"kind": "other"}},
            "scores": SCORES,
        },
        [["image", "one", "two", "scores"]],
        blocks={"B": block},
    )
    tree = ast.parse(source(drawn))
    assert [type(node).__name__ for node in tree.body] == ["ImportFrom", "ClassDef", "ClassDef"]
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert word in strings
    assert network(drawn).two.conv.out_channels == 1


def test_a_name_that_gives_no_class_name():
    for name in ("-", "123", "class", "nn", "torch", "日本", "x" * 200, "__init__"):
        generated = generate(chain((3,), ("Linear", {"out_features": 2}), name=name))
        assert generated.class_name.isidentifier()
        assert network(chain((3,), ("Linear", {"out_features": 2}), name=name)) is not None


# Names that collide


def one_conv(channels: object = 2) -> dict[str, Any]:
    return {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {"conv": {"layer": "Conv2d", "out_channels": channels, "kernel_size": 1}},
        "edges": [["x", "conv", "y"]],
    }


@pytest.mark.parametrize("name", ["Shortcut", "Scale", "Network", "FixedFilter", "Net"])
def test_blocks_called_like_other_classes(name: str):
    drawn = design(
        {
            "image": IMAGE,
            "block": {"block": name},
            "scale": {"layer": "Scale"},
            "short": {"layer": "Shortcut", "out_channels": 4},
            "edge": {"layer": "Laplacian"},
            "scores": SCORES,
        },
        [["image", "block", "scale", "short", "edge", "scores"]],
        blocks={name: one_conv()},
    )
    module = network(drawn)
    assert module(*images(drawn, 2)).shape == (2, 4, 8, 8)
    assert type(module).__name__ != type(module.block).__name__
    counted = sum(each.numel() for each in module.parameters())
    assert counted == valid(drawn).totals.parameters


@pytest.mark.parametrize("argument", ["channels", "layers", "width", "x", "y", "out_features"])
def test_arguments_called_like_locals(argument: str):
    block = {
        "arguments": {argument: {"default": 2, "min": 1}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "dense": {"block": "Dense", "repeat": 3, "with": {"growth": f"={argument}"}},
            "conv": {"layer": "Conv2d", "out_channels": f"={argument}", "kernel_size": 1},
        },
        "edges": [["x", "dense", "conv", "y"]],
    }
    growing = {
        "arguments": {"growth": {"default": 2}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "conv": {"layer": "Conv2d", "out_channels": "=growth", "kernel_size": 1},
            "join": {"layer": "Concat"},
        },
        "edges": [["x", "join", "y"], ["x", "conv", "join:1"]],
    }
    drawn = design(
        {"image": IMAGE, "block": {"block": "B", "with": {argument: 5}}, "scores": SCORES},
        [["image", "block", "scores"]],
        blocks={"B": block, "Dense": growing},
    )
    agrees(drawn)


def agrees(drawn: Any) -> str:
    """Hold the module against the analysis; return the source."""
    analysis = valid(drawn)
    module = network(drawn)
    outputs = module.train()(*images(drawn, 2))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert [tuple(each.shape[1:]) for each in outputs] == [p.shape for p in analysis.outputs]
    counted = sum(each.numel() for each in module.parameters())
    assert counted == analysis.totals.parameters
    json.dumps(list(module.state_dict()))
    text = source(drawn)
    assert "  \n" not in text
    return text


@pytest.mark.parametrize("kind", ["chain", "residual", "skips", "outputs", "blocks"])
def test_the_work_grows_linearly_with_the_layers(kind: str):
    small, large = (_calls(large_design(kind, count)) for count in (300, 1_200))
    assert large < 4.4 * small


def _calls(design: Design) -> int:
    """Return how many calls of functions generating the code of a design takes."""
    analysis = analyze(design)
    generate(design, analysis)  # fills the caches
    profile = cProfile.Profile()
    profile.runcall(generate, design, analysis)
    return sum(entry.callcount for entry in profile.getstats())


def large_design(kind: str, count: int) -> Design:
    """Return a design of about `count` layers, wired in one of several manners."""
    nodes: dict[str, Any] = {"image": {"layer": "Input", "shape": [8, 8, 8]}}
    edges: list[list[str]] = []
    last = "image"
    for number in range(count // 3):
        conv, more, add = f"conv{number}", f"more{number}", f"add{number}"
        nodes[conv] = {"layer": "Conv2d", "out_channels": 8, "kernel_size": 1}
        nodes[more] = {"block": "Unit"} if kind == "blocks" else {"layer": "ReLU"}
        edges += [[last, conv, more]]
        if kind == "residual":
            nodes[add] = {"layer": "Add"}
            edges += [[last, add], [more, f"{add}:1"]]
        if kind == "outputs":
            nodes[add] = SCORES
            edges += [[more, add]]
        last = add if kind == "residual" else more
    if kind == "skips":  # each layer of the first half is added to one of the second
        for number in reversed(range(count // 3 - 1)):
            nodes[f"add{number}"] = {"layer": "Add"}
            edges += [[last, f"add{number}"], [f"more{number}", f"add{number}:1"]]
            last = f"add{number}"
    nodes["scores"] = SCORES
    edges += [[last, "scores"]]
    unit = {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {"tanh": {"layer": "Tanh"}, "relu": {"layer": "ReLU"}},
        "edges": [["x", "tanh", "relu", "y"]],
    }
    return design(nodes, edges, blocks={"Unit": unit})
