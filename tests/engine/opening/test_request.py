"""The worker's request "open": progress, the design before its weights, the answer, an error."""

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from designer.design import files
from designer.engine import worker


@pytest.fixture
def program(tmp_path: Path) -> Path:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(net, (torch.randn(2, 3, 8, 8),), strict=False), path)
    return path


def answers(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    found = io.StringIO()
    text = "".join(json.dumps(each) + "\n" for each in requests)
    worker.serve(io.StringIO(text), found, interrupt=threading.Event())
    return [json.loads(line) for line in found.getvalue().splitlines()]


def test_a_network_is_opened_with_its_weights(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_warm_up", lambda: None)
    given = {"do": "open", "id": 4, "source": str(program), "folder": str(tmp_path)}
    missing = {"do": "open", "id": 5, "source": str(tmp_path / "no.pt2")}
    code = {"do": "open", "id": 6, "source": "nets:Net", "run_code": False}
    found = answers(given, missing, code, {"do": "quit"})
    told = [each for each in found if each["id"] == 4]
    *progress, last = told
    assert all(0 <= each["progress"] <= 1 for each in progress)
    (early,) = [each for each in progress if "design" in each]
    assert early["report"]["tensors"]["taken"] == 0
    assert last["ok"]
    assert early["design"] == last["design"]
    assert files.loads(last["design"]).graph.nodes
    assert last["report"]["difference"] <= 1e-6
    assert last["report"]["tensors"]["taken"] == 4
    assert last["weights"] == str(tmp_path / "weights.safetensors")
    assert Path(last["weights"]).stat().st_size > 4 * (3 * 4 * 9 + 4 + 144 * 5 + 5)
    refused = {each["id"]: each for each in found if each.get("ok") is False}
    assert "There is no file" in refused[5]["message"]
    assert "is Python code, which is run to open it" in refused[6]["message"]
