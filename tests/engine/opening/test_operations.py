"""Operations that several layers express: sums of products by letters, cells, tied weights."""

from collections.abc import Callable, Sequence
from inspect import getsource
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from designer.design.values import LayerNode
from designer.engine.module import module
from designer.engine.opening.pipeline import Wishes, open_source
from designer.readers.graph import TensorSpec
from designer.runs.import_report import ImportReport

BATCH = 3
# torch.export says so of every recurrent layer.
pytestmark = pytest.mark.filterwarnings("ignore:The tensor attributes:UserWarning")
Shape = tuple[int, ...]


def opened(module: nn.Module, inputs: Sequence[Tensor], folder: Path) -> ImportReport:
    """Open a module's program; nothing of it may be opaque, and every weight counts once."""
    path = folder / "program.pt2"
    torch.export.save(torch.export.export(module, tuple(inputs), strict=False), path)
    report = open_source(str(path)).report
    assert not report.opaque
    assert report.difference == 0, report.not_compared
    assert report.scale > 0
    assert report.parameters == sum(each.numel() for each in {*module.parameters()})
    return report


class Products(nn.Module):
    """A sum of products of inputs behind linear layers, and of learned tensors."""

    def __init__(self, equation: str, inputs: Sequence[Shape], learned: Sequence[Shape]) -> None:
        super().__init__()
        self.equation = equation
        self.layers = nn.ModuleList([nn.Linear(shape[-1], shape[-1]) for shape in inputs])
        self.learned = nn.ParameterList([nn.Parameter(torch.randn(shape)) for shape in learned])

    def forward(self, *inputs: Tensor) -> Tensor:
        made = [layer(x) for layer, x in zip(self.layers, inputs, strict=True)]
        return torch.einsum(self.equation, *made, *self.learned)


