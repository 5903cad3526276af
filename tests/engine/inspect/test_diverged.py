"""A network whose weights are no numbers, as after a training that diverged."""

import msgspec
import numpy as np
import pytest
import torch

from designer.engine.inspect.channels import channels
from designer.engine.inspect.explain import METHODS, explain
from designer.engine.inspect.filters import filters
from designer.engine.inspect.maps import maps
from designer.engine.inspect.prediction import not_finite, predict
from designer.errors import DesignerError
from tests.engine.inspect.networks import loaded, write_picture
from tests.engine.samples import TINY


@pytest.fixture(params=[float("nan"), float("inf")])
def diverged(request):
    network = loaded(TINY)
    weight = next(network.network.parameters())
    before = weight.clone()
    weight.view(-1)[1] = request.param
    yield network
    weight.copy_(before)


def test_it_predicts_nothing_and_explains_nothing(diverged, tmp_path):
    picture, _ = write_picture(tmp_path / "picture.png", diverged)
    assert "picture.png" in not_finite(picture)
    (found,), _ = predict(diverged, [picture])
    assert found == {"file": picture.file, "error": not_finite(picture)}
    for method in METHODS:
        with pytest.raises(DesignerError, match="NaN or infinite"):
            explain(diverged, picture, method=method)


def test_its_values_and_weights_are_shown(diverged, tmp_path):
    picture, _ = write_picture(tmp_path / "picture.png", diverged)
    fields, arrays = filters(diverged, "conv")
    assert not arrays["counts"].any() and np.isfinite(arrays["values"]).any()
    assert msgspec.json.decode(msgspec.json.encode(fields))["figures"]["norm"] is None
    fields, arrays = channels(diverged, picture, "conv", precision="uint8")
    assert arrays["values"].dtype == np.uint8 and msgspec.json.encode(fields)
    assert maps(diverged, picture)["conv"].tiles.size
    assert not torch.isfinite(next(diverged.network.parameters())).all()
