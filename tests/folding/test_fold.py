"""Folding with modules: blocks, their arguments and names, and where their layers went."""

from typing import Any

from designer.analysis.analysis import analyze
from designer.design.values import BlockNode, Design
from designer.folding.fold import fold
from designer.readers.graph import Module
from tests.layers.building import design

ROOT = Module("", "net.Net")


def residual(stages: list[tuple[int, int, int]]) -> tuple[Design, dict[str, tuple[Module, ...]]]:
    """Return a flat residual network, for stages of a number of blocks, channels and a stride."""
    nodes: dict[str, Any] = {"image": {"layer": "Input", "shape": [3, 32, 32]}}
    edges: list[list[str]] = []
    modules: dict[str, tuple[Module, ...]] = {}
    last, width = "image", 3

    def add(name: str, layer: str, *sources: str, inside: tuple[Module, ...], **more: Any) -> str:
        nodes[name] = {"layer": layer, **more}
        edges.extend([source, f"{name}:{port}"] for port, source in enumerate(sources))
        modules[name] = inside
        return name

    for number, (count, channels, stride) in enumerate(stages, 1):
        stage = Module(f"layer{number}", "torch.nn.modules.container.Sequential")
        for index in range(count):
            path = f"layer{number}.{index}"
            block = (ROOT, stage, Module(path, "net.BasicBlock"))
            name = path.replace(".", "_")
            step = stride if index == 0 else 1

            def leaf(
                part: str,
                layer: str,
                *sources: str,
                block: tuple[Module, ...] = block,
                path: str = path,
                **more: Any,
            ) -> str:
                inside = (*block, Module(f"{path}.{part}", f"torch.nn.modules.x.{layer}"))
                name = f"{path}.{part}".replace(".", "_")
                return add(name, layer, *sources, inside=inside, **more)

            here = leaf(
                "conv1",
                "Conv2d",
                last,
                out_channels=channels,
                kernel_size=3,
                padding=1,
                stride=step,
                bias=False,
            )
            here = leaf("bn1", "BatchNorm2d", here)
            here = leaf("relu", "ReLU", here)
            here = leaf(
                "conv2", "Conv2d", here, out_channels=channels, kernel_size=3, padding=1, bias=False
            )
            here = leaf("bn2", "BatchNorm2d", here)
            side = last
            if step != 1 or width != channels:
                side = leaf(
                    "downsample.0",
                    "Conv2d",
                    last,
                    out_channels=channels,
                    kernel_size=1,
                    stride=step,
                    bias=False,
                )
                side = leaf("downsample.1", "BatchNorm2d", side)
            here = add(f"{name}_add", "Add", here, side, inside=block)
            last = add(
                f"{name}_relu_1",
                "ReLU",
                here,
                inside=(*block, Module(f"{path}.relu", "torch.nn.modules.activation.ReLU")),
            )
            width = channels
    nodes["scores"] = {"layer": "Output"}
    edges.append([last, "scores"])
    return design(nodes, edges, version=2), modules


def figures(made: Design) -> tuple[Any, ...]:
    """Return what folding must not change."""
    found = analyze(made)
    assert found.valid, found.problems
    totals = found.totals
    return (
        totals.weights,
        totals.biases,
        totals.buffers,
        totals.macs,
        totals.output_values,
        totals.saved_for_backward,
        [port.shape for port in found.outputs],
    )


def test_a_class_becomes_a_block_and_its_container_a_repetition() -> None:
    flat, modules = residual([(3, 16, 1), (2, 32, 2), (2, 64, 2)])
    folded = fold(flat, modules)
    made = folded.design
    assert list(made.blocks) == ["BasicBlock"]
    assert list(made.graph.nodes) == ["image", "layer1", "layer2", "layer3", "scores"]
    assert [
        (node.repeat, dict(node.arguments))
        for node in made.graph.nodes.values()
        if isinstance(node, BlockNode)
    ] == [
        (3, {}),
        (2, {"channels": 32, "stride": "=2 if i == 0 else 1"}),
        (2, {"channels": 64, "stride": "=2 if i == 0 else 1"}),
    ]
    block = made.blocks["BasicBlock"]
    assert list(block.graph.nodes) == [
        "conv1", "bn1", "relu", "conv2", "bn2", "downsample_0", "downsample_1", "add", "relu2",
    ]  # fmt: skip
    assert block.graph.nodes["downsample_0"].when == "=in_channels != channels"
    assert figures(made) == figures(flat)
    assert folded.moved["layer2_0_conv1"] == "layer2.0.conv1"
    assert folded.moved["layer2_0_downsample_0"] == "layer2.0.downsample_0"
    assert len(folded.moved) == 2 * 2 * 7 + 2 * 3


def test_layers_of_torch_with_their_padding_are_no_blocks() -> None:
    leaf = "torch.nn.modules.conv.Conv2d"
    flat = design(
        {
            "image": {"layer": "Input", "shape": [3, 16, 16]},
            "pad": {"layer": "Pad", "padding": [1, 1, 1, 1], "mode": "reflect"},
            "c1": {"layer": "Conv2d", "out_channels": 8, "kernel_size": 3},
            "c2": {"layer": "Conv2d", "out_channels": 3, "kernel_size": 1},
            "y": {"layer": "Output"},
        },
        [["image", "pad", "c1", "c2", "y"]],
        version=2,
    )
    first, second = (ROOT, Module("c1", leaf)), (ROOT, Module("c2", leaf))
    assert fold(flat, {"pad": first, "c1": first, "c2": second}).design.blocks == {}
