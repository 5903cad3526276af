"""Modules in Python files are opened in a process of their own; each fault is a sentence."""

import os
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from designer.engine.canceled import Canceled
from designer.engine.opening import live, live_export, live_inputs, live_process
from designer.engine.opening.live_messages import EXAMPLE, PROGRAM, LiveAnswer, LiveRequest
from designer.errors import DesignerError
from designer.readers import pt2, sources

HEAD = """
import os, sys, time
import torch
from dataclasses import dataclass
from torch import nn
from torch.nn import functional as F
"""

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 3)
    def forward(self, x):
        return self.fc(x)
"""

Work = Callable[..., LiveAnswer]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """Return a function that opens the text of a Python file, in this process."""
    path, modules = list(sys.path), set(sys.modules)

    def of(text: str, name: str = "", inputs: tuple[tuple[int, ...], ...] = ()) -> LiveAnswer:
        file = tmp_path / "nets.py"
        file.write_text(HEAD + text)
        request = LiveRequest(
            kind="python",
            name=name,
            path=str(file),
            inputs=tuple((each, "float32") for each in inputs),
            folder=str(tmp_path),
        )
        return live_process.work(request, lambda stage: None)

    yield of
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name in ("nets", "opened_file"):
            del sys.modules[name]
    torch.backends.mha.set_fastpath_enabled(True)


def outputs(folder: Path) -> list[torch.Tensor]:
    found = load_file(folder / EXAMPLE)
    return [found[name] for name in sorted(found) if name.startswith("output.")]


def test_whatever_forward_returns_its_tensors_are_the_outputs(work: Work, tmp_path: Path) -> None:
    body = "print('hello'); return {'a': Answer(self.fc(x), [x, (x, None)]), 'b': 'text'}"
    text = f"""
