"""What is said about folders of pictures: what is left out, what is missing, what is asked."""

from collections.abc import Mapping, Sequence

from designer.data.files import shown
from designer.data.findings import Choice, Finding, LeftOut

_NAMED = 5  # names that a sentence gives
_LISTED = 100  # files left out for the same reason that are listed one by one


class FolderNotes:
    """Collects the findings and the files left out of one data set.

    Attributes
    ----------
    findings
        What is said, in order.
    left_out
        The files and folders that are not used.
    """

    def __init__(self, name: str) -> None:
        self._name = shown(name)
        self.findings: list[Finding] = []
        self.left_out: list[LeftOut] = []

    def unusable(self, left_out: Sequence[LeftOut]) -> None:
        """Say that files cannot be read or must not be, such as those that lead elsewhere."""
        if not left_out:
            return
        self.left_out += left_out
        first, rest = left_out[0], len(left_out) - 1
        more = f", and {rest:,} more cannot be used" if rest else ""
        self._note(
            "unusable-files",
            f"{self._name} is read without some of its files: {shown(first.file)} {first.reason}"
            f"{more}.",
        )

    def archives(self, names: Sequence[str]) -> None:
        """Say that archives within the data are not looked into."""
        if not names:
            return
        self.left_out += [LeftOut(name, "is an archive within the data") for name in names]
        self._note(
            "nested-archive",
            f"{self._name} holds archives that are not looked into: {_some(names)}. Unpack them if "
            "their pictures belong to the data.",
        )

    def outside(self, pictures: Sequence[str]) -> None:
        """Say that pictures lie beside the folders of the parts or classes."""
        if self._leave_out(pictures, "is outside the folders of the data set's parts"):
            self._note(
                "outside-pictures",
                f"Pictures of {self._name} outside the folders of its parts are left out: "
                f"{_some(pictures)}.",
            )

    def loose(self, pictures: Sequence[str]) -> None:
        """Say that pictures lie beside the class folders."""
        if self._leave_out(pictures, "is in no class folder"):
            self._note(
                "loose-pictures",
                f"Pictures of {self._name} beside its class folders are left out: "
                f"{_some(pictures)}.",
            )

    def nameless(self, pictures: Sequence[str]) -> None:
        """Say that the names of pictures begin with no class."""
        if self._leave_out(pictures, "has no class at the beginning of its name"):
            self._note(
                "nameless-pictures",
                f"Pictures of {self._name} whose names begin with no class are left out: "
                f"{_some(pictures)}.",
            )

    def unlabelled(self, part: str, folder: str, count: int) -> None:
        """Say that a part has no classes."""
        pictures = "1 picture" if count == 1 else f"{count:,} pictures"
        self.left_out.append(LeftOut(folder.rstrip("/"), f"holds {pictures} without classes"))
        self._note(
            "unlabelled-part",
            f"The {part} part of {self._name} is left out, since its {pictures} have no classes.",
        )

    def empty(self, folders: Sequence[str]) -> None:
        """Say that folders in the place of classes hold no pictures."""
        if len(folders) == 1:
            sentence = (
                f"The folder {_some(folders)} of {self._name} holds no pictures and is no class."
            )
        else:
            sentence = (
                f"Folders of {self._name} hold no pictures and are no classes: {_some(folders)}."
            )
        if folders:
            self._note("empty-folder", sentence)

    def empty_parts(self, folders: Sequence[str]) -> None:
        """Say that folders of parts hold no pictures."""
        if folders:
            self._note(
                "empty-part",
                f"Folders of {self._name} that are named as parts hold no pictures and are not "
                f"used: {_some(folders)}.",
            )

    def ask_for_names(self, classes: Mapping[str, Sequence[str]]) -> None:
        """Ask whether the beginnings of file names are the classes."""
        counted = [f"{shown(label)} ({len(names):,})" for label, names in classes.items()]
        more = f" and {len(counted) - _NAMED:,} more" if len(counted) > _NAMED else ""
        self._ask(
            "classes-from-names",
            f"The pictures of {self._name} are in no class folders, but their names begin with "
            f"what may be {len(counted):,} classes: {', '.join(counted[:_NAMED])}{more}. If those "
            "are not the classes, put the pictures into one sub-folder for each class.",
            Choice(
                label="take the classes from the names", settings={"data.classes_from": "names"}
            ),
        )

    def masks(self, folders: Sequence[str], skip: Sequence[str]) -> None:
        """Ask whether folders are classes that look like pictures and their segmentation masks.

        Parameters
        ----------
        folders
            All of them.
        skip
            The new value of ``data.skip`` that leaves the masks out; empty if that is no remedy.
        """
        choices = [
            Choice(label="the folders are classes", settings={"data.classes_from": "folders"})
        ]
        if skip:
            choices.append(Choice(label="leave the masks out", settings={"data.skip": tuple(skip)}))
        self._ask(
            "segmentation-masks",
            f"The folders {_some(folders)} of {self._name} look like pictures and their "
            "segmentation masks, which are not trained on: give one sub-folder of pictures for "
            "each class, or a table with the label of each picture.",
            *choices,
        )

    def unknown_classes(
        self, part: str, classes: Mapping[str, Sequence[str]], skip: Sequence[str]
    ) -> None:
        """Ask about pictures of classes that the training part lacks.

        Parameters
        ----------
        part
            The name of the part they are in.
        classes
            Their names by their classes.
        skip
            The new value of ``data.skip`` that leaves them out.
        """
        names = [name for label in classes for name in classes[label]]
        self._leave_out(names, "is of a class that the training part does not have")
        self._ask(
            "unknown-classes",
            f"The {part} part of {self._name} has classes that the training part does not have: "
            f"{_some(list(classes))}. Rename those folders if they are misspelled, or add training "
            "pictures.",
            Choice(label="leave those pictures out", settings={"data.skip": tuple(skip)}),
        )

    def _note(self, code: str, sentence: str) -> None:
        self.findings.append(Finding(code=code, sentence=sentence))

    def _ask(self, code: str, sentence: str, *choices: Choice) -> None:
        self.findings.append(
            Finding(code=code, sentence=sentence, kind="question", choices=choices)
        )

    def _leave_out(self, names: Sequence[str], reason: str) -> bool:
        """List files that are left out, if there are any; many in one line."""
        if len(names) > _LISTED:
            rest = len(names) - 1
            self.left_out.append(LeftOut(f"{names[0]} and {rest:,} more", reason))
        else:
            self.left_out += [LeftOut(name, reason) for name in names]
        return bool(names)


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(map(shown, names[:_NAMED])) + (f" and {rest:,} more" if rest > 0 else "")
