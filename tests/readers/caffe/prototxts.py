"""Networks of Caffe as text, written as the files that come with it are."""


def _conv(name: str, bottom: str, outputs: int, kernel: int, *more: str, relu: bool = True) -> str:
    text = (
        f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}"\n'
        "  param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }\n"
        f"  convolution_param {{ num_output: {outputs} kernel_size: {kernel} {' '.join(more)}\n"
        '    weight_filler { type: "xavier" std: 0.01 } bias_filler { type: "constant" } } }\n'
    )
    return text + (_relu(name) if relu else "")


def _relu(blob: str) -> str:
    return f'layer {{ name: "relu_{blob}" type: "ReLU" bottom: "{blob}" top: "{blob}" }}\n'


def _pool(name: str, bottom: str, kernel: int, stride: int, *more: str) -> str:
    return (
        f'layer {{ name: "{name}" type: "Pooling" bottom: "{bottom}" top: "{name}" pooling_param '
        f"{{ {'' if more and 'pool:' in more[0] else 'pool: MAX '}kernel_size: {kernel} "
        f"stride: {stride} {' '.join(more)} }} }}\n"
    )


def _lrn(name: str, bottom: str) -> str:
    return (
        f'layer {{ name: "{name}" type: "LRN" bottom: "{bottom}" top: "{name}" '
        "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 } }\n"
    )


def _full(name: str, bottom: str, outputs: int) -> str:
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
        f"inner_product_param {{ num_output: {outputs} }} }}\n"
    )


def _drop(blob: str, rate: float = 0.5) -> str:
    return (
        f'layer {{ name: "drop_{blob}" type: "Dropout" bottom: "{blob}" top: "{blob}" '
        f"dropout_param {{ dropout_ratio: {rate} }} }}\n"
    )


def _softmax(bottom: str) -> str:
    return f'layer {{ name: "prob" type: "Softmax" bottom: "{bottom}" top: "prob" }}\n'


def _input(size: int, channels: int = 3) -> str:
    return (
        'layer { name: "data" type: "Input" top: "data" input_param '
        f"{{ shape: {{ dim: 10 dim: {channels} dim: {size} dim: {size} }} }} }}\n"
    )


def _alex(*, norm_first: bool) -> str:
    """Return AlexNet, or CaffeNet, which pools before it normalizes."""
    text = _input(227) + _conv("conv1", "data", 96, 11, "stride: 4")
    blob = "conv1"
    for number in (1, 2):
        steps = [("norm", _lrn), ("pool", lambda n, b: _pool(n, b, 3, 2))]
        for kind, make in steps if norm_first else reversed(steps):
            text += make(f"{kind}{number}", blob)
            blob = f"{kind}{number}"
        if number == 1:
            text += _conv("conv2", blob, 256, 5, "pad: 2 group: 2")
            blob = "conv2"
    text += _conv("conv3", blob, 384, 3, "pad: 1")
    text += _conv("conv4", "conv3", 384, 3, "pad: 1 group: 2")
    text += _conv("conv5", "conv4", 256, 3, "pad: 1 group: 2") + _pool("pool5", "conv5", 3, 2)
    for name, bottom in (("fc6", "pool5"), ("fc7", "fc6")):
        text += _full(name, bottom, 4096) + _relu(name) + _drop(name)
    return text + _full("fc8", "fc7", 1000) + _softmax("fc8")


def alexnet() -> str:
    return _alex(norm_first=True)


def caffenet() -> str:
    return _alex(norm_first=False)


