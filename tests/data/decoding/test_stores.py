import numpy as np
import pytest
from PIL import Image

from designer.data import PictureForm, cache_folder, picture_part
from designer.data.columns import ArrayColumn
from designer.data.decoding.stores import Stores, StoreSettings
from designer.data.files import FolderFiles

FORM = PictureForm(3, 6, 8)
ROW = 6 * 8 * 3
COUNTS = {"train": 30, "validation": 8, "test": 12}


@pytest.fixture
def columns(tmp_path):
    """Columns of three parts, whose pictures have one gray each: their number."""
    found = {}
    for part, count in COUNTS.items():
        folder = tmp_path / part
        folder.mkdir()
        names = tuple(f"{number}.png" for number in range(count))
        for number, name in enumerate(names):
            Image.new("L", (9, 7), number).save(folder / name)
        found[part] = picture_part(FolderFiles(folder), names, np.zeros(count, np.int64)).images
    return found


@pytest.fixture(autouse=True)
def caches(monkeypatch, tmp_path):
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "cache")


@pytest.fixture
def make(columns, tmp_path):
    made = []

    def stores(**settings):
        made.append(Stores(columns, FORM, StoreSettings(workers=0, **settings), source=tmp_path))
        return made[-1]

    yield stores
    for each in made:
        each.close()


def memory_of(stores):
    return sum(stores.get(part).rows.nbytes for part in COUNTS)


@pytest.mark.parametrize("rows", [50, 49, 30, 20, 12])
def test_all_parts_together_stay_within_the_memory(make, rows):
    stores = make(memory=(rows + 0.5) * ROW / 2**30, batch=1)
    assert memory_of(stores) <= rows * ROW + ROW // 2
    assert all(stores.get(part).fits for part in COUNTS) == (rows == 50)
    for part, count in COUNTS.items():
        store = stores.get(part)
        assert store.read(range(count))[:, 0, 0, 0].tolist() == list(range(count))


@pytest.mark.parametrize(
    ("cache", "memory", "used"),
    [
        ("never", 0.0, False),
        ("needed", 0.0, True),
        ("needed", 1.0, False),
        ("always", 1.0, True),
    ],
)
def test_the_cache_is_used_as_the_setting_says(make, cache, memory, used):
    make(memory=memory, cache=cache, batch=4).get("train").read([0, 1])
    assert (cache_folder.size() > 0) == used


def test_other_forms_do_not_share_decoded_pictures(columns, tmp_path):
    for side in (4, 5):
        form = PictureForm(1, side, side)
        settings = StoreSettings(cache="always", workers=0)
        stores = Stores(columns, form, settings, source=tmp_path)
        assert stores.get("train").read([7]).tolist() == [[[[7]] * side] * side]
        stores.close()


def test_pictures_in_memory_have_no_store_and_are_resized_as_they_are_asked_for(tmp_path):
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 4, 3), np.uint8)
    column = ArrayColumn(images)
    stores = Stores({"train": column}, FORM, StoreSettings(batch=2), source=tmp_path)
    assert stores.get("train") is None
    resized = stores.resized(column, FORM)
    assert resized.read([9, 0, 4])[:, 2, 3, 1].tolist() == [9, 0, 4]
    stores.close()


def test_a_part_may_be_wanted_larger_than_the_others(columns, tmp_path):
    both = {"train": columns["train"], "validation": columns["train"]}
    settings = StoreSettings(cache="always", workers=0)
    larger = {"train": PictureForm(1, 5, 6)}
    stores = Stores(both, FORM, settings, source=tmp_path, larger=larger)
    for name, form in (("train", larger["train"]), ("validation", FORM)):
        found = stores.get(name).read([7])
        assert found.shape == (1, form.height, form.width, form.channels)
        assert set(found.flatten().tolist()) == {7}
    stores.close()
