"""The package that users install: what is in it, what its page says, and that it works anywhere."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from designer import __version__, presets

ROOT = Path(__file__).parents[1]
URL = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Source"]
RAW = URL.replace("github.com", "raw.githubusercontent.com")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder, of a name with a space and an accent, in which the wheel is unpacked."""
    built = tmp_path_factory.mktemp("built")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(built), versions=["standard"])
    folder = tmp_path_factory.mktemp("zoé's files")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def page(installed: Path) -> Message:
    """Return the package's metadata; the page is its body."""
    (file,) = installed.glob("netdesigner-*.dist-info/METADATA")
    return message_from_string(file.read_text(encoding="utf-8"))


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_has_all_assets_but_the_pictures_of_the_readme(installed: Path) -> None:
    wanted = {name for name in files_below(ROOT / "assets") if not name.startswith("pictures/")}
    assert files_below(installed / "designer" / "assets") == wanted
    assert files_below(installed / "designer" / "presets") == files_below(ROOT / "presets")


def test_it_has_the_program_typed_and_nothing_else(installed: Path) -> None:
    assert (installed / "designer" / "py.typed").is_file()
    assert (installed / "designer" / "analysis" / "report" / "check.schema.json").is_file()
    assert {path.name for path in installed.iterdir()} == {
        "designer",
        f"netdesigner-{__version__}.dist-info",
    }


def test_its_page_has_absolute_links_to_files_that_exist(page: Message) -> None:
    text = page.get_payload()
    assert isinstance(text, str)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 5
    for link in links:
        assert link.startswith(("https://", "#")), link
        for start in (f"{URL}/blob/main/", f"{RAW}/main/"):
            if link.startswith(start):
                assert (ROOT / link.removeprefix(start)).exists(), link


def test_its_licenses_come_with_it(page: Message, installed: Path) -> None:
    assert page["License-Expression"] == "MIT AND OFL-1.1 AND CC-BY-SA-3.0 AND CC0-1.0"
    (licenses,) = installed.glob("netdesigner-*.dist-info/licenses")
    assert files_below(licenses) == {*page.get_all("License-File", [])}
    table = (licenses / "assets" / "LICENSES.md").read_text(encoding="utf-8")
    for folder in (ROOT / "assets").iterdir():
        if folder.name not in ("pictures", "LICENSES.md"):
            assert folder.name in table, folder


def test_the_citation_names_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {__version__}\n" in text
    assert f"repository-code: {URL}\n" in text


def test_it_works_anywhere(installed: Path, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "designer", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stderr == ""
        return done.stdout

    assert json.loads(run("check", "lenet5", "--json"))["totals"]["parameters"] == 61_706
    rows = json.loads(run("presets", "--json"))
    assert {row["name"] for row in rows} == set(presets.names())
    trained = run(
        *("train", "lenet5", "--data", "mnist10k", "--limit", "64", "--epochs", "1"),
        *("--run", "my run é", "--export", "model.py"),
    )
    assert "model.py" in trained
    assert (tmp_path / "my run é" / "result.json").is_file()
