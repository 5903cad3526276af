"""The script of GPU checks, on the CPU: it runs, its verdicts are good, and a bad one is told."""

import pytest
import torch

from tests.gpu import __main__ as report

Captured = pytest.CaptureFixture[str]


def test_the_cpu_shows_what_it_can(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MEMORY_PRESETS", ("mobilenet_v2",))
    assert report.main(["--cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"CPU, torch {torch.__version__}"
    assert lines[-1].startswith("0 bad; this took ")
    assert all(line.startswith("good  ") for line in lines[1:-1])
    assert any("a resumed run differs by: 0.0e+00" in line for line in lines)


def test_a_bad_verdict_is_told(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "CHECKS", (report.memory,))
    monkeypatch.setattr(report, "MEMORY_PRESETS", ("mobilenet_v2",))
    monkeypatch.setattr(report, "peak_bytes", lambda *call: 10**9)
    assert report.main(["--cpu"]) == 1
    assert "BAD   mobilenet_v2, batch 2: memory of predicting: " in capsys.readouterr().out


def test_without_a_gpu_it_says_so(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert report.main([]) == 2
    assert capsys.readouterr().out == (
        "There is no GPU that torch can use; --cpu does what the CPU can show.\n"
    )
