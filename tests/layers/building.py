"""Designs written as in a file, compiled and compared with torch."""

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
    """Return a design of one layer after the other, called layer1, layer2, ..."""
    nodes: dict[str, Node] = {"image": {"layer": "Input", "shape": list(shape)}}
    for number, (kind, parameters) in enumerate(layers, 1):
        nodes[f"layer{number}"] = {"layer": kind, **parameters}
    nodes["scores"] = {"layer": "Output"}
    return design(nodes, [list(nodes)], **more)


def valid(design: Design) -> Analysis:
    """Analyze a design that must have no problems."""
    found = analyze(design)
    assert found.valid, found.problems
    return found


def network(design: Design) -> nn.Module:
    """Return the torch module that a design compiles to."""
    generated = generate(design)
    return module_from_source(generated.source, generated.class_name)


def images(design: Design, batch: int, *, requires_grad: bool = False) -> list[torch.Tensor]:
    """Return a batch of random values for each input of a design."""
    return [
        torch.randn(batch, *port.shape).requires_grad_(requires_grad)
        for port in analyze(design).inputs
    ]


def sizes(module: nn.Module) -> dict[str, int]:
    """Return the sizes of a module, by their names in `Totals`."""
    state = module.state_dict().values()
    parameters = list(module.parameters())
    return {
        "parameters": sum(each.numel() for each in parameters),
        "buffers": sum(each.numel() for each in module.buffers()),
        "file_bytes": sum(each.numel() * each.element_size() for each in state),
    }


def assert_counts_agree(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Compare parameters, buffers, bytes and MACs of the analysis with a module."""
    totals = analyze(design).totals
    for key, value in sizes(module).items():
        found = getattr(totals, key)
        assert found == value, f"{key}: the analysis counts {found}, the torch module has {value}"
    batch = inputs[0].shape[0]
    measured = measuring.macs(module.train(), *inputs)
    assert totals.macs * batch == measured, (
        f"the analysis counts {totals.macs} MACs for one image, torch needs {measured / batch}"
    )


def assert_memory_agrees(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Compare the bytes saved for backward, in train and in eval mode, with what torch saves."""
    totals = analyze(design).totals
    batch = inputs[0].shape[0]
    for training in (True, False):
        expected = totals.saved_bytes(batch, training=training)
        measured = measuring.saved_bytes(module.train(training), *inputs)
        mode = "train" if training else "eval"
        assert expected == measured, (
            f"{mode} mode, batch of {batch}: the analysis counts {expected} bytes saved for "
            f"backward, torch saves {measured}"
        )


def assert_peak_agrees(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Compare the most bytes alive at once while predicting with what torch allocates."""
    analysis = analyze(design)
    stated = inputs[0].shape[0] * analysis.totals.inference_peak_bytes
    measured = measuring.peak_bytes(module.eval(), module, *inputs)
    assert stated == measured or (peak_is_bound(analysis) and stated > measured), (
        f"the analysis counts {stated} bytes alive while predicting, torch allocates {measured}"
    )


def peak_is_bound(analysis: Analysis) -> bool:
    """Return whether the bytes alive are only an upper bound: a join takes several operations.

    All its inputs count until it is done, but Python frees one that stands in the expression itself
    after the operation that reads it.
    """
    return any(
        row.type in ("Add", "Mean", "Multiply", "Maximum")
        and len(row.result.inputs) > (1 if row.type == "Mean" else 2)
        for row in analysis.rows()
    )


def as_tuple(outputs: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Return the outputs of a module as a tuple."""
    return outputs if isinstance(outputs, tuple) else (outputs,)


def assert_backward_runs(
    module: nn.Module, inputs: Sequence[torch.Tensor], *, partly: bool = False
) -> None:
    """Run the backward pass in train mode; check that gradients are finite and of the right shape.

    With `partly` the module does not use all of its inputs, so some may have no gradient.
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
