"""Edits of the code of own layer types."""

import pytest

from designer.design import files, own_code
from designer.errors import DesignerError
from tests.own_code import GATE, with_layer


@pytest.mark.parametrize(
    ("more", "words"),
    [("#" * 200_000, "at most 200,000: shorten it"), ("\n# \ud800", "damaged character")],
    ids=["long", "damaged"],
)
def test_a_text_that_no_file_can_hold_is_refused(more: str, words: str):
    design = with_layer(GATE)
    with pytest.raises(DesignerError, match=words):
        own_code.set_code(design, "Gate", GATE + more)
    longest = own_code.set_code(design, "Gate", GATE + "#" * (200_000 - len(GATE)))
    assert files.loads(files.dumps(longest)) == longest
