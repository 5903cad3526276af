"""Networks from elsewhere become designs with the same outputs."""

import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from designer import presets
from designer.analysis.analysis import analyze
from designer.cli import main
from designer.design import files
from designer.engine import export
from designer.engine.canceled import Canceled
from designer.engine.module import module
from designer.engine.opening import comparison, pipeline, reading
from designer.engine.opening.job import STAGES, Job
from designer.engine.opening.pipeline import Wishes, open_source
from designer.errors import DesignerError
from designer.runs.import_report import ImportReport, sentence_of_difference


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, *, odd: bool = False) -> None:
        super().__init__()
        self.odd = odd
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(*[Residual(8) for _ in range(3)])
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(self.stem(x)).mean((2, 3))
        if self.odd:
            x = torch.special.airy_ai(x)
        return self.head(x)


PARAMETERS = 3 * 8 * 9 + 8 + 3 * (8 * 8 * 9 + 2 * 8) + 8 * 5 + 5


def saved(net: nn.Module, path: Path, shape: tuple[int, ...] = (2, 3, 12, 12)) -> Path:
    """Save a program of a module whose weights and statistics are drawn."""
    torch.manual_seed(0)
    for tensor in net.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.1, 0.5)
    torch.export.save(torch.export.export(net.train(), (torch.randn(shape),), strict=False), path)
    return path


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(Net(), tmp_path_factory.mktemp("program") / "net.pt2")


def test_a_program_becomes_a_folded_design_with_its_weights(program: Path, tmp_path: Path) -> None:
    weights = tmp_path / "net.safetensors"
    found = open_source(str(program), Wishes(weights=weights))
    report = found.report
    assert report.parameters == PARAMETERS
    assert report.buffers == 3 * (2 * 8 + 1)
    # Stem, mean and head, four layers in each Residual, and as everywhere input and output.
    assert report.layers == sum(report.layer_types.values()) == 3 + 3 * 4 + 2
    assert [(each.name, each.uses) for each in report.blocks] == [("Residual", 3)]
    assert report.tensors.taken == 2 + 3 * (1 + 2 + 3) + 2
    assert report.tensors.missing == ()
    assert report.difference is not None
    assert report.difference <= 1e-6
    assert report.scale is not None
    assert report.scale > 0.1
    assert report.equal
    assert report.opaque == ()
    # The file loads into the module of the design, and gives what the original gives.
    assert found.weights == weights
    network = module(found.design).eval()
    network.load_state_dict(load_file(weights))
    original = Net()
    original.load_state_dict(torch.export.load(program).state_dict)
    given = torch.randn(4, 3, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(network(given), original.eval()(given))


def test_a_flat_design_has_no_blocks(program: Path) -> None:
    found = open_source(str(program), Wishes(flat=True, compare=False))
    assert found.design.blocks == {}
    assert found.report.blocks == ()
    assert found.report.parameters == PARAMETERS
    assert found.report.difference is None
    assert found.report.not_compared == "this was not asked for."


def test_what_no_layer_expresses_is_opaque_and_stops_nothing(tmp_path: Path) -> None:
    path = saved(Net(odd=True), tmp_path / "odd.pt2")
    weights = tmp_path / "odd.safetensors"
    found = open_source(str(path), Wishes(weights=weights))
    (piece,) = found.report.opaque
    assert "airy_ai" in piece.operation
    assert piece.line.startswith("test_pipeline.py:")
    assert found.report.difference is None
    assert "airy_ai" in found.report.not_compared
    assert found.report.parameters == PARAMETERS
    assert found.report.tensors.taken == 22
    assert len(load_file(weights)) == 22
    assert analyze(found.design).totals.parameters == PARAMETERS


class LengthFirst(nn.Module):
    """Sequences with their length first, torch's default; the classes have the samples first."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(8, 16), nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        steps = self.lstm(x)[0]
        return steps, self.fc(steps[-1])


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # of torch, on nn.LSTM
def test_sequences_with_their_length_first_are_compared(tmp_path: Path) -> None:
    report = open_source(str(saved(LengthFirst(), tmp_path / "net.pt2", (5, 2, 8)))).report
    assert report.opaque == ()
    assert report.not_compared == ""
    assert report.equal
    assert any("the samples along their second axis" in each for each in report.notes)


class Score(nn.Module):
    """One number for each image, without an axis for it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).squeeze(-1)


def test_a_single_number_for_each_image_is_compared(tmp_path: Path) -> None:
    path = saved(Score(), tmp_path / "score.pt2", (2, 4))
    report = open_source(str(path)).report
    assert report.difference == 0 and report.scale > 0, report.not_compared


