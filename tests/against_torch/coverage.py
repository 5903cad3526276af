"""Which networks of torchvision and timm the layers express, shown by building them.

Each network is exported, read and converted as opening it does, compiled from the design, given the
weights of the original, and compared with it: parameters, buffers, MACs and outputs.
"""

import gc
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.problems import Severity
from designer.engine.module import module as compiled
from designer.engine.opening.running import evaluate
from designer.folding.patterns import Converted, convert
from designer.readers import pt2
from tests import measuring
from tests.layers.building import as_tuple

BATCH = 2
Networks: TypeAlias = Mapping[str, tuple[Callable[[], nn.Module], tuple[int, ...]]]
"""How a network is built, and the shape of an image, by name."""

TIMM = Path(__file__).parent / "timm_sample.txt"
"""Names of timm's models: a sample of all its modules."""

BUILT = (
    "bat_resnext26ts", "botnet26t_256", "cait_xs24_384", "convnext_atto", "cs3darknet_focus_l",
    "cspnext_s", "deit_base_distilled_patch16_224", "densenet121", "dla34", "dm_nfnet_f0", "dpn92",
    "ecaresnet26t", "efficientnet_b0", "ese_vovnet39b_evos", "fbnetv3_b", "hardcorenas_a",
    "hgnet_base", "hrnet_w18", "inception_v4", "lcnetv2_base", "legacy_seresnet101",
    "mobilenetv4_conv_aa_medium", "nf_regnet_b4", "pit_ti_224", "regnety_008", "repvit_m0_9",
    "res2net50_14w_8s", "resnetv2_50x1_bit", "rexnet_100", "selecsls42", "skresnet18", "starnet_s1",
    "vgg11", "visformer_tiny", "xcit_small_12_p16_224",
)  # fmt: skip
"""Models of the sample that are built with values and compared, too."""


# A module as a design


