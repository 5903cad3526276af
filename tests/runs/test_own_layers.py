"""Measuring layer types of a design's own code: equal to torch, limited, cached, trusted before."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from designer.analysis.analysis import analyze
from designer.design.values import Argument, Block, BlockNode, Design, Edge, Graph, LayerNode
from designer.engine import export
from designer.engine.freezing import freeze
from designer.engine.module import module
from designer.engine.training import train
from designer.errors import DesignerError
from designer.layers.own import Measurement, digest
from designer.recipe.data import Data
from designer.recipe.recipe import Recipe
from designer.runs import own_layers, trusted_code
from designer.runs.begin import begin
from tests import measuring
from tests.own_code import GATE, with_layer


@pytest.fixture(scope="module", autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust and cache of these tests alone."""
    home = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.setattr(own_layers, "MOST_BYTES", 300_000_000)
        yield


@pytest.fixture(scope="module")
def measurer() -> Iterator[own_layers.Measurer]:
    with own_layers.Measurer() as found:
        yield found


def measure(measurer: own_layers.Measurer, text: str, **parameters: int) -> Measurement:
    """Trust a text and measure its class behind the convolution of the test's network."""
    trusted_code.trust([text])
    design = with_layer(text, **parameters)
    (request,) = own_layers.to_measure(analyze(design, measured=own_layers.known(design)))
    return measurer.measure(request)


def test_nothing_is_measured_before_it_is_trusted(measurer: own_layers.Measurer):
    text = GATE + "# not trusted\n"
    design = with_layer(text)
    assert own_layers.measured(design).facts == {}
    (request,) = analyze(design).pending
    assert measurer.measure(request) == Measurement(refusal="is not trusted")
    with pytest.raises(DesignerError, match=r"have not trusted.*--trust-code"):
        module(design)


