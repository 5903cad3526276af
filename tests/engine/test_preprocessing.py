"""Every preprocessing against numpy and scikit-learn, and wherever it is applied."""

import json
import runpy
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.decomposition import PCA

from designer.engine import export, weights
from designer.engine.batches import finish
from designer.engine.fitting import FITTING
from designer.engine.inspect import pictures
from designer.engine.inspect.subject import load
from designer.engine.preparation import prepare
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.preprocessing import PREPROCESSINGS, too_large
from designer.runs.inspection import Picture, Subject
from designer.runs.preprocessing import Preprocessing
from designer.runs.train_on import train_on
from tests.engine.samples import WITHOUT_DROPOUT, create, tiny_recipe
from tests.engine.test_training import StopAt, assert_same, look_always
from tests.engine.test_training import weights as tensors

__all__ = ["look_always"]
EPSILON = 0.01
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: Any) -> Path:
    """Pictures whose values all vary, so that each component has a variance."""
    generator = np.random.default_rng(3)
    labels = np.arange(120) % 3
    images = generator.integers(0, 200, (120, 8, 8)).astype(np.uint8)
    for picture, label in zip(images, labels, strict=True):
        picture[2 * label : 2 * label + 2] //= 3
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    np.savez(path, x_train=images, y_train=labels)
    return path


def begun(folder: Path, data: Path, name: str, **changes: Any) -> Any:
    recipe = tiny_recipe(data, data__preprocessing=name, epochs=2, **changes)
    return create(folder, recipe, WITHOUT_DROPOUT)


def images_of(path: Path) -> np.ndarray:
    with np.load(path) as arrays:
        return arrays["x_train"]


