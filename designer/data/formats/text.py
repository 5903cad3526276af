"""Texts: a text file, or a folder of them, whose next token is to be predicted."""

from collections.abc import Sequence

import numpy as np
import psutil
from numpy.typing import NDArray

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.findings import Finding, LeftOut
from designer.data.options import ReadOptions
from designer.data.parts import Part
from designer.data.pictures import Array
from designer.data.source import Source
from designer.data.targets import Target
from designer.data.texts import INPUT, TARGET, TextColumn, numbered, vocabulary_of
from designer.errors import DesignerError
from designer.recipe.vocabulary import Vocabulary, shown

SUFFIXES = (".txt", ".text", ".md", ".py")

_LENGTH = 64  # of the windows before a network says how many tokens it takes
_MEMORY = 12  # times the bytes of a text that reading it takes at most
_SHARE = 0.5  # of the free memory
_FEWEST = 16  # tokens of a text
_MOST = 0.7  # share of files that are texts in a folder of them
_MADE = frozenset({"__pycache__", "site-packages", "dist-packages", "node_modules"})
_BAD = 0.05  # share of bytes that are no UTF-8 from which on a file is no text
_ESCAPED = (0xDC80, 0xDCFF)  # what stands for bytes that are no UTF-8


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read a text file, or the text files of a folder one behind the other in natural order.

    Raises
    ------
    DesignerError
        A file cannot be read or is no text in UTF-8, or there are too few tokens.
    """
    names = [source.chosen] if source.chosen else _texts(_own(source.files.names))
    total = sum(source.files.size(name) for name in names)
    if total * _MEMORY > _SHARE * psutil.virtual_memory().available:
        raise DesignerError(
            f"The texts of {source.path} have {total:,} bytes, which is more than fits into the "
            "free memory: give fewer files."
        )
    findings: list[Finding] = []
    left_out: list[LeftOut] = []
    vocabulary = options.vocabulary
    kind = vocabulary.kind if vocabulary is not None else options.tokens
    if kind == "bytes":
        pieces = [source.files.read(name) for name in names]
        tokens: Array = np.frombuffer(_joined(pieces), np.uint8)
        vocabulary = Vocabulary(kind="bytes")
    else:
        codes = [_characters(source, name, left_out) for name in names]
        findings += _bad_bytes(source, left_out)
        found = [_with_line_end(each, len(names)) for each in codes if each is not None]
        every = np.concatenate([np.zeros(0, np.uint32), *found])
        if vocabulary is None:
            if not len(every):
                raise _too_short(source, 0)
            vocabulary = vocabulary_of(every)
        tokens, unknown = numbered(every, vocabulary)
        if len(unknown):
            listed = shown("".join(map(chr, np.unique(unknown))))
            findings.append(
                Finding(
                    code="unknown-characters",
                    sentence=(
                        f"{len(unknown):,} characters of {source.name} are none of the "
                        f"{vocabulary.size:,} that the network knows ({listed}) and are left out."
                    ),
                    kind="warning",
                )
            )
    column = TextColumn(tokens, min(_LENGTH, max(1, (len(tokens) - 1) // 8)), vocabulary)
    if len(tokens) < _FEWEST:
        if kind == "characters" and len(every) >= _FEWEST:
            raise DesignerError(
                f"Of the {len(every):,} characters of {source.path}, the network knows "
                f"{len(tokens):,}, too few to evaluate it: give a text of characters that it was "
                f"trained with ({shown(vocabulary.characters)})."
            )
        raise _too_short(source, len(tokens))
    return DataSet(
        source.name,
        source.path,
        (Target(TARGET, "tokens", vocabulary.names),),
        Part({INPUT: column}, {TARGET: column.next_tokens()}),
        findings=tuple(findings),
        left_out=tuple(left_out),
    )


def _too_short(source: Source, tokens: int) -> DesignerError:
    return DesignerError(
        f"{source.path} has {tokens:,} tokens, too few to learn the next one from: give a longer "
        "text."
    )


def _joined(pieces: list[bytes]) -> bytes:
    """Return files one behind the other, each of several ending with the end of a line."""
    if len(pieces) > 1:
        pieces = [each if each.endswith(b"\n") else each + b"\n" for each in pieces if each]
    return b"".join(pieces)


def _with_line_end(codes: NDArray[np.uint32], files: int) -> NDArray[np.uint32]:
    if files == 1 or not len(codes) or codes[-1] == ord("\n"):
        return codes
    return np.append(codes, np.uint32(ord("\n")))


def _characters(source: Source, name: str, left_out: list[LeftOut]) -> NDArray[np.uint32] | None:
    """Return the characters of a file by their numbers in Unicode; ends of lines are one each.

    None for one of several files that is no text.
    """
    content = source.files.read(name)
    text = content.decode("utf-8-sig", "surrogateescape")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    bad = (codes >= _ESCAPED[0]) & (codes <= _ESCAPED[1])
    count = int(bad.sum())
    if b"\0" in content or count > _BAD * max(1, len(content)):
        if not source.chosen:
            left_out.append(LeftOut(name, "is no text in UTF-8"))
            return None
        raise DesignerError(
            f"{source.files.where(name)} is no text in UTF-8: save it as UTF-8, or set data.tokens "
            "to bytes."
        )
    if count:
        word = "1 byte that is" if count == 1 else f"{count:,} bytes that are"
        left_out.append(LeftOut(name, f"has {word} no UTF-8 and left out"))
    return codes[~bad]


def _bad_bytes(source: Source, left_out: list[LeftOut]) -> list[Finding]:
    if not left_out:
        return []
    first = left_out[0]
    others = len(left_out) - 1
    files = "file has" if others == 1 else "files have"
    more = f"; {others:,} other {files} such bytes, too" if others else ""
    return [
        Finding(
            code="no-utf-8",
            sentence=f"{source.files.where(first.file)} {first.reason}{more}.",
            kind="warning",
        )
    ]


def _texts(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(SUFFIXES)]


def _own(names: Sequence[str]) -> list[str]:
    """Return the files that are not in folders of what programs made or installed."""
    return [name for name in names if not _MADE.intersection(name.split("/")[:-1])]


def _recognizes_folder(source: Source) -> bool:
    """Tell whether nearly all files of a folder are texts; pictures with labels beside are not."""
    names = _own(source.files.names)
    return len(_texts(names)) > _MOST * len(names)


FORMAT = DataFormat(
    name="text",
    title="Texts",
    description="a text file (.txt, .py) in UTF-8, or a folder of them",
    order=95,  # before folders of pictures, which recognize every folder
    read=read,
    suffixes=SUFFIXES,
    recognizes_folder=_recognizes_folder,
)
