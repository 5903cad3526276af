"""The data that a training begins with: divided into parts, at the network's size, with statistics.

The worker that waits for a training prepares them while the user still edits the recipe, and
retains the result of the last such request.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from designer.data.color_components import color_components
from designer.data.columns import ArrayColumn, PictureColumn
from designer.data.dataset import DataSet
from designer.data.identity import Examples, examples_of
from designer.data.labels import as_classes, from_first_label
from designer.data.named_inputs import Wanted, pictures_of, with_inputs
from designer.data.opening import locate, open_dataset
from designer.data.options import ReadOptions
from designer.data.parts import Part
from designer.data.pictures import Fit, PictureForm, enlarged
from designer.data.resampling import ONE_DIVISION, Resampling, with_all_examples
from designer.data.splitting import Split, split
from designer.data.summary import (
    Statistics,
    channel_statistics,
    in_chunks,
    memory_bytes,
    statistics_sample,
)
from designer.data.target_kinds import as_one_label

LARGEST = 256 * 2**20  # bytes of images that are resized all at once, or retained between requests


class _FileStamp(NamedTuple):
    name: str
    inode: int
    size: int
    modified: int  # nanoseconds
    changed: int  # the inode, in nanoseconds: tools such as rsync set only the time above back


_Stamp = tuple[_FileStamp, ...]


@dataclass(frozen=True)
class DataRequest:
    """Which data a training needs, and how.

    Attributes
    ----------
    source
        A built-in data set's name, or a path.
    validation, test, limit, seed, stratified, resampling
        How the images are divided; see `split`.
    shape
        The (channels, height, width) of the picture that the network takes; () for other inputs.
    options
        How the data set is read.
    fit
        What is done with pictures of other proportions; see `PictureForm`.
    classes
        Whether the loss is for classes only, so that whole floats are read as such; see
        `as_classes`.
    enlargement
        How many times as large as the network's input training pictures are wanted, of which it
        gets pieces; see `enlarged`.
    labels
        Whether the loss is for labels only, so that the classes 0 and 1 are one label; see
        `as_one_label`.
    inputs
        The inputs of a network that takes no picture.
    network
        What sentences call it.
    """

    source: str
    validation: float
    test: float
    limit: int | None
    seed: int
    shape: tuple[int, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    fit: Fit = "crop"
    classes: bool = False
    enlargement: float = 1.0
    stratified: bool = True
    labels: bool = False
    inputs: tuple[Wanted, ...] = ()
    network: str = "the network"
    resampling: Resampling = ONE_DIVISION

    @property
    def form(self) -> PictureForm | None:
        """The form in which the network takes its pictures; None if it takes other inputs."""
        if self.inputs:
            return None
        channels, height, width = self.shape
        return PictureForm(channels, height, width, self.fit)

    def fitted(self, data: DataSet) -> DataSet:
        """Return a data set as the loss, the inputs of the network and resampling want it.

        One with an open question is returned as it is.

        Raises
        ------
        DesignerError
            It does not fit the network.
        """
        if self.classes:
            data = as_classes(data)
        if self.labels:
            data = as_one_label(data)
        data = from_first_label(data, self.options.first_label)
        data = with_all_examples(data, self.resampling)
        return data if data.questions else self.with_inputs(data)

    def with_inputs(self, data: DataSet) -> DataSet:
        """Return a data set with the inputs of the network.

        Raises
        ------
        DesignerError
            It has others.
        """
        if self.inputs:
            return with_inputs(data, self.inputs, network=self.network)
        return pictures_of(data, network=self.network)


@dataclass(eq=False)
class PreparedData:
    """A data set divided into parts; what takes long is computed once, when first asked for."""

    data: DataSet
    parts: Split
    picture_form: PictureForm | None
    enlargement: float = 1.0
    _sized: Split | None = field(default=None, init=False)
    _statistics: tuple[NDArray[np.int64], Statistics] | None = field(default=None, init=False)
    _examples: Examples | None = field(default=None, init=False)

    @property
    def form(self) -> PictureForm:
        """The form in which the network takes its pictures."""
        assert self.picture_form is not None, "the network takes no pictures"
        return self.picture_form

    @cached_property
    def train_form(self) -> PictureForm:
        """The form in which training pictures are read: larger where pieces of them are taken."""
        if self.enlargement == 1:
            return self.form
        shapes = self.parts.train.shapes()
        return enlarged(
            self.form, self.enlargement, ((height, width) for height, width, _ in shapes)
        )

    @property
    def gray_range(self) -> tuple[float, float] | None:
        """The range of grays of more than 8 bits; None if the pictures have none."""
        if self.picture_form is None:
            return None
        images = self.data.train.images
        if not isinstance(images, PictureColumn) or images.levels is None:
            return None
        return images.levels.low, images.levels.high

    def is_small(self) -> bool:
        """Tell whether all images are in memory and take at most `LARGEST` bytes when resized."""
        train, *others = (part for part in self._all() if part is not None)
        if self.picture_form is None:
            return True
        size = memory_bytes(train, self.train_form)
        size += sum(memory_bytes(part, self.form) for part in others)
        return size <= LARGEST and all(part.in_memory for part in (train, *others))

    def sized(self) -> Split:
        """Return the parts; those of small data with images of the size that is wanted.

        Raises
        ------
        DesignerError
            The images' channels cannot be converted to the network's.
        """
        if self.picture_form is None:
            return self.parts
        if self._sized is None:
            self._sized = self._resized() if self.is_small() else self.parts
        return self._sized

    def statistics(
        self,
        order: NDArray[np.int64] | None = None,
        read: Callable[[NDArray[np.int64], int], Iterable[NDArray[Any]]] | None = None,
    ) -> Statistics:
        """Return mean and standard deviation of each channel; see `channel_statistics`.

        Parameters
        ----------
        order
            The order in which the first epoch takes the training images; see `statistics_sample`.
        read
            Yields training images where they are decoded elsewhere; see `channel_statistics`.

        Raises
        ------
        DesignerError
            A picture cannot be read or converted.
        """
        # By the pictures as they are stored, so that pictures in files give the same figures.
        chosen = statistics_sample(self.parts.train, self.train_form, order)
        if self._statistics is None or not np.array_equal(self._statistics[0], chosen):
            found = channel_statistics(self.sized().train, self.train_form, chosen, read=read)
            self._statistics = chosen, found
        return self._statistics[1]

    def color_components(
        self,
        order: NDArray[np.int64] | None = None,
        read: Callable[[NDArray[np.int64], int], Iterable[NDArray[Any]]] | None = None,
    ) -> NDArray[np.float64]:
        """Return the principal components of the training part's colors; see `color_components`.

        The parameters, and the pictures that are used, are those of `statistics`.

        Raises
        ------
        DesignerError
            A picture cannot be read or converted.
        """
        return color_components(self.sampled(order, read), self.form.channels)

    def sampled(
        self,
        order: NDArray[np.int64] | None = None,
        read: Callable[[NDArray[np.int64], int], Iterable[NDArray[Any]]] | None = None,
    ) -> Iterable[NDArray[Any]]:
        """Yield the training images that `statistics` are of, in chunks; see `in_chunks`."""
        chosen = statistics_sample(self.parts.train, self.train_form, order)
        return in_chunks(self.sized().train, self.train_form, chosen, read=read)

    def examples(self) -> Examples:
        """Return what recognizes the examples of each part; see `examples_of`.

        Raises
        ------
        DesignerError
            A file cannot be read.
        """
        if self._examples is None:
            self._examples = examples_of(self.data, self.parts)
        return self._examples

    def _all(self) -> tuple[Part, Part | None, Part | None]:
        return self.parts.train, self.parts.validation, self.parts.test

    def _resized(self) -> Split:
        train, validation, test = self._all()
        return Split(
            _resized(train, self.train_form),
            None if validation is None else _resized(validation, self.form),
            None if test is None else _resized(test, self.form),
        )


def _resized(part: Part, form: PictureForm) -> Part:
    """Return a part in memory with its images in a form."""
    if part.shapes() == [(form.height, form.width, form.channels)]:
        return part
    images = part.images.read(np.arange(len(part)), form)
    return replace(part, inputs={"image": ArrayColumn(images.transpose(0, 2, 3, 1))})


def prepare_data(request: DataRequest) -> PreparedData:
    """Read and divide a data set, or return the one that `prepare_data_in_advance` retained.

    A retained one is given out once: the training then owns it, and no second copy stays in memory,
    unless `keep_prepared_data` says that equal trainings follow.

    Raises
    ------
    DesignerError
        The data set cannot be read or divided.
    """
    stamp = _stamp(request.source)
    kept = False
    try:
        found = _read(request, stamp)
        small = bool(stamp) and sum(file.size for file in stamp) <= LARGEST and found.is_small()
        kept = _keeping.is_set() and small
        return found
    finally:
        if not kept:
            _read.cache_clear()


_keeping = threading.Event()


def keep_prepared_data(keep: bool) -> None:
    """Let data that are small stay in memory for the next training with the same data, or not.

    The trainings of a study differ in other settings, and reading the data of each anew takes
    longer than to train a small network on few of them.
    """
    if keep:
        _keeping.set()
    else:
        _keeping.clear()
        _read.cache_clear()


def forget_prepared_data() -> None:
    """Free what `prepare_data_in_advance` retained, before other data are read."""
    _read.cache_clear()


def prepare_data_in_advance(request: DataRequest) -> None:
    """Read a data set, compute everything of it, and retain that until `prepare_data` asks for it.

    Only the last request is retained, and only if its files and images take at most `LARGEST`
    bytes. A data set in sub-folders is not, since changed pictures would go unnoticed.

    Raises
    ------
    DesignerError
        The data set cannot be read, divided or resized to the network's input.
    """
    stamp = _stamp(request.source)
    if not stamp or sum(file.size for file in stamp) > LARGEST:
        _read.cache_clear()
        return
    prepared = _read(request, stamp)
    if prepared.is_small():
        if prepared.picture_form is not None:
            prepared.statistics()
        prepared.examples()
    else:
        _read.cache_clear()


@lru_cache(maxsize=1)  # one data set, since each may take twice LARGEST
def _read(request: DataRequest, _: _Stamp) -> PreparedData:
    return read_divided(request)


def read_divided(request: DataRequest) -> PreparedData:
    """Read and divide a data set, whatever `prepare_data_in_advance` retains for a training.

    Raises
    ------
    DesignerError
        The data set cannot be read or divided.
    """
    data = request.fitted(open_dataset(request.source, request.options))
    parts = split(
        data,
        validation=request.validation,
        test=request.test,
        seed=request.seed,
        stratified=request.stratified,
        limit=request.limit,
        resampling=request.resampling,
    )
    return PreparedData(data, parts, request.form, request.enlargement)


def _stamp(source: str) -> _Stamp:
    """Return a value that changes when a data set's files change, or nothing if none can tell."""
    path = locate(source)
    try:
        files = [path] if path.is_file() else sorted(path.iterdir())
        if not all(file.is_file() for file in files):
            return ()
        stats = [(file.name, file.stat()) for file in files]
    except OSError:
        return ()
    return tuple(
        _FileStamp(name, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        for name, stat in stats
    )
