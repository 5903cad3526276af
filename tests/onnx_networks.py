"""Networks that torch exports to ONNX, opened again: ``python -m tests.onnx_networks [NAME ...]``.

Each is written by both exporters of torch (``new``, ``raw`` without optimizing, and ``old``). A
line says how many parameters and buffers the design has, and how far its outputs are from those of
onnxruntime for the same input; it ends with what is wrong, and the process with 1 then. Where
BatchNorm layers were merged into convolutions, there are fewer parameters, which is not wrong.
Without names it takes every network, which takes some ten minutes.
"""

import argparse
import contextlib
import io
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from designer.analysis.analysis import analyze
from designer.engine.opening import comparison, running, taking
from designer.engine.opening.comparison import compiled
from designer.folding.fold import fold
from designer.folding.patterns import convert
from designer.readers import onnx as reader
from designer.readers.onnx.network import MERGED_NORMS

LARGEST = 1e-5  # a difference, beside the largest output

EXPORTERS: Mapping[str, Mapping[str, Any]] = {
    "new": {"dynamo": True, "external_data": False, "verbose": False},
    "raw": {"dynamo": True, "external_data": False, "verbose": False, "optimize": False},
    "old": {"dynamo": False, "opset_version": 17},
}


class Tokens(nn.Module):
    """A recurrent layer between an embedding and a classifier."""

    def __init__(self, recurrent: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.recurrent = recurrent(8, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.classifier(self.recurrent(self.embedding(x))[0][:, -1])
        return found


class Encoder(nn.Module):
    """A transformer's encoder with learned positions."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.positions = nn.Parameter(torch.randn(1, 7, 16))
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.encoder(self.embedding(x) + self.positions)
        return found


class Parts(nn.Module):
    """Parts of a tensor, of equal sizes and of others, and a norm of each."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.ConvTranspose2d(3, 10, 3, stride=2)
        self.norm = nn.GroupNorm(2, 4)

    def forward(self, x: Tensor) -> Tensor:
        one, two, three = torch.split(self.before(x), [4, 4, 2], dim=1)
        first, second = three.chunk(2, dim=1)
        return torch.cat([self.norm(one) * two.sigmoid(), first - second], 1)


def _images(size: int) -> Tensor:
    return torch.randn(2, 3, size, size)


def _tokens() -> Tensor:
    return torch.randint(0, 20, (2, 7))


def _torchvision(name: str, size: int = 64, **options: Any) -> tuple[Callable[[], nn.Module], Any]:
    return partial(torchvision.models.get_model, name, weights=None, **options), partial(
        _images, size
    )


NETWORKS: Mapping[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "LSTM": (partial(Tokens, nn.LSTM), _tokens),
    "GRU": (partial(Tokens, nn.GRU), _tokens),
    "RNN": (partial(Tokens, nn.RNN), _tokens),
    "TransformerEncoder": (Encoder, _tokens),
    "parts": (Parts, partial(_images, 8)),
    **{
        name: _torchvision(name, size)
        for name, size in (
            ("squeezenet1_1", 64),
            ("shufflenet_v2_x0_5", 64),
            ("mobilenet_v2", 64),
            ("mobilenet_v3_small", 64),
            ("mnasnet0_5", 64),
            ("resnet18", 64),
            ("resnext50_32x4d", 64),
            ("regnet_x_400mf", 64),
            ("regnet_y_400mf", 64),
            ("efficientnet_b0", 64),
            ("densenet121", 64),
            ("alexnet", 64),
            ("vgg11", 64),
            ("convnext_tiny", 64),
            ("swin_t", 64),
            ("swin_v2_t", 64),
            ("vit_b_32", 224),
            ("maxvit_t", 224),
        )
    },
    "googlenet": _torchvision("googlenet", 64, aux_logits=False, init_weights=False),
    "inception_v3": _torchvision("inception_v3", 96, aux_logits=False, init_weights=False),
    "lraspp": _torchvision("lraspp_mobilenet_v3_large", 64, weights_backbone=None),
    "deeplabv3": _torchvision("deeplabv3_mobilenet_v3_large", 64, weights_backbone=None),
}
"""How a network is made, and an input of it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("networks", nargs="*", metavar="NAME", help="all, if none is named")
    parser.add_argument("--exporters", default=",".join(EXPORTERS))
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    faults = 0
    for name in chosen.networks or NETWORKS:
        make, given = NETWORKS[name]
        torch.manual_seed(0)
        module, x = make().eval(), given()
        _randomize(module)
        for exporter in chosen.exporters.split(","):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{name}.onnx"
                begin = f"{name:20} {exporter:4}"
                if (reason := _export(module, x, path, EXPORTERS[exporter])) is not None:
                    print(f"{begin} not exported: {reason}", flush=True)
                    continue
                words, wrong = row(module, path, x)
                faults += bool(wrong)
                print(begin, words, f"WRONG: {wrong}" if wrong else "", flush=True)
    print(f"{faults:,} designs differ." if faults else "No design differs.")
    return 1 if faults else 0


def _randomize(module: nn.Module) -> None:
    """Give a new module statistics and biases as after a training, so that none are equal."""
    for each in module.buffers():
        if each.is_floating_point():
            each.uniform_(0.5, 1.5)
    for each in module.parameters():
        if each.ndim == 1:
            each.data += torch.randn_like(each) * 0.1


def _export(module: nn.Module, x: Tensor, path: Path, options: Mapping[str, Any]) -> str | None:
    """Write a file; return why it cannot be written, if it cannot."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            torch.onnx.export(module, (x,), str(path), **options)
    except Exception as error:  # whatever an exporter raises
        return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
    return None


def row(module: nn.Module, path: Path, x: Tensor) -> tuple[str, str]:
    """Return what came of opening a file, and what is wrong; "" if nothing is."""
    graph = reader.read(path)
    converted = convert(graph, running.evaluate)
    if converted.opaque:
        kinds = sorted({each.operation for each in converted.opaque})
        return f"{len(converted.opaque)} opaque nodes", ", ".join(kinds)
    folded = fold(converted.design, converted.modules, growing_concats=True)
    analysis = analyze(folded.design)
    if not analysis.valid:
        return "an error", analysis.problems[0].message
    network = compiled(analysis, taking.take(converted.weights, dict(folded.moved), analysis))
    found = comparison.outputs_of_design(network, [x])
    apart = comparison.difference(_onnxruntime(path, x), found)
    ours, theirs = _sizes(network), _sizes(module)
    words = f"{ours[0]:>11,} parameters {ours[1]:>9,} buffers, difference {apart.largest:.1e} of "
    words += f"{apart.scale:.1e}, {len(folded.design.blocks):>2} blocks"
    wrong = ""
    if apart.largest > LARGEST * apart.scale:
        wrong = "the outputs differ"
    elif MERGED_NORMS in graph.notes:
        words += ", norms merged"
    elif ours[0] != theirs[0]:
        wrong = f"the module has {theirs[0]:,} parameters"
    elif ours[1] != theirs[1]:
        words += f" (module {theirs[1]:,})"
    return words, wrong


def _sizes(module: nn.Module) -> tuple[int, int]:
    return (
        sum(each.numel() for each in module.parameters()),
        sum(each.numel() for each in module.buffers()),
    )


def _onnxruntime(path: Path, x: Tensor) -> Sequence[Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    (name,) = (each.name for each in session.get_inputs())
    return [torch.from_numpy(each) for each in session.run(None, {name: x.numpy()})]


if __name__ == "__main__":
    sys.exit(main())
