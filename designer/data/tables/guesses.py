"""Which columns of a table hold files, labels and parts: given, or found by what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from designer.data.findings import Choice, Finding
from designer.data.options import ReadOptions
from designer.data.part_names import part_of
from designer.data.pictures import is_picture
from designer.data.tables.cells import Profile, is_true, profile, separated
from designer.data.tables.places import Places, has_class_folders
from designer.data.tables.rows import FEW_VALUES, Table
from designer.data.tables.text import FILE_WORDS, LABEL_WORDS, PART_WORDS, is_number, words
from designer.data.targets import Kind
from designer.errors import DesignerError

_LOOKED_AT = 100  # cells of a column that are looked for among the pictures
_CHOICES = 8  # columns that a question offers
_YES_MEANS = {"is_valid": "validation", "is_val": "validation", "is_test": "test"}


@dataclass(frozen=True)
class Guesses:
    """What the columns of a table are taken for.

    Attributes
    ----------
    file
        The column that names the pictures; "" if none does.
    found
        The share of its cells, in a sample, whose picture is there.
    labels
        The columns of labels.
    part
        The column that tells the part of each row; "" if none does.
    separator
        What stands between several labels in one cell; "" for one label.
    targets
        What the labels are.
    findings
        What is uncertain, with its choices.
    """

    file: str = ""
    found: float = 0.0
    labels: tuple[str, ...] = ()
    part: str = ""
    separator: str = ""
    targets: Kind = "classes"
    findings: tuple[Finding, ...] = ()

    def settings(self, kind: Kind) -> dict[str, object]:
        """Return the settings of the recipe that say all this, with the kind of targets read."""
        found = {
            "data.file_column": self.file,
            "data.label_columns": self.labels,
            "data.part_column": self.part,
            "data.separator": self.separator,
            "data.targets": kind,
        }
        return {name: value for name, value in found.items() if value}


def guess(table: Table, pictures: Places | None, options: ReadOptions) -> Guesses:
    """Return what the columns of a table are, as far as the options do not say it.

    Without places of pictures, the table has no column of files: its pictures are elsewhere.

    Raises
    ------
    DesignerError
        The options name a column that the table does not have.
    """
    _check_names(table, pictures, options)
    file, found, other_files = _file_column(table, pictures, options) if pictures else ("", 0.0, ())
    profiles = {
        name: profile(name, cells)
        for name, cells in zip(table.names, table.columns, strict=True)
        if name not in (file, *other_files)
    }
    part = options.part_column or part_column(profiles)
    questions: list[Finding] = []
    if not part:
        questions += _unused_parts(table, profiles)
    candidates = [each for name, each in profiles.items() if name != part and len(each.values) > 1]
    if not candidates:  # numbers to predict that happen to be names of pictures, too
        files = [profile(name, table.column(name)) for name in other_files if name != part]
        candidates = [each for each in files if each.numeric and len(each.values) > 1]
        profiles |= {each.name: each for each in candidates}
    labels = options.label_columns
    if not labels:
        divided = {name for name in profiles if words(name) & PART_WORDS}
        others = [each for each in candidates if each.name not in divided]
        labels, choices = _label_columns(table, others or candidates)
        if choices:
            questions.append(_which_labels(table, choices, pictures))
    chosen = [profiles.get(name) or profile(name, table.column(name)) for name in labels]
    separator, targets, uncertain = kind_of_labels(table, chosen, options)
    return Guesses(file, found, labels, part, separator, targets, (*questions, *uncertain))


def part_in(cell: str, column: str) -> str:
    """Return the part that a cell of a column of parts names; "" if none."""
    if (yes := _YES_MEANS.get(column.lower())) is not None:
        return yes if is_true(cell) else "train"
    return part_of(cell)


def _check_names(table: Table, pictures: Places | None, options: ReadOptions) -> None:
    named = {
        "data.file_column": (options.file_column,) if pictures else (),
        "data.label_columns": options.label_columns,
        "data.part_column": (options.part_column,),
    }
    for setting, names in named.items():
        for name in filter(None, names):
            if name not in table.names:
                listed = ", ".join(table.names[:20]) + (", ..." if len(table.names) > 20 else "")
                where = pictures.files.where(table.name) if pictures else table.name
                raise DesignerError(
                    f"{where} has no column {name}, which {setting} "
                    f"names: choose one of its columns ({listed})."
                )


def _file_column(
    table: Table, pictures: Places, options: ReadOptions
) -> tuple[str, float, tuple[str, ...]]:
    """Return the column of files, the share of its pictures found, and others of files."""
    shares: dict[str, float] = {}
    distinct: dict[str, int] = {}
    numeric: set[str] = set()
    for name, cells in zip(table.names, table.columns, strict=True):
        if options.file_column in ("", name):
            step = max(1, len(cells) // _LOOKED_AT)
            sample = [cell for cell in dict.fromkeys(cells[::step]) if cell][:_LOOKED_AT]
            shares[name], distinct[name] = pictures.share(sample, table), len(sample)
            if all(map(is_number, sample)):
                numeric.add(name)
    if options.file_column:
        return options.file_column, shares[options.file_column], ()
    for name in numeric:  # few numbers may be names of pictures by chance
        if shares[name] < 0.9 and not words(name) & FILE_WORDS:
            shares[name] = 0.0
    found = {name: shares[name] * distinct[name] for name in shares}
    ranked = sorted(
        table.names, key=lambda name: (found[name], bool(words(name) & FILE_WORDS)), reverse=True
    )
    file = ranked[0]
    if 2 * found[file] < min(len(table), _LOOKED_AT):
        file = next((name for name in ranked if _looks_like_files(table.column(name))), file)
        if not found[file] and not _looks_like_files(table.column(file)):
            return "", 0.0, ()
    also = [  # labels from 0 on may be names of pictures, too, but there are fewer of them
        name
        for name in ranked
        if name != file
        and shares[name] >= 0.5
        and distinct[name] * (1 if name in numeric else 2) >= distinct[file]
        and not words(name) & LABEL_WORDS
    ]
    return file, shares[file], tuple(also)


def _looks_like_files(cells: Sequence[str]) -> bool:
    sample = cells[:_LOOKED_AT]
    return 2 * sum(map(is_picture, sample)) > len(sample)


def part_column(profiles: dict[str, Profile]) -> str:
    """Return the column that names the part of each row; "" if none does."""
    for name, each in profiles.items():
        if name.lower() in _YES_MEANS and each.binary:
            return name
        parts = [part_of(value) for value in each.values]
        if parts and all(parts) and (len(parts) > 1 or words(name) & PART_WORDS):
            return name
        if "train" in parts and 2 * parts.count("") < len(parts) and words(name) & PART_WORDS:
            return name
    return ""


def _unused_parts(table: Table, profiles: dict[str, Profile]) -> list[Finding]:
    """Say that a column is called as one of parts, but names none that are known."""
    return [
        Finding(
            code="unused-part-column",
            sentence=(
                f"The column {name} of {table.name} does not divide the pictures, since its values "
                "are not names of parts: write train, validation or test into it if it should."
            ),
        )
        for name, each in profiles.items()
        if words(name) & PART_WORDS and 1 < len(each.values) <= FEW_VALUES
    ]


def _label_columns(
    table: Table, candidates: list[Profile]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the columns of labels and, where that is uncertain, all sets that it may be."""
    named = [each for each in candidates if words(each.name) & LABEL_WORDS]
    likely = named or [each for each in candidates if not each.numbering] or candidates
    likely = without_twins(table, likely)
    every = tuple([each.name for each in likely])
    binary = tuple([each.name for each in likely if each.binary])
    fractions = tuple([each.name for each in likely if each.numeric and not each.whole])
    if len(every) < 2 or every in (binary, fractions):
        return every, []
    measures = tuple([each.name for each in likely if each.numeric and not each.binary])
    groups = [group for group in (binary, measures) if len(group) > 1]
    choices = [*groups, *((name,) for name in every)]
    return choices[0], choices[:_CHOICES]


