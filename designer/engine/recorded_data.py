"""The data of a run: recorded before its first step, and the same data found again at a resume."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from designer.data import (
    DataRequest,
    DataSet,
    PreparedData,
    forget_prepared_data,
    open_dataset,
    prepare_data,
)
from designer.data.identity import decode, encode, fingerprint, split_as_before
from designer.data.labels import (
    READ_AS_CLASSES,
    as_targets,
    in_class_order,
)
from designer.data.opening import format_name, is_name, locate
from designer.data.splitting import in_stored_order
from designer.errors import DesignerError, OtherDataError
from designer.known_data import KNOWN, how_to_get
from designer.recipe.reading import changed
from designer.runs.data_record import DataRecord, Location
from designer.runs.folder import RunFolder
from designer.storage import unwritable, write_atomically

_ALL_NAMED = 12  # class names that a sentence lists; of more, only those that differ
_ADDED = (
    "An image that was added to {path} since the run began is not used: the run continues on the "
    "images and the parts that it began with. A new run uses all.",
    "{count:,} images that were added to {path} since the run began are not used: the run "
    "continues on the images and the parts that it began with. A new run uses all.",
)


class Recording:
    """What a session adds to what its run knows of its data, found and written while it trains.

    Parameters
    ----------
    note
        A sentence for the user if the data differ in a way that does no harm.
    find
        Returns the contents of ``data.json`` and ``examples.npz``; None if the run has them.
    at_once
        Whether that is quick, as no files are to be read.
    anew
        Whether the run begins in this session.
    settings
        What was found out while the data were read, which the recipe of a new run records; see
        `DataSet`.

    Attributes
    ----------
    note, at_once, anew
        As above.
    """

    def __init__(
        self,
        note: str | None = None,
        find: Callable[[], tuple[DataRecord, bytes]] | None = None,
        *,
        at_once: bool = True,
        anew: bool = False,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.note = note
        self._settings = settings or {}
        self.anew = anew
        self._find = find
        self.at_once = at_once
        self._begun = False
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def begin(self, run: RunFolder) -> None:
        """Write the record, in a thread if files are to be read for it; `finish` waits for that.

        A second call does nothing.

        Raises
        ------
        DesignerError
            The folder cannot be written.
        """
        if self._begun:
            return
        self._begun = True
        if self.at_once:
            self._write(run)
            return
        self._thread = threading.Thread(target=self._write_later, args=(run,), daemon=True)
        self._thread.start()

    def finish(self, run: RunFolder) -> None:
        """Return once the record is written. A checkpoint without it could not be resumed.

        Raises
        ------
        DesignerError
            A file of the data cannot be read, or the folder cannot be written.
        """
        self.begin(run)
        self.wait()
        if self._error is not None:
            raise self._error

    def wait(self) -> None:
        """Wait until nothing is written any more."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _write_later(self, run: RunFolder) -> None:
        try:
            self._write(run)
        except Exception as error:
            self._error = error

    def _write(self, run: RunFolder) -> None:
        """Write the record, the small file last, since it tells that both are complete."""
        if self._find is None:
            return
        record, examples = self._find()
        recipe = run.recipe()
        complete = changed(recipe, self._settings if self.anew else {})
        try:
            if complete != recipe:
                write_atomically(run.recipe_file, complete.to_json())
            write_atomically(run.examples_file, examples)
            encoded = msgspec.json.format(msgspec.json.encode(record), indent=2)
            write_atomically(run.data_file, encoded + b"\n")
        except OSError as error:
            raise unwritable(run.path, error) from error


def has_begun(run: RunFolder) -> bool:
    """Return whether a run goes on with the data and preprocessing that it began with.

    One that was killed before its data were recorded has no checkpoint and begins anew.
    """
    return run.data_file.exists() or (run.preprocessing_file.exists() and run.last.exists())


def data_of(
    run: RunFolder, request: DataRequest, *, moved: Path | None = None, first: bool = True
) -> tuple[PreparedData, Recording]:
    """Return the data of a run, divided into its parts, and what is to be recorded of them.

    If the run has a record, the data must be those, and they are divided as they were.

    Parameters
    ----------
    run
        The run.
    request
        Its data as the recipe has them; the division is that of the record.
    moved
        Where the data are now, if the user says so.
    first
        Whether this process is the one that writes.

    Raises
    ------
    DesignerError
        The data cannot be read, or they are others than those the run was trained on.
    """
    source = str(moved) if moved is not None else run.data_source()
    request = replace(request, source=source)
    record = run.data()
    begun = has_begun(run)
    if begun:
        _check_present(run, source)
    if record is not None:
        return _recorded(run, record, request)
    prepared = prepare_data(request)
    data = prepared.data
    note = None
    if begun:  # by a version that recorded nothing but the classes
        _check_classes(run, run.preprocessing().classes, data)
        prepared = replace(prepared, parts=in_stored_order(prepared.parts))
        note = (
            f"The run {run.path} was begun by a version that did not record its data: classes "
            f"and steps fit those of {data.path}, which are recorded now."
        )
    if not first:
        return prepared, Recording(note=note)

    def find() -> tuple[DataRecord, bytes]:
        examples = prepared.examples()
        encoded = encode(examples)
        record = DataRecord(
            source=source,
            name=data.name,
            format=format_name(source),
            classes=data.classes,
            counts={part: len(each.indices) for part, each in examples.items()},
            examples=fingerprint(encoded),
        )
        return record, encoded

    return prepared, Recording(
        note, find, at_once=data.train.in_memory, anew=not begun, settings=data.settings
    )


