"""A run continues on the data that it was begun on, or not at all."""

import json
import os
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from designer.cli import main
from designer.data import DataRequest, prepare_data, prepare_data_in_advance
from designer.data.identity import decode, encode
from designer.data.opening import open_dataset
from designer.design import files
from designer.engine import checkpoint, export
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.runs.train_on import train_on
from tests.engine.samples import TINY, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same

KNOWN = ("data.json", "examples.npz", "preprocessing.json", "environment.json", "design.json")


def write_pictures(folder, classes=("cat", "dog", "owl"), images=20):
    """Write a folder of pictures whose brightness tells the class."""
    generator = np.random.default_rng(0)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(images):
            pixels = generator.integers(80 * number, 80 * number + 40, (8, 8), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index:02}.png")
    return folder


@pytest.fixture(autouse=True)
def look_always(monkeypatch):
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures")


def stopped(path, data, **changes):
    """Return a run that was stopped in its second epoch."""
    settings = {"optimizer__learning_rate": 0.01, "data__test": 0.1, **changes}
    run = create(path, tiny_recipe(data, **settings))
    assert train(run, interrupt=StopAt(8)).status == "stopped"
    return run


def content(run):
    changing = ("worker.lock", "heartbeat.json", "control.jsonl", "worker.log")
    files = [path for path in run.path.rglob("*") if path.is_file() and path.name not in changing]
    return {path: path.read_bytes() for path in files}


def refused(run, words, **options):
    """Resume a run that is refused and stays as it was."""
    before = content(run)
    with pytest.raises(DesignerError, match=words):
        train(run, resume=True, **options)
    assert content(run) == before
    assert run.state() == "stopped"


def forget_record(run):
    """Make the run one of the version before, which recorded nothing."""
    for file in (run.data_file, run.examples_file):
        file.unlink()
    replace_in_checkpoint(run, data=None)


def replace_in_checkpoint(run, **fields):
    content = checkpoint.load(run.last, source=run.source(), resume=True)
    checkpoint.save(run.last, {**content, **fields}, source=run.source())


def notes(run):
    return [event["message"] for event in read_events(run.events) if event["event"] == "note"]


def test_the_record_says_what_the_data_are(tmp_path, pictures):
    record = stopped(tmp_path / "run", pictures).data()
    assert record.source == str(pictures)
    assert (record.name, record.format) == ("pictures", "picture_folders")
    assert record.classes == ("cat", "dog", "owl")
    assert sum(record.counts.values()) == 60
    assert set(record.counts) == {"train", "validation", "test"}