def by_hand(name: str, train_images: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return images (n, height, width) as a preprocessing gives them, (n, values)."""
    rows = train_images.reshape(len(train_images), -1) / 255
    x = images.reshape(len(images), -1) / 255
    mean = rows.mean(0)
    if name in ("pca", "zca"):
        values, vectors = np.linalg.eigh(np.cov(rows.T))
        whitened = (x - mean) @ vectors / np.sqrt(values + EPSILON)
        if name == "zca":
            return whitened @ vectors.T
        signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(len(values))])
        return (whitened * signs)[:, ::-1]
    return {
        "none": x * 255,
        "scale": x,
        "center_mean": x - rows.mean(),
        "center_picture": x - mean,
        "standardize": (x - rows.mean()) / rows.std(),
    }[name]


@pytest.fixture(scope="module", params=list(PREPROCESSINGS))
def trained(request: Any, tmp_path_factory: Any, data: Path) -> Any:
    """A run with each preprocessing."""
    run = begun(tmp_path_factory.mktemp("runs") / request.param, data, request.param)
    assert train(run).status == "finished"
    return request.param, run


def test_every_preprocessing_is_explained_and_fitted() -> None:
    assert list(PREPROCESSINGS) == list(FITTING)
    for row in PREPROCESSINGS.values():
        assert row.formula
        assert row.help.endswith(".")


@pytest.mark.parametrize("name", PREPROCESSINGS)
@pytest.mark.parametrize("augmented", [False, True])
def test_a_network_gets_what_is_counted_by_hand(
    name: str, augmented: bool, tmp_path: Path, data: Path
) -> None:
    changes = {"augmentation__crop_padding": 1} if augmented else {}
    with ExitStack() as stack:
        prepared = prepare(begun(tmp_path / "run", data, name, **changes), stack)
        given, targets = next(prepared.validation.batches(torch.arange(24), 24))
        ready = prepare(begun(tmp_path / "plain", data, name), stack)
        rows = next(ready.train.batches(torch.arange(len(ready.train)), 1000))[0]
    stored = finish(prepared.preprocessing, device=CPU).undone(rows).mul(255).round()
    train_images = stored.numpy()[:, 0]
    assert set(map(bytes, train_images.astype(np.uint8))) <= set(map(bytes, images_of(data)))
    validation = finish(prepared.preprocessing, device=CPU).undone(given).mul(255).round()
    expected = by_hand(name, train_images, validation.numpy()[:, 0])
    np.testing.assert_allclose(given.flatten(1).numpy(), expected, atol=2e-5)
    assert len(targets) == 24
    if name == "none":
        assert set(np.unique(given.numpy())) <= set(range(256)), "bytes are whole numbers"


def test_pca_is_that_of_scikit_learn(tmp_path: Path, data: Path) -> None:
    with ExitStack() as stack:
        run = begun(tmp_path / "run", data, "pca", data__whitening_epsilon=1e-12)
        prepared = prepare(run, stack)
        found = next(prepared.train.batches(torch.arange(len(prepared.train)), 1000))[0]
    pixels = finish(prepared.preprocessing, device=CPU).undone(found).flatten(1).double().numpy()
    components = found.flatten(1).numpy()
    oracle = PCA(whiten=True).fit_transform(pixels)
    signs = np.sign((components * oracle).sum(0))
    np.testing.assert_allclose(components, oracle * signs, atol=5e-4)
    np.testing.assert_allclose(np.cov(components.T), np.eye(64), atol=1e-3)


def test_zca_whitens_and_stays_nearest_to_the_picture(tmp_path: Path, data: Path) -> None:
    with ExitStack() as stack:
        run = begun(tmp_path / "run", data, "zca", data__whitening_epsilon=1e-12)
        prepared = prepare(run, stack)
        found = next(prepared.train.batches(torch.arange(len(prepared.train)), 1000))[0]
    matrix = np.frombuffer(prepared.preprocessing.whitening, np.float32).reshape(64, 64)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-4)  # what tells ZCA from all others
    np.testing.assert_allclose(np.cov(found.flatten(1).numpy().T), np.eye(64), atol=1e-3)


def test_a_run_tells_its_preprocessing(trained: Any) -> None:
    name, run = trained
    found = run.preprocessing()
    assert found.kind == name
    has_arrays = PREPROCESSINGS[name].arrays != "none"
    assert run.preprocessing_arrays.exists() == has_arrays
    assert len(run.preprocessing_file.read_bytes()) < 2000
    if has_arrays:
        with np.load(run.preprocessing_arrays) as arrays:  # numpy's own reader
            assert arrays["mean_picture"].shape == (1, 8, 8)
            assert arrays["mean_picture"].tobytes() == found.mean_picture
            if PREPROCESSINGS[name].arrays == "matrix":
                assert arrays["whitening"].tobytes() == found.whitening
                assert arrays["whitening"].shape == (64, 64)


def test_predictions_are_those_of_the_exported_files(
    trained: Any, tmp_path: Path, data: Path
) -> None:
    """What *Try it* gives for examples equals onnxruntime's answer to pictures by hand."""
    name, run = trained
    loaded = load(Subject(run=str(run.path)))
    chosen = [Picture(part="validation", index=index) for index in range(6)]
    images = pictures.read(chosen, loaded)
    inputs = pictures.network_input(images, loaded)
    with torch.no_grad():
        answers = loaded.network(inputs).numpy()
    endings = [".onnx", ".py", ".pt", ".safetensors"]
    endings += [".pt2"] * (name == "zca")  # tracing takes seconds
    paths = [tmp_path / f"model{ending}" for ending in endings]
    list(export.export(export.of_run(run), paths))
    about = {each.key: each.value for each in onnx.load(paths[0]).metadata_props}
    told = Preprocessing.from_metadata(about, (1, 8, 8), 3)
    assert told is not None
    assert told == msgspec.structs.replace(run.preprocessing(), arrays="", color_mean=())
    session = onnxruntime.InferenceSession(paths[0])
    x = (images / np.float32(255) - np.float32(told.mean[0])) / np.float32(told.deviation[0])
    if told.mean_picture:
        x = x - np.frombuffer(told.mean_picture, np.float32).reshape(1, 8, 8)
    if told.whitening:
        matrix = np.frombuffer(told.whitening, np.float32).reshape(64, 64)
        x = (x.reshape(6, -1) @ matrix.T).reshape(x.shape)
    (given,) = session.run(None, {session.get_inputs()[0].name: x.astype(np.float32)})
    np.testing.assert_allclose(given, answers, atol=1e-4)

    for path in paths[2:4]:  # weights that another design begins with
        assert Preprocessing.from_metadata(weights.read(str(path)).about, (1, 8, 8), 3) == told
    for path in paths[4:]:
        extra = {"about.json": ""}
        torch.export.load(path, extra_files=extra)
        assert Preprocessing.from_metadata(json.loads(extra["about.json"]), (1, 8, 8), 3) == told
    source = runpy.run_path(str(paths[1]))
    arrays = (np.load(run.preprocessing_arrays),) if told.mean_picture else ()
    readable = source["preprocess"](torch.from_numpy(images), *arrays)
    torch.testing.assert_close(readable, inputs, atol=1e-4, rtol=1e-4)


def test_weights_bring_their_preprocessing(trained: Any) -> None:
    _, run = trained
    design = run.design.read_text()
    for source in (run.path, run.best):
        loaded = load(Subject(design=design, weights=str(source)))
        assert loaded.preprocessing == msgspec.structs.replace(
            run.preprocessing(), arrays="", color_mean=()
        )


@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_a_stopped_run_goes_on_exactly(
    name: str, tmp_path: Path, data: Path, look_always: None
) -> None:
    whole = begun(tmp_path / "whole", data, name)
    train(whole)
    broken = begun(tmp_path / "broken", data, name)
    assert train(broken, interrupt=StopAt(5)).status == "stopped"
    assert train(broken, resume=True).status == "finished"
    assert_same(whole, broken)
    longer = train_on(whole, tmp_path / "longer", epochs=1)
    assert train(longer, resume=True).epochs == 3
    assert longer.preprocessing() == whole.preprocessing()
    assert tensors(longer.last, longer).keys() == tensors(whole.last, whole).keys()


def test_damaged_arrays_are_refused(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path / "run", data, "zca")
    train(run)
    content = run.preprocessing_arrays.read_bytes()
    other = begun(tmp_path / "other", data, "zca", data__whitening_epsilon=0.02)
    train(other)
    for damaged in (b"", content[:500], content[:3000] + b"?" + content[3001:]):
        run.preprocessing_arrays.write_bytes(damaged)
        with pytest.raises(DesignerError, match=r"preprocessing.npz cannot be read \(.*restore"):
            run.preprocessing()
    run.preprocessing_arrays.write_bytes(other.preprocessing_arrays.read_bytes())
    with pytest.raises(DesignerError, match=r"does not match preprocessing.json"):
        export.of_run(run)
    run.preprocessing_arrays.unlink()
    with pytest.raises(DesignerError, match=r"preprocessing.npz cannot be read"):
        load(Subject(run=str(run.path)))


@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_pictures_too_large_to_be_whitened_are_refused(name: str) -> None:
    refused = too_large(name, (3, 224, 224))
    assert bool(refused) == (name in ("pca", "zca"))
    assert not too_large(name, (3, 32, 32))
    if refused:
        # By hand: 150,528 squared times 8 bytes.
        assert "150,528 x 150,528 numbers, 168.8 GiB" in refused
        assert "set it to standardize" in refused


def test_a_training_of_pictures_too_large_to_be_whitened_is_refused(
    tmp_path: Path, data: Path
) -> None:
    recipe = tiny_recipe(data, data__preprocessing="pca")
    from designer.design import edits

    large = edits.set_parameter(WITHOUT_DROPOUT, "image", "shape", (1, 80, 80))
    with pytest.raises(DesignerError, match=r"data.preprocessing is pca, .* 6,400 x 6,400 numbers"):
        train(create(tmp_path / "run", recipe, large))


def test_numbers_that_are_no_bytes(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    images = generator.normal(5, 2, (60, 8, 8)).astype(np.float32)
    path = tmp_path / "floats.npz"
    np.savez(path, x_train=images, y_train=np.arange(60) % 3)
    for name in PREPROCESSINGS:
        with ExitStack() as stack:
            prepared = prepare(begun(tmp_path / name, path, name), stack)
            rows = next(prepared.train.batches(torch.arange(len(prepared.train)), 100))[0]
        pixels = finish(prepared.preprocessing, device=CPU).undone(rows)
        assert np.isin(pixels[:, 0, 0, 0].numpy().round(3), images[:, 0, 0].round(3)).all()
        if name == "scale":
            assert rows.min() == 0
            assert rows.max() == 1
        if name == "none":
            assert torch.equal(rows, pixels)


def test_runs_of_earlier_versions_are_standardized() -> None:
    old = {"input": [1, 8, 8], "mean": [0.2], "deviation": [0.3], "classes": ["a", "b", "c"]}
    found = msgspec.convert(old, Preprocessing)
    assert found.kind == "standardize"
    image = torch.full((1, 1, 8, 8), 51, dtype=torch.uint8)
    assert finish(found, device=CPU)(image).unique().item() == pytest.approx(0.0, abs=1e-6)
