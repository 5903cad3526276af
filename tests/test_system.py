"""What users are told to type outside the program, on each operating system."""

import pytest

from designer import system


@pytest.mark.parametrize(
    ("platform", "text"),
    [("linux", "'my run'"), ("darwin", "'my run'"), ("win32", '"my run"')],
)
def test_a_name_with_a_space_is_quoted_for_the_shell(
    monkeypatch: pytest.MonkeyPatch, platform: str, text: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert system.quoted("resume", "my run") == f"resume {text}"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_advice_names_only_what_the_system_has(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    advice = (system.how_to_continue(7), system.how_to_end(7))
    assert all(("kill" in text) is (platform != "win32") and "7" in text for text in advice)
    assert ("apt install" in system.how_to_add_font("fonts-noto-cjk")) is (platform == "linux")
