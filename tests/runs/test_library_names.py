"""The table of the libraries' state dicts, against the libraries themselves."""

import gzip
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
import torch
from torch import nn

from designer import presets
from designer.analysis.analysis import analyze
from designer.errors import DesignerError
from designer.resources import folder
from designer.runs import library_names
from designer.runs.library_names import CHANNELS, CLASSES, Network, naming, table

# Families of timm without attention and other layers that no design can have.
_OF_TIMM = re.compile(
    r"(legacy_se|se|wide_)?res(net|next)\d|resnetv2_|densenet|vgg|inception_|mobilenetv[123]_"
    r"|(tf_)?efficientnet_(b|lite)\d|mnasnet_"
)
_ALPHAS = (0.25, 0.35, 0.5, 0.75, 1.3, 1.4)


def tensors(one: nn.Module, *others: tuple[nn.Module, int, int]) -> tuple[Any, ...]:
    """Return names and shapes, with `value` for an axis whose size differs in another network."""
    shapes = {name: each.shape for name, each in one.state_dict().items()}
    found = {name: list(shape) for name, shape in shapes.items()}
    for other, axis, value in others:
        for name, each in other.state_dict().items():
            if each.shape != shapes[name]:
                found[name][axis] = value
    return tuple((name, tuple(shape)) for name, shape in found.items())


def of_torchvision() -> Iterator[Network]:
    from torchvision import models
    from torchvision.models.regnet import BlockParams

    computed = BlockParams.from_init_params

    def widths(*values: Any, **named: Any) -> BlockParams:
        """Compute the widths of a RegNet, which are tensors, where these have values."""
        with torch.device("cpu"):
            return computed(*values, **named)

    def network(name: str, options: str = "", **more: Any) -> Network:
        with torch.device("meta"), patch.object(BlockParams, "from_init_params", widths):
            one, other = (models.get_model(name, num_classes=n, **more) for n in (1000, 10))
        found = tensors(one, (other, 0, CLASSES))
        return Network(name=name, options=options, tensors=found)

    for name in models.list_models(module=models):
        if name in ("googlenet", "inception_v3"):
            more = {"init_weights": False}
            yield network(name, "aux_logits=False", aux_logits=False, **more)
            yield network(name, aux_logits=True, **more)
        elif not re.match(r"vit|swin|maxvit|convnext", name):
            yield network(name)
    for alpha in _ALPHAS:
        yield network("mobilenet_v2", f"width_mult={alpha}", width_mult=alpha)


def of_timm() -> Iterator[Network]:
    import timm

    seen = set()
    for name in sorted(timm.list_models(), key=len):
        if not _OF_TIMM.match(name):
            continue
        with torch.device("meta"):
            one = timm.create_model(name, num_classes=1000)
            more = timm.create_model(name, num_classes=10)
            gray = timm.create_model(name, in_chans=1, num_classes=1000)
        found = tensors(one, (more, 0, CLASSES), (gray, 1, CHANNELS))
        if found not in seen:
            seen.add(found)
            yield Network(name=name, tensors=found)


SOURCES = {"torchvision": of_torchvision, "timm": of_timm}


@pytest.mark.slow
@pytest.mark.parametrize("library", SOURCES)
def test_table_is_the_librarys(library: str, request: pytest.FixtureRequest) -> None:
    pytest.importorskip(library)
    rows = {(row.name, row.options): row for row in SOURCES[library]()}
    if request.config.getoption("--renew-golden"):
        content = {**table(), library: tuple(rows.values())}
        path = folder("assets") / "library_names.json.gz"
        path.write_bytes(gzip.compress(msgspec.json.encode(content), mtime=0))
        library_names.table.cache_clear()
    # Another version may have other networks; those that both have must agree.
    known = {(row.name, row.options): row for row in table()[library]}
    common = known.keys() & rows.keys()
    assert len(common) > 30
    assert not [name for name in common if known[name] != rows[name]]


def test_sentence_where_no_network_fits() -> None:
    analysis = analyze(presets.load("lenet5"))
    with pytest.raises(DesignerError, match=r"torchvision has no network with .* of LeNet-5, so"):
        naming(analysis, "torchvision")


def test_sentence_names_the_library_that_has_the_network() -> None:
    analysis = analyze(presets.load("mobilenet_v1"))
    with pytest.raises(DesignerError, match="choose timm, which has one"):
        naming(analysis, "torchvision")
