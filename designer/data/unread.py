"""Pictures of kinds that are not read, such as HEIC: what is said of them, and what helps."""

from collections.abc import Sequence

from designer.data.columns import PictureColumn
from designer.data.dataset import DataSet
from designer.data.files import shown
from designer.data.findings import Finding, LeftOut
from designer.data.pictures import is_unread
from designer.data.source import Source

CONVERT = "Convert pictures of other kinds, such as HEIC or SVG, to PNG or JPEG."
_LISTED = 100  # files that are listed one by one


def with_unread(data: DataSet, source: Source) -> DataSet:
    """Return a data set of picture files that names those of its source that are not read."""
    if source.chosen or not isinstance(next(iter(data.train.inputs.values())), PictureColumn):
        return data
    unread = list(filter(is_unread, source.files.names))
    if not unread:
        return data
    return data.with_findings(_finding(data, unread)).with_left_out(*_left_out(unread))


def _finding(data: DataSet, unread: Sequence[str]) -> Finding:
    endings = sorted({name[name.rfind(".") :].lower() for name in unread})
    count = "1 picture" if len(unread) == 1 else f"{len(unread):,} pictures"
    verb = "is left out, since it is" if len(unread) == 1 else "are left out, since they are"
    return Finding(
        code="unread-pictures",
        sentence=(
            f"{count} of {data.name} {verb} of a kind that is not read ({', '.join(endings)}), "
            f"such as {shown(unread[0])}. Convert to PNG or JPEG what belongs to the data."
        ),
        kind="warning",
    )


def _left_out(unread: Sequence[str]) -> list[LeftOut]:
    reason = "is of a kind that is not read: convert it to PNG or JPEG"
    found = [LeftOut(name, reason) for name in unread[:_LISTED]]
    if rest := len(unread) - len(found):
        found.append(LeftOut(f"{rest:,} more files", reason))
    return found
