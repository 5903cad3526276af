"""`netdesigner predict`: what networks say of picture files of every kind."""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from safetensors.torch import save_file

from designer.cli import main
from designer.data.pictures import picture_files
from designer.design.expressions import Scalar
from designer.engine import export
from designer.runs.folder import RunFolder
from designer.runs.preprocessing import Preprocessing

SEED = np.random.default_rng(0)
QUICK = ["--limit", "60", "--batch", "20", "--epochs", "1", "--device", "cpu"]


def small_network(channels: int, height: int, width: int, outputs: int = 10) -> str:
    """Return a design file: a network so small that it trains in a second."""
    nodes: dict[str, dict[str, Scalar | list[int]]] = {
        "image": {"layer": "Input", "shape": [channels, height, width]},
        "conv": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "stride": 2},
        "relu": {"layer": "ReLU"},
        "flat": {"layer": "Flatten"},
        "fc": {"layer": "Linear", "out_features": outputs},
        "scores": {"layer": "Output"},
    }
    whole = {
        "format": "netdesigner/design",
        "version": 1,
        "name": "Small",
        "nodes": nodes,
        "edges": [list(nodes)],
    }
    return json.dumps(whole)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of a gray and of a color network, both of odd sizes."""
    root = tmp_path_factory.mktemp("runs")
    found = {}
    for name, shape, data in (
        ("gray", (1, 25, 18), "mnist10k"),
        ("color", (3, 21, 30), "shapes10"),
    ):
        design = root / f"{name}.json"
        design.write_text(small_network(*shape))
        found[name] = root / name
        words = ["train", str(design), "--data", data, *QUICK, "--run", str(found[name])]
        assert main(words) == 0
    return found


def noise(height: int, width: int, *channels: int, high: int = 256) -> NDArray[np.uint8]:
    """Return pixels that are smooth in part, so that scaling has something to keep."""
    small = SEED.integers(0, high, (max(1, height // 7), max(1, width // 7), *channels))
    rows = np.arange(height) * len(small) // height
    columns = np.arange(width) * small.shape[1] // width
    return small[rows][:, columns].astype(np.uint8)


def palette(path: Path, **options: object) -> None:
    image = Image.fromarray(noise(40, 31, 3)).quantize(17)
    image.save(path, **options)


def rotated(path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise(33, 47, 3)).save(path, exif=exif)


PICTURES: dict[str, Callable[[Path], object]] = {
    "gray.png": lambda path: Image.fromarray(noise(28, 28)).save(path),
    "odd.png": lambda path: Image.fromarray(noise(37, 91)).save(path),
    "tall.bmp": lambda path: Image.fromarray(noise(203, 19)).save(path),
    "1-bit.png": lambda path: Image.fromarray(noise(50, 61)).convert("1").save(path),
    "1-bit.tif": lambda path: Image.fromarray(noise(44, 39)).convert("1").save(path),
    "gray and alpha.png": lambda path: Image.fromarray(noise(31, 45, 2), "LA").save(path),
    "palette.gif": palette,
    "palette.png": palette,
    "transparent palette.png": lambda path: palette(path, transparency=3),
    "rgb.png": lambda path: Image.fromarray(noise(29, 64, 3)).save(path),
    "rgb.jpg": lambda path: Image.fromarray(noise(34, 41, 3)).save(path, quality=90),
    "rgb.webp": lambda path: Image.fromarray(noise(30, 30, 3)).save(path, lossless=True),
    "rgb.ppm": lambda path: Image.fromarray(noise(23, 57, 3)).save(path),
    "rgba.png": lambda path: Image.fromarray(noise(48, 27, 4), "RGBA").save(path),
    "cmyk.tif": lambda path: Image.fromarray(noise(35, 36, 4), "CMYK").save(path),
    "16 bits.png": lambda path: Image.fromarray(noise(40, 43).astype(np.uint16) * 97 + 1500).save(
        path
    ),
    "on its side.png": lambda path: rotated(path, 6),
    "mirrored.png": lambda path: rotated(path, 5),
    "1 pixel wide.png": lambda path: Image.fromarray(noise(80, 1)).save(path),
    "1 pixel.png": lambda path: Image.fromarray(noise(1, 1, 3)).save(path),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    for name, write in PICTURES.items():
        write(folder / name)
    return [folder / name for name in PICTURES]


def by_pillow(path: Path, channels: int, height: int, width: int) -> NDArray[np.float32]:
    """Return a picture cropped to a size, from 0 to 1, made by Pillow's own functions."""
    image = Image.open(io.BytesIO(path.read_bytes()))
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.float64)
        values = (values - values.min()) / (values.max() - values.min())
        deep = ImageOps.fit(
            Image.fromarray(values.astype(np.float32)), (width, height), Image.Resampling.BILINEAR
        )
        plane = np.rint(np.asarray(deep) * 255) / 255
        return np.repeat(plane[None], channels, 0).astype(np.float32)
    if channels == 1:
        image.draft("L", image.size)  # takes the luminance that a JPEG file has stored by itself
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    gray = image.mode in ("1", "L")
    image = image.convert("L" if gray else "RGB").convert("L" if channels == 1 or gray else "RGB")
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR).convert(
        "L" if channels == 1 else "RGB"
    )
    pixels = np.asarray(fitted, np.float32).reshape(height, width, channels) / 255
    return pixels.transpose(2, 0, 1)


