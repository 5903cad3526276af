"""Identifiers: which texts can be names of nodes, blocks and arguments, in any script.

The rule is Python's, since names become attributes and classes of the generated code. Python
compares identifiers in the Unicode form NFKC, so a name is stored in that form: then it is equal to
what a state dict calls it, and two names that look alike cannot stand side by side.
"""

from unicodedata import normalize

PATTERN = r"(?:[A-Za-z_]|[^\x00-\x7f\s])(?:\w|[^\x00-\x7f\s])*"
r"""What a name looks like in an expression or in generated source, as a regular expression.

Not ``\w+``, which stops at the combining signs of Hindi or Thai.
"""


def normalized(text: str) -> str:
    """Return a name as Python compares it: in the Unicode form NFKC."""
    return text if text.isascii() else normalize("NFKC", text)


def is_identifier(text: str) -> bool:
    """Return whether a text is a name as it is stored: in the form NFKC, starting with a letter."""
    return text.isidentifier() and not text.startswith("_") and normalized(text) == text


def words(text: str) -> list[str]:
    """Return the parts of a text of which identifiers can be made: ResNet, 50 for ResNet-50."""
    fits = (sign if sign != "_" and f"a{sign}".isidentifier() else " " for sign in normalized(text))
    return "".join(fits).split()
