"""Reports of runs: complete, valid, self-contained, and without anything of the machine."""

import base64
import html
import io
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.cli import main
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.recipe import fields
from designer.reports import plots
from designer.reports.html import html as as_html
from designer.reports.reading import read
from designer.reports.sections import sections
from designer.reports.svg import ticks
from designer.reports.usage import how_to_use
from designer.reports.writing import REPORT_FORMATS, write_report
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, create, tiny_recipe
from tests.engine.test_several_labels import recipe_of, write_stripes
from tests.engine.test_training import StopAt

EVIL = ("<script>alert(1)</script>", "a & b | c", "plain")
VOID = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """Reads a page, and checks that every tag is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def write_evil(path: Path) -> Path:
    """Write noisy squares whose classes have names that mean something in HTML and Markdown."""
    generator = np.random.default_rng(1)
    labels = np.arange(150) % 3
    pictures = generator.integers(0, 200, (150, 8, 8)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 * label : 2 * label + 2] = 60 + picture[2 * label : 2 * label + 2] * 0.7
    np.savez(path, x_train=pictures, y_train=labels, classes=np.array(EVIL))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secret place")


@pytest.fixture(scope="module")
def classes(folder: Path) -> RunFolder:
    recipe = tiny_recipe(
        write_evil(folder / "squares.npz"), epochs=2, data__test=0.3, optimizer__momentum=0.8
    )
    run = create(folder / "my run", recipe)
    train(run)
    return run


def written(run: RunFolder, suffix: str, folder: Path) -> str:
    path = folder / f"report{suffix}"
    write_report(run, path)
    return path.read_text(encoding="utf-8")


def test_a_page_is_valid_complete_and_needs_nothing_else(
    classes: RunFolder, tmp_path: Path
) -> None:
    text = written(classes, ".html", tmp_path)
    page = Page(text)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert all(each.startswith(("#s", "data:image/png;base64,")) for each in page.sources)
    assert "http" not in text and "url(" not in text and "@import" not in text
    assert page.tags.count("svg") == 6  # loss, accuracy, confusion, two curves, calibration
    words = " ".join(page.words)
    for each in (*EVIL, "Worst mistakes", "Momentum", "optimizer.momentum", "squares", "conv"):
        assert each in words
    assert html.escape(EVIL[0]) in text and EVIL[0] not in text

    wrong = len(json.loads((classes.evaluation / "mistakes.json").read_text()))
    pictures = [each for each in page.sources if each.startswith("data:")]
    assert len(pictures) == min(wrong, 40) > 0
    with np.load(classes.evaluation / "mistakes.npz") as tables:
        own = tables["images"][0, 0]
    first = Image.open(io.BytesIO(base64.b64decode(pictures[0].partition(",")[2])))
    shown = np.asarray(first)
    assert np.array_equal(shown[:: len(shown) // 8, :: len(shown) // 8], own)


def test_figures_are_those_of_the_run(classes: RunFolder, tmp_path: Path) -> None:
    result = classes.result()
    assert result is not None and result.test is not None
    with np.load(classes.evaluation / "predictions.npz") as tables:
        accuracy = (tables["predicted"] == tables["targets"]).mean()
        counts = [
            int(((tables["targets"] == true) & (tables["predicted"] == said)).sum())
            for true in range(3)
            for said in range(3)
        ]
    words = f"{100 * accuracy:.2f} %"
    for suffix in REPORT_FORMATS:
        text = written(classes, suffix, tmp_path)
        assert words in text
        assert f"{TINY.name}" in text
    text = written(classes, ".html", tmp_path)
    matrix = text[text.index('aria-label="Confusion matrix"') :]
    matrix = matrix[: matrix.index("</svg>")]
    cells = [int(each) for each in re.findall(r'text-anchor="middle">(\d+)</text>', matrix)]
    assert cells == [each for each in counts if each]


def test_nothing_of_the_machine_is_written(classes: RunFolder, folder: Path) -> None:
    for suffix in REPORT_FORMATS:
        text = written(classes, suffix, folder)
        assert str(folder) not in text and folder.name not in text
        assert str(Path.home()) not in text


def test_markdown_is_a_model_card(classes: RunFolder, tmp_path: Path) -> None:
    text = written(classes, ".md", tmp_path)
    _, head, body = text.split("---\n", 2)
    metadata = {
        name: json.loads(value)
        for name, value in (line.split(": ", 1) for line in head.splitlines())
    }
    assert metadata["pipeline_tag"] == "image-classification"
    (result,) = metadata["model-index"][0]["results"]
    found = classes.result()
    assert found is not None and found.test is not None
    assert result["metrics"] == [{"type": "accuracy", "value": found.test.accuracy}]
    titles = re.findall(r"^## (.+)$", body, re.MULTILINE)
    assert titles[:4] == [
        "Model details",
        "Uses",
        "How to get started with the model",
        "Training details",
    ]
    assert "<script>" not in text.replace(r"\<script\>", "").replace(repr(EVIL[0]), "")
    lines = [line for line in body.splitlines() if line.startswith("| ") and "a & b" in line]
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert cells == {5, 9}  # bars of the tables of confused classes and of all classes


def test_the_code_that_a_report_shows_works(
    classes: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = next(each.text for each in how_to_use(read(classes)) if "onnxruntime" in str(each))
    assert main(["export", str(classes.path), "--to", str(tmp_path / "model.onnx")]) == 0
    noise = np.random.default_rng(5).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.png")
    capsys.readouterr()
    assert main(["predict", str(classes.path), str(tmp_path / "picture.png"), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == answer["predictions"][0]["class"]


def test_labels_and_numbers(tmp_path: Path) -> None:
    labels = create(tmp_path / "labels", recipe_of(write_stripes(tmp_path / "s.npz"), epochs=1))
    train(labels)
    words = " ".join(Page(written(labels, ".html", tmp_path)).words)
    assert "Exact match" in words and "middle" in words and "break-even" in words

    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (60, 8, 8)).astype(np.uint8)
    targets = pictures.reshape(60, -1)[:, :3].astype(np.float32)
    np.savez(tmp_path / "numbers.npz", x_train=pictures, y_train=targets)
    recipe = tiny_recipe(tmp_path / "numbers.npz", loss__name="mean_squared_error", epochs=1)
    numbers = create(tmp_path / "numbers", recipe)
    train(numbers)
    page = Page(written(numbers, ".html", tmp_path))
    assert page.tags.count("svg") == 7  # the loss, and two of each number
    assert "mean squared error" in " ".join(page.words)
    assert "| target 3 |" in written(numbers, ".md", tmp_path)


def test_a_run_that_has_no_evaluation_yet(tmp_path: Path) -> None:
    data = write_evil(tmp_path / "data.npz")
    run = create(tmp_path / "new", tiny_recipe(data, epochs=3))
    for suffix in REPORT_FORMATS:
        assert "has not been evaluated yet" in written(run, suffix, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
        assert train(run, interrupt=StopAt(20)).status == "stopped"
    Page(written(run, ".html", tmp_path))
    assert main(["evaluate", str(run.path)]) == 0
    assert "Worst mistakes" in written(run, ".html", tmp_path)


def test_an_evaluation_of_an_earlier_version(classes: RunFolder, tmp_path: Path) -> None:
    old = tmp_path / "my run"
    shutil.copytree(classes.path, old)
    (old / "evaluation" / "evaluation.json").unlink()
    before, after = (
        as_html(report, sections(report)) for report in map(read, (classes, RunFolder(old)))
    )
    assert after == before.replace("with the best weights of epoch 2", "with the best weights")


@pytest.mark.parametrize("name", ["evaluation.json", "predictions.npz", "mistakes.json"])
def test_damage_is_a_sentence(classes: RunFolder, tmp_path: Path, name: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(classes.path, broken)
    path = broken / "evaluation" / name
    path.write_bytes(path.read_bytes()[:-20] + b"\0")
    with pytest.raises(DesignerError, match="evaluation of broken is damaged"):
        write_report(RunFolder(broken), tmp_path / "report.html")


@pytest.mark.parametrize(
    "changes",
    [
        {"outputs": np.zeros((4, 7))},
        {"outputs": np.array([["a", "b", "c"]])},
        {"targets": np.array(3)},
        {"targets": np.full(1000, -1)},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_a_sentence(
    classes: RunFolder, tmp_path: Path, changes: dict[str, np.ndarray]
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(classes.path, broken)
    path = broken / "evaluation" / "predictions.npz"
    with np.load(path) as arrays:
        whole = dict(arrays)
    np.savez(path, **{**whole, **changes})
    with pytest.raises(DesignerError, match="evaluation of broken is damaged"):
        write_report(RunFolder(broken), tmp_path / "report.html")


def test_a_file_that_is_no_archive_is_not_read_unsafely(classes: RunFolder, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(classes.path, broken)
    (broken / "evaluation" / "predictions.npz").write_bytes(b"\x80\x04" * 100)
    with pytest.raises(DesignerError, match=r"predictions.npz is no archive of arrays"):
        write_report(RunFolder(broken), tmp_path / "report.html")


def test_the_command(
    classes: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "card.md"
    assert main(["report", str(classes.path), "--to", str(path)]) == 0
    assert str(path) in capsys.readouterr().out and path.read_text().startswith("---\n")
    assert main(["report", str(classes.path), "--to", str(tmp_path / "report.pdf")]) == 1
    assert "ends in .html or .md" in capsys.readouterr().err
    assert main(["report", str(classes.path), "--to", str(tmp_path / "no" / "report.md")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_what_differs_is_named_by_its_title(classes: RunFolder, tmp_path: Path) -> None:
    text = written(classes, ".md", tmp_path)
    for name in ("optimizer.momentum", "batch", "data.test"):
        assert f"| {fields()[name].setting.title} | {name.replace('_', chr(92) + '_')} |" in text
    assert "--set-recipe optimizer.momentum=0.8" in text
    assert "| data.validation | 0.2 | 0.1 |" in text


def test_processes_are_part_of_the_command(classes: RunFolder, tmp_path: Path) -> None:
    assert "--processes" not in written(classes, ".md", tmp_path)
    several = tmp_path / "several"
    shutil.copytree(classes.path, several)
    environment = json.loads((several / "environment.json").read_text())
    (several / "environment.json").write_text(json.dumps({**environment, "processes": 4}))
    assert "    --processes 4\n" in written(RunFolder(several), ".md", tmp_path)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.83, 0.97), (-3, 250), (1e-6, 2e-6)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 3 <= len(found) <= 8
    assert low - 1e-9 <= found[0] and found[-1] <= high + 1e-9
    assert np.diff(found) == pytest.approx(found[1] - found[0])


@pytest.mark.parametrize(
    "values", [(1e20, 1e20), (5.0, 5.0), (np.inf, 1.0), (np.nan, np.nan), (-1e20, 1e-20)]
)
def test_plots_of_extreme_numbers_are_drawn(values: tuple[float, float]) -> None:
    numbers = np.array(values)
    for plot in (plots.scatter(numbers, numbers[::-1], "size"), plots.residuals(numbers, "size")):
        coordinates = re.findall(r' (?:c?[xy][12]?|points|width|height)="([^"]*)"', plot)
        assert coordinates
        assert not any("nan" in each or "inf" in each for each in coordinates)