HEAD = "class Gate(nn.Module):\n"
LAYERS = {
    "gate": GATE,
    "view": HEAD + "    def forward(self, x): return x.flatten(2).transpose(1, 2)\n",
    "same": HEAD + "    def forward(self, x): return x\n",
    "table": (
        HEAD + "    def __init__(self, in_features: int):\n"
        "        super().__init__()\n"
        "        self.table = nn.Parameter(torch.randn(in_features, in_features))\n"
        "        self.drop = nn.Dropout(0.5)\n"
        "    def forward(self, x): return self.drop(x @ torch.tanh(self.table))\n"
    ),
    "tied": (
        HEAD + "    def __init__(self, in_features: int):\n"
        "        super().__init__()\n"
        "        self.a = nn.Linear(in_features, in_features)\n"
        "        self.b = nn.Linear(in_features, in_features)\n"
        "        self.b.weight = self.a.weight\n"
        "    def forward(self, x): return self.b(torch.tanh(self.a(x)))\n"
    ),
    "part": HEAD + "    def forward(self, x): return torch.tanh(x)[:, :3]\n",
    "softmax": HEAD + "    def forward(self, x): return F.softmax(x, 1)\n",
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_measured_is_what_torch_does(name: str, measurer: own_layers.Measurer):
    text = LAYERS[name]
    measure(measurer, text)
    design = with_layer(text)
    analysis = own_layers.analyzed(design)
    assert analysis.valid, analysis.problems
    network = module(design)
    totals = analysis.totals
    parameters = sum(each.numel() for each in network.parameters())
    assert totals.parameters == parameters
    assert totals.buffers == sum(each.numel() for each in network.buffers())
    assert totals.macs == measuring.macs(network.eval(), torch.randn(1, 3, 8, 8))
    for batch in (2, 5):
        images = torch.randn(batch, 3, 8, 8)
        assert network.train()(images).shape == (batch, 10)
        assert totals.saved_bytes(batch) == measuring.saved_bytes(network, images)
        network.eval()
        assert totals.saved_bytes(batch, training=False) == measuring.saved_bytes(network, images)
        peak = measuring.peak_bytes(network, network, images)
        assert totals.inference_bytes(batch) == peak + totals.file_bytes


def test_a_base_that_is_no_module_is_refused(measurer: own_layers.Measurer):
    text = (
        "from collections import Counter\n"
        "class Gate(Counter):\n    def __init__(self): pass\n    def forward(self, x): return x\n"
    )
    assert "is no torch module" in measure(measurer, text).refusal


INIT = HEAD + "    def __init__(self):\n"
SAME = "    def forward(self, x): return x + 0\n"
UNUSABLE = {
    "overwrites its input": HEAD + "    def forward(self, x): x.data.mul_(2); return x + 0\n",
    "overwrites its input, which": (
        HEAD + "    def forward(self, x):\n"
        "        if self.training: x.data.mul_(2)\n"
        "        return x + 0\n"
    ),
    "first axis is not the batch": HEAD + "    def forward(self, x): return x.squeeze()\n",
    "call super().__init__() first": INIT + "        self.a = 1\n" + SAME,
    "call super().__init__() first in": HEAD + "    def __new__(cls): return 5\n" + SAME,
    "_extra_state into its state dict, which is no tensor": (
        HEAD + SAME + "    def get_extra_state(self): return {'a': 1}\n"
    ),
    "takes too much memory": INIT + "        torch.empty(3 * 10**9, device='cpu')\n" + SAME,
    r"ValueError in line 3 of its code: \ud800 \x1b[31m": (
        INIT + "        raise ValueError('\\ud800 \\x1b[31m')\n" + SAME
    ),
}


@pytest.mark.parametrize("words", UNUSABLE)
def test_what_cannot_be_used_is_refused_with_the_reason(words: str, measurer: own_layers.Measurer):
    assert words in measure(measurer, UNUSABLE[words]).refusal


def test_a_class_that_changes_torchs_defaults_changes_no_other_measurement(
    measurer: own_layers.Measurer,
):
    before = measure(measurer, GATE + "# before\n")
    text = (
        INIT + "        super().__init__()\n"
        "        torch.set_default_dtype(torch.float64)\n"
        "        torch.set_grad_enabled(False)\n" + SAME
    )
    assert not measure(measurer, text).refusal
    assert measure(measurer, GATE + "# after\n") == before


def test_what_a_missing_package_is_called(measurer: own_layers.Measurer):
    text = "import no_such_package\nclass Gate(nn.Module):\n    def forward(self, x): return x\n"
    assert measure(measurer, text).refusal.startswith("needs the package no_such_package")


def test_facts_come_from_the_cache_until_the_text_changes(monkeypatch: pytest.MonkeyPatch):
    text = LAYERS["same"]
    trusted_code.trust([text])
    first = own_layers.measured(with_layer(text))

    def never(*_: object) -> Measurement:
        raise AssertionError("measured again")

    monkeypatch.setattr(own_layers.Measurer, "measure", never)
    assert own_layers.measured(with_layer(text)) == first
    trusted_code.trust([text + "#"])
    with pytest.raises(AssertionError, match="measured again"):
        own_layers.measured(with_layer(text + "#"))


def test_a_damaged_cache_is_measured_anew(measurer: own_layers.Measurer):
    text = LAYERS["same"] + "# damaged\n"
    measure(measurer, text)
    path = own_layers.cache_file(text)
    lines = path.read_bytes()
    path.write_bytes(b"\xff{[" + lines[:40] + b"\n" + b"[1]\n")
    assert own_layers.cached(text) == {}
    assert measure(measurer, text).refusal == ""


def test_trust_is_of_the_text_alone_and_can_be_taken_back():
    design = with_layer(GATE)
    trusted_code.trust([GATE])
    assert trusted_code.trusted([GATE]) == {digest(GATE)}
    trusted_code.require(design)
    for other in (GATE[:-1], GATE + " ", GATE.replace("16", "17")):
        with pytest.raises(DesignerError):
            trusted_code.require(with_layer(other))
    trusted_code.distrust([GATE])
    with pytest.raises(DesignerError):
        trusted_code.require(design)
    trusted_code.trust([GATE])


def test_code_that_no_node_uses_needs_no_trust():
    design = with_layer(GATE)
    plain = replace(design, code={"Other": "class Other: pass"})
    assert trusted_code.used_code(plain) == {}
    trusted_code.require(plain)


def test_the_file_of_a_trusted_text_is_the_text():
    trusted_code.trust([GATE])
    path = trusted_code.folder() / f"{digest(GATE)}.py"
    assert path.read_text() == GATE


HALVES = """
import torch
from torch import nn

NUMBER = 2


def halves(x):
    return x.chunk(NUMBER, 1)


class Halves(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, *, bias: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 2 * out_channels, 1, bias=bias)

    def forward(self, x, y=None):
        first, second = halves(self.conv(x))
        return first, (second if y is None else second + y.mean())
"""


def test_blocks_several_inputs_several_outputs_and_frozen_weights(measurer: own_layers.Measurer):
    """Two outputs that share a storage, a repeated block whose widths grow, a frozen layer."""
    block = Block(
        {"hidden": Argument(2)},
        ("x",),
        ("y",),
        Graph(
            {
                "gate": LayerNode("Gate", {"hidden": "=hidden * 2"}),
                "norm": LayerNode("BatchNorm2d"),
                "add": LayerNode("Add"),
            },
            edges("x gate norm add y", "x add:1"),
        ),
    )
    nodes = {
        "image": LayerNode("Input", {"shape": (3, 8, 8)}),
        "conv": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3}),
        "both": LayerNode("Halves", {"out_channels": 6}),
        "stage": BlockNode("Residual", {"hidden": "=2 + i"}, repeat=3),
        "frozen": LayerNode("Gate", learning_rate=0),
        "add": LayerNode("Add"),
        "flat": LayerNode("Flatten"),
        "fc": LayerNode("Linear", {"out_features": 5}),
        "out": LayerNode("Output"),
    }
    graph = Graph(
        nodes, edges("image conv both stage add flat fc out", "conv both:1", "both:1 frozen add:1")
    )
    design = Design("Both", blocks={"Residual": block}, graph=graph)
    design = replace(design, code={"Gate": GATE, "Halves": HALVES})
    trusted_code.trust(design.code.values())
    analysis = analyze(design, measured=own_layers.known(design))
    while wanted := own_layers.to_measure(analysis):
        facts = {each: measurer.measure(each) for each in wanted}
        analysis = analyze(design, measured=own_layers.with_facts(analysis.measured, facts))
    assert analysis.valid, analysis.problems
    network, totals = module(design), analysis.totals
    assert totals.parameters == sum(each.numel() for each in network.parameters())
    assert totals.macs == measuring.macs(network.eval(), torch.randn(1, 3, 8, 8))
    images = torch.randn(3, 3, 8, 8)
    for training in (True, False):
        freeze(network.train(training), analysis)
        assert totals.saved_bytes(3, training=training) == measuring.saved_bytes(network, images)
    peak = measuring.peak_bytes(network, network, images)
    assert totals.inference_bytes(3) == peak + totals.file_bytes


