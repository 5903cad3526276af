"""The categories of layer types, for those who need no more of the catalogue."""

from enum import Enum


class Category(Enum):
    """The drawer of the palette in which a layer type lies."""

    PORT = "Input & output"
    CONVOLUTION = "Convolution"
    POOLING = "Pooling"
    ACTIVATION = "Activation"
    NORMALIZATION = "Normalization"
    DENSE = "Dense"
    REGULARIZATION = "Regularization"
    JOIN = "Join"
    SHAPE = "Shape"