def vgg16() -> str:
    """VGG-16 in the form of before 2014, with types as names in capitals."""
    text = 'name: "VGG_ILSVRC_16_layers"\ninput: "data"\n'
    text += "".join(f"input_dim: {size}\n" for size in (10, 3, 224, 224))
    blob = "data"
    for stage, (count, outputs) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1):
        for number in range(1, count + 1):
            name = f"conv{stage}_{number}"
            text += (
                f'layers {{ bottom: "{blob}" top: "{name}" name: "{name}" type: CONVOLUTION '
                f"convolution_param {{ num_output: {outputs} pad: 1 kernel_size: 3 }} }}\n"
                f'layers {{ bottom: "{name}" top: "{name}" name: "relu{stage}_{number}" '
                "type: RELU }\n"
            )
            blob = name
        text += (
            f'layers {{ bottom: "{blob}" top: "pool{stage}" name: "pool{stage}" type: POOLING '
            "pooling_param { pool: MAX kernel_size: 2 stride: 2 } }\n"
        )
        blob = f"pool{stage}"
    for name, outputs in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        text += (
            f'layers {{ bottom: "{blob}" top: "{name}" name: "{name}" type: INNER_PRODUCT '
            f"inner_product_param {{ num_output: {outputs} }} }}\n"
        )
        if name != "fc8":
            text += f'layers {{ bottom: "{name}" top: "{name}" name: "r{name}" type: RELU }}\n'
        blob = name
    return text + 'layers { bottom: "fc8" top: "prob" name: "prob" type: SOFTMAX }\n'


def lenet() -> str:
    """LeNet as it is trained: with a data layer for each phase, a loss and an accuracy."""
    data = "".join(
        f'layer {{ name: "mnist" type: "Data" top: "data" top: "label" include {{ phase: {phase} }}'
        f'  transform_param {{ scale: 0.00390625 }} data_param {{ source: "{phase}" backend: LMDB '
        "batch_size: 64 } }\n"
        for phase in ("TRAIN", "TEST")
    )
    text = 'name: "LeNet"  # as in examples/mnist\n' + data
    text += _conv("conv1", "data", 20, 5, "stride: 1", relu=False) + _pool("pool1", "conv1", 2, 2)
    text += _conv("conv2", "pool1", 50, 5, relu=False) + _pool("pool2", "conv2", 2, 2)
    text += _full("ip1", "pool2", 500) + _relu("ip1") + _full("ip2", "ip1", 10)
    text += (
        'layer { name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy"\n'
        "  include { phase: TEST } }\n"
    )
    return text + (
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }\n'
    )


def googlenet() -> str:
    text = _input(224) + _conv("conv1/7x7_s2", "data", 64, 7, "pad: 3 stride: 2")
    text += _pool("pool1", "conv1/7x7_s2", 3, 2) + _lrn("norm1", "pool1")
    text += _conv("conv2/reduce", "norm1", 64, 1) + _conv(
        "conv2/3x3", "conv2/reduce", 192, 3, "pad: 1"
    )
    text += _lrn("norm2", "conv2/3x3") + _pool("pool2", "norm2", 3, 2)
    blob = "pool2"
    for name, one, r3, three, r5, five, pooled in (
        ("3a", 64, 96, 128, 16, 32, 32), ("3b", 128, 128, 192, 32, 96, 64),
        ("4a", 192, 96, 208, 16, 48, 64), ("4b", 160, 112, 224, 24, 64, 64),
        ("4c", 128, 128, 256, 24, 64, 64), ("4d", 112, 144, 288, 32, 64, 64),
        ("4e", 256, 160, 320, 32, 128, 128), ("5a", 256, 160, 320, 32, 128, 128),
        ("5b", 384, 192, 384, 48, 128, 128),
    ):  # fmt: skip
        at = f"inception_{name}"
        text += _conv(f"{at}/1x1", blob, one, 1)
        text += _conv(f"{at}/3x3_reduce", blob, r3, 1)
        text += _conv(f"{at}/3x3", f"{at}/3x3_reduce", three, 3, "pad: 1")
        text += _conv(f"{at}/5x5_reduce", blob, r5, 1)
        text += _conv(f"{at}/5x5", f"{at}/5x5_reduce", five, 5, "pad: 2")
        text += _pool(f"{at}/pool", blob, 3, 1, "pad: 1")
        text += _conv(f"{at}/pool_proj", f"{at}/pool", pooled, 1)
        parts = "".join(f'bottom: "{at}/{x}" ' for x in ("1x1", "3x3", "5x5", "pool_proj"))
        blob = f"{at}/output"
        text += f'layer {{ name: "{blob}" type: "Concat" {parts}top: "{blob}" }}\n'
        if name in ("3b", "4e"):
            text += _pool(f"pool_{name}", blob, 3, 2)
            blob = f"pool_{name}"
    text += _pool("pool5", blob, 7, 1, "pool: AVE") + _drop("pool5", 0.4)
    return text + _full("classifier", "pool5", 1000) + _softmax("classifier")


