"""Files with tensors alone: the preset that they fit, or what they hold."""

from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from designer.codegen import generate
from designer.engine.module import module_from_source
from designer.engine.opening.pipeline import Wishes, open_source
from designer.errors import DesignerError


def _outputs_agree(path: Path, network: nn.Module, size: int, folder: Path) -> None:
    weights = folder / "taken.safetensors"
    opened = open_source(str(path), Wishes(weights=weights))
    generated = generate(opened.design)
    module = module_from_source(generated.source, generated.class_name)
    from safetensors.torch import load_file

    module.load_state_dict(load_file(weights))
    image = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(module.eval()(image), network.eval()(image), atol=1e-5)


def _trained(build: object, **options: int) -> nn.Module:
    torch.manual_seed(0)
    network = build(**options)  # type: ignore[operator]
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0.0, 0.1)
    return network  # type: ignore[no-any-return]


def test_a_pickled_state_dict_opens_the_preset_with_its_classes(tmp_path: Path) -> None:
    network = _trained(torchvision.models.resnet18, num_classes=7)
    torch.save({"state_dict": network.state_dict(), "epoch": 3}, tmp_path / "net.pth")
    _outputs_agree(tmp_path / "net.pth", network, 224, tmp_path)


def test_names_sorted_by_the_alphabet_are_those_of_a_library(tmp_path: Path) -> None:
    network = _trained(torchvision.models.mobilenet_v2)
    state = {name: each.contiguous() for name, each in network.state_dict().items()}
    save_file(state, tmp_path / "net.safetensors")
    _outputs_agree(tmp_path / "net.safetensors", network, 224, tmp_path)


def test_what_fits_no_preset_is_told(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(3, 5))
    torch.save(network.state_dict(), tmp_path / "odd.pt")
    with pytest.raises(DesignerError, match=r"1 convolution, 1 norm, 1 linear layer.*\.pt2 file"):
        open_source(str(tmp_path / "odd.pt"))


def test_the_nearest_preset_is_named(tmp_path: Path) -> None:
    state = torchvision.models.resnet18().state_dict()
    del state["layer1.0.conv1.weight"]
    torch.save(state, tmp_path / "part.pt")
    with pytest.raises(DesignerError, match="101 of them have the shapes of tensors of resnet18"):
        open_source(str(tmp_path / "part.pt"))


class _Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit",))


def test_a_pickled_object_is_refused(tmp_path: Path) -> None:
    torch.save(_Runs(), tmp_path / "bad.pt")
    with pytest.raises(DesignerError):
        open_source(str(tmp_path / "bad.pt"))
