"""Names and shapes from elsewhere as torch would have them."""

from designer.runs.layouts import stored


def test_torch_names_stay_as_they_are():
    (only,) = stored({"layer1.0.conv1.weight": (8, 3, 3, 3)})
    assert (only.name, only.shape, only.axes, only.keras) == (
        "layer1.0.conv1.weight",
        (8, 3, 3, 3),
        None,
        False,
    )
    assert only.module == "layer1.0.conv1"


def test_a_parameter_of_a_module_may_be_called_as_keras_calls_weights():
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "gamma": (1,), "block.beta": (4,)}
    assert [(each.name, each.keras) for each in stored(shapes)] == [
        (each, False) for each in shapes
    ]


def test_what_wraps_every_name_is_taken_off_and_nothing_else():
    wrapped = stored({"module._orig_mod.conv.weight": (1,), "module._orig_mod.fc.weight": (2,)})
    assert [each.name for each in wrapped] == ["conv.weight", "fc.weight"]
    assert wrapped[0].origin == "module._orig_mod.conv.weight"
    part = stored({"module.conv.weight": (1,), "fc.weight": (2,)})
    assert [each.name for each in part] == ["module.conv.weight", "fc.weight"]
    body = stored({"layer1.conv.weight": (1,), "layer1.bn.weight": (2,)})
    assert [each.name for each in body] == ["layer1.conv.weight", "layer1.bn.weight"]


def test_keras_names_and_layouts_become_those_of_torch():
    rows = {
        "conv1/conv1/kernel:0": (7, 5, 3, 64),
        "conv1/conv1/bias:0": (64,),
        "bn/gamma:0": (64,),
        "bn/beta:0": (64,),
        "bn/moving_mean:0": (64,),
        "bn/moving_variance:0": (64,),
        "dw/depthwise_kernel": (3, 3, 64, 2),
        "fc/kernel": (128, 10),
        "act/alpha": (1, 1, 64),
    }
    assert [(each.name, each.shape) for each in stored(rows)] == [
        ("conv1.weight", (64, 3, 7, 5)),
        ("conv1.bias", (64,)),
        ("bn.weight", (64,)),
        ("bn.bias", (64,)),
        ("bn.running_mean", (64,)),
        ("bn.running_var", (64,)),
        ("dw.weight", (128, 1, 3, 3)),
        ("fc.weight", (10, 128)),
        ("act.weight", (64,)),
    ]


def test_a_separable_convolution_of_keras_is_two_modules():
    rows = {
        "sep/depthwise_kernel": (3, 3, 8, 1),
        "sep/pointwise_kernel": (1, 1, 8, 16),
        "sep/bias": (16,),
    }
    assert {each.name: each.shape for each in stored(rows)} == {
        "sep.depthwise.weight": (8, 1, 3, 3),
        "sep.pointwise.weight": (16, 8, 1, 1),
        "sep.pointwise.bias": (16,),
    }
