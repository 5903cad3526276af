"""What users are told of an inspection, such as broken pictures and leaks, and of folds."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from designer.data.balance import PART_TITLES
from designer.data.columns import PictureColumn
from designer.data.dataset import DataSet
from designer.data.duplicates import PARTS, Copy, Duplicates, surplus
from designer.data.findings import Choice, Finding
from designer.data.inspection import Inspection, readable, skip_base
from designer.data.options import ReadOptions
from designer.data.resampling import Resampling
from designer.data.splitting import Split

FOLDERS = "picture_folders"
_NAMED = 3  # pictures that a sentence names
_MOST_SKIPPED = 10_000  # names that a choice writes into a recipe
_MOST_TRIED = 1_000  # pictures of `data.skip` that are tried again


def inspection_findings(
    inspection: Inspection, duplicates: Duplicates, data: DataSet, options: ReadOptions
) -> tuple[Finding, ...]:
    """Return what is said of the examples of a data set.

    Parameters
    ----------
    inspection, duplicates
        What was found.
    data
        The data set.
    options
        How it was read; `ReadOptions.skip` is what its choices add to.
    """
    return (
        *broken_pictures(inspection, data, options),
        *_leaks(inspection, duplicates, data, options),
        *_contradictions(duplicates, data),
        *_repeats(duplicates, data),
        *_skipped(inspection, data, options),
        *_looked_at(inspection, data),
    )


def broken_pictures(
    inspection: Inspection, data: DataSet, options: ReadOptions
) -> tuple[Finding, ...]:
    """Return the warning of all pictures that cannot be read, if there are any."""
    broken = inspection.broken
    if not broken:
        return ()
    if len(broken) == 1:
        (one,) = broken
        sentence = (
            f"The picture {_printable(one.file)} of {data.name} cannot be read ({one.reason}): "
            "replace it, or leave it out."
        )
        label = "skip this picture"
    else:
        sentence = (
            f"{len(broken):,} pictures of {data.name} cannot be read: "
            f"{_some([each.file for each in broken])}. Replace them, or leave them out."
        )
        label = f"skip these {len(broken):,} pictures"
    choices = _skip(label, [each.file for each in broken], options)
    return (Finding(code="broken-pictures", sentence=sentence, kind="warning", choices=choices),)


def _leaks(
    inspection: Inspection, duplicates: Duplicates, data: DataSet, options: ReadOptions
) -> list[Finding]:
    """Say for each two parts how many examples are in both, with one remedy for all."""
    if not duplicates.across:
        return []
    sentences = [
        _shared(shared, first, second, data)
        for first, second in combinations(PARTS, 2)
        if (shared := duplicates.shared(first, second))
    ]
    named = all(part.names is not None for part in inspection.parts.values())
    choices: tuple[Choice, ...] = ()
    remedy = "remove them from one of the parts"
    if named:
        names = surplus(duplicates)
        label = f"skip {len(names):,} {'copy' if len(names) == 1 else 'copies'}, one of each stays"
        choices = _skip(label, names, options)
        remedy = "leave the copies out of the training"
    sentences.append(
        f"Scores on {'pictures' if data.pictures else 'examples'} that a network was trained with "
        f"are better than on new ones: {remedy}."
    )
    return [Finding(code="leak", sentence=" ".join(sentences), kind="warning", choices=choices)]


def _shared(shared: Sequence[tuple[Copy, ...]], first: str, second: str, data: DataSet) -> str:
    name = data.name
    example = " and ".join(
        next(copy.name for copy in shared[0] if copy.part == part) for part in (first, second)
    )
    parts = f"both the {PART_TITLES[first]} and the {PART_TITLES[second]} part"
    if len(shared) == 1:
        return f"1 {data.things[:-1]} of {name} is in {parts} ({_printable(example)} are equal)."
    return (
        f"{len(shared):,} {data.things} of {name} are in {parts} "
        f"({_printable(example)} are equal, for example)."
    )


def _contradictions(duplicates: Duplicates, data: DataSet) -> list[Finding]:
    found = duplicates.contradictory
    if not found:
        return []
    example = " and ".join(_printable(copy.name) for copy in found[0][:2])
    if len(found) == 1:
        sentence = (
            f"1 {data.things[:-1]} of {data.name} occurs with different labels: {example} are "
            "equal."
        )
    else:
        sentence = (
            f"{len(found):,} {data.things} of {data.name} occur with different labels: {example} "
            "are equal, for example."
        )
    return [
        Finding(
            code="contradictory-labels",
            sentence=f"{sentence} Remove those whose labels are wrong.",
            kind="warning",
        )
    ]


def _repeats(duplicates: Duplicates, data: DataSet) -> list[Finding]:
    return [
        Finding(
            code=f"repeated-in-{part}",
            sentence=(
                f"{count:,} {data.things[:-1] if count == 1 else data.things} of the "
                f"{PART_TITLES[part]} part of {data.name} "
                f"{'repeats' if count == 1 else 'repeat'} another one of the part."
            ),
        )
        for part, count in duplicates.within.items()
    ]


def _skipped(inspection: Inspection, data: DataSet, options: ReadOptions) -> list[Finding]:
    """Say which pictures of `data.skip` are not there, and which could be read again."""
    column = next(iter(data.train.inputs.values()))
    if not options.skip or not isinstance(column, PictureColumn):
        return []
    files, _ = skip_base(column, data.path)
    there = [name for name in options.skip if files.holds(name)]
    unknown = []
    if data.format == FOLDERS:  # tables name pictures that are not there, and these are skipped
        known = {*there, *_folders(files.names)}
        unknown = [name for name in options.skip if name.rstrip("/") not in known]
    used = {
        digest for part in inspection.parts.values() for digest in part.facts["digest"].tolist()
    }
    again = [
        name
        for name, digest in readable(files, there[:_MOST_TRIED], column.levels).items()
        if int(digest) not in used  # those are left out as copies
    ]
    findings = []
    if unknown:
        findings.append(
            Finding(
                code="skipped-unknown",
                sentence=(
                    f"data.skip names pictures that are not in {data.name}: {_some(unknown)}. Take "
                    "them off the list."
                ),
                choices=_without(unknown, options),
            )
        )
    if again:
        subject = "A picture" if len(again) == 1 else f"{len(again):,} pictures"
        verb = "it was" if len(again) == 1 else "they were"
        findings.append(
            Finding(
                code="skipped-readable",
                sentence=(
                    f"{subject} of {data.name} that data.skip leaves out can be read now: "
                    f"{_some(again)}. If {verb} left out because of damage, take "
                    f"{'it' if len(again) == 1 else 'them'} off the list."
                ),
                choices=_without(again, options),
            )
        )
    return findings


def _folders(names: Sequence[str]) -> set[str]:
    """Return the folders that files are in, by the names of the files."""
    folders: set[str] = set()
    for name in names:
        parts = name.split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
    return folders


def _looked_at(inspection: Inspection, data: DataSet) -> list[Finding]:
    if inspection.complete:
        return []
    return [
        Finding(
            code="sample",
            sentence=(
                f"{inspection.looked_at:,} of the {inspection.total:,} pictures of {data.name} "
                "were looked at: broken pictures and copies among the others are not known."
            ),
        )
    ]


def _skip(label: str, names: Sequence[str], options: ReadOptions) -> tuple[Choice, ...]:
    if len(names) + len(options.skip) > _MOST_SKIPPED:
        return ()
    merged = tuple(dict.fromkeys((*options.skip, *names)))
    return (Choice(label=label, settings={"data.skip": merged}),)


def _without(names: Sequence[str], options: ReadOptions) -> tuple[Choice, ...]:
    gone = frozenset(names)
    remaining = tuple(name for name in options.skip if name not in gone)
    label = "take it off the list" if len(names) == 1 else "take them off the list"
    return (Choice(label=label, settings={"data.skip": remaining}),)


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    shown = ", ".join(map(_printable, names[:_NAMED]))
    return shown + (f" and {rest:,} more" if rest > 0 else "")


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)


_RESAMPLED = {
    "folds": "Fold {fold:,} of {folds:,} is held out: {trained:,} {things} are trained on, "
    "{validated:,} validated on, and {tested:,} tested on.",
    "bootstrap": "The training part is a bootstrap sample of {trained:,} {things}; those that it "
    "lacks, {validated:,}, are validated on, and {tested:,} tested on.",
}
_RARE = (
    "The class {name} has fewer {things} ({count:,}) than there are folds ({folds:,}), so that "
    "some folds hold none of them out.",
    "{classes:,} classes have fewer {things} than there are folds ({folds:,}), so that some folds "
    "hold none of them out; the class {name} has {count:,}.",
)


def resampling_findings(data: DataSet, split: Split, resampling: Resampling) -> tuple[Finding, ...]:
    """Return what is said of folds or a bootstrap sample: sizes, and classes that are too rare.

    Parameters
    ----------
    data
        The data set.
    split
        Its parts.
    resampling
        How they were drawn.
    """
    if not resampling.is_used or split.validation is None:
        return ()
    sentence = _RESAMPLED[resampling.name].format(
        fold=resampling.fold,
        folds=resampling.folds,
        things=data.things,
        trained=len(split.train),
        validated=len(split.validation),
        tested=0 if split.test is None else len(split.test),
    )
    found = [Finding(code="resampled", sentence=sentence)]
    if resampling.name == "folds" and data.classes:
        labels = np.concatenate([split.train.labels, split.validation.labels])
        counts = np.bincount(labels, minlength=len(data.classes))
        rare = np.flatnonzero((counts > 0) & (counts < resampling.folds))
        if len(rare):
            least = rare[counts[rare].argmin()]
            sentence = _RARE[len(rare) > 1].format(
                name=data.classes[least],
                classes=len(rare),
                count=int(counts[least]),
                things=data.things,
                folds=resampling.folds,
            )
            found.append(Finding(code="rare-for-folds", sentence=sentence))
    return tuple(found)
