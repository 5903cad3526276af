"""Attention: each query takes an average of values, weighed by how well their keys fit."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Tree
from designer.layers import dot_product
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.dot_product import Needs
from designer.layers.errors import LayerError, SetParameters, largest_divisor
from designer.layers.layouts import is_contiguous, rows_are_even
from designer.layers.parameters import Bool, Choice, Float, Int, OptionalFloat
from designer.layers.products import refuse_few_axes, same_rank
from designer.layers.tensors import (
    BIAS,
    FLOAT_BYTES,
    WEIGHT,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    chain_peak,
    show,
)

MASKS = ("none", "causal", "input")


class _Attention(Layer):
    """Base of the layers that attend: what they share is the mask and the dropout of scores."""

    category = Category.SEQUENCE
    mask = Choice(
        "none",
        choices=MASKS,
        help="none: every key; causal: no key behind the query's own position; input: the last "
        "input is added to the scores.",
    )
    dropout = Float(
        0.0, minimum=0.0, maximum=0.99, help="Probability that a score is left out in training."
    )

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return ()

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return None

    def _bias(self, inputs: Sequence[Tensor]) -> Tensor | None:
        return inputs[-1] if self.mask == "input" else None

    def _learned_bias(self, inputs: Sequence[Tensor]) -> bool:
        bias = self._bias(inputs)
        return bias is not None and bias.needs_grad

    def _check_bias(self, inputs: Sequence[Tensor], scores: Shape) -> None:
        """Refuse a bias that does not fit the scores.

        Raises
        ------
        LayerError
            The last two axes differ, or one before them, unless it is 1.
        """
        bias = self._bias(inputs)
        if bias is None:
            return
        given = (1,) * (len(scores) - len(bias.shape)) + bias.shape
        if (
            len(given) != len(scores)
            or given[-2:] != scores[-2:]
            or any(own not in (1, size) for own, size in zip(given, scores, strict=True))
        ):
            raise LayerError(
                "mask",
                f"the last input is added to the scores {show(scores)}, of which the last two axes "
                "are queries and keys, and must fit them",
                port=len(inputs) - 1,
                received=show(bias.shape),
                expected=show(scores),
            )

    def _check_number(self, inputs: Sequence[Tensor], least: int, most: int, what: str) -> None:
        masked = self.mask == "input"
        if least + masked <= len(inputs) <= most + masked:
            return
        raise LayerError(
            "number-of-inputs",
            f"with the mask {self.mask}, {type(self).__name__} takes {what}"
            f"{', and last the scores to add' if masked else ''}; it has {len(inputs)} inputs",
            port=len(inputs) - 1,
            received=f"{len(inputs)} inputs",
            expected=what,
            remedies=[SetParameters("use no mask", {"mask": "none"})]
            if masked and len(inputs) == least
            else [SetParameters("add the last input to the scores", {"mask": "input"})]
            if not masked and len(inputs) == most + 1
            else [],
        )


class ScaledDotProductAttention(_Attention):
    """Attention without weights of its own."""

    help = (
        "softmax(q · kᵀ · scale) · v for queries, keys and values of heads × tokens × features "
        "(Vaswani et al. 2017)."
    )
    torch = "ScaledDotProductAttention"
    inputs = (3, 4)
    scale = OptionalFloat(
        None, help="Factor of the scores; nothing for 1 / √(features of a query)."
    )
    source = '''
class ScaledDotProductAttention(nn.Module):
    """Averages values by how well their keys fit the queries."""

    def __init__(self, causal=False, dropout=0.0, scale=None):
        super().__init__()
        self.causal, self.dropout, self.scale = causal, dropout, scale

    def forward(self, query, key, value, bias=None):
        if bias is not None:
            for _ in range(query.dim() - bias.dim()):
                bias = bias.unsqueeze(1)
            # The fused kernel takes none that needs a gradient.
            bias = bias if torch.is_grad_enabled() else bias.detach()
        dropout = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(
            query, key, value, bias, dropout, self.causal, scale=self.scale
        )
'''

    def _tensors(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return queries, keys and values."""
        return inputs[:3]

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        self._check_number(inputs, 3, 3, "queries, keys and values")
        query, key, value = same_rank("ScaledDotProductAttention", self._tensors(inputs))
        refuse_few_axes("ScaledDotProductAttention", (query, key, value))
        if query.shape[-1] != key.shape[-1]:
            raise LayerError(
                "features",
                f"queries have {query.shape[-1]} features and keys {key.shape[-1]}; both must be "
                "equal",
                port=1,
                axis="features",
                received=key.shape[-1],
                expected=query.shape[-1],
            )
        if key.shape[:-1] != value.shape[:-1] or query.shape[:-2] != key.shape[:-2]:
            port = 2 if key.shape[:-1] != value.shape[:-1] else 1
            raise LayerError(
                "inputs-differ",
                "there must be a value for each key, and as many heads as the queries have",
                port=port,
                received=show(inputs[port].shape),
                expected=f"{show((*query.shape[:-2], key.shape[-2]))} × features",
            )
        if len({each.batched for each in (query, key, value)}) > 1:
            port = next(at for at, each in enumerate((query, key, value)) if not each.batched)
            raise LayerError(
                "inputs-differ",
                "queries, keys and values must all be of each image or all be learned; "
                "MultiheadAttention takes learned queries",
                port=port,
                received="a learned tensor",
                expected="a tensor of each image",
            )
        self._check_bias(inputs, (*query.shape[:-1], key.shape[-2]))
        return (*query.shape[:-1], value.shape[-1])

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        fused = self._fused(inputs, dropout=self.dropout > 0)
        return dot_product.output_layout(self._tensors(inputs), fused=fused)

    def _fused(self, inputs: Sequence[Tensor], *, dropout: bool, learned: bool = True) -> bool:
        return dot_product.is_fused(
            self._tensors(inputs),
            dropout=dropout,
            learned_bias=learned and self._learned_bias(inputs),
        )

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count both products: scores, and averages of the values."""
        query, key, value = self._tensors(inputs)
        scores = prod(query.shape[:-1]) * key.shape[-2]
        return scores * (query.shape[-1] + value.shape[-1])

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        query, key, value = self._tensors(inputs)
        scores = " · ".join(map(str, (*query.shape[:-1], key.shape[-2])))
        return f"{scores} · ({query.shape[-1]} + {value.shape[-1]})"

    def _saved(self, inputs: Sequence[Tensor], dropout: bool) -> SavedForBackward:
        query, key, value = tensors = self._tensors(inputs)
        kept = dot_product.saved(
            tensors,
            Needs(query.needs_grad, key.needs_grad, value.needs_grad, self._learned_bias(inputs)),
            fused=self._fused(inputs, dropout=dropout),
            dropout=dropout,
            bias=self.mask == "input",
        )
        ports = [port for port, is_kept in enumerate(kept[:4]) if is_kept]
        outputs = (0,) if kept.output else ()
        return SavedForBackward(tuple(ports), outputs, kept.per_image)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save what torch's fused kernel does, or the tensors of its chain of operations."""
        return self._saved(inputs, self.dropout > 0)

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return self._saved(inputs, False)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the kernel's output and sums, or of the chain of operations."""
        fused = self._fused(inputs, dropout=False, learned=False)
        return FLOAT_BYTES * dot_product.peak_values(self._tensors(inputs), fused=fused)

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the causal mask that the chain of operations makes."""
        if self.mask != "causal" or self._fused(inputs, dropout=False):
            return 0
        return FLOAT_BYTES * inputs[0].shape[-2] * inputs[1].shape[-2]

    def constructor(self, code: Code) -> str:
        causal = ["causal=True"] if self.mask == "causal" else []
        options = [*causal, *code.keywords(["dropout", "scale"])]
        return f"ScaledDotProductAttention({', '.join(options)})"

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[2]

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        query, key, value = self._tensors(inputs)
        return (
            f"scores = {query.shape[-2]} queries · {key.shape[-2]} keys",
            f"output = {show(output)}, of values with {value.shape[-1]} features",
        )


class MultiheadAttention(_Attention):
    """Attention of several heads with learned projections."""

    help = (
        "Each token takes from all others what fits it, by several heads. One input attends to "
        "itself; a second one gives keys and values (Vaswani et al. 2017)."
    )
    torch = "MultiheadAttention"
    inputs = (1, 4)
    num_heads = Int(8, help="Heads, between which the features are divided.")
    bias = Bool(True, help="Add learned numbers in all projections.")
    source = '''
class MultiheadAttention(nn.MultiheadAttention):
    """Torch's, with the same operations in train and in eval mode, and no weights returned."""

    def __init__(self, embed_dim, num_heads, causal=False, learned_queries=False, **options):
        super().__init__(embed_dim, num_heads, batch_first=True, **options)
        self.causal, self.learned_queries = causal, learned_queries

    def forward(self, query, key=None, value=None, bias=None):
        return self.out_proj(self.attend(*self.project(query, key, value), bias))

    def project(self, query, key, value):
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if key is None:
            return F.linear(query, weight, bias).chunk(3, 2)
        inputs = query, key, key if value is None else value
        weights = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        if weight is not None:
            weights = weight.chunk(3)
        biases = [None] * 3 if bias is None else bias.chunk(3)
        return [F.linear(x, own, b) for x, own, b in zip(inputs, weights, biases)]

    def attend(self, query, key, value, bias):
        batch = max(query.shape[0], key.shape[0])  # which len would fix in an export
        query, key, value = (
            x.unflatten(2, (self.num_heads, -1)).transpose(1, 2).expand(batch, -1, -1, -1)
            for x in (query, key, value)
        )
        if bias is not None:
            bias = bias.unsqueeze(1) if bias.dim() == 3 else bias
            # The fused kernel takes none that needs a gradient.
            bias = bias if torch.is_grad_enabled() else bias.detach()
        dropout = self.dropout if self.training else 0.0
        x = F.scaled_dot_product_attention(query, key, value, bias, dropout, self.causal)
        return x.transpose(1, 2).flatten(2)