def remember_location(run: RunFolder, moved: Path) -> None:
    """Write where the data of a run are now, for its next resume.

    Raises
    ------
    DesignerError
        The folder cannot be written.
    """
    try:
        write_atomically(
            run.location_file, msgspec.json.encode(Location(source=str(moved))) + b"\n"
        )
    except OSError as error:
        raise unwritable(run.location_file, error) from error


def _recorded(
    run: RunFolder, record: DataRecord, request: DataRequest
) -> tuple[PreparedData, Recording]:
    """Return the data of a record, divided as they were, or refuse what is there now."""
    try:
        encoded = run.examples_file.read_bytes()
        if fingerprint(encoded) != record.examples:
            raise ValueError("its content does not match data.json")
        examples = decode(encoded)
    except (OSError, ValueError) as error:
        raise DesignerError(
            f"{run.examples_file} cannot be read ({error}), by which the data of the run are "
            "recognized: restore the file, or begin a new run."
        ) from error
    forget_prepared_data()
    options = request.options
    if run.preprocessing_file.exists():
        learned = run.preprocessing()
        options = replace(
            options,
            gray_range=learned.gray_range or options.gray_range,
            columns=learned.columns,
            vocabulary=learned.vocabulary,
        )
    try:
        data = open_dataset(request.source, options)
    except DesignerError as error:
        raise OtherDataError(str(error)) from error
    if not record.classes and any(found.code == READ_AS_CLASSES for found in data.findings):
        data = as_targets(data)
    try:
        data = request.fitted(data)
    except DesignerError as error:
        raise _other_data(run, str(error)) from error
    # Earlier versions sorted the names of folders without regard to numbers in them.
    data = in_class_order(data, record.classes)
    now = format_name(request.source)
    if now != record.format:
        raise _other_data(
            run,
            f"Its data were of the format {record.format}, but {data.path} is of the format {now}.",
        )
    _check_classes(run, record.classes, data)
    try:
        parts, added = split_as_before(data, examples)
    except DesignerError as error:
        raise _other_data(run, str(error)) from error
    note = None
    if added:
        note = _ADDED[added > 1].format(count=added, path=data.path)
    prepared = PreparedData(data, parts, request.form, request.enlargement)
    return prepared, Recording(note=note)


def _check_present(run: RunFolder, source: str) -> None:
    path = locate(source)
    # os.path, as Path.exists raises for a name that is too long.
    if not is_name(source) and not os.path.exists(path):
        if source in KNOWN:
            raise OtherDataError(how_to_get(KNOWN[source]))
        raise OtherDataError(
            f"The data of {run.path.name} are no longer at {path}: put them back, or say where "
            "they are now (on the command line with --data PATH)."
        )


def _check_classes(run: RunFolder, before: tuple[str, ...], data: DataSet) -> None:
    now = data.classes
    if now == before:
        return
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    if max(len(before), len(now)) <= _ALL_NAMED:
        sentence = "The run's classes were {before}; {path} now has {now}."
    elif gone and new:
        sentence = "{path} no longer has {gone} among its classes, and now has {new} among them."
    elif gone:
        sentence = "{path} no longer has {gone} among its classes."
    elif new:
        sentence = "{path} now has {new} among its classes, which the run does not know."
    else:
        sentence = "The classes of {path} are in another order than the run's."
    raise _other_data(
        run,
        sentence.format(
            path=data.path,
            before=_listed(before),
            now=_listed(now),
            gone=_listed(gone),
            new=_listed(new),
        ),
    )


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    rest = len(every) - _ALL_NAMED
    return (", ".join(every[:_ALL_NAMED]) or "none") + (f" and {rest:,} more" if rest > 0 else "")


def _other_data(run: RunFolder, difference: str) -> OtherDataError:
    """Return the error for data that differ from the run's; `difference` is a sentence."""
    return OtherDataError(
        f"The run {run.path.name} cannot continue on other data than it was trained on. "
        f"{difference} Put the data back as they were, or begin a new run."
    )