def squeezenet() -> str:
    """SqueezeNet 1.0."""
    text = _input(227) + _conv("conv1", "data", 96, 7, "stride: 2") + _pool("pool1", "conv1", 3, 2)
    blob = "pool1"
    for number, (squeeze, expand) in enumerate(
        ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)), 2
    ):
        at = f"fire{number}"
        text += _conv(f"{at}/squeeze", blob, squeeze, 1)
        text += _conv(f"{at}/e1", f"{at}/squeeze", expand, 1)
        text += _conv(f"{at}/e3", f"{at}/squeeze", expand, 3, "pad: 1")
        text += (
            f'layer {{ name: "{at}/concat" type: "Concat" bottom: "{at}/e1" bottom: "{at}/e3" '
            f'top: "{at}/concat" }}\n'
        )
        blob = f"{at}/concat"
        if number in (4, 8):
            text += _pool(f"pool{number}", blob, 3, 2)
            blob = f"pool{number}"
    text += _drop(blob) + _conv("conv10", blob, 1000, 1)
    text += (
        'layer { name: "pool10" type: "Pooling" bottom: "conv10" top: "pool10" '
        "pooling_param { pool: AVE global_pooling: true } }\n"
    )
    return text + _softmax("pool10")


def resnet50() -> str:
    def unit(name: str, bottom: str, outputs: int, kernel: int, stride: int, relu: bool) -> str:
        text = _conv(
            name, bottom, outputs, kernel, f"pad: {kernel // 2} stride: {stride} bias_term: false",
            relu=False,
        )  # fmt: skip
        text += (
            f'layer {{ bottom: "{name}" top: "{name}" name: "bn_{name}" type: "BatchNorm" '
            "batch_norm_param { use_global_stats: true } }\n"
            f'layer {{ bottom: "{name}" top: "{name}" name: "scale_{name}" type: "Scale" '
            "scale_param { bias_term: true } }\n"
        )
        return text + (_relu(name) if relu else "")

    text = _input(224) + unit("conv1", "data", 64, 7, 2, relu=True) + _pool("pool1", "conv1", 3, 2)
    blob = "pool1"
    for stage, (count, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 2):
        for number in range(count):
            at = f"res{stage}{'abcdef'[number]}"
            stride = 2 if stage > 2 and number == 0 else 1
            shortcut = blob
            if number == 0:
                shortcut = f"{at}_branch1"
                text += unit(shortcut, blob, 4 * width, 1, stride, relu=False)
            text += unit(f"{at}_branch2a", blob, width, 1, stride, relu=True)
            text += unit(f"{at}_branch2b", f"{at}_branch2a", width, 3, 1, relu=True)
            text += unit(f"{at}_branch2c", f"{at}_branch2b", 4 * width, 1, 1, relu=False)
            text += (
                f'layer {{ bottom: "{shortcut}" bottom: "{at}_branch2c" top: "{at}" name: "{at}" '
                'type: "Eltwise" }\n'
            )
            text += _relu(at)
            blob = at
    text += _pool("pool5", blob, 7, 1, "pool: AVE")
    return text + _full("fc1000", "pool5", 1000) + _softmax("fc1000")