'''

    def _ports(self, inputs: Sequence[Tensor]) -> tuple[int, int, int]:
        """Return the ports of queries, keys and values."""
        number = len(inputs) - (self.mask == "input")
        return (0, 0, 0) if number == 1 else (0, 1, 1) if number == 2 else (0, 1, 2)

    def _is_packed(self, inputs: Sequence[Tensor]) -> bool:
        """Tell whether one matrix projects all three, as keys and values have as many features."""
        return len({inputs[port].shape[-1] for port in self._ports(inputs)}) == 1

    def _scores(self, inputs: Sequence[Tensor]) -> Shape:
        _, key, _ = self._ports(inputs)
        return self.num_heads, inputs[0].shape[0], inputs[key].shape[0]

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        self._check_number(inputs, 1, 3, "queries, or queries and keys, or also values")
        ports = self._ports(inputs)
        for port in ports:
            if len(inputs[port].shape) != 2:
                raise LayerError(
                    "not-tokens",
                    "MultiheadAttention needs tokens × features; Reshape and Permute turn an image "
                    "into tokens",
                    port=port,
                    received=show(inputs[port].shape),
                    expected="tokens × features",
                )
        features = inputs[0].shape[-1]
        if features % self.num_heads:
            fitting = largest_divisor(features, self.num_heads)
            raise LayerError(
                "heads",
                f"{features} features do not divide into {self.num_heads} heads",
                axis="features",
                received=features,
                expected=f"a multiple of {self.num_heads}",
                remedies=[SetParameters(f"set heads to {fitting}", {"num_heads": fitting})],
            )
        _, key, value = (inputs[port] for port in ports)
        if key.shape[0] != value.shape[0]:
            raise LayerError(
                "inputs-differ",
                f"there must be a value for each key: {key.shape[0]} keys, {value.shape[0]} values",
                port=ports[2],
                received=value.shape[0],
                expected=key.shape[0],
            )
        if key.batched is not value.batched:
            port = ports[2] if key.batched else ports[1]
            raise LayerError(
                "inputs-differ",
                "keys and values must both be of each image or both be learned",
                port=port,
                received="a learned tensor",
                expected="a tensor of each image",
            )
        self._check_bias(inputs, self._scores(inputs))
        return inputs[0].shape

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        ports = self._ports(inputs)
        features = inputs[0].shape[-1]
        if self._is_packed(inputs):
            weights = [State("in_proj_weight", (3 * features, features), WEIGHT)]
        else:
            weights = [
                State(f"{name}_proj_weight", (features, inputs[port].shape[-1]), WEIGHT)
                for name, port in zip("qkv", ports, strict=True)
            ]
        out = State("out_proj.weight", (features, features), WEIGHT)
        if not self.bias:
            return (*weights, out)
        return (
            *weights,
            State("in_proj_bias", (3 * features,), BIAS),
            out,
            State("out_proj.bias", (features,), BIAS),
        )

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count the projections, the scores, the averages of the values, and the last projection.

        The averages need as many as the scores.
        """
        features = output[-1]
        projected = sum(inputs[port].values for port in self._ports(inputs)) * features
        _, queries, keys = self._scores(inputs)
        return projected + 2 * queries * keys * features + prod(output) * features

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        features = output[-1]
        _, queries, keys = self._scores(inputs)
        projections = " + ".join(show(inputs[port].shape) for port in self._ports(inputs))
        return (
            f"({projections} + {show(output)}) · {features} + 2 · {queries} · {keys} · {features}"
        ).replace("×", " · ")

    # Memory

    def _projected(self, inputs: Sequence[Tensor]) -> list[tuple[Tensor, int]]:
        """Return each tensor that is projected, with the number of its new features.

        Self-attention projects its input once, to queries, keys and values side by side.
        """
        ports, features = self._ports(inputs), inputs[0].shape[-1]
        if ports == (0, 0, 0):
            return [(inputs[0], 3 * features)]
        return [(inputs[port], features) for port in ports]

    def _heads(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return queries, keys and values of all heads, with their layout."""
        _, width = self._projected(inputs)[0]
        size = inputs[0].shape[-1] // self.num_heads
        found = []
        for port in self._ports(inputs):
            tokens = inputs[port].shape[0]
            shape = (self.num_heads, tokens, size)
            steps = (tokens * width, size, width, 1)
            found.append(Tensor(shape, layout=steps, batched=inputs[port].batched))
        return found

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the inputs, and what the attention between the projections saves."""
        return self._saved(inputs, self.dropout > 0, frozen=False)

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return self._saved(inputs, False, frozen=False)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save what the attention saves: the projections need no input."""
        return self._saved(inputs, training and self.dropout > 0, frozen=True)

    def _saved(self, inputs: Sequence[Tensor], dropout: bool, *, frozen: bool) -> SavedForBackward:
        ports, heads = self._ports(inputs), self._heads(inputs)
        needs = [not frozen or inputs[port].needs_grad for port in ports]
        learned = self._learned_bias(inputs)
        fused = dot_product.is_fused(heads, dropout=dropout, learned_bias=learned)
        kept = dot_product.saved(
            heads,
            Needs(needs[0], needs[1], needs[2], learned),
            fused=fused,
            dropout=dropout,
            bias=self.mask == "input",
        )
        ports_saved = {len(inputs) - 1} if kept.bias else set()
        others: list[tuple[Tensor, int]] = []  # for which input, and how many values
        projected = self._projected(inputs)
        if len(projected) == 1:  # queries, keys and values lie in one tensor
            if kept.query or kept.key or kept.value:
                others.append((inputs[0], inputs[0].shape[0] * projected[0][1]))
        else:
            for (tensor, features), is_kept in zip(projected, kept[:3], strict=True):
                if is_kept:
                    others.append((tensor, tensor.shape[0] * features))
        if not frozen:
            for port, (tensor, _) in zip(ports, projected, strict=False):
                if _is_copied(tensor):
                    others.append((tensor, tensor.values))
                else:
                    ports_saved.add(port)
        per_image = sum(values for tensor, values in others if tensor.batched)
        fixed = sum(values for tensor, values in others if not tensor.batched)
        if not frozen and not fused:
            per_image += inputs[0].values  # a copy of the heads' output, for the last projection
        return SavedForBackward(
            inputs=tuple(sorted(ports_saved)),
            per_image=kept.per_image + kept.output + FLOAT_BYTES * per_image,
            fixed=FLOAT_BYTES * fixed,
        )

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of projections, attention and last projection, one after the other."""
        attending, _ = self._attending(inputs)
        return FLOAT_BYTES * max(attending, 2 * prod(output))

    def peak_when_frozen(self, inputs: Sequence[Tensor], output: Shape) -> int:
        attending, _ = self._attending(inputs, frozen=True)
        return FLOAT_BYTES * max(attending, 2 * prod(output))

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the projections of learned inputs."""
        attending, fixed = self._attending(inputs)
        return FLOAT_BYTES * fixed if attending >= 2 * prod(output) else 0

    def _attending(self, inputs: Sequence[Tensor], *, frozen: bool = False) -> tuple[int, int]:
        """Return the most values before the last projection: for one image, and of all."""
        per_image = fixed = most = 0
        for tensor, features in self._projected(inputs):
            values = tensor.shape[0] * features
            copy = [tensor.values] if _is_copied(tensor) and not frozen else []
            added = self.bias and not is_contiguous(tensor)
            making = chain_peak(*copy, *[values] * (2 if added else 1)) // FLOAT_BYTES
            if tensor.batched:
                most = max(most, per_image + making)
                per_image += values
            else:
                fixed += values
        kernel = dot_product.peak_values(self._heads(inputs), fused=True)
        return max(most, per_image + kernel), fixed

    # Generated code

    def constructor(self, code: Code) -> str:
        arguments = [code.features, code.argument("num_heads")]
        arguments += ["causal=True"] if self.mask == "causal" else []
        _, key, _ = self._ports(code.inputs)
        if code.inputs[key].batched and not code.inputs[0].batched:
            arguments.append("learned_queries=True")
        arguments += code.keywords(["bias", "dropout"])
        if not self._is_packed(code.inputs):
            _, key, value = self._ports(code.inputs)
            arguments.append(f"kdim={code.inputs[key].shape[-1]}")
            arguments.append(f"vdim={code.inputs[value].shape[-1]}")
        return f"MultiheadAttention({', '.join(arguments)})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if self.mask == "input":
            inputs = [*inputs[:-1], f"bias={inputs[-1]}"]
        return f"{module}({', '.join(inputs)})"

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0]

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        heads, queries, keys = self._scores(inputs)
        return (
            f"output = queries = {show(output)}",
            f"scores = {heads} heads · {queries} queries · {keys} keys",
            f"features of a head = {output[-1]} / {heads} = {output[-1] // heads}",
        )

    def summary(self) -> str:
        heads = "head" if self.num_heads == 1 else "heads"
        return f"MultiheadAttention, {self.num_heads} {heads}"


def _is_copied(tensor: Tensor) -> bool:
    """Tell whether torch copies an input of a projection: its rows lie at uneven distances."""
    return tensor.shape[0] > 1 and not rows_are_even(tensor)
