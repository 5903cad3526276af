"""The row of a data format: what the program must know to offer, recognize and read it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from designer.data.dataset import DataSet
from designer.data.options import ReadOptions
from designer.data.pictures import is_picture
from designer.data.source import Source


@dataclass(frozen=True, kw_only=True)
class DataFormat:
    """A way in which data sets are stored.

    Attributes
    ----------
    name
        The name of its module in ``designer/data/formats``.
    title
        What a file dialog calls its files, such as "NumPy archives".
    description
        What a user has to give, as part of a sentence: "a NumPy archive (.npz)".
    order
        Formats are tried in this order; the first that recognizes the path reads it.
    read
        Reads the data set of a source that `recognizes` accepted. Raises `DesignerError` for
        anything that is wrong with it; `OSError` may pass, `open_dataset` explains it.
    suffixes
        Of a format of single files: their endings in lower case, such as ``(".npz",)``.
    recognizes_folder
        Of a format of folders and archives: whether one holds such files, judged by their names.
    """

    name: str
    title: str
    description: str
    order: int
    read: Callable[[Source, ReadOptions], DataSet]
    suffixes: tuple[str, ...] = ()
    recognizes_folder: Callable[[Source], bool] | None = None

    def recognizes(self, source: Source) -> bool:
        """Tell whether a source seems to hold a data set of this format."""
        if source.chosen:
            return source.suffix in self.suffixes
        if self.recognizes_folder is None:
            return bool(self._only_file(source))
        return self.recognizes_folder(source)

    def taken(self, source: Source) -> Source:
        """Return a source that it recognizes as `read` takes it."""
        if source.chosen or self.recognizes_folder is not None:
            return source
        return replace(source, chosen=self._only_file(source))

    def _only_file(self, source: Source) -> str:
        """Return the only file in a folder or archive that it reads, "" if there are pictures."""
        names = source.files.names
        found = [name for name in names if name.lower().endswith(self.suffixes)]
        return found[0] if len(found) == 1 and not any(map(is_picture, names)) else ""