def test_other_weights_are_told(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison notices a single tensor that is another one."""
    take = pipeline.taking.take

    def wrong(*given: Any) -> Any:
        found = take(*given)
        name = next(name for name in found.state if name.endswith("stem.bias"))
        found.state[name][3] += 0.01
        return found

    monkeypatch.setattr(pipeline.taking, "take", wrong)
    report = open_source(str(program)).report
    assert report.difference is not None
    assert report.difference > 1e-4
    assert not report.equal


def test_outputs_of_other_shapes_are_another_network(
    program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    of_design = comparison.outputs_of_design

    def cut(*given: Any) -> list[torch.Tensor]:
        return [each[:, 1:] for each in of_design(*given)]

    monkeypatch.setattr(comparison, "outputs_of_design", cut)
    report = open_source(str(program)).report
    assert report.differs
    assert "shape (2, 5)" in sentence_of_difference(report)
    assert "not the same network" in sentence_of_difference(report)
    assert main(["import", str(program), "--to", str(tmp_path / "net.json")]) == 1


def test_networks_that_give_zeros_are_compared_with_other_weights(
    tmp_path: Path,
) -> None:
    net = Net()
    program = saved(net, tmp_path / "net.pt2")
    for tensor in net.head.parameters():
        nn.init.zeros_(tensor)
    given = torch.randn(2, 3, 12, 12)
    torch.export.save(torch.export.export(net.train(), (given,), strict=False), program)
    weights = tmp_path / "net.safetensors"
    report = open_source(str(program), Wishes(weights=weights)).report
    assert report.scale is not None
    assert report.scale > 0.01
    assert report.equal
    assert any("gives only zeros" in note for note in report.notes)
    taken = load_file(weights)
    assert not taken["head.weight"].any()
    assert not taken["head.bias"].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_networks_of_16_bits_are_compared_without_its_roundings(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(8, 16, dtype=dtype), nn.Linear(16, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.other(torch.relu(self.one(x.to(dtype))).float())

    found = open_source(str(saved(Half(), tmp_path / "half.pt2", (2, 8))), Wishes())
    assert found.report.difference is not None
    assert found.report.difference < 1e-6


class Attending(nn.Module):
    """Torch projects the tokens of all images in another order than the design."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(96, 4, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


def test_rounding_in_another_order_is_told_from_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(Attending(), tmp_path / "attending.pt2", (2, 53, 96))
    compare = comparison.compare

    def rounded(*given: Any) -> comparison.Difference:
        """Differ a little, as on machines whose products round otherwise for other rows."""
        found = compare(*given)
        return comparison.Difference(max(found.largest, 1e-6 * found.scale), found.scale)

    monkeypatch.setattr(comparison, "compare", rounded)
    report = open_source(str(path)).report
    assert report.difference == 0
    assert any("computed with 64 bits" in note for note in report.notes)

    take = pipeline.taking.take

    def wrong(*given: Any) -> Any:
        found = take(*given)
        next(iter(found.state.values()))[0] *= 1 + 1e-5
        return found

    monkeypatch.setattr(pipeline.taking, "take", wrong)
    report = open_source(str(path)).report
    assert report.difference is not None
    assert report.difference > 0
    assert report.equal
    assert not any("64 bits" in note for note in report.notes)


def test_stages_follow_each_other_and_the_design_comes_early(program: Path) -> None:
    told: list[tuple[str, float]] = []
    early: list[ImportReport] = []
    job = Job(
        report=lambda stage, share: told.append((stage, share)),
        early=lambda design, report: early.append(report),
    )
    found = open_source(str(program), job=job)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] == 1
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == [each for each in STAGES if each != "Running the code"]
    (first,) = early
    assert first.tensors.taken == 0
    assert first.parameters == found.report.parameters
    assert set(found.report.seconds) == set(stages)


