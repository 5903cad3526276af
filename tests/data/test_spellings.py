"""Labels that differ only in spaces and capital letters."""

from designer.data.spellings import settle


def test_labels_that_differ_otherwise_stay_as_they_are() -> None:
    assert settle(["cat", "dog", "cats"], "ask", "pets") == (["cat", "dog", "cats"], ())


def test_spaces_at_the_ends_are_removed_without_a_question() -> None:
    assert settle([" dog", "cat", " dog"], "ask", "pets") == (["dog", "cat", "dog"], ())


def test_spellings_of_one_class_are_asked_and_read_as_the_most_frequent() -> None:
    labels, (question,) = settle(["Cat", "cat ", "cat", "cat", "dog"], "ask", "pets")
    assert labels == ["cat", "cat", "cat", "cat", "dog"]
    assert question.kind == "question"
    assert question.code == "spellings"
    assert '"cat" (2) and "Cat" (1) and "cat " (1)' in question.sentence
    assert [choice.settings for choice in question.choices] == [
        {"data.spellings": "merge"},
        {"data.spellings": "apart"},
    ]


def test_the_answers() -> None:
    labels = ["Cat", "cat ", "cat", "cat", "dog"]
    assert settle(labels, "merge", "pets") == (["cat", "cat", "cat", "cat", "dog"], ())
    assert settle(labels, "apart", "pets") == (labels, ())


def test_spaces_within_a_label_count_once() -> None:
    labels, (question,) = settle(["red  fox", "red fox", "Red Fox"], "ask", "pets")
    assert len(set(labels)) == 1
    assert question.sentence.count("red") == 2


def test_a_long_list_is_cut_and_line_breaks_are_escaped() -> None:
    labels = [f"class {number}" for number in range(9)]
    _, (question,) = settle([*labels, *(label.upper() for label in labels)], "ask", "many")
    assert "; and 4 more" in question.sentence
    _, (question,) = settle(["a\nb", "a b"], "ask", "odd")
    assert "\n" not in question.sentence