TOKENS = """
from torch import nn


class Tokens(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.table = nn.Embedding(10, size)

    def forward(self, tokens, places):
        return self.table(tokens) + places
"""


def test_whole_numbers_and_tensors_without_a_batch(measurer: own_layers.Measurer):
    nodes = {
        "tokens": LayerNode("Input", {"shape": (5,), "dtype": "int64"}),
        "places": LayerNode("Parameter", {"shape": (5, 6)}),
        "table": LayerNode("Tokens", {"size": 6}),
        "same": LayerNode("Tokens", {"size": 6}, shares="table"),
        "halves": LayerNode("Gate"),
        "add": LayerNode("Add"),
        "fc": LayerNode("Linear", {"out_features": 3}),
        "out": LayerNode("Output"),
    }
    paths = (
        "tokens table add fc out",
        "places table:1",
        "tokens same add:1",
        "places halves same:1",
    )
    text = HEAD + "    def forward(self, x): return x / 2\n"
    design = Design("Tokens", graph=Graph(nodes, edges(*paths)))
    design = replace(design, code={"Tokens": TOKENS, "Gate": text})
    trusted_code.trust(design.code.values())
    analysis = analyze(design, measured=own_layers.known(design))
    while wanted := own_layers.to_measure(analysis):
        facts = {each: measurer.measure(each) for each in wanted}
        analysis = analyze(design, measured=own_layers.with_facts(analysis.measured, facts))
    assert analysis.valid, analysis.problems
    network, totals = module(design), analysis.totals
    assert totals.parameters == sum(each.numel() for each in network.parameters())
    tokens = torch.randint(10, (4, 5))
    assert network(tokens).shape == (4, *analysis.outputs[0].shape)
    assert totals.saved_bytes(4) == measuring.saved_bytes(network.train(), tokens)
    peak = measuring.peak_bytes(network, network.eval(), tokens)
    assert totals.inference_bytes(4) == peak + totals.file_bytes


