import psutil
import pytest

from designer.data.decoding import budget


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 100 GiB of free memory and a container that the test fills in."""
    free = psutil.virtual_memory()._replace(available=100 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(budget, "_GROUPS", tmp_path)
    return tmp_path


def test_half_of_the_free_memory_is_taken_where_nothing_is_said(machine):
    assert budget.memory_bytes(None) == 50 * 2**30
    assert budget.memory_bytes(None, processes=2) == 25 * 2**30


def test_the_setting_counts_but_for_more_than_there_is(machine):
    assert budget.memory_bytes(3.5) == 3.5 * 2**30
    assert budget.memory_bytes(0) == 0
    assert budget.memory_bytes(1000) == 90 * 2**30


def test_a_container_may_have_less_memory_than_the_machine(machine):
    (machine / "memory.max").write_text(f"{10 * 2**30}\n")
    (machine / "memory.current").write_text(f"{8 * 2**30}\n")
    (machine / "memory.stat").write_text(f"anon 5\ninactive_file {2**30}\n")
    assert budget.free_bytes() == 3 * 2**30
    (machine / "memory.max").write_text("max\n")
    assert budget.free_bytes() == 100 * 2**30


def test_decoders_are_as_many_as_cores_or_as_is_said(monkeypatch):
    monkeypatch.setattr(budget, "cores", lambda: 8)
    assert budget.decoder_count(None, pictures=10_000) == 8
    assert budget.decoder_count(None, pictures=10_000, processes=3) == 2
    assert budget.decoder_count(None, pictures=10_000, processes=20) == 1
    assert budget.decoder_count(0, pictures=10_000) == 0
    assert budget.decoder_count(5, pictures=10, processes=2) == 5


def test_few_pictures_need_no_processes(monkeypatch):
    monkeypatch.setattr(budget, "cores", lambda: 8)
    assert budget.decoder_count(None, pictures=100) == 0
    assert budget.decoder_count(None, pictures=700) == 3