@pytest.mark.parametrize(
    ("equation", "inputs", "learned"),
    [
        ("bij,bkj->bik", [(4, 5), (6, 5)], []),
        ("boe,be->bo", [(4, 6), (6,)], []),
        ("bthd,bshd->bhts", [(4, 2, 5), (6, 2, 5)], []),
        ("bi,bi->b", [(5,), (5,)], []),
        ("bi,bj->bij", [(5,), (4,)], []),
        ("bij->bji", [(4, 5)], []),
        ("bij->b", [(4, 5)], []),
        ("bi,oi->bo", [(5,)], [(4, 5)]),
        ("...i,oi->...o", [(3, 5)], [(4, 5)]),
        ("bchw,oc->bohw", [(3, 4, 5)], [(6, 3)]),
        ("bchw,c->bchw", [(3, 4, 5)], [(3,)]),
        ("blc,l->bc", [(4, 5)], [(4,)]),
        ("nkctv,kvw->nctw", [(2, 3, 4, 5)], [(2, 5, 6)]),
        ("bi,bj,ijk->bk", [(5,), (4,)], [(5, 4, 3)]),
        ("ijk,ikl->jil", [(4, 5), (5, 6)], []),
        ("bi,oi->ob", [(5,)], [(4, 5)]),
    ],
)
def test_sums_of_products(
    equation: str, inputs: list[Shape], learned: list[Shape], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    given = [torch.randn(BATCH, *shape) for shape in inputs]
    opened(Products(equation, inputs, learned), given, tmp_path)


def test_a_sum_over_the_images_of_a_batch_is_opaque(tmp_path: Path) -> None:
    module = Products("bij,bj->ij", [(4, 5), (5,)], [])
    path = tmp_path / "program.pt2"
    given = (torch.randn(BATCH, 4, 5), torch.randn(BATCH, 5))
    torch.export.save(torch.export.export(module, given, strict=False), path)
    (piece,) = open_source(str(path)).report.opaque
    assert piece.operation == "aten.einsum.default"


class Steps(nn.Module):
    """A cell that is called once for each step of a sequence."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell, self.out = cell, nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.zeros(x.shape[0], 8)
        state = (hidden, hidden) if isinstance(self.cell, nn.LSTMCell) else hidden
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
        return self.out(state[0] if isinstance(state, tuple) else state)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.LSTMCell(6, 8),
        lambda: nn.GRUCell(6, 8),
        lambda: nn.GRUCell(6, 8, bias=False),
        lambda: nn.RNNCell(6, 8),
        lambda: nn.RNNCell(6, 8, nonlinearity="relu"),
    ],
    ids=["LSTM", "GRU", "GRU without bias", "RNN", "RNN with ReLU"],
)
def test_cells_share_their_weights_over_the_steps(
    make: Callable[[], nn.Module], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    report = opened(Steps(make()), [torch.randn(BATCH, 4, 6)], tmp_path)
    assert report.layer_types["Linear"] == 2 * 4 + 1


class TiedAutoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.bias = nn.Linear(12, 4), nn.Parameter(torch.randn(12))

    def forward(self, x: Tensor) -> Tensor:
        code = torch.tanh(self.encoder(x))
        return functional.linear(code, self.encoder.weight.t(), self.bias)


class Similarity(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layer, self.dim = nn.Linear(6, 8), dim

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return functional.cosine_similarity(self.layer(x), self.layer(y), self.dim)


class Scores(nn.Module):
    """Products with a learned vector, which stands second in one and first in the other."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.query = nn.Linear(6, 8), nn.Parameter(torch.randn(8))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        made = self.layer(x)
        return made @ self.query, self.query @ made.transpose(1, 2)


def test_a_weight_that_encodes_and_decodes_counts_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(TiedAutoencoder(), [torch.randn(BATCH, 12)], tmp_path)


@pytest.mark.parametrize(("shape", "dim"), [((6,), 1), ((4, 6), 1), ((4, 6), -1)])
def test_cosines(shape: Shape, dim: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(Similarity(dim), [torch.randn(BATCH, *shape) for _ in "xy"], tmp_path)


def test_products_with_a_vector(tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(Scores(), [torch.randn(BATCH, 4, 6)], tmp_path)


class Distances(nn.Module):
    """An operation without a layer that reads the same weights twice, for inputs of two shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.randn(5, 6))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cdist(x, self.codes).mean(1) + torch.cdist(x[:, :2], self.codes).mean(1)


def test_the_weights_of_opaque_operations_count_once(tmp_path: Path) -> None:
    path = tmp_path / "program.pt2"
    given = (torch.randn(BATCH, 4, 6),)
    torch.export.save(torch.export.export(Distances(), given, strict=False), path)
    report = open_source(str(path)).report
    assert len(report.opaque) == 2
    assert report.parameters == 30


class Unpooled(nn.Module):
    """Maxima that are put back, as in SegNet."""

    def __init__(self, axes: int, side: int) -> None:
        super().__init__()
        self.conv = getattr(nn, f"Conv{axes}d")(3, 4, 3, padding=1)
        self.pool = getattr(nn, f"MaxPool{axes}d")(2, return_indices=True)
        self.unpool = getattr(nn, f"MaxUnpool{axes}d")(2)
        self.size = (side,) * axes

    def forward(self, x: Tensor) -> Tensor:
        made, places = self.pool(torch.relu(self.conv(x)))
        return self.unpool(made, places, output_size=self.size)


@pytest.mark.parametrize(("axes", "side"), [(1, 8), (2, 8), (2, 9), (3, 4)])
def test_maxima_are_put_back(axes: int, side: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    given = torch.randn(BATCH, 3, *[side] * axes)
    opened(Unpooled(axes, side), [given], tmp_path)


class Heads(nn.Module):
    """A module that returns its outputs in a dict, one of them in a dict within it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.classify = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> dict[str, Tensor | dict[str, Tensor]]:
        embedding = self.embed(x)
        return {"embedding": embedding, "heads": {"logits": self.classify(embedding)}}


def test_outputs_have_the_names_that_the_module_gives_them(tmp_path: Path) -> None:
    path = tmp_path / "program.pt2"
    torch.export.save(torch.export.export(Heads(), (torch.randn(BATCH, 6),), strict=False), path)
    file = tmp_path / "heads.py"
    file.write_text(f"import torch\nfrom torch import Tensor, nn\n\n{getsource(Heads)}")
    for source, wishes in ((path, Wishes()), (file, Wishes(run_code=True))):
        nodes = open_source(str(source), wishes).design.graph.nodes
        names = [name for name, each in nodes.items() if each == LayerNode("Output")]
        assert names == ["embedding", "heads_logits"]


FUNCTIONS: dict[str, tuple[Callable[..., Tensor], list[Shape]]] = {
    "std": (lambda x: x.std(1), [(4, 8)]),
    "std over several axes": (lambda x: x.std((1, 2)), [(4, 8)]),
    "var": (lambda x: x.var(-1, unbiased=False, keepdim=True), [(4, 8)]),
    "var_mean": (lambda x: torch.cat(torch.var_mean(x, -1), -1), [(4, 8)]),
    "logsumexp": (lambda x: x.logsumexp(-1, keepdim=True), [(4, 8)]),
    "max with a number": (lambda x: torch.max(x, torch.tensor(0.1)), [(8,)]),
    "max of two": (torch.max, [(8,), (8,)]),
    "min of two": (torch.min, [(8,), (8,)]),
    "minimum": (torch.minimum, [(8,), (8,)]),
    "repeat_interleave": (lambda x: x.repeat_interleave(2, dim=1), [(4, 8)]),
    "repeat_interleave of features": (lambda x: x.repeat_interleave(3, -1), [(4, 8)]),
    "power of a number": (lambda x: 2**x, [(8,)]),
    "sines": (lambda x: torch.sin(30 * x) + torch.cos(x), [(8,)]),
    "erf": (lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5)), [(8,)]),
    "log1p": (lambda x: torch.log1p(x.abs()), [(8,)]),
    "log2": (lambda x: torch.log2(x.abs() + 1), [(8,)]),
    "expm1": (torch.expm1, [(8,)]),
    "where": (lambda x: torch.where(x > 0, x, 0.1 * x), [(8,)]),
    "masked_fill": (lambda x: x.masked_fill(x < 0, 0.0), [(8,)]),
    "a mask as a factor": (lambda x: x * (x > 0), [(8,)]),
    "a mask as numbers": (lambda x: x + (x >= 0.5).float(), [(8,)]),
    "masks together": (lambda x: x * ((x > 0) & ~(x > 1) | (x < -1)), [(8,)]),
    "a comparison": (lambda x, y: torch.where(x <= y, x, -y), [(8,), (8,)]),
    "addcmul": (lambda x, y: torch.addcmul(x, x, y, value=0.5), [(8,), (8,)]),
    "addcmul of smaller tensors": (
        lambda x: torch.addcmul(x, torch.arange(8.0), torch.full((8,), 0.5)),
        [(4, 8)],
    ),
    "minimum with a number first": (lambda x: torch.minimum(torch.tensor(0.1), x), [(8,)]),
    "lerp": (lambda x, y: torch.lerp(x, y, 0.3), [(8,), (8,)]),
    "linalg.norm": (lambda x: torch.linalg.norm(x, dim=1), [(4, 8)]),
    "baddbmm": (lambda x, y: torch.baddbmm(x, x, y, beta=0.5, alpha=2.0), [(8, 8), (8, 8)]),
}


class Applied(nn.Module):
    """A function of inputs behind linear layers."""

    def __init__(self, function: Callable[..., Tensor], inputs: Sequence[Shape]) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList([nn.Linear(shape[-1], shape[-1]) for shape in inputs])

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*[layer(x) for layer, x in zip(self.layers, inputs, strict=True)])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_become_layers(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    function, shapes = FUNCTIONS[name]
    opened(Applied(function, shapes), [torch.randn(BATCH, *shape) for shape in shapes], tmp_path)


class GeneralizedMean(nn.Module):
    """Pooling with a learned power, as in image retrieval."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.p = nn.Conv2d(3, 4, 3), nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        powers = self.conv(x).clamp(min=1e-6).pow(self.p)
        return functional.adaptive_avg_pool2d(powers, 1).pow(1 / self.p)


def test_a_learned_power(tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(GeneralizedMean(), [torch.randn(BATCH, 3, 8, 8)], tmp_path)


class Bilinear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Bilinear(6, 5, 4)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.layer(x, y)


def test_bilinear(tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(Bilinear(), [torch.randn(BATCH, 6), torch.randn(BATCH, 5)], tmp_path)


class PaddedTokens(nn.Module):
    """A classifier of sentences whose padding, token 0, is masked."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 16)
        self.encoder = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        padding = tokens == 0
        made = self.encoder(self.embed(tokens), src_key_padding_mask=padding)
        kept = (~padding).float().unsqueeze(-1)
        return self.head((made * kept).sum(1) / kept.sum(1).clamp(min=1))


LANGUAGE_MODEL = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(9, 16), nn.Linear(16, 9)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        return self.head(self.encoder(self.embed(tokens), mask))
"""


def test_a_transformer_with_a_mask_is_exported(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(LANGUAGE_MODEL)
    wishes = Wishes(inputs=[TensorSpec((6,), "int64")], run_code=True)
    report = open_source(str(path), wishes).report
    assert not report.opaque
    assert report.difference == 0
    assert {each.name: each.uses for each in report.blocks} == {"TransformerEncoderLayer": 2}


def test_padding_is_masked(tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(PaddedTokens(), [torch.randint(0, 9, (BATCH, 7))], tmp_path)


class Tables(nn.Module):
    """Buffers that the design itself can hold, and one that is too large for it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.register_buffer("mean", torch.tensor([0.5, 0.25, 2.0, -1.0]))
        self.register_buffer("mask", torch.tril(torch.ones(40, 40)))
        self.register_buffer("later", torch.triu(torch.full((5, 5), -torch.inf), 1))
        self.register_buffer("noise", torch.randn(300, 4))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        made = self.layer(x - self.mean)
        scores = made[:, :5] @ made[:, :5].transpose(1, 2) + self.later
        return self.mask @ made[:, :40], torch.softmax(scores, -1), made + self.noise


def test_a_design_holds_its_tables_or_says_which_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "program.pt2"
    torch.export.save(
        torch.export.export(Tables(), (torch.randn(BATCH, 300, 4),), strict=False), path
    )
    found = open_source(str(path))
    assert found.report.difference == 0
    nodes = found.design.graph.nodes
    mean, mask, later, noise = (
        nodes[name].parameters for name in ("mean", "mask", "later", "noise")
    )
    assert mean["numbers"] == (0.5, 0.25, 2.0, -1.0)
    assert mask["values"] == "tril"
    assert min(later["numbers"]) == -1e9
    assert "values" not in noise
    (note,) = (each for each in found.report.notes if "tables" in each or "table" in each)
    assert note.startswith("1 table of constants (noise) is in the weights alone")
    # The design without its weights has the tables that it holds.
    network = module(found.design)
    assert network.mask[3].tolist() == [1.0] * 4 + [0.0] * 36


class Variational(nn.Module):
    """A variational autoencoder, which samples while training, or in eval mode, too."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.always = always
        self.encode, self.decode = nn.Linear(12, 4), nn.Linear(2, 12)

    def forward(self, x: Tensor) -> Tensor:
        mean, logarithm = self.encode(x).chunk(2, 1)
        if self.training or self.always:
            mean = mean + torch.exp(0.5 * logarithm) * torch.randn_like(mean)
        return self.decode(mean)


class DropPath(nn.Module):
    """Stochastic depth written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        made = self.layer(x)
        if self.training:
            keep = 0.9
            made = made * torch.empty(x.shape[0], 1).bernoulli_(keep) / keep
        return x + made


class Frames(nn.Module):
    """A network of images for each frame, and a recurrent one over them."""

    def __init__(self) -> None:
        super().__init__()
        self.images = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2),
            nn.AdaptiveAvgPool2d(1),
        )  # fmt: skip
        self.over_time, self.head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        batch, length = x.shape[:2]
        made = self.images(x.view(batch * length, *x.shape[2:])).view(batch, length, -1)
        return self.head(self.over_time(made)[0][:, -1])


