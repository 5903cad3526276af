"""Decoding the pictures of a job, with its memory mapped and its cache open."""

import pickle
import time

from designer.data.decoding.cache import Cache
from designer.data.decoding.tasks import Answer, Array, Job, Task, rows_of
from designer.errors import DesignerError


class JobAtWork:
    """A job with its memory mapped and its cache open."""

    def __init__(self, job: Job) -> None:
        self._pictures = job.pictures
        self._rows = rows_of(job.region, job.shape, job.dtype)
        self._cache = None if job.cache is None else Cache(job.cache)

    def do(self, task: Task, now: Array) -> Answer:
        """Decode the pictures of a task.

        Parameters
        ----------
        task
            The pictures, and the rows that they go to.
        now
            An array of one value; it is set to the number of the picture at hand, so that a picture
            on which the process dies is known.
        """
        start = time.perf_counter()
        errors: dict[int, Exception] = {}
        for position, (index, row) in enumerate(zip(task.indices, task.rows, strict=True)):
            now[0] = index
            try:
                self._decode(index, self._rows[row])
            except Exception as error:
                errors[position] = _told(error, self._pictures.name(index))
        return Answer(errors, time.perf_counter() - start)

    def close(self) -> None:
        """Close the files of the cache."""
        if self._cache is not None:
            self._cache.close()

    def _decode(self, index: int, row: Array) -> None:
        content = self._pictures.content(index)
        if self._cache is None:
            self._pictures.decode_into(row, content, index)
            return
        key = self._cache.key(content)
        if not self._cache.read(key, row):
            self._pictures.decode_into(row, content, index)
            self._cache.write(key, row)


def _told(error: Exception, name: str) -> Exception:
    """Return an error as it is if it is a sentence that can be sent, else as such a sentence."""
    if isinstance(error, MemoryError):
        return DesignerError(
            f"The memory ran out while the picture {name} was decoded: end other programs, or set "
            "data.workers to a smaller number."
        )
    if not isinstance(error, DesignerError):
        return DesignerError(
            f"The picture {name} cannot be read ({error}): remove it or replace it."
        )
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return DesignerError(str(error))
    return error