def edges(*paths: str) -> tuple[Edge, ...]:
    """Return the edges of paths of nodes; "a:1" is an output of the first, an input of the last."""
    found = []
    for path in paths:
        names = path.split()
        for number, (one, two) in enumerate(pairwise(names)):
            source, _, port = one.partition(":")
            target, _, target_port = two.partition(":")
            found.append(
                Edge(source, int(port or 0) if number == 0 else 0, target, int(target_port or 0))
            )
    return tuple(found)


REFUSED = {
    "raises": ("raise ValueError('odd shape')", "line 3 of its code: odd shape"),
    "package": ("import no_such_package", "No module named 'no_such_package'"),
    "values": ("return x if x.sum() > 0 else -x", "meta"),
    "in place": ("return x.mul_(2)", "overwrites its input"),
    "no tensor": ("return 3", "gives no tensor"),
    "batch": ("return x.flatten(0, 1)", "the first axis must be the batch"),
    "one value": ("return x.mean()", "gives one value for a batch of 2"),
    "type": ("return x.double()", "type float64"),
    "empty": ("return x[:, :0]", "a tensor without values"),
    "shape": ("import time; return x[:, : 1 + (time.time_ns() // 1000) % 3]", "another shape"),
    "mode": ("return x if self.training else x[:, :1]", "another shape"),
    "stops": ("raise SystemExit", "SystemExit"),
    "memory": ("return [0] * 10**10", "memory"),
    "hungry": (
        "\n        import numpy\n        kept = []\n"
        "        while True: kept.append(numpy.ones(10**7))",
        "memory",
    ),
    "loop": ("\n        while True: pass", "did not end within 3 s"),
    "exit": ("import os; os._exit(3)", "ended the process that measured it"),
}
"""What forward does, and words of the sentence about it; the last two end the process."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_class_that_cannot_be_used_gives_a_sentence(
    name: str, measurer: own_layers.Measurer, monkeypatch: pytest.MonkeyPatch
):
    body, words = REFUSED[name]
    monkeypatch.setattr(own_layers, "SECONDS", 3.0 if name == "loop" else 100.0)
    text = HEAD + f"    def forward(self, x):\n        {body.strip()}\n"
    found = measure(measurer, text)
    assert words in found.refusal, found


def test_tied_weights_and_buffers_outside_of_the_state_dict_are_exported(tmp_path: Path):
    text = (
        HEAD + "    def __init__(self, in_features: int):\n"
        "        super().__init__()\n"
        "        self.a = nn.Linear(in_features, in_features)\n"
        "        self.b = nn.Linear(in_features, in_features)\n"
        "        self.b.weight = self.a.weight\n"
        "        self.register_buffer('ones', torch.ones(in_features), persistent=False)\n"
        "    def forward(self, x): return self.b(self.a(x)) + self.ones\n"
    )
    trusted_code.trust([text])
    model = export.of_design(with_layer(text))
    for done in export.export(model, [tmp_path / "a.pt", tmp_path / "a.safetensors"]):
        assert done.difference == 0


def test_an_error_of_its_code_in_training_names_the_layer_and_the_line(tmp_path: Path):
    text = (
        HEAD + "    def forward(self, x):\n"
        "        if x.device.type != 'meta': raise ValueError('only\\x1b now')\n"
        "        return x + 0\n"
    )
    trusted_code.trust([text])
    design = with_layer(text)
    image = replace(design.graph.nodes["image"], parameters={"shape": (1, 28, 28)})
    graph = replace(design.graph, nodes={**design.graph.nodes, "image": image})
    recipe = Recipe(data=Data(source="mnist10k", limit=40), batch=20, epochs=1)
    run = begin(tmp_path / "run", replace(design, graph=graph), recipe)
    with pytest.raises(ValueError, match="only"):
        train(run)
    result = run.result()
    assert result is not None
    assert result.message == (
        "Gate, a layer of this design's own code, raised ValueError in its line "
        "'if x.device.type != 'meta': raise ValueError('only\\x1b now')': only  now. "
        "Correct its code and begin a new run."
    )
