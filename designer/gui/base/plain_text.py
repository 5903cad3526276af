"""Text from files shown as it is: Qt renders what looks like HTML in tool tips and labels.

A name such as ``<img src="...">`` would load a picture otherwise. Labels get the text format
PlainText; tool tips have no such property, so their text is escaped.
"""

from html import escape


def tip(text: str) -> str:
    """Return a text for a tool tip that shows it as it is, line breaks included."""
    if "<" not in text and "&lt;" not in text:  # which are the signs that Qt looks for
        return text
    return wrapped_tip(*text.split("\n"))


def wrapped_tip(*lines: str) -> str:
    """Return lines as a tool tip that shows them as they are; Qt wraps the long ones."""
    return f"<qt>{'<br>'.join(map(escape, lines))}</qt>"