def without_twins(table: Table, profiles: list[Profile]) -> list[Profile]:
    """Leave out columns that number the values of a column of texts, such as ids of its names."""
    texts = [each for each in profiles if not each.numeric]

    def numbers_one(each: Profile) -> bool:
        return each.whole and any(
            len(set(zip(table.column(each.name), table.column(text.name), strict=True)))
            == len(each.values)
            == len(text.values)
            for text in texts
        )

    return [each for each in profiles if not numbers_one(each)]


def kind_of_labels(
    table: Table, chosen: list[Profile], options: ReadOptions
) -> tuple[str, Kind, list[Finding]]:
    """Return the separator and the kind of the labels, and what is uncertain about them."""
    separator = options.separator
    if len(chosen) != 1:
        if options.targets != "auto":
            return separator, options.targets, []
        numeric = bool(chosen) and all(each.numeric for each in chosen)
        binary = all(each.binary for each in chosen)
        return separator, "numbers" if numeric and not binary else "labels", []
    (column,) = chosen
    if options.targets in ("classes", "numbers"):
        return "", options.targets, []
    if separator:
        return separator, "labels", []
    if column.numeric and options.targets == "auto":
        many = len(column.values) > FEW_VALUES and not words(column.name) & LABEL_WORDS
        many |= column.numbering  # classes of one picture each could not be learned
        if not column.whole:
            return "", "numbers", []
        return "", "numbers" if many else "classes", _whole_numbers(table, column) if many else []
    found = separated(column.values)
    if options.targets == "labels":
        return found.separator, "labels", []
    if found.separator and found.certain:
        return found.separator, "labels", []
    if found.separator:
        return "", "classes", [_one_or_several(table, column, found.separator)]
    return "", "classes", []


