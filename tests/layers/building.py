"""Designs written as in a file, compiled and held against torch."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from designer.analysis.analysis import Analysis, analyze
from designer.codegen import generate
from designer.design import files
from designer.design.values import Design
from designer.engine.module import module_from_source
from tests import measuring

Node = Mapping[str, Any]


def design(
    nodes: Mapping[str, Node],
    edges: Sequence[Sequence[str]],
    *,
    blocks: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
    name: str = "Network",
    **more: Any,
) -> Design:
    """Read a design from the parts of its file."""
    fields = {
        "format": "netdesigner/design",
        "version": 1,
        "name": name,
        "arguments": arguments or {},
        "blocks": blocks or {},
        "nodes": nodes,
        "edges": edges,
        **more,
    }
    return files.loads(json.dumps(fields))


def chain(shape: Sequence[int], *layers: tuple[str, dict[str, Any]], **more: Any) -> Design:
    """Put layers in a row; they are called layer1, layer2, ..."""
    nodes: dict[str, Node] = {"image": {"layer": "Input", "shape": list(shape)}}
    for number, (kind, parameters) in enumerate(layers, 1):
        nodes[f"layer{number}"] = {"layer": kind, **parameters}
    nodes["scores"] = {"layer": "Output"}
    return design(nodes, [list(nodes)], **more)


def valid(design: Design) -> Analysis:
    """Analyze a design that must be without fault."""
    found = analyze(design)
    assert found.valid, found.problems
    return found


def network(design: Design) -> nn.Module:
    """Compile a design by way of its source."""
    generated = generate(design)
    return module_from_source(generated.source, generated.class_name)


def images(design: Design, batch: int, *, requires_grad: bool = False) -> list[torch.Tensor]:
    """Draw a batch for each input of a design."""
    return [
        torch.randn(batch, *port.shape).requires_grad_(requires_grad)
        for port in analyze(design).inputs
    ]


def sizes(module: nn.Module) -> dict[str, int]:
    """Return what a module holds, as `Totals` calls it."""
    state = module.state_dict().values()
    parameters = list(module.parameters())
    return {
        "parameters": sum(each.numel() for each in parameters),
        "buffers": sum(each.numel() for each in module.buffers()),
        "file_bytes": sum(each.numel() * each.element_size() for each in state),
    }


def assert_counts_agree(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Hold parameters, buffers, bytes and MACs of the analysis against a module."""
    totals = analyze(design).totals
    for key, value in sizes(module).items():
        assert getattr(totals, key) == value, key
    batch = inputs[0].shape[0]
    module.train()
    assert totals.macs * batch == measuring.macs(module, *inputs)


def assert_memory_agrees(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Hold the bytes kept for backward in train and in eval mode against torch's hooks."""
    totals = analyze(design).totals
    batch = inputs[0].shape[0]
    for training in (True, False):
        expected = totals.saved_bytes(batch, training=training)
        measured = measuring.saved_bytes(module.train(training), *inputs)
        assert expected == measured, ("train" if training else "eval", batch)


def as_tuple(outputs: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Return what a module gives as a tuple."""
    return outputs if isinstance(outputs, tuple) else (outputs,)


def assert_backward_runs(
    module: nn.Module, inputs: Sequence[torch.Tensor], *, partly: bool = False
) -> None:
    """Run backward in train mode; every gradient that arrives is finite and has its shape.

    All arrive, unless the module reads its inputs only partly.
    """
    module.train()
    outputs = as_tuple(module(*inputs))
    # A weighted sum: the plain sum behind a norm or softmax has no gradient.
    loss = sum((each * torch.randn_like(each)).sum() for each in outputs)
    assert isinstance(loss, torch.Tensor)
    if not loss.requires_grad:
        return
    loss.backward()
    for each in (*module.parameters(), *(each for each in inputs if each.requires_grad)):
        if each.grad is None and partly:
            continue
        assert each.grad is not None
        assert each.grad.shape == each.shape
        assert each.grad.isfinite().all()
