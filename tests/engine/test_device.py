import mmap

import pytest
import torch

from designer.engine import device
from designer.engine.processes import Processes
from designer.errors import DesignerError

CPU = torch.device("cpu")


def test_auto_takes_what_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert device.choose("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.choose("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert device.choose("auto") == torch.device("cuda", 3)


def test_an_absent_device_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DesignerError, match="no cuda device"):
        device.choose("cuda")


def test_lower_precision_is_for_cuda():
    assert device.precision("float32", CPU) == device.Precision()
    lowered = device.precision("float16", CPU)
    assert lowered.lower is None
    assert "float16 is for CUDA only" in (lowered.note or "")


def test_float16_needs_a_scaler():
    precision = device.precision("float16", torch.device("cuda"))
    assert precision.lower is torch.float16
    assert precision.needs_scaler


def test_torchrun_is_read_from_the_environment(monkeypatch):
    assert Processes.current() == Processes(0, 1, 0)
    for key, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(key, value)
    assert Processes.current() == Processes(5, 8, 1)
    assert not Processes.current().first


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (
            torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total of 8 GiB"
            ),
            "2.50 GiB more was requested and 1.00 GiB was free.",
        ),
        (
            RuntimeError("can't allocate memory: you tried to allocate 1073741824 bytes."),
            "1.00 GiB more was requested",
        ),
        (MemoryError(), "More was requested, and 1.00 GiB was free."),
    ],
)
def test_out_of_memory_says_what_to_do(error, asked, monkeypatch):
    monkeypatch.setattr(device, "free_bytes", lambda where: 2**30)
    monkeypatch.setattr(device, "title", lambda where: "The device")
    message = device.out_of_memory_at_batch(error, 64)
    assert message is not None
    assert message.startswith("The device ran out of memory at batch 64. ")
    assert asked in message
    assert message.endswith(" Try batch 32.")


def test_other_errors_are_not_about_memory():
    assert device.out_of_memory_at_batch(RuntimeError("shapes differ"), 64) is None
    assert device.out_of_memory_at_batch(KeyError("CUDA out of memory"), 64) is None


def test_memory_is_looked_at_four_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 10.0
    monkeypatch.setattr(device.time, "perf_counter", lambda: now)
    memory = device.Memory(torch.device("cpu"))
    first = memory.used_bytes()
    assert first > 50e6  # Python with torch
    held = mmap.mmap(-1, 100_000_000)  # what torch takes may have been there, left by other tests
    held.write(bytes(len(held)))
    now = 10.1
    assert memory.used_bytes() == first
    now = 10.3
    assert memory.used_bytes() > first + 50e6
    held.close()


@pytest.mark.parametrize("doing", device.OUT_OF_MEMORY)
def test_each_sentence_on_memory_is_whole(doing):
    fields = {"batch": 4, "half": 2, "path": "last.pt", "network": "Net", "line": "nn.Linear(1)"}
    message = device.out_of_memory(MemoryError(), doing, **fields)
    assert message.count(". ") >= 2
    assert message.endswith(".")
    assert "ran out of memory" in message
