"""The table of torchvision's weights, against torchvision itself."""

import math

import msgspec
import pytest
from torchvision import models

from designer.resources import folder
from designer.runs import pretrained
from designer.runs.pretrained import Pretrained


def of_torchvision() -> list[Pretrained]:
    """Return what torchvision says of its classification networks."""
    found = []
    for network in models.list_models(module=models):
        versions = models.get_model_weights(network)
        for each in versions:
            metrics = each.meta["_metrics"].get("ImageNet-1K")
            if metrics is None or math.isnan(metrics["acc@1"]):  # without a classifier
                continue
            found.append(
                Pretrained(
                    network=network,
                    weights=each.name,
                    default=each is versions["DEFAULT"],
                    top1=metrics["acc@1"],
                    parameters=each.meta["num_params"],
                    megabytes=each.meta["_file_size"],
                )
            )
    return found


def test_table_is_torchvisions(request: pytest.FixtureRequest) -> None:
    rows = of_torchvision()
    if request.config.getoption("--renew-golden"):
        lines = ",\n".join(msgspec.json.encode(row).decode() for row in rows)
        path = folder("assets") / "torchvision_weights.json"
        path.write_text(f"[\n{lines}\n]\n")
        pretrained.table.cache_clear()
    # A later torchvision may have more networks; those listed must be right.
    there = {(row.network, row.weights): row for row in rows}
    for row in pretrained.table():
        assert there[row.network, row.weights] == row
    assert len(pretrained.table()) > 100


def test_sources_name_the_weights_where_they_are_not_the_default() -> None:
    sources = {row.source for row in pretrained.table()}
    assert {"torchvision:resnet50", "torchvision:resnet50:IMAGENET1K_V1"} <= sources
    assert len(sources) == len(pretrained.table())


@pytest.mark.parametrize(
    ("preset", "parameters", "first"),
    [
        ("", 25_557_032, "resnet50"),
        ("googlenet_torchvision", 1, "googlenet"),
        ("vgg16", 138_365_992, "vgg16"),
        ("", 0, "alexnet"),
    ],
)
def test_weights_that_fit_come_first(preset, parameters, first) -> None:
    rows = pretrained.fitting_first(pretrained.table(), preset=preset, parameters=parameters)
    assert rows[0].network == first
