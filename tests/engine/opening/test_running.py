"""A neutral graph that is run by torch gives what torch's own modules give."""

import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from designer.engine.opening import running
from designer.engine.opening.running import NotRunnableError
from designer.readers import pt2
from designer.readers.graph import NeutralGraph, Operation, Ref, TensorSpec

BATCH = 2


class Dropped(nn.Module):
    """Layers that do something else in train mode, and a branch that is left out at random."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.free = nn.BatchNorm2d(8, track_running_stats=False)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(self.norm(self.conv(x)).relu_())
        if self.training:
            keep = x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(0.75).div_(0.75)
            return self.free(x) + x * keep
        return self.free(x) + x


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, dropout=0.3)
        self.head = nn.Linear(5, 4)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found, (hidden, _) = self.lstm(self.embedding(tokens))
        return self.head(found), hidden


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = torch.zeros(5, 5)
        mask[1:, 0] = 1.0
        left, right = self.layer(x, src_mask=mask).chunk(2, dim=2)
        return torch.cat([right, left.cumsum(1)], 2).permute(0, 2, 1).reshape(-1, 40)


def exported(module: nn.Module, inputs: tuple[torch.Tensor, ...], folder: Path) -> NeutralGraph:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on the weights of an LSTM, which it lists once more
        program = torch.export.export(module.train(), inputs, strict=False)
        torch.export.save(program, folder / "net.pt2")
    return pt2.read(folder / "net.pt2")


@pytest.mark.parametrize(
    ("build", "shape"),
    [(Dropped, (BATCH, 3, 9, 9)), (Recurrent, (BATCH, 7)), (Attention, (BATCH, 5, 8))],
)
def test_a_graph_of_train_mode_gives_what_the_module_gives_in_eval_mode(
    build: Callable[[], nn.Module], shape: tuple[int, ...], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    module = build()
    given = torch.randint(11, shape) if build is Recurrent else torch.randn(shape)
    graph = exported(module, (given,), tmp_path)
    assert graph.training
    expected = module.eval()(given)  # without gradients, torch takes masks for masks of bools
    expected = expected if isinstance(expected, tuple) else (expected,)
    shares: list[float] = []
    found = running.run(graph, [given], progress=shares.append)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("one", "module"),
    [
        (Operation("softsign", {"self": Ref("x")}, ("y",)), nn.Softsign()),
        (
            Operation(
                "local_response_norm",
                {"input": Ref("x"), "size": 3, "alpha": 0.5, "beta": 0.75, "k": 2.0},
                ("y",),
            ),
            nn.LocalResponseNorm(3, 0.5, 0.75, 2.0),
        ),
    ],
)
def test_functions_that_are_several_of_aten(one: Operation, module: nn.Module) -> None:
    x = torch.randn(2, 5, 4, 4)
    specs = {name: TensorSpec((2, 5, 4, 4)) for name in "xy"}
    graph = NeutralGraph("one", ("x",), ("y",), (one,), specs, {})
    (found,) = running.run(graph, [x])
    assert torch.equal(found, module(x))


def test_in_train_mode_dropout_draws(tmp_path: Path) -> None:
    given = torch.ones(BATCH, 1000)
    graph = exported(nn.Dropout(0.5), (given,), tmp_path)
    (found,) = running.run(graph, [given], training=True)
    assert 500 < int((found == 0).sum()) < 1500
    (found,) = running.run(graph, [given])
    assert torch.equal(found, given)


def operation(kind: str, original: str = "", **arguments: Any) -> Operation:
    return Operation(kind, arguments, ("y",), original=original, line="net.py:3")


def evaluated(one: Operation, **arrays: Any) -> Any:
    return running.evaluate([one], arrays, ["y"])["y"]


FOUR = np.arange(4, dtype=np.float32).reshape(2, 2)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (operation("add", self=Ref("x"), other=1), FOUR + 1),
        (operation("add", self=Ref("x"), other=Ref("x"), alpha=2), 3 * FOUR),
        (operation("mean", self=Ref("x"), dim=(1,), keepdim=True), FOUR.mean(1, keepdims=True)),
        (operation("slice", self=Ref("x"), dim=1, start=1), FOUR[:, 1:]),
        (operation("transpose", self=Ref("x"), dim0=0, dim1=1), FOUR.T),
        (operation("cat", tensors=(Ref("x"), Ref("x")), dim=1), np.concatenate([FOUR, FOUR], 1)),
        (operation("to", self=Ref("x"), dtype="int64"), FOUR.astype(np.int64)),
        (operation("pow", self=Ref("x"), exponent=2), FOUR**2),
        (operation("amax", self=Ref("x"), dim=(0,)), FOUR.max(0)),
        (operation("full", size=(2, 3), fill_value=2.5), np.full((2, 3), 2.5, np.float32)),
        (
            operation("where", condition=Ref("b"), self=Ref("x"), other=0),
            np.where(FOUR > 1, FOUR, 0),
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Operation) else "",
)
def test_the_overload_is_found_by_the_arguments(one: Operation, expected: Any) -> None:
    """Formats other than torch's do not say which overload is meant."""
    arrays = {"x": FOUR, "b": FOUR > 1} if one.kind == "where" else {"x": FOUR}
    found = evaluated(one, **arrays)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (operation("from_file", "aten.from_file.default", filename="/etc/passwd"), "not run"),
        (operation("_cummax_helper", "aten._cummax_helper.default", self=Ref("x")), "not run"),
        (operation("set_", "aten.set_.default", self=Ref("x")), "not run"),
        (operation("onnx.Loop", "Loop", self=Ref("x")), "Loop (net.py:3) is no function of torch"),
        (operation("mylib.custom", "mylib.custom.default", self=Ref("x")), "no function of torch"),
        (operation("relu", "aten.relu.default", self=Ref("z")), "No operation gives the value z"),
        (operation("relu", self=Ref("x"), slope=3), "torch's relu does not take"),
        (operation("view", "aten.view.default", self=Ref("x"), size=(3,)), "cannot be run: "),
        (operation("zeros", "aten.zeros.default", size=(10**7, 10**7)), "memory"),
        (operation("expand", "aten.expand.default", self=Ref("x"), size=(-1,)), "cannot be run"),
        (operation("zeros", "aten.zeros.default", size=(2,), dtype=-1), "as its dtype"),
    ],
    ids=lambda value: value.kind if isinstance(value, Operation) else "",
)
def test_what_cannot_be_run_is_said(one: Operation, words: str) -> None:
    with pytest.raises(NotRunnableError) as refusal:
        evaluated(one, x=FOUR)
    assert words in str(refusal.value)
    assert str(refusal.value)[-1] == "."


