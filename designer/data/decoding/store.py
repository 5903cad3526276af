"""The decoded pictures of a part: what fits stays in memory, the rest passes through a ring.

Both are rows of one piece of shared memory, so that a batch is always a choice of rows. Decoder
processes fill rows in the order in which a training asks for them, while the training works with
the rows that are there already.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from designer.data.decoding.cache import CacheSet
from designer.data.decoding.decoders import Decoders
from designer.data.decoding.tasks import Answer, Array, Job, Pictures, Task

Order = NDArray[np.int64]

RING_BATCHES = 4  # that the ring holds, so that decoding goes on while a batch is trained on
_TASK_SECONDS = 0.02  # that a task shall take: long against its messages, short against a batch
_MOST = 64  # pictures in a task
_NOWHERE = -1


class Piece(NamedTuple):
    """Some successive pictures of an order, whose rows are there.

    Attributes
    ----------
    rows
        The number of the row of each picture.
    last
        Whether they are the last ones of their batch.
    """

    rows: Order
    last: bool


class PictureStore:
    """The pictures of a part at the size at which they are trained on.

    Parameters
    ----------
    decoders
        What decodes them.
    pictures
        The encoded pictures.
    shape, dtype
        (height, width, channels) of a row, and its type: uint8 or float32.
    memory
        Bytes that the rows may take. A ring of some batches is made even if it takes more.
    batch
        Pictures that are usually asked for at once.
    cache
        Where decoded pictures are stored on disk; None for nowhere.

    Attributes
    ----------
    rows
        (rows, height, width, channels). What a row holds is known while a piece is in use.

    Raises
    ------
    DesignerError
        There is not as much memory.
    """

    def __init__(
        self,
        decoders: Decoders,
        pictures: Pictures,
        *,
        shape: tuple[int, int, int],
        dtype: str,
        memory: int,
        batch: int,
        cache: CacheSet | None = None,
    ) -> None:
        row = math.prod(shape) * np.dtype(dtype).itemsize
        count = len(pictures)
        ring = 0 if count * row <= memory else min(count, RING_BATCHES * batch)
        self._resident = count if not ring else max(0, min(count, memory // row - ring))
        region, self.rows = decoders.rows(self._resident + ring, shape=shape, dtype=dtype)
        self._decoders = decoders
        self._batch = batch
        self.job = Job(decoders.new_job(), pictures, region, shape, dtype, cache)
        self._free_resident = iter(range(self._resident))
        self._free_ring = deque(range(self._resident, self._resident + ring))
        self._row_of = np.full(count, _NOWHERE, np.int64)  # of the pictures that stay in memory
        self._ready = np.zeros(len(self.rows), bool)
        self._errors: dict[int, Exception] = {}  # by row
        self._seconds = _TASK_SECONDS / 4  # that a picture takes
        self.decoded = 0

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def fits(self) -> bool:
        """Whether all pictures stay in memory."""
        return self._resident == len(self)

    def decode_ahead(self, order: Order) -> None:
        """Begin to decode pictures that stay in memory, in the order in which they will be wanted.

        What is asked for meanwhile comes first.
        """
        with self._decoders.changed:
            plan = _Plan(self, order[: self._resident], ahead=True)
        self._decoders.begin(plan, last=True)

    def read(self, indices: Sequence[int] | Order) -> Array:
        """Return pictures (n, height, width, channels), decoded if they are not there yet.

        Raises
        ------
        DesignerError
            One cannot be decoded, or a decoder process ended.
        """
        order = np.asarray(indices, np.int64)
        found = np.empty((len(order), *self.rows.shape[1:]), self.rows.dtype)
        done = 0
        for piece in self.pieces(order, max(1, len(order))):
            found[done : done + len(piece.rows)] = self.rows[piece.rows]
            done += len(piece.rows)
        return found

    def images(self, order: Order, most: int) -> Generator[Array, None, None]:
        """Yield pictures (n, channels, height, width), at most so many at once; see `pieces`."""
        with closing(self.pieces(order, most)) as pieces:
            for piece in pieces:
                yield self.rows[piece.rows].transpose(0, 3, 1, 2)

    def pieces(self, order: Order, batch: int) -> Generator[Piece, None, None]:
        """Yield the rows of pictures in an order, as soon as they are there.

        A batch is one piece, or several where the ring is too small for it. The rows of a piece
        may get other pictures when the next one is asked for.

        Parameters
        ----------
        order
            Indices of pictures, int64 (n,).
        batch
            Pictures in a batch; the last one may be smaller.

        Raises
        ------
        DesignerError
            A picture cannot be decoded, or a decoder process ended.
        """
        with closing(self._arrivals(order, batch)) as arrivals:
            for piece, errors in arrivals:
                if errors:
                    raise next(iter(errors.values()))
                yield piece

    def broken(
        self, *, progress: Callable[[int], None], canceled: Callable[[], bool]
    ) -> dict[int, Exception]:
        """Decode all pictures and return the error of each that cannot be, by its index.

        Parameters
        ----------
        progress
            Is called with the number of pictures that were looked at.
        canceled
            Returns whether to stop; the errors up to then are returned.

        Raises
        ------
        DesignerError
            A decoder process ended.
        """
        found: dict[int, Exception] = {}
        order = np.arange(len(self), dtype=np.int64)
        done = 0
        with closing(self._arrivals(order, self._batch)) as arrivals:
            for piece, errors in arrivals:
                found.update({done + position: error for position, error in errors.items()})
                done += len(piece.rows)
                progress(done)
                if canceled():
                    break
        return found

    def _arrivals(
        self, order: Order, batch: int
    ) -> Generator[tuple[Piece, dict[int, Exception]], None, None]:
        """Yield pieces as `pieces` does, with the errors in them by the position in the piece."""
        most = batch if self.fits else min(batch, max(1, (len(self.rows) - self._resident) // 2))
        with self._decoders.changed:
            plan = _Plan(self, order)
        self._decoders.begin(plan)
        try:
            for first in range(0, len(order), batch):
                end = min(first + batch, len(order))
                for start in range(first, end, most):
                    stop = min(start + most, end)
                    rows, errors = self._wait(plan, start, stop)
                    yield Piece(rows, stop == end), errors
                    self._release(plan, stop)
        finally:
            self._decoders.end(plan)
            with self._decoders.changed:
                plan.cancel()
                self._decoders.changed.notify_all()

    def _wait(self, plan: "_Plan", start: int, stop: int) -> tuple[Order, dict[int, Exception]]:
        """Return the rows of a piece when all are there, and the errors among them."""
        changed = self._decoders.changed
        with changed:
            while not (plan.position >= stop and self._ready[plan.rows[start:stop]].all()):
                if self._decoders.failure is not None:
                    raise self._decoders.failure
                changed.wait()
            rows = plan.rows[start:stop]
            if not self._errors:
                return rows, {}
            numbered = enumerate(rows.tolist())
            return rows, {at: self._errors[row] for at, row in numbered if row in self._errors}

    def _release(self, plan: "_Plan", stop: int) -> None:
        """Give back the rows of the ring that a piece was in."""
        passing = plan.rows[plan.released : stop]
        passing = passing[passing >= self._resident]
        plan.released = stop
        if len(passing):
            with self._decoders.changed:
                self._free(passing.tolist())
                self._decoders.changed.notify_all()

    # Under the lock of the decoders

    def _free(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._ready[row] = False
            self._errors.pop(row, None)
            self._free_ring.append(row)

    def _chosen(self, index: int, *, ahead: bool) -> tuple[int, bool] | None:
        """Return the row of a picture and whether it is to be decoded; None if no row is free.

        Nobody would give back a row of the ring that was filled ahead.
        """
        row = int(self._row_of[index])
        if row != _NOWHERE:
            return row, False
        resident = next(self._free_resident, None)
        if resident is not None:
            self._row_of[index] = resident
            return resident, True
        return (self._free_ring.popleft(), True) if self._free_ring and not ahead else None

    def _done(self, task: Task, answer: Answer) -> None:
        for position, error in answer.errors.items():
            self._errors[task.rows[position]] = error
        self._ready[list(task.rows)] = True
        self.decoded += len(task.rows)
        self._seconds += (answer.seconds / len(task.rows) - self._seconds) / 4

    def _task_size(self) -> int:
        return max(1, min(_MOST, int(_TASK_SECONDS / max(self._seconds, 1e-6))))


class _Plan:
    """An order in which pictures of a store are wanted; see `decoders.Feeder`."""

    def __init__(self, store: PictureStore, order: Order, *, ahead: bool = False) -> None:
        self._store = store
        self._ahead = ahead
        self._order = order
        self._canceled = False
        self.job = store.job
        self.position = 0  # before it, pictures have their rows
        self.released = 0  # before it, rows of the ring were given back
        self.rows = np.full(len(order), _NOWHERE, np.int64)
        known = store._row_of[order]
        if (known != _NOWHERE).all():  # from the second epoch on
            self.rows, self.position = known, len(order)

    def next_task(self) -> Task | None:
        indices: list[int] = []
        rows: list[int] = []
        before, most = self.position, self._store._task_size()
        while self.position < len(self._order) and len(indices) < most:
            index = int(self._order[self.position])
            found = self._store._chosen(index, ahead=self._ahead)
            if found is None:
                break
            row, missing = found
            self.rows[self.position] = row
            self.position += 1
            if missing:
                indices.append(index)
                rows.append(row)
        if self.position > before and not indices:
            self._store._decoders.changed.notify_all()
        return Task(self.job.number, tuple(indices), tuple(rows)) if indices else None

    def done(self, task: Task, answer: Answer) -> None:
        self._store._done(task, answer)
        if self._canceled:
            self._store._free([row for row in task.rows if row >= self._store._resident])

    def cancel(self) -> None:
        """Give back the rows of the ring that nobody takes; those at work follow in `done`."""
        self._canceled = True
        rows = self.rows[self.released : self.position]
        passing = rows[rows >= self._store._resident]
        self._store._free(passing[self._store._ready[passing]].tolist())
