"""Vocabularies: numbers of characters and bytes, unknown ones, and names."""

import msgspec
import pytest

from designer.recipe.vocabulary import Vocabulary, shown


def test_characters_are_numbered_in_their_order() -> None:
    vocabulary = Vocabulary(characters="\n ab")
    assert (vocabulary.size, vocabulary.names) == (4, ("line end", "space", "a", "b"))
    assert vocabulary.encode("ab ?a") == [2, 3, 1, 2]
    assert vocabulary.unknown("?a?!") == "?!"
    assert vocabulary.decode([3, 0, 2]) == "b\na"


def test_bytes_know_every_text() -> None:
    vocabulary = Vocabulary(kind="bytes")
    assert vocabulary.encode("é") == [0xC3, 0xA9]
    assert vocabulary.decode([0xC3, 0xA9, 0xC3]) == "é\ufffd"
    assert (vocabulary.size, vocabulary.unknown("é")) == (256, "")


@pytest.mark.parametrize(
    "fields", [{"characters": "aa"}, {"characters": ""}, {"kind": "bytes", "characters": "a"}]
)
def test_a_damaged_vocabulary_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, Vocabulary)


def test_characters_without_a_shape_are_shown_by_name() -> None:
    assert shown("\n a\x07") == r"line end space a \x07"
    assert shown("abcdef", 2) == "a b and 4 more"
