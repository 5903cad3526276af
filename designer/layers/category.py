"""The categories of layer types, in a module that is imported fast."""

from enum import Enum


class Category(Enum):
    """The section of the palette that shows a layer type."""

    PORT = "Input & output"
    CONVOLUTION = "Convolution"
    POOLING = "Pooling"
    ACTIVATION = "Activation"
    NORMALIZATION = "Normalization"
    DENSE = "Dense"
    SEQUENCE = "Attention & sequences"
    STORED = "Stored tensors"
    REGULARIZATION = "Regularization"
    JOIN = "Join"
    ARITHMETIC = "Arithmetic"
    SHAPE = "Shape"
    OWN = "Layers of this design"