def test_no_function_that_may_be_called_takes_a_name_of_a_file() -> None:
    tried = 0
    for full in torch._C._dispatch_get_all_op_names():
        space, _, name = full.partition("::")
        kind, _, which = name.partition(".")
        if space != "aten" or not hasattr(torch.ops.aten, kind):
            continue
        which = which or "default"
        packet = getattr(torch.ops.aten, kind)
        if which not in packet.overloads():
            continue
        for argument in getattr(packet, which)._schema.arguments:
            # The path of einsum is the order of its products.
            if argument.name in {"filename", "path", "file"} and str(argument.type) == "str":
                tried += 1
                with pytest.raises(NotRunnableError):
                    running.overload(
                        Operation(kind, {}, ("y",), original=f"aten.{kind}.{which}"), {}
                    )
    assert tried


def test_values_are_given_up_after_their_last_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most values that are held at once is that of a chain, not of all its operations."""
    names = [f"v{number}" for number in range(50)]
    operations = tuple(
        Operation("mul", {"self": Ref(one), "other": 1.0}, (other,))
        for one, other in pairwise(names)
    )
    specs: Mapping[str, TensorSpec] = {name: TensorSpec((2, 3)) for name in names}
    graph = NeutralGraph("chain", ("v0",), ("v49",), operations, specs, {}, batch=2)
    held: list[int] = []
    step = running._step

    def counted(one: Operation, values: dict[str, Any], **more: Any) -> None:
        step(one, values, **more)
        held.append(len(values))

    monkeypatch.setattr(running, "_step", counted)
    given = torch.randn(2, 3)
    (found,) = running.run(graph, [given])
    assert torch.equal(found, given)
    assert max(held) == 2
