"""Operations that several layers express: sums of products by letters, cells, tied weights."""

from collections.abc import Callable, Sequence
from inspect import getsource
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from designer.design.values import LayerNode
from designer.engine.opening.pipeline import Wishes, open_source
from designer.runs.import_report import ImportReport

BATCH = 3
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
    opened(Steps(make()), [torch.randn(BATCH, 4, 6)], tmp_path)


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
    """Products with a vector that all images share, behind and before."""

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
    """Outputs with names."""

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
