"""Links in references: arXiv numbers and DOIs."""

import re

_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
_DOI = re.compile(r"doi:(10\.\d{4,9}/[^\s,;]+[^\s,;.])", re.IGNORECASE)


def link_papers(text: str, color: str) -> str:
    """Turn the arXiv numbers and DOIs of an HTML text into links of a color."""
    style = f'style="color:{color};text-decoration:none"'
    text = _ARXIV.sub(rf'<a href="https://arxiv.org/abs/\1" {style}>arXiv:\1</a>', text)
    return _DOI.sub(rf'<a href="https://doi.org/\1" {style}>doi:\1</a>', text)
