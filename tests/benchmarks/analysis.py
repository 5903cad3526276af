"""The analysis against torchinfo on meta tensors, and edits and code of large designs.

Both sides take turns in one process. The rows are medians of the thread's own CPU time, so that
other processes matter little. Each side is called repeatedly, as the window does at every edit. The
row of a cold analysis is of a design that was just read, with all caches of ours emptied; torch is
warm there.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torchinfo
import torchvision

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.codegen import generate
from designer.design import edits, files
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.folding.fold import fold
from designer.folding.unfold import unfold

ROUNDS = 7
REPEATS = 3  # calls in a row, since the first call of a turn finds cold processor caches
NODES = 10_000
LAYERS = 20_000  # of which code is generated
FOLD_GOAL = 100.0  # ms
CODE_GOAL = 3_000.0  # ms

Row = tuple[str, float, float, float, str]


def run() -> list[Row]:
    """Return (label, ours in ms, the peer's in ms, ratio, goal) for every measurement."""
    rows = []
    for label, design, peer, goal in (
        ("VGG16", presets.load("vgg16"), torchvision.models.vgg16, 10),
        ("ResNet-152", resnet152(), torchvision.models.resnet152, 100),
        ("ViT-B/16", presets.load("vit_b_16"), torchvision.models.vit_b_16, 100),
    ):
        with torch.device("meta"):
            network = peer(weights=None)
        cold, warm, theirs = _against_torchinfo(design, network)
        wanted = f"at least {goal}x faster"
        rows.append((f"analyze {label} [ms]", warm, theirs, theirs / warm, wanted))
        rows.append((f"analyze {label}, cold [ms]", cold, theirs, theirs / cold, "-"))
    local, everywhere = _one_edit()
    rows.append(
        ("one edit in 10,000 nodes, shapes stay [ms]", local, 2.0, 2.0 / local, "under 2 ms")
    )
    goal = "under 60 ms"
    rows.append(
        ("one edit in 10,000 nodes, all change [ms]", everywhere, 60, 60 / everywhere, goal)
    )
    for label, design in (
        ("ResNet-152", resnet152()),
        ("DenseNet-201", presets.load("densenet201")),
        ("ViT-B/16", presets.load("vit_b_16")),
    ):
        spent = _fold(design)
        rows.append((f"fold {label} [ms]", spent, FOLD_GOAL, FOLD_GOAL / spent, "under 100 ms"))
    code = _code()
    label = f"code of {LAYERS:,} layers [ms]"
    rows.append((label, code, CODE_GOAL, CODE_GOAL / code, "under 3 s"))
    return rows


def _fold(design: Design) -> float:
    """Return how long a design that was written out takes to be folded, its analyses included."""
    flat = unfold(design).design
    spent = [_milliseconds(lambda: fold(flat)) for _ in range(ROUNDS)]
    return statistics.median(spent)


def _code() -> float:
    """Return how long the code of a large flat design takes to generate, its analysis included."""
    design = flat_design(LAYERS)
    begun = time.thread_time()
    generate(design)
    return 1_000 * (time.thread_time() - begun)


def resnet152() -> Design:
    """Return ResNet-50 with the repeats of ResNet-152."""
    design = presets.load("resnet50")
    nodes: dict[str, Node] = dict(design.graph.nodes)
    for name, times in (("layer2", 8), ("layer3", 36)):
        node = nodes[name]
        assert isinstance(node, BlockNode)
        nodes[name] = replace(node, repeat=times)
    return replace(design, name="ResNet-152", graph=replace(design.graph, nodes=nodes))


def flat_design(count: int = NODES) -> Design:
    """Return a residual network without blocks, which repeats conv, norm, add and ReLU."""
    nodes: dict[str, Node] = {"image": LayerNode("Input", {"shape": (16, 32, 32)})}
    edges = []
    last = "image"
    for number in range((count - 2) // 4):
        conv, norm, add, relu = (f"{kind}{number}" for kind in ("conv", "norm", "add", "relu"))
        nodes[conv] = LayerNode("Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1})
        nodes[norm] = LayerNode("BatchNorm2d")
        nodes[add] = LayerNode("Add")
        nodes[relu] = LayerNode("ReLU")
        edges += [Edge(last, 0, conv, 0), Edge(conv, 0, norm, 0), Edge(norm, 0, add, 0)]
        edges += [Edge(last, 0, add, 1), Edge(add, 0, relu, 0)]
        last = relu
    nodes["scores"] = LayerNode("Output")
    edges.append(Edge(last, 0, "scores", 0))
    return Design("flat", graph=Graph(nodes, tuple(edges)))


def _against_torchinfo(design: Design, network: torch.nn.Module) -> tuple[float, float, float]:
    text = files.dumps(design)
    cold, warm, theirs = [], [], []

    def summary() -> None:
        torchinfo.summary(network, input_size=(1, 3, 224, 224), device="meta", verbose=0)

    for _ in range(ROUNDS):
        for _ in range(REPEATS):
            fresh = files.loads(text)
            _forget()
            cold.append(_milliseconds(lambda fresh=fresh: analyze(fresh).totals))  # type: ignore[misc]
        warm += [_milliseconds(lambda: analyze(design).totals) for _ in range(REPEATS)]
        theirs += [_milliseconds(summary) for _ in range(REPEATS)]
    return statistics.median(cold), statistics.median(warm), statistics.median(theirs)


def _forget() -> None:
    """Empty every module-level cache of ours."""
    for name in [each for each in sys.modules if each.startswith("designer.")]:
        for value in vars(sys.modules[name]).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def _one_edit() -> tuple[float, float]:
    """Measure an edit that keeps all shapes, and one of the input that changes every shape."""
    design = flat_design()
    before = analyze(design)
    assert before.valid

    def again(number: int, edited: Design) -> float:
        found: list[Analysis] = []

        def measure() -> None:
            found.append(analyze(edited, before))
            assert found[0].totals.parameters

        spent = _milliseconds(measure)
        assert found[0].valid, number
        return spent

    local, everywhere = [], []
    for number in range(ROUNDS):
        wide = edits.set_parameter(design, f"conv{number * 100}", "kernel_size", 5)
        local.append(again(number, edits.set_parameter(wide, f"conv{number * 100}", "padding", 2)))
        shape = (16, 40 + number, 32)
        everywhere.append(again(number, edits.set_parameter(design, "image", "shape", shape)))
    return statistics.median(local), statistics.median(everywhere)


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.thread_time()
    call()
    return (time.thread_time() - start) * 1000
