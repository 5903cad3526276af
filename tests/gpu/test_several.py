"""Two GPUs train one run, a process each, with batch norms that see whole batches."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from designer.engine.training import train
from designer.runs.folder import RunFolder
from tests.engine.samples import WITHOUT_DROPOUT, create, tiny_recipe, write_data
from tests.engine.test_processes import losses

pytestmark = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA GPUs")


@pytest.mark.slow
def test_synchronized_norms_give_the_losses_of_one_process(tmp_path: Path) -> None:
    data = write_data(tmp_path / "squares.npz")
    recipe = tiny_recipe(data, device="cuda", sync_batch_norm=True)
    alone, shared = (create(tmp_path / name, recipe, WITHOUT_DROPOUT) for name in ("one", "two"))
    train(alone)
    module = "designer.engine.several_processes"
    subprocess.run([sys.executable, "-m", module, "2", str(shared.path)], check=True)
    assert losses(RunFolder.open(shared.path)) == pytest.approx(losses(alone), rel=1e-3)