class OnlyTensors(nn.Module):
    """A module that returns its tensors alone, in order, whatever it packs them into."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(tensors_of(self.network(*inputs)))


def tensors_of(result: Any) -> Iterable[torch.Tensor]:
    """Yield the tensors that a module returns, in whatever it returns them."""
    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, Mapping):
        for each in result.values():
            yield from tensors_of(each)
    elif isinstance(result, tuple | list):
        for each in result:
            yield from tensors_of(each)


@contextmanager
def slow_attention() -> Iterator[None]:
    """Let torch's MultiheadAttention compute as in training, which is what the design has."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def converted(module: nn.Module, images: torch.Tensor) -> tuple[Converted, Mapping[str, Any]]:
    """Return a module as a design, and the values of its tensors by their names in the design.

    Parameters
    ----------
    module
        The module, in train mode. Of meta tensors, all values are taken for zeros.
    images
        A batch.
    """
    program = torch.export.export(OnlyTensors(module).train(), (images,), strict=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.pt2"
        torch.export.save(program, path)
        graph = pt2.read(path)
        if images.is_meta:
            tensors = {
                name: replace(
                    each, read=lambda spec=each.spec: np.zeros(spec.shape, spec.dtype), storage=""
                )
                for name, each in graph.tensors.items()
            }
            graph = replace(graph, tensors=tensors)
        found = convert(graph, evaluate)
        values = {} if images.is_meta else {k: each.read() for k, each in found.weights.items()}
    return found, values


def reasons(found: Converted) -> str:
    """Return what no layer expresses, in words; "" if that is nothing."""
    return "; ".join(f"{each.operation}: {each.reason}" for each in found.opaque)


@dataclass
class Result:
    """What the comparison of a network gave.

    Attributes
    ----------
    refusal
        Why it cannot be a design; "" if it can.
    parameters, buffers, macs
        The network's and the design's.
    constants
        Values that the network computes while it runs, which are Constants of the design and so
        among its buffers.
    difference, scale
        Largest difference between an output of both for a single image, and the largest value of
        an output. (In a batch, torch's own MultiheadAttention orders rows otherwise than the
        design's, which rounds the last bit of some otherwise.)
    seconds
        How long the comparison took.
    """

    refusal: str = ""
    parameters: tuple[int, int] = (0, 0)
    buffers: tuple[int, int] = (0, 0)
    macs: tuple[int, int] = (0, 0)
    constants: int = 0
    difference: float = 0.0
    scale: float = 0.0
    seconds: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether all counts are equal and the outputs differ by roundings at most."""
        theirs, ours = self.buffers
        return (
            not self.refusal
            and self.parameters[0] == self.parameters[1]
            and theirs + self.constants == ours
            and self.macs[0] == self.macs[1]
            and self.difference <= 1e-4 * self.scale
        )

    def __str__(self) -> str:
        if self.refusal:
            return f"refused: {self.refusal}"
        if not self.equal:
            return (
                f"DIFFERS by {self.difference:.1e} of {self.scale:.1e}; theirs and ours: "
                f"parameters {self.parameters}, buffers {self.buffers} with {self.constants} "
                f"constants, MACs {self.macs}"
            )
        exact = self.difference == 0
        words = "difference 0" if exact else f"difference {self.difference / self.scale:.0e}"
        (_, parameters), (_, buffers), (_, macs) = self.parameters, self.buffers, self.macs
        return (
            f"equal, {words}; {parameters:,} parameters, {buffers:,} in buffers, {macs:,} MACs; "
            f"{self.seconds:.1f} s"
        )


def compare(module: nn.Module, images: torch.Tensor) -> Result:
    """Convert a module and compare the design's network with it."""
    found, start = Result(), time.monotonic()
    trained = type(module).__name__ in ("GoogLeNet", "Inception3")  # with auxiliary outputs there
    made, values = converted(module, images)
    analysis = analyze(made.design)
    if made.opaque or not analysis.valid:
        found.refusal = reasons(made) or _error(analysis)
        return found
    with torch.device("meta"):
        ours = compiled(made.design).eval()
    state = {
        name: torch.from_numpy(np.array(values[name])).to(each.dtype)
        for name, each in ours.state_dict().items()
    }
    ours.load_state_dict(state, assign=True)
    one, counter = images[:1], measuring.MacCounter()
    with torch.no_grad(), slow_attention():
        given = list(as_tuple(ours(one)))
        # Of one image, since what does not depend on the images is computed once for a batch.
        with counter:
            outputs = list(tensors_of(module.eval()(one)))
        if trained:
            counter.flops = 2 * measuring.macs(module.train(), images) // BATCH
    found.difference = max(
        float((each - other).abs().max())
        # Further outputs that only help training are left out of the design's in eval mode.
        for each, other in zip(outputs[: len(given)], given, strict=True)
    )
    found.scale = max(float(each.abs().max()) for each in outputs)
    totals = analysis.totals
    found.parameters = sum(each.numel() for each in module.parameters()), totals.parameters
    found.buffers = sum(each.numel() for each in module.buffers()), totals.buffers
    found.macs = counter.macs, totals.macs
    found.constants = made.constants
    found.seconds = time.monotonic() - start
    return found


def _error(analysis: Analysis) -> str:
    errors = [each for each in analysis.problems if each.severity is Severity.ERROR]
    return f"not valid: {errors[0].message}, received {errors[0].received}"


def run(networks: Networks) -> bool:
    """Compare networks, print a line for each; return whether all are equal."""
    good = exact = 0
    for name, (build, shape) in networks.items():
        images = torch.randn(BATCH, *shape, generator=torch.Generator().manual_seed(0))
        try:
            result = compare(made(build), images)
        except Exception as error:  # one network must not end the table
            result = Result(refusal=_first_line(error))
        good += result.equal
        exact += result.equal and result.difference == 0
        print(f"{name:34} {result}", flush=True)
        gc.collect()
    print(f"{good} of {len(networks)} networks are equal, {exact} of them to the last bit.")
    return good == len(networks)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:150]


# The networks