@pytest.mark.parametrize("at", list(STAGES)[1:])
def test_each_stage_can_be_canceled(at: str, program: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    job = Job(report=lambda stage, share: seen.append(stage), canceled=lambda: at in seen)
    with pytest.raises(Canceled):
        open_source(str(program), Wishes(weights=tmp_path / "w.safetensors"), job)
    assert seen[-1] == at


def test_a_network_larger_than_the_memory_is_refused_before_it_is_read(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "free_bytes", lambda device: 2 * program.stat().st_size)
    with pytest.raises(DesignerError, match="GB of weights, for which"):
        open_source(str(program))


@pytest.mark.parametrize("ending", [".pt2", ".py"])
def test_a_file_of_ours_gives_its_own_design(ending: str, tmp_path: Path) -> None:
    """Positions, arguments and texts are there, though no operation says them."""
    design = presets.load("lenet5")
    path = tmp_path / f"lenet{ending}"
    (_,) = export.export(export.of_design(design, seed=3), [path])
    weights = tmp_path / "w.safetensors"
    found = open_source(str(path), Wishes(weights=weights))
    assert found.design == design
    if ending == ".py":  # read as text: nothing asked whether code may be run
        assert found.weights is None
        assert found.report.tensors.taken == 0
    else:
        assert found.report.difference == 0
        expected = export.of_design(design, seed=3).network.state_dict()
        taken = load_file(weights)
        assert taken.keys() == expected.keys()
        assert all(torch.equal(taken[name], expected[name]) for name in taken)


# What cannot be opened


def damaged(change: Callable[[dict[str, Any]], None], program: Path, to: Path) -> Path:
    """Copy a program, with its JSON changed."""
    with zipfile.ZipFile(program) as old, zipfile.ZipFile(to, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename.endswith("models/model.json"):
                content = json.loads(data)
                change(content["graph_module"]["graph"])
                data = json.dumps(content).encode()
            new.writestr(info.filename, data)
    return to


def _a_file_is_read(graph: dict[str, Any]) -> None:
    node = graph["nodes"][0]
    node["target"] = "torch.ops.aten.from_file.default"


def _huge(graph: dict[str, Any]) -> None:
    for meta in graph["tensor_values"].values():
        meta["sizes"] = [{"as_int": 10**9} for _ in meta["sizes"]]


@pytest.mark.parametrize("change", [_a_file_is_read, _huge])
def test_a_hostile_program_becomes_a_sentence_or_an_opaque_node(
    change: Callable[[dict[str, Any]], None], program: Path, tmp_path: Path
) -> None:
    path = damaged(change, program, tmp_path / "hostile.pt2")
    with suppress(DesignerError):
        found = open_source(str(path))
        assert found.report.difference is None
        assert found.report.not_compared


def test_the_command_writes_design_weights_and_report(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design, weights = tmp_path / "net.json", tmp_path / "net.safetensors"
    given = ["import", str(program), "--to", str(design), "--weights", str(weights)]
    assert main(given) == 0
    text = capsys.readouterr().out
    assert "Folded into 6 nodes with the block Residual (3 uses)" in text
    assert f"{PARAMETERS:,} parameters" in text
    assert main([*given, "--json"]) == 0
    report = msgspec.json.decode(capsys.readouterr().out, type=ImportReport)
    assert report.parameters == PARAMETERS
    assert report.top_level == len(files.read(design).graph.nodes) == 6
    # The weights that were written are taken by the commands that take weights.
    out = tmp_path / "again.safetensors"
    assert main(["weights", str(design), "--from", str(weights), "--out", str(out)]) == 0
    assert all(torch.equal(each, load_file(out)[name]) for name, each in load_file(weights).items())


def test_the_file_that_is_opened_is_not_replaced_by_its_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, link = tmp_path / "lenet.safetensors", tmp_path / "other.safetensors"
    save_file(module(presets.load("lenet5")).state_dict(), weights)
    link.symlink_to(weights)
    before = weights.read_bytes()
    design = str(tmp_path / "a.json")
    for target in (weights, link):
        assert main(["import", str(weights), "--to", design, "--weights", str(target)]) == 1
        assert f"{target} is the file that is opened" in capsys.readouterr().err
    folder = tmp_path / "no"
    words = ["import", str(weights), "--to", design, "--weights", str(folder / "a.safetensors")]
    assert main(words) == 1
    assert f"There is no folder {folder}" in capsys.readouterr().err
    assert weights.read_bytes() == before and not Path(design).exists()


def test_weights_that_are_not_written_are_said(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(program), "--to", str(tmp_path / "net.json")]) == 0
    assert "Its weights were not written: add --weights" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "net.pt2"
    os.mkfifo(pipe)
    with pytest.raises(DesignerError, match="is a pipe or a device: name a file on a disk"):
        open_source(str(pipe))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import", "net.xyz", "--to", "a.json"], "net.xyz cannot be opened: give FILE.pt2"),
        (["import", "no.pt2", "--to", "a.json"], "There is no file no.pt2"),
        (["import", "net.pt2"], "Say where the design goes, as in --to net.json."),
        (["import", "net.pt2", "--to", "net.pt2"], "net.pt2 must end in .json, as a design does"),
        (["import", "net.pt2", "--to", "no/a.json"], "There is no folder no: make it"),
        (["import", "torchvision:", "--to", "a.json"], "write its name behind torchvision:"),
        (["import", "os:getcwd", "--to", "a.json"], "is Python code, which is run to open it"),
        (["import", "x.pt2", "--to", "a.json", "--input", "3xbig"], "is no shape: write"),
        (["import", "x.pt2", "--to", "a.json", "--input", "float8:3"], "is no shape: write"),
        (["import", "x.pt2", "--to", "a.json", "--input", "99999x99999"], "give a smaller one"),
    ],
)
def test_wrong_use_is_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
