import errno
import os
import pickle
import random

import numpy as np
import pytest
import torch

from designer.engine import checkpoint
from designer.errors import DesignerError


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "last.pt"
    content = {"network": {"w": torch.arange(3.0)}, "best": None}
    checkpoint.save(path, content, source="a")
    loaded = checkpoint.load(path, source="a")
    assert torch.equal(loaded["network"]["w"], torch.arange(3.0))
    assert loaded["best"] is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


def test_generators_come_back():
    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    state = checkpoint.generators()
    first = draw()
    checkpoint.restore_generators(state)
    assert draw() == first


def test_generators_can_be_saved(tmp_path):
    state = checkpoint.generators()
    checkpoint.save(tmp_path / "c.pt", {"network": {}, "generators": state}, source="a")
    checkpoint.restore_generators(checkpoint.load(tmp_path / "c.pt", source="a")["generators"])
    assert torch.equal(torch.get_rng_state(), state["cpu"])


def test_another_design_is_refused(tmp_path):
    checkpoint.save(tmp_path / "c.pt", {"network": {}}, source="a")
    with pytest.raises(DesignerError, match="of another design"):
        checkpoint.load(tmp_path / "c.pt", source="b")


@pytest.mark.parametrize("keep", [0, 10, 300, -20])
def test_torn_files_are_told(tmp_path, keep):
    path = tmp_path / "c.pt"
    checkpoint.save(path, {"network": {"w": torch.zeros(100)}}, source="a")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DesignerError, match="damaged or is no checkpoint"):
        checkpoint.load(path, source="a")


def test_other_files_are_told(tmp_path):
    path = tmp_path / "c.pt"
    torch.save([1, 2], path)
    with pytest.raises(DesignerError, match="not written by this version"):
        checkpoint.load(path, source="a")
    with pytest.raises(DesignerError, match="is missing"):
        checkpoint.load(tmp_path / "absent.pt", source="a")


def test_every_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "last.pt"
    checkpoint.save(path, {"network": {"w": torch.arange(9.0)}}, source="a")
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 7):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(DesignerError, match=r"last.pt (is damaged|was not written)"):
            checkpoint.load(path, source="a")
    path.write_bytes(whole)
    assert checkpoint.load(path, source="a")["network"]["w"][8] == 8


def test_flipped_bits_in_the_tensors_of_an_old_checkpoint_are_refused(tmp_path):
    path = tmp_path / "last.pt"
    weights = torch.arange(9.0)
    content = {"format": 1, "source": checkpoint.fingerprint("a"), "network": {"w": weights}}
    torch.save(content, path)
    whole = path.read_bytes()
    assert torch.equal(checkpoint.load(path, source="a")["network"]["w"], weights)
    where = whole.index(weights.numpy().tobytes())
    for bit in range(8 * where, 8 * (where + weights.nbytes)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(DesignerError, match="damaged"):
            checkpoint.load(path, source="a")


def test_the_other_checkpoint_of_a_damaged_one_is_named(tmp_path):
    for name in ("last.pt", "best.pt"):
        checkpoint.save(tmp_path / name, {"network": {}}, source="a")
    (tmp_path / "last.pt").write_bytes(b"torn")
    with pytest.raises(DesignerError, match=r"best.pt has the weights of the best epoch, to exp"):
        checkpoint.load(tmp_path / "last.pt", source="a")


def test_a_checkpoint_of_too_little_is_not_resumed(tmp_path):
    checkpoint.save(tmp_path / "last.pt", {"network": {}}, source="a")
    with pytest.raises(DesignerError, match=r"is not what this run wrote .*missing required field"):
        checkpoint.load(tmp_path / "last.pt", source="a", resume=True)


class Hostile:
    def __reduce__(self):
        return (os.mkdir, ("hacked",))


def test_code_in_a_checkpoint_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": 1, "x": Hostile()}, tmp_path / "c.pt", pickle_module=pickle)
    with pytest.raises(DesignerError, match="damaged or is no checkpoint"):
        checkpoint.load(tmp_path / "c.pt", source="a")
    assert not (tmp_path / "hacked").exists()


class FullDisk:
    """A file that takes so many bytes."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("room", [0, 100, 5000])
def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch, room):
    path = tmp_path / "last.pt"
    checkpoint.save(path, {"step": 1, "network": {"w": torch.zeros(2000)}}, source="a")
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda content, file: save(content, FullDisk(file, room)))
    with pytest.raises(DesignerError, match=r"last.pt cannot be written \(No space left"):
        checkpoint.save(path, {"step": 2, "network": {"w": torch.zeros(2000)}}, source="a")
    assert checkpoint.load(path, source="a")["step"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]