def test_what_a_run_knows_is_written_once(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    before = {name: (run.path / name).read_bytes() for name in KNOWN}
    train(run, resume=True)
    assert {name: (run.path / name).read_bytes() for name in KNOWN} == before


def test_a_renamed_class_is_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    (pictures / "cat").rename(pictures / "kitten")
    refused(run, "The run's classes were cat, dog, owl; .* now has dog, kitten, owl")


def test_exchanged_classes_are_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    (pictures / "cat").rename(pictures / "other")
    (pictures / "dog").rename(pictures / "cat")
    (pictures / "other").rename(pictures / "dog")
    refused(run, r"\d+ images of .* another content")


def test_a_new_class_is_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    write_pictures(pictures, ["zebra"], 3)
    refused(run, "now has cat, dog, owl, zebra")


def test_of_many_classes_the_difference_is_named(tmp_path):
    folder = write_pictures(tmp_path / "many", [f"c{number:02}" for number in range(3)], 20)
    run = stopped(tmp_path / "run", folder)
    record = json.loads(run.data_file.read_bytes())
    record["classes"] = [*record["classes"], *(f"d{number}" for number in range(20))]
    run.data_file.write_bytes(json.dumps(record).encode())
    stored = json.loads(run.preprocessing_file.read_bytes())
    stored["classes"] = record["classes"]
    run.preprocessing_file.write_bytes(json.dumps(stored).encode())
    network = run.network()
    outputs = (msgspec.structs.replace(network.outputs[0], shape=(len(record["classes"]),)),)
    run.network_file.write_bytes(
        msgspec.json.encode(msgspec.structs.replace(network, outputs=outputs))
    )
    refused(run, r"no longer has d0, d1.* among its classes")


def test_a_missing_picture_is_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    (pictures / "cat" / "03.png").unlink()
    refused(run, "1 image that the run uses is no longer in .*: cat/03.png")


def test_a_changed_picture_is_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(pictures / "dog" / "05.png")
    refused(run, "1 image of .* has another content or label .*: dog/05.png")


def test_added_pictures_are_not_used(tmp_path, pictures):
    """The run goes on to the same numbers as one to whose data nothing was added."""
    run = stopped(tmp_path / "run", pictures)
    whole = create(
        tmp_path / "whole",
        tiny_recipe(pictures, optimizer__learning_rate=0.01, data__test=0.1),
    )
    train(whole)
    for name in ("000.png", "055.png", "999.png"):  # before, between and after the others
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(pictures / "dog" / name)
    train(run, resume=True)
    assert_same(run, whole)
    assert any("3 images that were added" in note for note in notes(run))
    assert run.data().counts == whole.data().counts


def test_moved_data_are_found_with_their_new_path(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    moved = pictures.rename(tmp_path / "elsewhere")
    words = "no longer at .*pictures: put them back, or say where they are now .*--data"
    refused(run, words)
    refused(run, "classes", data=write_pictures(tmp_path / "others", ["a", "b", "c"]))
    assert train(run, resume=True, data=moved, interrupt=StopAt(3)).status == "stopped"
    assert run.data_source() == str(moved)
    assert train(run, resume=True).status == "finished"  # the new path is remembered


def test_the_split_is_never_drawn_anew(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    recipe = json.loads(run.recipe_file.read_bytes())
    recipe["data"] |= {"validation": 0.4, "test": 0.3, "limit": 10}
    run.recipe_file.write_bytes(json.dumps(recipe).encode())
    train(run, resume=True)
    last_start = [each for each in read_events(run.events) if each["event"] == "start"][-1]
    assert last_start["counts"] == run.data().counts


def test_arrays_may_grow_at_their_end(tmp_path):
    data = write_data(tmp_path / "squares.npz", images=120)
    run = stopped(tmp_path / "run", data)
    whole = create(
        tmp_path / "whole", tiny_recipe(data, optimizer__learning_rate=0.01, data__test=0.1)
    )
    train(whole)
    with np.load(data) as arrays:
        images, labels = arrays["x_train"], arrays["y_train"]
    np.savez(
        data,
        x_train=np.concatenate([images, images[:5]]),
        y_train=np.concatenate([labels, labels[:5]]),
    )
    train(run, resume=True)
    assert_same(run, whole)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda images, labels: (images, np.roll(labels, 1)), "120 examples|content or label"),
        (lambda images, labels: (images ^ 1, labels), "content or label"),
        (lambda images, labels: (images[:90], labels[:90]), "90 train examples .* had 120"),
        (lambda images, labels: (images, labels % 2), "classes were 0, 1, 2; .* now has 0, 1"),
        (lambda images, labels: (images.astype(float), labels), "content or label"),
    ],
)
def test_changed_arrays_are_refused(tmp_path, change, words):
    data = write_data(tmp_path / "squares.npz", images=120)
    run = stopped(tmp_path / "run", data)
    with np.load(data) as arrays:
        images, labels = change(arrays["x_train"], arrays["y_train"])
    np.savez(data, x_train=images, y_train=labels)
    refused(run, words)


def test_another_format_is_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    refused(run, "picture_folders.* npz", data=write_data(tmp_path / "squares.npz"))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive"])
def test_damaged_examples_are_refused(tmp_path, pictures, damage):
    run = stopped(tmp_path / "run", pictures)
    run.examples_file.write_bytes(damage)
    refused(run, "examples.npz cannot be read")