@dataclass
class Answer:
    logits: torch.Tensor
    others: list
{NET.replace("return self.fc(x)", body)}
"""
    answer = work(text)
    assert answer.message == ""
    assert answer.name == "Net"
    graph = pt2.read(tmp_path / PROGRAM)
    assert len(graph.outputs) == len(outputs(tmp_path)) == 3
    assert graph.values[graph.inputs[0]].shape == (2, 6)
    assert "The input is 6," in answer.notes[1]


def test_the_example_is_of_eval_mode(work: Work, tmp_path: Path) -> None:
    text = NET.replace("self.fc(x)", "F.dropout(x, 0.5, self.training)")
    assert work(text).message == ""
    found = load_file(tmp_path / EXAMPLE)
    assert torch.equal(found["input.0"], found["output.0"])


@pytest.mark.parametrize(
    ("layer", "first"),
    [
        (nn.Conv2d(5, 4, 3), (5, 224, 224)),
        (nn.Linear(784, 4), (1, 28, 28)),
        (nn.Linear(50, 4), (50,)),
        (nn.Embedding(9, 4), (16,)),
        (nn.GRU(7, 4), (16, 7)),
        (nn.Conv1d(3, 4, 5), (3, 16)),
        (nn.TransformerEncoderLayer(8, 2), (16, 8)),
        (nn.ReLU(), (3, 224, 224)),
    ],
)
def test_the_first_layer_says_which_inputs_are_likely(
    layer: nn.Module, first: tuple[int, ...]
) -> None:
    (spec,) = next(live_inputs.candidates(nn.Sequential(nn.Identity(), layer), ()))
    assert spec.shape == first
    assert spec.dtype == ("int64" if isinstance(layer, nn.Embedding) else "float32")


def test_a_library_says_which_inputs_are_likely() -> None:
    module = nn.Conv2d(3, 4, 3)
    module.default_cfg = {"input_size": (3, 240, 240)}  # type: ignore[assignment]
    shapes = [each for (each,) in live_inputs.candidates(module, [(3, 96, 96)])]
    assert [each.shape for each in shapes[:3]] == [(3, 96, 96), (3, 240, 240), (3, 224, 224)]
    assert len(set(shapes)) == len(shapes)


def test_all_inputs_of_forward_get_a_shape() -> None:
    (one, other), *_ = live_inputs.candidates(nn.Bilinear(6, 6, 3), ())
    assert one == other


@pytest.mark.parametrize(
    ("layer", "forward", "expected"),
    [
        # Larger pictures become several rows, so that the batch is no axis of the output.
        ("nn.Linear(16 * 16 * 3, 4)", "self.fc(F.max_pool2d(x, 2).view(-1, 768))", (3, 32, 32)),
        ("nn.LazyLinear(4)", "self.fc(x.flatten(1))", (3, 224, 224)),
    ],
)
def test_an_input_is_found_that_the_network_takes(
    layer: str, forward: str, expected: tuple[int, ...], work: Work, tmp_path: Path
) -> None:
    text = NET.replace("nn.Linear(6, 3)", layer).replace("self.fc(x)", forward)
    assert work(text).message == ""
    graph = pt2.read(tmp_path / PROGRAM)
    assert graph.values[graph.inputs[0]].shape[1:] == expected


def test_an_input_that_was_given_is_taken_or_refused(work: Work, tmp_path: Path) -> None:
    assert work(NET, inputs=((4, 6),)).message == ""
    graph = pt2.read(tmp_path / PROGRAM)
    assert graph.values[graph.inputs[0]].shape == (2, 4, 6)
    message = work(NET, inputs=((4, 7),)).message
    assert "does not run with the input 4x7" in message
    assert "nets.py:13 (return self.fc(x))" in message


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("x = 3", "", "has no torch module: write a class"),
        ("def broken(:", "", "is no Python that can be run (invalid syntax in line"),
        ("raise ValueError('no data')", "", "ValueError in nets.py:7 (raise ValueError"),
        ("import no_such_package", "", "No module named 'no_such_package'. If it is part of"),
        (NET + NET.replace("Net", "Other"), "", "several networks (Net, Other): say which one"),
        (NET.replace("__init__(self)", "__init__(self, n)"), "", "need arguments (Net): add"),
        (NET.replace("__init__(self)", "__init__(self, n)"), "Net", "Net needs arguments: add"),
        (NET, "Nets", "has no Nets; its classes and functions that build a module are: Net."),
        (NET + "size = 3", "size", "size is no class or function but a int"),
        (NET + "def build():\n    return 3", "build", "build gives a int and no torch module"),
        (NET.replace("nn.Linear(6, 3)", "1 / 0"), "", "ZeroDivisionError in nets.py:11"),
        (NET.replace("super", "sys.exit(3); super"), "", "its code calls exit() in nets.py:10"),
        (NET.replace("self.fc(x)", "None"), "", "returns no tensor: return one from forward"),
        (NET.replace("return self.fc(x)", "if x.sum() > 0: x = x + 1\n        return x"), "",
         "nets.py:13 (if x.sum() > 0: x = x + 1) decides by the values of a tensor"),
        (NET.replace("return", "x = x[x > 0]; return"), "", "does not run with the input 6: "),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_is_said_in_a_sentence(
    text: str, name: str, words: str, work: Work
) -> None:
    message = work(text, name).message
    assert words in message
    assert "nets.py" in message or name in message
    assert "\n" not in message
    assert message.endswith(".")


def test_a_file_that_was_changed_since_the_users_word_is_not_run(tmp_path: Path) -> None:
    path, ran = tmp_path / "nets.py", tmp_path / "ran"
    path.write_text(HEAD + NET)
    source, digest = sources.parse(str(path)), sha256(path.read_bytes()).hexdigest()
    (tmp_path / "same").mkdir()
    assert live.export(source, tmp_path / "same", digest=digest).name == "Net"
    path.write_text(f"{HEAD}{NET}\nopen({str(ran)!r}, 'w')\n")
    (tmp_path / "other").mkdir()
    with pytest.raises(DesignerError, match=r"nets.py was changed since you agreed to run it"):
        live.export(source, tmp_path / "other", digest=digest)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NET + NET.replace("Net", "Part").replace("(self)", "(self, n)"), "Net"),
        (NET + "class Whole(Net):\n    def __init__(self):\n        super().__init__()\n"
         "        self.part = Net()", "Whole"),
        ("net = nn.Sequential(nn.Linear(6, 3))", "net"),
        ("def build() -> nn.Module:\n    return nn.Linear(6, 3)", "build"),
        (NET + "def main():\n    raise SystemExit", "Net"),
    ],
)  # fmt: skip
def test_the_only_network_of_a_file_is_found(
    text: str, name: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_export, "export", lambda *_: live_export.Written((), ()))
    answer = work(text)
    assert answer.message == ""
    assert answer.name == name
    assert answer.notes[0] == f"{name} of nets.py was taken, the only network in it."


def test_layers_that_only_eval_mode_can_export_are_exported_there(
    work: Work, tmp_path: Path
) -> None:
    body = "if self.training and torch.rand(1) > 0.5: x = x * 2\n        return self.fc(x)"
    answer = work(NET.replace("return self.fc(x)", body))
    assert answer.message == ""
    assert any(
        "was exported in eval mode" in note and "nets.py:13" in note for note in answer.notes
    )
    assert not pt2.read(tmp_path / PROGRAM).training


# The process


def opened(text: str, folder: Path, **more: object) -> live.Exported:
    file = folder / "nets.py"
    file.write_text(HEAD + text)
    out = folder / "out"
    out.mkdir()
    return live.export(sources.parse(str(file)), out, **more)  # type: ignore[arg-type]


def test_what_a_module_prints_and_starts_disturbs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "left"
    text = f"""
print("{{}}", flush=True)
os.write(1, b'{{"stage": "", "message": "false"}}\\n')
if os.fork() == 0:
    time.sleep(0.5)
if os.fork() == 0:
    time.sleep(60)
    open({str(mark)!r}, "w").close()
    os._exit(0)
{NET}
"""
    stages: list[str] = []
    found = opened(text, tmp_path, stage=stages.append)
    assert found.name == "Net"
    assert pt2.read(found.program).operations
    steps = list(dict.fromkeys(stages))
    assert steps[:2] == ["Loading torch", "Building the module"]
    assert "Exporting the module" in steps
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "limits", "words"),
    [
        ("while True: pass", {"seconds": 12.0}, "did not end within 12 s, and was at the step"),
        ("os._exit(0)", {}, "ended the process that ran it while it was at the step"),
        ("x = bytearray(3 << 30)", {"most_bytes": 2 << 30}, "took more"),
    ],
)
def test_a_module_that_hangs_ends_or_takes_all_memory_is_said(
    text: str, limits: dict[str, float], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DesignerError) as refusal:
        opened(text, tmp_path, **limits)
    assert words in str(refusal.value)


def test_canceling_ends_the_process_and_what_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    text = f"open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(300)"

    def stage(words: str) -> None:
        if file.exists() and file.read_text():
            raise Canceled

    with pytest.raises(Canceled):
        opened(text, tmp_path, stage=stage)
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)
