"""Tables of several columns as lines of text."""

from collections.abc import Collection, Iterator, Sequence

from designer.analysis.report.formatting import cells_of, padded
from designer.analysis.report.line import Line, Style


def aligned(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int = 2,
    headings: Collection[int] = (),
) -> Iterator[Line]:
    """Yield a line of titles and one for each row, in columns.

    Parameters
    ----------
    titles, rows
        The texts, printable ones, as many in each row.
    left
        How many of the first columns stand at the left; numbers stand at the right.
    headings
        The numbers of rows that stand out as the titles do.
    """
    widths = [max(map(cells_of, column)) for column in zip(titles, *rows, strict=True)]
    for number, row in enumerate([titles, *rows], start=-1):
        texts = [
            padded(text, width) if column < left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        heading = number == -1 or number in headings
        yield Line("  ".join(texts).rstrip(), Style.HEADING if heading else Style.PLAIN)