def test_a_run_of_the_version_before_gets_its_record(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    forget_record(run)
    assert run.data() is None
    train(run, resume=True)
    assert run.data().classes == ("cat", "dog", "owl")
    assert any("did not record its data" in note for note in notes(run))


def test_a_run_of_the_version_before_is_refused_other_classes(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    forget_record(run)
    (pictures / "cat").rename(pictures / "kitten")
    refused(run, "The run's classes were cat, dog, owl")
    assert run.data() is None


def test_a_child_is_refused_other_data(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    child = train_on(run, tmp_path / "child", epochs=1)
    (pictures / "cat").rename(pictures / "kitten")
    with pytest.raises(DesignerError, match="The run's classes were"):
        train(child, resume=True)


def test_data_read_in_advance_hide_no_change(tmp_path):
    """The file keeps its size and its time, as after a copy by rsync."""
    path = write_data(tmp_path / "squares.npz", images=30)
    request = DataRequest(str(path), 0.2, 0.1, None, 0, (1, 8, 8))
    prepare_data_in_advance(request)
    before = path.stat()
    with np.load(path) as arrays:
        images, labels = arrays["x_train"] ^ 1, arrays["y_train"]
    np.savez(path, x_train=images, y_train=labels)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    now = prepare_data(request).data.train
    assert np.array_equal(now.images.values[..., 0], images)


@pytest.mark.parametrize("names", [None, ("a/1.png", "残/\udcff\n2.png")])
def test_encoded_examples_are_read_back(tmp_path, names):
    data = open_dataset(write_data(tmp_path / "squares.npz", images=30))
    request = DataRequest(str(data.path), 0.2, 0.1, None, 0, (1, 8, 8))
    examples = prepare_data(request).examples()
    if names:
        short = replace(
            examples["train"],
            names=names,
            indices=examples["train"].indices[:2],
            digests=examples["train"].digests[:2],
        )
        examples = {"train": short}
    found = decode(encode(examples))
    assert found.keys() == examples.keys()
    for part, each in examples.items():
        assert (found[part].source, found[part].total) == (each.source, each.total)
        assert found[part].names == each.names
        assert np.array_equal(found[part].indices, each.indices)
        assert np.array_equal(found[part].digests, each.digests)


# On the command line


def test_a_renamed_class_is_refused_on_the_command_line(tmp_path, pictures, capsys):
    run = stopped(tmp_path / "run", pictures)
    before = run.preprocessing_file.read_bytes()
    (pictures / "cat").rename(pictures / "kitten")
    assert main(["resume", str(run.path)]) == 1
    error = capsys.readouterr().err
    assert "The run's classes were cat, dog, owl" in error
    assert "now has dog, kitten, owl" in error
    assert run.preprocessing_file.read_bytes() == before


def test_moved_data_are_given_on_the_command_line(tmp_path, pictures, capsys):
    run = stopped(tmp_path / "run", pictures)
    moved = pictures.rename(tmp_path / "elsewhere")
    assert main(["resume", str(run.path)]) == 1
    assert "--data PATH" in capsys.readouterr().err
    assert main(["resume", str(run.path), "--data", str(moved)]) == 0


def test_a_run_is_trained_on_from_the_command_line(tmp_path, pictures, capsys):
    run = stopped(tmp_path / "run", pictures)
    child = tmp_path / "child"
    arguments = ["train-on", str(run.path), "--epochs", "2", "--lr", "0.5", "--run", str(child)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert f"Trains {run.path} on from epoch 1 for 2 more epochs" in printed
    assert RunFolder(child).result().epochs == 3
    assert RunFolder(child).origin().changes == {"optimizer.learning_rate": 0.5}


@pytest.mark.parametrize(
    ("settings", "words", "existed"),
    [
        (["--batch", "1000"], "set batch to", True),
        (["--device", "cuda"], "no cuda device", False),
        (["--weights", "DESIGN"], "cannot be read", False),
        (["--set-recipe", "data.validation=0"], "data.validation above 0", False),
    ],
)
def test_a_refused_start_leaves_no_folder(tmp_path, pictures, capsys, settings, words, existed):
    if "cuda" in settings and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    design = tmp_path / "tiny.json"
    files.save(TINY, design)
    settings = [str(design) if each == "DESIGN" else each for each in settings]
    path = tmp_path / "run"
    if existed:
        path.mkdir()
    start = ["train", str(design), "--data", str(pictures), "--batch", "8", "--run", str(path)]
    assert main([*start, *settings]) == 1
    assert words in capsys.readouterr().err
    assert path.exists() == existed
    assert not existed or not list(path.iterdir())


def test_records_with_wrong_fields_are_refused(tmp_path, pictures):
    run = stopped(tmp_path / "run", pictures)
    fields = json.loads(run.data_file.read_bytes())
    for name in fields:
        run.data_file.write_bytes(msgspec.json.encode({**fields, name: 10**9}))
        refused(run, "data.json cannot be read")


@pytest.mark.parametrize(
    "edit",
    [
        lambda stored: stored | {"classes": stored["classes"][::-1]},
        lambda stored: stored | {"classes": stored["classes"][:-1]},
        lambda stored: stored | {"mean": [stored["mean"][0] + 0.1]},
        lambda stored: stored | {"deviation": [0.0]},
    ],
)
@pytest.mark.parametrize("recorded", [True, False])
def test_edited_preprocessing_is_not_exported(tmp_path, edit, recorded):
    run = create(tmp_path / "run", tiny_recipe(write_data(tmp_path / "data.npz"), epochs=1))
    train(run)
    if not recorded:
        run.data_file.unlink()
    stored = msgspec.json.decode(run.preprocessing_file.read_bytes())
    run.preprocessing_file.write_bytes(msgspec.json.encode(edit(stored)))
    with pytest.raises(DesignerError, match=r"preprocessing\.json"):
        export.of_run(run)


@pytest.mark.parametrize("lost", ["data.json", "preprocessing.json"])
def test_a_run_without_its_record_is_not_resumed(tmp_path, lost, monkeypatch):
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
    run = create(tmp_path / "run", tiny_recipe(write_data(tmp_path / "data.npz"), epochs=3))
    assert train(run, interrupt=StopAt(20)).status == "stopped"
    (run.path / lost).unlink()
    files_before = sorted(path.name for path in run.path.iterdir())
    with pytest.raises(DesignerError, match=lost):
        train(run, resume=True)
    assert sorted(path.name for path in run.path.iterdir()) == files_before


def test_the_record_of_another_run_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
    run = create(tmp_path / "run", tiny_recipe(write_data(tmp_path / "data.npz"), epochs=3))
    assert train(run, interrupt=StopAt(20)).status == "stopped"
    other = create(
        tmp_path / "other", tiny_recipe(write_data(tmp_path / "b.npz", seed=1), epochs=1)
    )
    train(other)
    run.data_file.write_bytes(other.data_file.read_bytes())
    run.examples_file.write_bytes(other.examples_file.read_bytes())
    with pytest.raises(DesignerError, match="of other data than the checkpoint"):
        train(run, resume=True)


def test_a_run_records_the_columns_it_took_and_is_resumed_when_the_table_has_more(
    tmp_path, pictures
):
    table = pictures / "animals.csv"
    files = sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.png"))
    rows = [f"{name},{name[:3]}" for name in files]
    table.write_text("\n".join(["file,animal", *rows]))
    run = stopped(tmp_path / "run", pictures)
    recorded = run.recipe().data
    assert (recorded.table, recorded.file_column) == ("animals.csv", "file")
    assert (recorded.label_columns, recorded.targets) == (("animal",), "classes")
    more = [f"{row},{number % 5}" for number, row in enumerate(rows)]
    table.write_text("\n".join(["file,animal,label", *more]))
    assert train(run, resume=True).status == "finished"
    assert run.preprocessing().classes == ("cat", "dog", "owl")
