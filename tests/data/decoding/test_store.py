import numpy as np
import pytest

from designer.data.decoding.decoders import Decoders
from designer.data.decoding.store import PictureStore
from designer.errors import DesignerError
from tests.data.decoding.samples import SHAPE, Numbered, pixels

ROW = 24
COUNT = 50


@pytest.fixture(scope="module", params=[0, 3])
def decoders(request):
    with Decoders(request.param) as started:
        yield started


def store(decoders, pictures, memory, batch=4):
    return PictureStore(decoders, pictures, shape=SHAPE, dtype="uint8", memory=memory, batch=batch)


def taken(source, order, batch=4):
    """Return the first values of the pictures in an order, batch by batch."""
    batches, rows = [], []
    for piece in source.pieces(np.array(order, np.int64), batch):
        rows.extend(source.rows[piece.rows].copy())
        if piece.last:
            batches.append(np.stack(rows))
            rows = []
    assert not rows
    return batches


def assert_right(batches, order, batch=4):
    assert [len(each) for each in batches] == [
        len(order[start : start + batch]) for start in range(0, len(order), batch)
    ]
    expected = np.stack([pixels(value) for value in order])
    np.testing.assert_array_equal(np.concatenate(batches), expected)


# Bytes of memory: all fit, some do, none does but the ring.
MEMORY = {"all": COUNT * ROW, "some": 30 * ROW, "none": 0}


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY.keys())
def test_pictures_come_in_the_order_that_is_asked_for(decoders, memory):
    source = store(decoders, Numbered(COUNT), memory)
    assert source.fits == (memory == MEMORY["all"])
    for epoch in range(4):
        order = np.random.default_rng(epoch).permutation(COUNT).tolist()
        assert_right(taken(source, order), order)


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY.keys())
def test_each_picture_is_decoded_once_an_epoch_and_those_in_memory_never_again(memory, tmp_path):
    pictures = Numbered(COUNT, log=tmp_path / "log")
    with Decoders(2) as decoders:
        source = store(decoders, pictures, memory)
        first, second = (np.random.default_rng(epoch).permutation(COUNT) for epoch in range(2))
        taken(source, first)
        assert pictures.decoded() == COUNT
        taken(source, second)
    in_memory = {"all": COUNT, "some": 30 - 16, "none": 0}
    expected = next(in_memory[name] for name, size in MEMORY.items() if size == memory)
    assert pictures.decoded() == 2 * COUNT - expected


def test_memory_stays_within_what_is_given(decoders):
    source = store(decoders, Numbered(COUNT), 30 * ROW)
    assert source.rows.nbytes == 30 * ROW


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY.keys())
def test_a_picture_may_come_several_times(decoders, memory):
    source = store(decoders, Numbered(COUNT), memory)
    order = [3, 3, 3, 1, 3, 40, 40, 3, 1]
    assert_right(taken(source, order), order)


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY.keys())
def test_an_order_given_up_halfway_leaves_nothing_behind(decoders, memory):
    source = store(decoders, Numbered(COUNT), memory)
    for start in range(20):
        pieces = source.pieces(np.arange(start, COUNT), 4)
        next(pieces)
        pieces.close()
    order = list(range(COUNT))
    assert_right(taken(source, order), order)


def test_a_batch_larger_than_the_ring_comes_in_pieces(decoders):
    source = store(decoders, Numbered(COUNT), 0, batch=2)
    order = list(range(COUNT))
    assert_right(taken(source, order, batch=30), order, batch=30)


def test_chosen_pictures_are_read_and_stay(tmp_path):
    pictures = Numbered(COUNT, log=tmp_path / "log")
    with Decoders(1) as decoders:
        source = store(decoders, pictures, MEMORY["all"])
        np.testing.assert_array_equal(
            source.read([7, 2, 49]), np.stack([pixels(value) for value in (7, 2, 49)])
        )
        taken(source, range(COUNT))
    assert pictures.decoded() == COUNT


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY.keys())
def test_pictures_decoded_ahead_are_not_decoded_again(memory, tmp_path):
    pictures = Numbered(COUNT, log=tmp_path / "log")
    order = np.random.default_rng(0).permutation(COUNT)
    with Decoders(2) as decoders:
        source = store(decoders, pictures, memory)
        source.decode_ahead(order)
        np.testing.assert_array_equal(source.read([45])[0], pixels(45))
        assert_right(taken(source, order.tolist()), order.tolist())
        assert_right(taken(source, order.tolist()), order.tolist())
    twice = COUNT - (len(source.rows) if source.fits else max(0, len(source.rows) - 16))
    assert pictures.decoded() <= COUNT + twice + 1


def test_two_parts_share_the_decoders(decoders):
    one, two = (store(decoders, Numbered(COUNT), memory) for memory in (MEMORY["all"], 0))
    order = np.arange(COUNT, dtype=np.int64)
    for first, second in zip(one.pieces(order, 5), two.pieces(order, 5), strict=True):
        np.testing.assert_array_equal(one.rows[first.rows], two.rows[second.rows])


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY.keys())
@pytest.mark.parametrize(
    ("fate", "sentence"),
    [
        ("broken", r"^The picture number6\.png is damaged: replace it\.$"),
        ("odd", r"^The picture number6\.png cannot be read \(an odd header\): remove it"),
        ("hungry", r"^The memory ran out while the picture number6\.png was decoded"),
    ],
)
def test_a_broken_picture_is_told_when_its_turn_comes(decoders, memory, fate, sentence):
    source = store(decoders, Numbered(COUNT, {6: fate}), memory)
    pieces = source.pieces(np.arange(COUNT), 4)
    assert source.rows[next(pieces).rows][0, 0, 0].tolist() == pixels(0)[0, 0].tolist()
    with pytest.raises(DesignerError, match=sentence):
        next(pieces)
    with pytest.raises(DesignerError, match=sentence):  # it is as broken the next time
        source.read([6])
    assert_right(taken(source, [5, 7, 8]), [5, 7, 8])


def test_what_a_library_prints_does_no_harm():
    with Decoders(1) as decoders:
        source = store(decoders, Numbered(COUNT, {3: "chatty"}), 0)
        assert_right(taken(source, range(8)), range(8))


def test_all_broken_pictures_are_found_with_progress(decoders):
    source = store(decoders, Numbered(COUNT, {6: "broken", 7: "odd", 49: "broken"}), 0)
    seen = []
    found = source.broken(progress=seen.append, canceled=lambda: False)
    assert sorted(found) == [6, 7, 49]
    assert "number7.png" in str(found[7])
    assert seen == [*range(4, COUNT, 4), COUNT]
    again = source.broken(progress=seen.append, canceled=lambda: seen[-1] == 12)
    assert sorted(again) == [6, 7]
    assert seen[-1] == 12
