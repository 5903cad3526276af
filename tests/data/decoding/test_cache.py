import os
import shutil
import threading
from contextlib import closing

import numpy as np
import pytest

from designer.data import cache_folder
from designer.data.decoding import cache
from designer.data.decoding.cache import Cache
from designer.data.decoding.cache_sets import cache_set
from designer.data.decoding.decoders import Decoders
from designer.data.decoding.store import PictureStore
from tests.data.decoding.samples import SHAPE, Numbered, pixels

ROW = 24
COUNT = 12


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "pictures")
    return tmp_path / "pictures"


def chosen(source="data", form="form"):
    return cache_set(cache_folder.folder().parent / source, form=form, rows=100, row=ROW, writers=1)


def filled(values=range(COUNT), **which):
    """Write pictures as one process does, and return their set."""
    found = chosen(**which)
    with closing(Cache(found)) as writer:
        for value in values:
            writer.write(writer.key(b"%d" % value), pixels(value))
    return found


def read(found, value):
    """Return a picture as a new process reads it, None if it is not there."""
    row = np.empty(SHAPE, np.uint8)
    with closing(Cache(found)) as reader:
        return row if reader.read(reader.key(b"%d" % value), row) else None


def test_what_was_written_is_read_by_another_process():
    found = filled()
    for value in range(COUNT):
        np.testing.assert_array_equal(read(found, value), pixels(value))
    assert read(found, COUNT) is None
    assert cache_folder.size() == COUNT * (ROW + 24) + 16


def test_changed_files_and_other_forms_are_not_found():
    found = filled()
    assert read(found, 99) is None
    assert read(chosen(form="another"), 1) is None
    assert read(chosen(source="elsewhere"), 1) is None


@pytest.mark.parametrize("suffix", [".rows", ".keys"])
def test_damage_of_any_byte_never_gives_wrong_pixels(suffix):
    found = filled(range(3))
    (file,) = (each for each in found.folder.iterdir() if each.suffix == suffix)
    content = file.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        for value in range(3):
            row = read(found, value)
            assert row is None or np.array_equal(row, pixels(value))
    missing = 0
    for length in range(len(content)):
        file.write_bytes(content[:length])
        rows = [read(found, value) for value in range(3)]
        missing += sum(row is None for row in rows)
        assert all(
            row is None or np.array_equal(row, pixels(value)) for value, row in enumerate(rows)
        )
    assert missing


def test_exchanged_rows_are_noticed():
    found = filled(range(2))
    (file,) = (each for each in found.folder.iterdir() if each.suffix == ".rows")
    content = file.read_bytes()
    file.write_bytes(content[ROW:] + content[:ROW])
    assert read(found, 0) is None
    assert read(found, 1) is None


def test_foreign_files_do_no_harm():
    found = filled()
    (found.folder / "a.keys").write_bytes(os.urandom(1000))
    (found.folder / "b.keys").mkdir()
    (found.folder / "c.rows").write_bytes(os.urandom(1000))
    (cache_folder.folder() / "mine").mkdir()
    (cache_folder.folder() / "mine" / "letter.txt").write_text("mine")
    np.testing.assert_array_equal(read(found, 5), pixels(5))
    cache_folder.empty()
    assert (cache_folder.folder() / "mine" / "letter.txt").exists()


def test_processes_that_write_at_once_do_not_disturb_each_other():
    found = chosen()
    values = range(200)
    start = threading.Barrier(4)

    def write():
        start.wait()
        with closing(Cache(found)) as writer:
            for value in values:
                writer.write(writer.key(b"%d" % value), pixels(value))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for value in range(25):
        np.testing.assert_array_equal(read(found, value), pixels(value))


def test_rows_that_another_process_adds_are_found_later(monkeypatch):
    found = filled(range(3))
    monkeypatch.setattr(cache, "_LOOK_SECONDS", 0.0)
    row = np.empty(SHAPE, np.uint8)
    with closing(Cache(found)) as reader:
        assert reader.read(reader.key(b"1"), row)
        assert not reader.read(reader.key(b"7"), row)
        filled(range(3, 9))
        assert reader.read(reader.key(b"7"), row)
    np.testing.assert_array_equal(row, pixels(7))


def test_the_sets_used_longest_ago_make_room(monkeypatch):
    for age, name in enumerate(["new", "old", "older"]):
        used = filled(source=name).folder / "used"
        os.utime(used, (10**9 - age, 10**9 - age))
    each = COUNT * (ROW + 24) + 16
    assert cache_folder.size() == 3 * each
    monkeypatch.setattr(cache_folder, "LIMIT", 100 * (ROW + 24) + each)
    chosen(source="another")
    assert read(chosen(source="new"), 1) is not None
    assert cache_folder.size() == each


def test_a_set_grows_to_its_limit_and_no_further(monkeypatch):
    monkeypatch.setattr(cache_folder, "LIMIT", 5 * (ROW + 24))
    found = filled()
    assert [read(found, value) is not None for value in range(6)] == [True] * 5 + [False]
    again = cache_set(
        cache_folder.folder().parent / "data", form="form", rows=100, row=ROW, writers=2
    )
    assert again.most == 0


def test_a_full_disk_gets_nothing(monkeypatch):
    usage = shutil.disk_usage(cache_folder.folder().parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=usage.total // 100))
    assert chosen().most == 0


def test_a_folder_that_cannot_be_made_costs_only_time(home):
    home.write_text("a file where the folder should be")
    found = filled()
    assert read(found, 1) is None
    assert cache_folder.size() == 0


def test_emptied(home):
    filled()
    freed = cache_folder.size()
    assert cache_folder.empty() == freed > 0
    assert cache_folder.size() == 0
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("processes", [0, 2])
def test_a_store_decodes_once_and_reads_again(processes, tmp_path):
    """Also after a picture was mended: only that one is decoded again."""
    log = tmp_path / "log"

    def session(**changes):
        before = len(log.read_bytes()) if log.exists() else 0
        with Decoders(processes) as decoders:
            store = PictureStore(
                decoders,
                Numbered(COUNT, log=log, **changes),
                shape=SHAPE,
                dtype="uint8",
                memory=10**6,
                batch=4,
                cache=chosen(),
            )
            rows = store.read(range(COUNT))
        return rows, len(log.read_bytes()) - before

    rows, decoded = session()
    assert decoded == COUNT
    again, decoded = session()
    assert decoded == 0
    np.testing.assert_array_equal(again, rows)
    mended, decoded = session(values={5: 77})
    assert decoded == 1
    np.testing.assert_array_equal(mended[5], pixels(77))
