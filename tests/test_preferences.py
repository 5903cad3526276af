"""Preferences: what is stored is read again, and a damaged field does not cost the others."""

import json

import pytest

from designer import preferences
from designer.preferences import Preferences


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_stored_preferences_are_read_again():
    stored = Preferences(theme="dark", runs_folder="/somewhere", numbers="spaces")
    preferences.store(stored)
    assert preferences.load() == stored


@pytest.mark.parametrize("wrong", [{"numbers": "roman"}, {"recent": 5}, {"autosave_seconds": "x"}])
def test_wrong_field_has_its_default_and_the_others_stay(wrong):
    preferences.store(Preferences(theme="dark", runs_folder="/somewhere"))
    path = preferences.path()
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    assert preferences.load() == Preferences(theme="dark", runs_folder="/somewhere")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"theme": "dark"'])
def test_damaged_file_gives_the_defaults(content):
    preferences.path().parent.mkdir()
    preferences.path().write_bytes(content)
    assert preferences.load() == Preferences()


@pytest.mark.parametrize("chosen", ["", "~/runs"])
def test_folder_of_runs_is_absolute(chosen):
    folder = preferences.runs_folder(Preferences(runs_folder=chosen))
    assert folder.is_absolute()
    assert folder.name == "runs"


def test_a_name_that_is_no_utf8_costs_only_its_field():
    preferences.path().parent.mkdir(exist_ok=True)
    preferences.path().write_bytes(b'{"theme": "dark", "recent": ["\xff"]}')
    assert preferences.load() == Preferences(theme="dark")


@pytest.mark.parametrize("field", ["recent", "unknown"])
def test_deep_nesting_is_no_defect_of_the_program(field):
    preferences.path().parent.mkdir(exist_ok=True)
    nested = "[" * 100_000 + "]" * 100_000
    preferences.path().write_text(f'{{"theme": "dark", "{field}": {nested}}}')
    assert preferences.load().recent == []