def _which_labels(table: Table, choices: list[tuple[str, ...]], pictures: Places | None) -> Finding:
    folders = Choice(label="The classes are the folders", settings={"data.classes_from": "folders"})
    listed = ", ".join(dict.fromkeys(name for group in choices for name in group))
    return Finding(
        code="label-columns",
        sentence=(
            f"Several columns of {table.name} may hold the labels ({listed}): choose which "
            f"(data.label_columns). Until then the first choice is shown."
        ),
        kind="question",
        choices=(
            *[
                Choice(label=f"Labels are in {_short(group)}", settings=_label_setting(group))
                for group in choices
            ],
            *([folders] if pictures and has_class_folders(pictures.pictures) else []),
        ),
    )


def _label_setting(group: tuple[str, ...]) -> dict[str, object]:
    return {"data.label_columns": group}


def _short(group: tuple[str, ...]) -> str:
    if len(group) < 3:
        return " and ".join(group)
    return f"{group[0]} to {group[-1]} ({len(group)} columns)"


def _whole_numbers(table: Table, column: Profile) -> list[Finding]:
    return [
        Finding(
            code="whole-numbers",
            sentence=(
                f"The column {column.name} of {table.name} holds {len(column.values):,} different "
                "whole numbers, which are read as numbers to predict. Set data.targets to classes "
                "if they number classes."
            ),
            choices=(
                Choice(label="They are classes", settings={"data.targets": "classes"}),
                Choice(label="They are numbers", settings={"data.targets": "numbers"}),
            ),
        )
    ]


def _one_or_several(table: Table, column: Profile, separator: str) -> Finding:
    named = {" ": "a space", ",": "a comma"}[separator]
    example = min((value for value in column.values if separator in value), key=len)
    return Finding(
        code="one-or-several",
        sentence=(
            f"Some labels in the column {column.name} of {table.name} hold {named}, as in "
            f'"{example}": choose whether that is one class or several labels.'
        ),
        kind="question",
        choices=(
            Choice(label="One class", settings={"data.targets": "classes"}),
            Choice(
                label="Several labels",
                settings={"data.targets": "labels", "data.separator": separator},
            ),
        ),
    )