def torchvision_networks() -> Networks:
    """Return torchvision's classifiers, segmentation and video networks.

    Images are as small as a network allows, since the counts of weights do not depend on them.
    """
    from torchvision import models

    def build(name: str, **options: object) -> Callable[[], nn.Module]:
        return lambda: models.get_model(name, weights=None, **options)

    found: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {}
    sides = {"inception_v3": 299, "maxvit_t": 224}
    for name in models.list_models(module=models):
        side = sides.get(name, 224 if name.startswith("vit") else 64)
        found[name] = build(name), (3, side, side)
    for name in models.list_models(module=models.segmentation):
        found[name] = build(name, weights_backbone=None), (3, 64, 64)
    for name in ("r3d_18", "mc3_18", "r2plus1d_18"):
        found[name] = build(name), (3, 8, 56, 56)
    found["s3d"] = build("s3d"), (3, 16, 224, 224)
    return found


@contextmanager
def quick_weights() -> Iterator[None]:
    """Make networks without drawing their weights, which takes longer than all else."""
    functions = {
        name: getattr(nn.init, name)
        for name in dir(nn.init)
        if name.endswith("_") and not name.startswith("_")
    }
    for name in functions:
        setattr(nn.init, name, lambda tensor, *_, **__: tensor)
    try:
        yield
    finally:
        for name, each in functions.items():
            setattr(nn.init, name, each)


def made(build: Callable[[], nn.Module]) -> nn.Module:
    """Build a network with random weights, and running statistics that are not 0 and 1."""
    with warnings.catch_warnings(), quick_weights():
        warnings.simplefilter("ignore")
        module = build()
    generator = torch.Generator().manual_seed(1)
    for tensor in module.parameters():
        if tensor.dim() > 1:
            deviation = max(1, tensor[0].numel()) ** -0.5
            tensor.data.normal_(0, deviation, generator=generator)
        else:
            tensor.data.normal_(0.5, 0.5, generator=generator)
    for name, tensor in module.named_buffers():
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1, generator=generator)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
    return module


def timm_names() -> list[str]:
    """Return the names of the sample."""
    lines = TIMM.read_text(encoding="utf-8").splitlines()
    return [each for each in lines if each and not each.startswith("#")]


def timm_networks() -> Networks:
    """Return the models of timm that are compared as a whole."""
    import timm

    def build(name: str) -> Callable[[], nn.Module]:
        return lambda: timm.create_model(name)

    def shape(name: str) -> tuple[int, ...]:
        config = timm.get_pretrained_cfg(name)
        return tuple(config.input_size) if config else (3, 224, 224)

    return {name: (build(name), shape(name)) for name in BUILT}


# By the operations alone


def without_values(build: Callable[[], nn.Module]) -> nn.Module:
    """Build a network of meta tensors."""
    with warnings.catch_warnings(), quick_weights():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                return build()
        except (RuntimeError, NotImplementedError):  # it reads values while it is made
            return build().to("meta")


def refusal(module: nn.Module, images: torch.Tensor) -> str:
    """Return why a network of meta tensors cannot be a design with equal weights; "" if it can."""
    made, _ = converted(module, images)
    analysis = analyze(made.design)
    if made.opaque or not analysis.valid:
        return reasons(made) or _error(analysis)
    wanted, found = sum(each.numel() for each in module.parameters()), analysis.totals.parameters
    return "" if found == wanted else f"it has {wanted:,} parameters, the design {found:,}"


def run_timm(names: Sequence[str]) -> bool:
    """Convert models of timm, print a line for each; return whether 85 % are expressible."""
    import timm

    good = 0
    for name in names:
        try:
            module = without_values(lambda name=name: timm.create_model(name))
            shape = (module.pretrained_cfg or {}).get("input_size", (3, 224, 224))
            why = refusal(module, torch.empty(BATCH, *shape, device="meta"))
        except Exception as error:  # one network must not end the table
            why = _first_line(error)
        good += not why
        print(f"{name:40} {why or 'expressible'}", flush=True)
        gc.collect()
    print(f"{good} of {len(names)} models are expressible: {good / len(names):.0%}.")
    return good >= 0.85 * len(names)
