"""Designs written as in a file, compiled and compared with torch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch import nn

from designer.analysis.analysis import Analysis, analyze
from designer.codegen import generate
from designer.design import files
from designer.design.values import Design
from designer.engine.module import module_from_source
from designer.layers.partial import PartialConv2d
from designer.layers.recurrent import LSTM
from tests import measuring

Node = Mapping[str, Any]
FEW_TOKENS = 5
"""The whole numbers of an input are below this, so an Embedding needs at least as many vectors."""


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
        "version": files.VERSION,
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
    """Return a batch of random values for each input of a design; of small tokens for integers."""
    return [
        torch.randint(0, FEW_TOKENS, (batch, *port.shape))
        if port.integer
        else torch.randn(batch, *port.shape).requires_grad_(requires_grad)
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


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Let torch compute an LSTM by matrix products, which its counter of FLOPs knows.

    It knows nothing of oneDNN's kernel. (torch's own context manager warns of GPUs from Intel.)
    """
    before = torch.backends.mkldnn.set_flags(_enabled=False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=before[0])


def macs_for_one_image(module: nn.Module, inputs: Sequence[torch.Tensor]) -> int:
    """Count from batches of one and two times this size, since norms need more than one image.

    What reads only tensors that are the same for every image is computed once for a batch.
    """
    batch = len(inputs[0])
    with plain_kernels():
        once = measuring.macs(module, *inputs)
        twice = measuring.macs(module, *[torch.cat([each, each]) for each in inputs])
    return once - (twice - once) * (batch - 1) // batch


def assert_counts_agree(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Compare parameters, buffers, bytes and MACs of the analysis with a module."""
    totals = analyze(design).totals
    for key, value in sizes(module).items():
        found = getattr(totals, key)
        assert found == value, f"{key}: the analysis counts {found}, the torch module has {value}"
    measured = macs_for_one_image(module.train(), inputs)
    assert totals.macs == measured, (
        f"the analysis counts {totals.macs} MACs for one image, torch needs {measured}"
    )


def assert_memory_agrees(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Compare the bytes saved for backward, in train and in eval mode, with what torch saves."""
    analysis = analyze(design)
    batch = inputs[0].shape[0]
    for training in (True, False):
        expected = analysis.totals.saved_bytes(batch, training=training)
        measured = measuring.saved_bytes(module.train(training), *inputs)
        mode = "train" if training else "eval"
        assert saved_agree(analysis, expected, measured), (
            f"{mode} mode, batch of {batch}: the analysis counts {expected} bytes saved for "
            f"backward, torch saves {measured}"
        )


def saved_agree(analysis: Analysis, stated: int, measured: int) -> bool:
    """Tell whether bytes saved for backward are equal, or near enough with an LSTM.

    Its kernel keeps a workspace of seven arrays, each in whole pages of 4,096 bytes.
    """
    arrays = sum(
        7 * row.result.layer.num_layers * row.result.layer.directions
        for row in analysis.rows()
        if isinstance(row.result.layer, LSTM)
    )
    return abs(stated - measured) <= (0.05 * measured + arrays * 2048 if arrays else 0)


def assert_peak_agrees(design: Design, module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Compare the most bytes alive at once while predicting with what torch allocates."""
    analysis = analyze(design)
    totals = analysis.totals
    stated = totals.inference_bytes(inputs[0].shape[0]) - totals.file_bytes
    measured = measuring.peak_bytes(module.eval(), module, *inputs)
    assert peak_agrees(analysis, stated, measured), (
        f"the analysis counts {stated} bytes alive while predicting, torch allocates {measured}"
    )


def peak_agrees(analysis: Analysis, stated: int, measured: int) -> bool:
    """Tell whether bytes alive are equal, or differ for a reason that is known."""
    if stated > measured:
        return peak_is_bound(analysis)
    return stated == measured or is_measured_otherwise(analysis)


def is_measured_otherwise(analysis: Analysis) -> bool:
    """Tell whether more bytes may be counted than a design needs, or than is stated.

    While a dispatch mode watches, a MaxPool1d takes the kernel for inputs that need a gradient,
    whose output has its channels last in memory if the input has: later layers may copy it then.
    Channel numbers of a PartialConv2d, of two values each, count for maps with fewer values.
    """
    return any(
        (row.type == "MaxPool1d" and row.result.inputs[0] and row.result.inputs[0].layout)
        or (
            isinstance(row.result.layer, PartialConv2d)
            and prod(row.shape[1:]) < 2 * max(map(len, row.result.layer.rows))
        )
        for row in analysis.rows()
    )


def peak_is_bound(analysis: Analysis) -> bool:
    """Return whether the bytes alive are only an upper bound: a join takes several operations.

    All its inputs count until it is done, but Python frees one that stands in the expression itself
    after the operation that reads it; so with a comparison, whose answers become numbers. An LSTM
    without biases has zeros in their place while a kernel runs, which count until it is done.
    """
    if any(
        isinstance(row.result.layer, LSTM) and not row.result.layer.bias for row in analysis.rows()
    ):
        return True
    return any(
        row.type == "Compare"
        or (
            row.type in ("Add", "Mean", "DropPathMean", "Multiply", "Maximum")
            and len(row.result.inputs) > (1 if row.type == "Mean" else 2)
        )
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
    floating = [each for each in outputs if each.is_floating_point()]
    loss = sum((each * torch.randn_like(each)).sum() for each in floating)
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