@pytest.mark.parametrize("kind", ["gray", "color"])
def test_predictions_are_those_of_onnxruntime(
    kind: str, runs: dict[str, Path], pictures: list[Path], tmp_path: Path, capsys
) -> None:
    model = tmp_path / "model.onnx"
    assert main(["export", str(runs[kind]), "--to", str(model)]) == 0
    capsys.readouterr()
    words = ["predict", str(runs[kind]), *map(str, pictures), "--json", "--top", "10"]
    assert main([*words, "--device", "cpu"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 20
    assert [each["file"] for each in answers] == list(map(str, pictures))
    session = onnxruntime.InferenceSession(model)
    about = session.get_modelmeta().custom_metadata_map
    classes = json.loads(about["classes"])
    mean, deviation = (
        np.array(json.loads(about[key]), np.float32)[:, None, None] for key in ("mean", "deviation")
    )
    shape = json.loads(about["input"])
    assert session.get_inputs()[0].shape[1:] == shape
    assert json.loads(about["fit"]) == "crop"
    for path, answer in zip(pictures, answers, strict=True):
        image = (by_pillow(path, *shape) - mean) / deviation
        [[scores]] = session.run(None, {"image": image[None]})
        wanted = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        found = {each["class"]: each["probability"] for each in answer["predictions"]}
        assert found == pytest.approx(dict(zip(classes, wanted.tolist(), strict=True)), abs=1e-4), (
            path.name
        )
        assert list(found.values()) == sorted(found.values(), reverse=True)


def test_folders_and_unreadable_files(
    runs: dict[str, Path],
    pictures: list[Path],
    tmp_path: Path,
    capsys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = tmp_path / "photos" / "more"
    inside.mkdir(parents=True)
    (inside.parent / "b.png").write_bytes(pictures[0].read_bytes())
    (inside / "a.png").write_bytes(pictures[1].read_bytes())
    (inside / ".hidden.png").write_bytes(b"")
    (inside / "notes.txt").write_text("no picture")
    broken = tmp_path / "broken.png"
    broken.write_bytes(pictures[0].read_bytes()[:60])
    table = tmp_path / "table.csv"
    words = [str(broken), str(inside.parent), str(tmp_path / "missing.png"), "--top", "2"]
    assert main(["predict", str(runs["gray"]), *words, "--csv", str(table)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" cannot be read (")[0] for line in said] == [
        f"The picture {broken}",
        f"The picture {tmp_path / 'missing.png'}",
    ]
    assert all(line.endswith("choose another.") for line in said)
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [Path(row["file"]).name for row in rows] == [
        "broken.png",
        "b.png",
        "a.png",
        "missing.png",
    ]
    assert [bool(row["error"]) for row in rows] == [True, False, False, True]
    assert rows[1]["class"] in "0123456789"
    assert float(rows[1]["probability"]) >= float(rows[1]["probability 2"]) > 0
    monkeypatch.setenv("COLUMNS", "300")  # room for two classes beside the paths of any test run
    assert main(["predict", str(runs["gray"]), *words]) == 1
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["file", "classes,", "the", "most", "probable", "first"]
    assert len(lines) == 2
    assert len({line.index("%") for line in lines}) == 1  # figures stand below one another
    assert all(line.count("%") == 2 for line in lines)
    monkeypatch.setenv("COLUMNS", str(max(map(len, lines)) - 3))
    assert main(["predict", str(runs["gray"]), *words]) == 1
    assert all(line.count("%") == 1 for line in capsys.readouterr().out.splitlines()[1:])


def test_files_are_sorted_by_the_numbers_in_their_names(tmp_path: Path) -> None:
    for name in ("10.png", "9.png", "b/2.png", "b/1.png", "a10/1.png", "a9/1.png", "9a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [str(each.relative_to(tmp_path)) for each in picture_files([tmp_path])]
    assert [each.replace("\\", "/") for each in found] == [
        "9.png",
        "9a.png",
        "10.png",
        "a9/1.png",
        "a10/1.png",
        "b/1.png",
        "b/2.png",
    ]


def test_a_folder_without_pictures_is_refused(runs: dict[str, Path], tmp_path: Path, capsys):
    assert main(["predict", str(runs["gray"]), str(tmp_path)]) == 1
    assert f"There is no picture in the folder {tmp_path}" in capsys.readouterr().err


def test_a_run_needs_no_data_set(runs: dict[str, Path], pictures: list[Path], tmp_path, capsys):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    for path in runs["color"].rglob("*"):
        if path.is_file():
            target = run.path / path.relative_to(runs["color"])
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    recipe = json.loads(run.recipe_file.read_text())
    recipe["data"]["source"] = str(tmp_path / "gone")
    run.recipe_file.write_text(json.dumps(recipe))
    both = [answer(capsys, str(path), pictures[9]) for path in (runs["color"], run.path)]
    assert both[0] == both[1]


@pytest.mark.parametrize("damage", ["cut off", "flipped", "missing"])
def test_a_damaged_checkpoint_is_named(damage: str, runs, pictures, tmp_path, capsys):
    run = RunFolder(tmp_path / "run")
    (run.path / "checkpoints").mkdir(parents=True)
    for path in runs["gray"].glob("*.*"):
        if path.is_file():
            (run.path / path.name).write_bytes(path.read_bytes())
    content = bytearray((runs["gray"] / "checkpoints" / "best.pt").read_bytes())
    content[len(content) // 2] ^= 8
    if damage != "missing":
        run.best.write_bytes(content[:500] if damage == "cut off" else content)
    assert main(["predict", str(run.path), str(pictures[0])]) == 1
    said = capsys.readouterr()
    assert not said.out
    assert "no checkpoint yet" in said.err if damage == "missing" else "best.pt" in said.err


def test_weights_of_a_design(runs, pictures, tmp_path, capsys) -> None:
    design = runs["color"] / "design.json"
    wanted = answer(capsys, str(runs["color"]), pictures[9])
    file = tmp_path / "model.safetensors"
    assert main(["export", str(runs["color"]), "--to", str(file)]) == 0
    capsys.readouterr()
    for weights in (runs["color"], file, runs["color"] / "checkpoints" / "best.pt"):
        found = answer(capsys, str(design), pictures[9], "--weights", str(weights))
        assert found == wanted, weights
    assert answer(capsys, str(design), pictures[9]) != wanted  # fresh weights
    for words, sentence in (
        ([str(design), "--weights", "last"], "is for runs, but"),
        ([str(runs["color"]), "--set", "classes=3"], "--set is for designs"),
        ([str(runs["color"]), "--weights", "epoch:7"], "keeps no checkpoint of epoch 7"),
        ([str(runs["color"]), "--weights", "newest"], "best, last or epoch:NUMBER"),
        ([str(runs["color"]), "--device", "gpu"], "device takes one of auto, cuda, mps, cpu"),
    ):
        assert main(["predict", words[0], str(pictures[9]), *words[1:]]) == 1
        assert sentence in capsys.readouterr().err


def test_outputs_that_the_data_do_not_name_are_numbered(pictures, capsys) -> None:
    """LeNet-5's recipe is for digits, of which there are fewer."""
    [found] = answer(capsys, "lenet5", pictures[0], "--set", "classes=12", "--top", "12")
    assert {each["class"] for each in found["predictions"]} == {str(each) for each in range(12)}


def answer(capsys, source: str, picture: Path, *words: str) -> object:
    """Return what is predicted of a picture."""
    assert main(["predict", source, str(picture), "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_network_of_numbers(pictures: list[Path], tmp_path: Path, capsys) -> None:
    design, data, run = tmp_path / "numbers.json", tmp_path / "numbers.npz", tmp_path / "run"
    design.write_text(small_network(1, 20, 20, outputs=2))
    images = SEED.integers(0, 256, (60, 20, 20), np.uint8)
    np.savez(data, images=images, labels=images[:, :2, 0].astype(np.float32))
    words = ["--data", str(data), *QUICK, "--set-recipe", "loss.name=mean_squared_error"]
    assert main(["train", str(design), *words, "--run", str(run)]) == 0
    capsys.readouterr()
    [found] = answer(capsys, str(run), pictures[0])
    values = [each["value"] for each in found["predictions"]]
    assert [each["name"] for each in found["predictions"]] == list(
        RunFolder(run).preprocessing().numbers
    )
    model = export.of_run(RunFolder(run))
    about = RunFolder(run).preprocessing()
    image = (torch.from_numpy(by_pillow(pictures[0], 1, 20, 20)) - about.mean[0]) / about.deviation[
        0
    ]
    with torch.no_grad():
        wanted = model.network(image[None])[0].tolist()
    assert values == pytest.approx(wanted, rel=1e-4, abs=1e-4)
    assert main(["predict", str(run), str(pictures[0])]) == 0
    assert "predicted numbers" in capsys.readouterr().out


def test_torchvision_weights_bring_their_classes_and_standardization(
    pictures: list[Path], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    import torchvision
    from torchvision.models import SqueezeNet1_1_Weights, WeightsEnum

    torch.manual_seed(0)
    theirs = torchvision.models.squeezenet1_1().eval()
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *_, **__: theirs.state_dict())
    [found] = answer(
        capsys, "squeezenet1_1", pictures[9], "--weights", "torchvision:squeezenet1_1", "--top", "3"
    )
    transforms = SqueezeNet1_1_Weights.DEFAULT.transforms()
    image = torch.from_numpy(by_pillow(pictures[9], 3, 224, 224))
    mean, deviation = (
        torch.tensor(each).view(3, 1, 1) for each in (transforms.mean, transforms.std)
    )
    with torch.no_grad():
        wanted, order = theirs(((image - mean) / deviation)[None])[0].softmax(0).topk(3)
    names = SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
    assert [each["class"] for each in found["predictions"]] == [names[i] for i in order.tolist()]
    probabilities = [each["probability"] for each in found["predictions"]]
    assert probabilities == pytest.approx(wanted.tolist(), abs=1e-5)


def test_googlenet_was_trained_on_pictures_from_minus_1_to_1(monkeypatch) -> None:
    """Its module converts what is standardized as for torchvision's other networks."""
    from torchvision.models import GoogLeNet, WeightsEnum

    from designer.engine import weights

    monkeypatch.setattr(
        WeightsEnum, "get_state_dict", lambda *_, **__: {"conv1.conv.weight": torch.zeros(1)}
    )
    found = Preprocessing.from_metadata(
        weights.read("torchvision:googlenet").about, (3, 224, 224), 1000
    )
    assert found is not None
    image = torch.rand(1, 3, 2, 2)
    imagenet = [
        torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    ]
    theirs = GoogLeNet(init_weights=False, transform_input=True)
    wanted = theirs._transform_input((image - imagenet[0]) / imagenet[1])
    ours = [torch.tensor(each).view(3, 1, 1) for each in (found.mean, found.deviation)]
    torch.testing.assert_close((image - ours[0]) / ours[1], wanted)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"mean": "[0.5]"},
        {"mean": "[0.5]", "deviation": "[0]"},
        {"mean": "0.5", "deviation": "nonsense"},
        {"mean": "[0.5]", "deviation": "[1]", "classes": '["a"]'},
        {"mean": "[" * 5_000, "deviation": "[1]"},
    ],
)
def test_metadata_that_do_not_fit_are_not_used(metadata: dict[str, str]) -> None:
    assert Preprocessing.from_metadata(metadata, (1, 8, 8), 2) is None


def test_metadata_hold_all_that_a_prediction_needs() -> None:
    whole = Preprocessing(
        input=(1, 8, 6),
        mean=(0.25,),
        deviation=(0.5,),
        classes=(),
        labels=("a", "b"),
        fit="pad",
        gray_range=(3.0, 4095.0),
    )
    assert Preprocessing.from_metadata(whole.metadata(), (1, 8, 6), 2) == whole
    old = {key: whole.metadata()[key] for key in ("mean", "deviation", "labels", "classes")}
    found = Preprocessing.from_metadata(old, (1, 9, 9), 2)
    assert found == msgspec.structs.replace(whole, input=(1, 9, 9), fit="crop", gray_range=None)


def test_safetensors_of_another_program_say_nothing_of_data(tmp_path: Path) -> None:
    from designer.engine import weights

    save_file({"fc.weight": torch.zeros(2, 3)}, tmp_path / "other.safetensors")
    assert weights.read(str(tmp_path / "other.safetensors")).about == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_picture(runs, pictures, tmp_path, capsys) -> None:
    """Opening one waits until something writes into it."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    assert main(["predict", str(runs["gray"]), str(pipe), str(pictures[0]), "--json"]) == 1
    broken, right = json.loads(capsys.readouterr().out)
    assert "pipe.png cannot be read (it is a device or a pipe, not a file)" in broken["error"]
    assert right["predictions"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["predict", "--weights", "epoch:"], "best, last or epoch:NUMBER, not epoch:."),
        (["predict", "--weights", "epoch:" + "9" * 5000], "keeps no checkpoint of epoch 999"),
        (["measure", "--at", "9" * 5000], "--at takes the number of a step, or last"),
    ],
)
def test_numbers_that_are_none(words, sentence, runs, pictures, capsys) -> None:
    command, *options = words
    files = [str(pictures[0])] if command == "predict" else []
    assert main([command, str(runs["gray"]), *files, *options]) == 1
    assert sentence in capsys.readouterr().err


def test_a_name_of_nothing_may_have_been_meant_as_that_of_a_run(
    runs, pictures, tmp_path, capsys
) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(next(iter(runs.values())), folder / "my-digits")
    for wrong, sentence in (
        ("my-digit", "did you mean my-digits?"),
        ("lenett5", "did you mean lenet5?"),
        ("qqq", "listed by: netdesigner runs, and: netdesigner presets"),
    ):
        assert main(["predict", wrong, str(pictures[0]), "--runs", str(folder)]) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"There is no run, preset or file '{wrong}'; ") and sentence in told
