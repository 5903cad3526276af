"""Networks of Keras whose files and outputs lie beside this file.

They are written with Keras, which the tests do not need. The backend jax pools with ``same`` as
TensorFlow does, and the one of torch does not::

    KERAS_BACKEND=jax python -m tests.readers.keras.examples pictures nested signals
    KERAS_BACKEND=torch python -m tests.readers.keras.examples tokens
"""

import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent


def _pictures(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((9, 8, 3), name="image")
    x = layers.Rescaling([0.5, 0.25, 1.0], offset=-0.5)(image)
    x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 4.0])(x)
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="stem_conv")(x)
    x = layers.BatchNormalization(scale=False, name="stem_norm")(x)
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False)(x)
    y = layers.LayerNormalization()(y)
    y = layers.Dense(6, activation="gelu")(y)
    x = layers.Add()([x, layers.Dropout(0.2)(y)])
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Reshape((1, 1, 6))(gate)
    gate = layers.Conv2D(6, 1, activation="hard_sigmoid")(gate)
    x = layers.Multiply()([x, gate])
    x = layers.Concatenate()(
        [
            layers.SeparableConv2D(4, 3, padding="same")(x),
            layers.MaxPooling2D(3, 1, padding="same")(x),
            layers.AveragePooling2D(2, 1, padding="same")(x),
        ]
    )
    x = layers.ReLU(max_value=6.0)(x * 0.5 + 1.0)
    x = layers.Conv2DTranspose(5, 3, strides=2, padding="same")(x)
    x = layers.GroupNormalization(5)(x)
    x = layers.ZeroPadding2D(((0, 1), (2, 0)))(x)
    x = layers.Cropping2D(((1, 2), (0, 3)))(x)
    x = layers.UpSampling2D((1, 2))(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.Flatten()(x)
    x = layers.BatchNormalization()(x)
    return keras.Model(image, layers.Dense(4, activation="softmax")(x), name="pictures")


def _nested(keras: Any) -> Any:
    layers = keras.layers
    block = keras.Sequential(
        [layers.Input((5, 4, 3)), layers.Conv2D(3, 3, padding="same"), layers.LeakyReLU()],
        name="block",
    )
    image = keras.Input((5, 4, 3))
    body = keras.Model(image, block(block(image)) + image, name="body")
    outer = keras.Input((5, 4, 3))
    features = keras.Input((2,))
    x = layers.Flatten()(body(outer))
    dense = layers.Dense(2)
    x = layers.Concatenate()([dense(x), features])
    return keras.Model([outer, features], x, name="nested")


def _signals(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((12, 3)),
            layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="tanh"),
            layers.MaxPooling1D(2),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
            layers.SimpleRNN(4, return_sequences=True),
            layers.Bidirectional(layers.GRU(3)),
            layers.Dense(2),
        ],
        name="signals",
    )


def _tokens(keras: Any) -> Any:
    layers = keras.layers
    tokens = keras.Input((7,), name="tokens")
    x = layers.Embedding(20, 6)(tokens)
    y = layers.MultiHeadAttention(2, 4, value_dim=3)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization(epsilon=1e-6)(x + y)
    x = layers.TimeDistributed(layers.Dense(5, activation="silu"))(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(3)(x), name="tokens")


EXAMPLES: Mapping[str, Callable[[Any], Any]] = {
    "pictures": _pictures,
    "nested": _nested,
    "signals": _signals,
    "tokens": _tokens,
}
"""Each builds a network with the module ``keras`` that it is given."""


def randomize(model: Any) -> None:
    """Give a network weights that show a mistake: none of them are 0 or 1."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        kind = weight.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance"):
            values = generator.uniform(0.5, 1.5, weight.shape)
        else:
            values = generator.normal(0.0, 0.3, weight.shape)
        weight.assign(values.astype("float32"))


def outputs(model: Any, inputs: list[np.ndarray]) -> np.ndarray:
    """Return what a network gives for inputs in the order of torch, in the order of Keras."""
    given = [
        np.moveaxis(each, 1, -1) if tuple(each.shape[1:]) != tuple(wanted.shape[1:]) else each
        for each, wanted in zip(inputs, model.inputs, strict=True)
    ]
    found = model(given if len(given) > 1 else given[0], training=False)
    return np.asarray(found.detach() if hasattr(found, "detach") else found)


def compress(path: Path) -> None:
    """Make a file small, which Keras does not."""
    with zipfile.ZipFile(path) as file:
        content = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, each in content.items():
            file.writestr(name, each)


def main(*names: str) -> None:
    """Write the files of these examples."""
    import keras

    from designer.readers.keras import read
    from tests.readers.keras.test_keras import random_inputs

    for name in names:
        keras.utils.clear_session()
        model = EXAMPLES[name](keras)
        randomize(model)
        path = FOLDER / f"{name}.keras"
        model.save(path)
        compress(path)
        inputs = random_inputs(read(path))
        np.savez(FOLDER / f"{name}.npz", *inputs, outputs=outputs(model, inputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
