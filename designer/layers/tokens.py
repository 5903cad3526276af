"""Layers that read whole numbers, such as the tokens of a text."""

from collections.abc import Sequence

from designer.design.expressions import Tree
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.initialization import InitializedWeights, Spread
from designer.layers.parameters import Int
from designer.layers.tensors import (
    ITS_INPUT,
    MAX_AXES,
    NOTHING,
    WEIGHT,
    SavedForBackward,
    Shape,
    State,
    Tensor,
)


class Embedding(InitializedWeights):
    """A learned vector for each whole number."""

    category = Category.SEQUENCE
    help = "Gives each token a learned vector; the vectors become the last axis."
    torch = "nn.Embedding"
    takes_integers = (0,)
    positional = ("num_embeddings", "embedding_dim")
    num_embeddings = Int(help="Number of different tokens.", unit="tokens")
    embedding_dim = Int(help="Size of each vector.", unit="features")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = inputs[0].shape
        if len(shape) >= MAX_AXES:
            raise LayerError(
                "too-many-axes",
                f"the input has {len(shape)} axes besides the batch; another one is too many",
                received=len(shape),
                expected=f"at most {MAX_AXES - 1}",
            )
        return (*shape, self.embedding_dim)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (State("weight", (self.num_embeddings, self.embedding_dim), WEIGHT),)

    def default_spread(self) -> Spread:
        return Spread(lambda _, __, ___: 1.0)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the tokens."""
        return ITS_INPUT

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        return NOTHING

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return ()

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("embedding_dim")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"features = {self.embedding_dim}",)

    def summary(self) -> str:
        return f"Embedding {self.num_embeddings} → {self.embedding_dim}"