class Stacked(nn.Module):
    """Two recurrent layers, of which the states of both at the end are read."""

    def __init__(self, kind: type[nn.RNNBase], **options: bool) -> None:
        super().__init__()
        self.layers = kind(6, 8, num_layers=2, batch_first=True, dropout=0.1, **options)

    def forward(self, x: Tensor) -> Tensor:
        _, state = self.layers(x)
        state = state[0] if isinstance(state, tuple) else state
        return state.transpose(0, 1).flatten(1)


@pytest.mark.parametrize("always", [False, True])
def test_a_variational_autoencoder_draws_while_training(always: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(Variational(always).train(), [torch.randn(BATCH, 12)], tmp_path)


def test_stochastic_depth_by_hand(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "program.pt2"
    given = (torch.randn(BATCH, 8),)
    torch.export.save(torch.export.export(DropPath().train(), given, strict=False), path)
    found = open_source(str(path))
    assert found.report.equal
    assert LayerNode("StochasticDepth", {"p": 0.1}) in [
        LayerNode(each.layer, {"p": round(each.parameters["p"], 6)})
        for each in found.design.graph.nodes.values()
        if isinstance(each, LayerNode) and each.layer == "StochasticDepth"
    ]


def test_frames_of_a_video_go_through_pools(tmp_path: Path) -> None:
    torch.manual_seed(0)
    opened(Frames(), [torch.randn(BATCH, 5, 3, 12, 12)], tmp_path)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("both", [False, True])
def test_the_states_of_all_layers_of_a_stack(
    kind: type[nn.RNNBase], both: bool, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    opened(Stacked(kind, bidirectional=both), [torch.randn(BATCH, 5, 6)], tmp_path)


class Norms(nn.Module):
    """Two normalizations with the same weights and other statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(4)), nn.Parameter(torch.rand(4))
        for name in ("mean1", "mean2"):
            self.register_buffer(name, torch.rand(4))
        for name in ("var1", "var2"):
            self.register_buffer(name, torch.rand(4) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        first = functional.batch_norm(x, self.mean1, self.var1, self.weight, self.bias)
        return functional.batch_norm(first, self.mean2, self.var2, self.weight, self.bias)


def test_layers_with_other_buffers_do_not_share(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "program.pt2"
    given = (torch.randn(BATCH, 4, 5, 5),)
    torch.export.save(torch.export.export(Norms(), given, strict=False), path)
    assert open_source(str(path)).report.difference == 0


class Gradients(nn.Module):
    """Functions whose gradients have special cases: large values, deviations of 0."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor([100.0, 0.0, 1.0, -50.0]))

    def forward(self, x: Tensor) -> Tensor:
        scaled = x * self.factor
        flat = (x * 0 * self.factor).unsqueeze(1)
        return torch.cat((scaled.logsumexp(-1, keepdim=True), flat.std(-1)), 1)


def test_designs_have_the_gradients_of_their_source(tmp_path: Path) -> None:
    source, path = Gradients(), tmp_path / "program.pt2"
    given = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [2.0, -1.0, 0.5, 1.0]])
    torch.export.save(torch.export.export(source, (given,), strict=False), path)
    design = module(open_source(str(path)).design)
    with torch.no_grad():
        (factor,) = design.parameters()
        factor.copy_(source.factor)
    for network in (source, design):
        network(given).sum().backward()
    torch.testing.assert_close(factor.grad, source.factor.grad)
    torch.testing.assert_close(design(given), source(given))


class Filled(nn.Module):
    """A module whose output holds minus infinity, which no softmax follows."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros(x.shape).masked_fill(x > 0, -torch.inf)


def test_minus_infinity_stays_what_it_is_outside_of_scores(tmp_path: Path) -> None:
    path = tmp_path / "program.pt2"
    torch.export.save(torch.export.export(Filled(), (torch.randn(BATCH, 8),), strict=False), path)
    (piece,) = open_source(str(path)).report.opaque
    assert "a number that a design cannot have" in piece.reason
