"""Sums of products that are written with letters (``torch.einsum``), as matrix products."""

from collections.abc import Sequence
from contextlib import suppress
from math import prod
from string import ascii_letters

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.dense import product
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.reductions import reduce
from designer.folding.patterns.values import Call, Symbol, UnsupportedError
from designer.folding.patterns.views import permuted


@handles("einsum")
def einsum(c: Converter, call: Call) -> None:
    """Multiply tensor by tensor, then bring the axes into the order that is asked for."""
    equation = call["equation"].replace(" ", "")
    tensors: Sequence[Symbol] = call["tensors"]
    terms, out = _letters(equation, tensors)
    sizes: dict[str, int] = {}
    for letters, tensor in zip(terms, tensors, strict=True):
        for letter, size in zip(letters, tensor.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise UnsupportedError(f"einsum {equation} with axes of size 1")
    if any(len(set(each)) < len(each) for each in (*terms, out)) or not set(out) <= sizes.keys():
        raise UnsupportedError(f"einsum {equation}")
    if len(tensors) == 2:
        with suppress(UnsupportedError), c.attempt():
            if _is_plain(c, call.result, terms, out, tensors):
                return
    made, letters = tensors[0], terms[0]
    for number, (tensor, term) in enumerate(zip(tensors[1:], terms[1:], strict=True), 2):
        later = {*out, *"".join(terms[number:])}
        made, letters = _multiplied(c, sizes, later, (made, letters), (tensor, term))
    made, letters = _summed(c, made, letters, set(out))
    permuted(c, made, [letters.index(each) for each in out], call.result)


def _letters(equation: str, tensors: Sequence[Symbol]) -> tuple[list[str], str]:
    """Return the letters of the axes of each tensor and of the result."""
    given, arrow, out = equation.partition("->")
    terms = given.split(",")
    free = [each for each in ascii_letters if each not in equation]
    longest = 0
    if len(terms) != len(tensors):
        raise UnsupportedError(f"einsum {equation}")
    for number, (term, tensor) in enumerate(zip(terms, tensors, strict=True)):
        if "..." in term:
            count = tensor.dim() - len(term) + 3
            longest = max(longest, count)
            terms[number] = term.replace("...", "".join(free[:count][::-1]))
        if len(terms[number]) != tensor.dim():
            raise UnsupportedError(f"einsum {equation}")
    rest = "".join(free[:longest][::-1])
    if not arrow:
        every = "".join(terms)
        out = rest + "".join(sorted(x for x in set(every) if every.count(x) == 1 and x not in rest))
    return terms, out.replace("...", rest)


def _is_plain(
    c: Converter, result: Symbol, terms: Sequence[str], out: str, tensors: Sequence[Symbol]
) -> bool:
    """Write what is a matrix product as it stands."""
    first, second = terms
    one, other = tensors
    if min(len(first), len(second), len(out)) < 2 or len(out) != len(first):
        return False
    if len(second) == 3 and len(first) > 3 and second[1:] == out[-1] + first[-1]:
        if first[:-1] != out[:-1] or second[0] not in first[-3:-1]:
            return False
        if second[0] == first[-3]:
            product(c, result, one, other, turned=True)
        else:
            _of_columns(c, tensors, result)
        return True
    if not first[:-2] == second[:-2] == out[:-2]:
        return False
    if out[-2:] == first[-2] + second[-2] and first[-1] == second[-1]:
        product(c, result, one, other, turned=True)
    elif out[-2:] == first[-2] + second[-1] and first[-1] == second[-2]:
        product(c, result, one, other)
    else:
        return False
    return True


def _of_columns(c: Converter, tensors: Sequence[Symbol], result: Symbol) -> None:
    """Multiply each column of an image by a matrix of its own."""
    one, other = tensors
    order = [*range(one.dim() - 3), one.dim() - 2, one.dim() - 3, one.dim() - 1]
    columns = c.new_symbol(tuple(one.shape[each] for each in order))
    made = c.new_symbol(tuple(result.shape[each] for each in order))
    permuted(c, one, order, columns)
    product(c, made, columns, other, turned=True)
    permuted(c, made, order, result)


_Term = tuple[Symbol, str]
"""A tensor and the letters of its axes."""


def _multiplied(
    c: Converter, sizes: dict[str, int], later: set[str], first: _Term, second: _Term
) -> _Term:
    """Multiply two tensors; sum over the letters that nothing later has."""
    one, other = (
        _summed(c, *each, later | set(beside))
        for each, (_, beside) in ((first, second), (second, first))
    )
    images = _image_letter(c, *other)
    if images and images not in one[1]:
        one, other = other, one  # what has values for each image comes first
    (left, a), (right, b) = one, other
    images = _image_letter(c, left, a)
    both = [each for each in a if each in b and each in later]
    summed = [each for each in a if each in b and each not in later]
    rows = [each for each in a if each not in b]
    columns = [each for each in b if each not in a]
    if images in summed:
        raise UnsupportedError("a sum over the images")
    leading = [each for each in (images,) if each in rows]
    rows = [each for each in rows if each not in leading]
    if images in both:
        both.remove(images)
        both.insert(0, images)
    turned = bool(columns) and (not summed or b.index(columns[0]) < b.index(summed[0]))
    last = (columns, summed) if turned else (summed, columns)
    made = c.new_symbol(
        (*[sizes[each] for each in (*leading, *both)], _size(sizes, rows), _size(sizes, columns))
    )
    product(
        c,
        made,
        _merged(c, sizes, left, a, [*leading, *both], (rows, summed)),
        _merged(c, sizes, right, b, both, last),
        turned=turned,
    )
    letters = [*leading, *both, *rows, *columns]
    apart = c.new_symbol(tuple([sizes[each] for each in letters]))
    _reshaped(c, made, apart)
    return apart, "".join(letters)


def _merged(
    c: Converter,
    sizes: dict[str, int],
    tensor: Symbol,
    letters: str,
    leading: Sequence[str],
    last: tuple[Sequence[str], Sequence[str]],
) -> Symbol:
    """Return a tensor with its axes in an order, some of them joined to two at the end."""
    order = [*leading, *last[0], *last[1]]
    ordered = c.new_symbol(tuple([sizes[each] for each in order]))
    permuted(c, tensor, [letters.index(each) for each in order], ordered)
    joined = c.new_symbol(
        (*[sizes[each] for each in leading], *[_size(sizes, each) for each in last])
    )
    _reshaped(c, ordered, joined)
    return joined


def _reshaped(c: Converter, tensor: Symbol, result: Symbol) -> None:
    """Join axes of a tensor, or take them apart; the images stay along its first axis."""
    value = c.value(tensor)
    c.know(result, c.reshaped(value, c.shape_of(result, value.batch))._replace(batch=value.batch))


def _size(sizes: dict[str, int], letters: Sequence[str]) -> int:
    return prod([sizes[each] for each in letters])


def _image_letter(c: Converter, tensor: Symbol, letters: str) -> str:
    """Return the letter of the axis along which the images lie; "" if there is none."""
    value = c.value(tensor)
    if c.has_pieces(tensor):
        raise UnsupportedError("einsum over several pieces of each image")
    return "" if value.batch is None else letters[value.batch]


def _summed(c: Converter, tensor: Symbol, letters: str, kept: set[str]) -> _Term:
    """Sum over the axes whose letters nothing else has."""
    gone = [axis for axis, each in enumerate(letters) if each not in kept]
    if not gone:
        return tensor, letters
    if _image_letter(c, tensor, letters) not in {"", *kept}:
        raise UnsupportedError("a sum over the images")
    rest = [axis for axis in range(tensor.dim()) if axis not in gone]
    made = c.new_symbol(tuple([tensor.shape[each] for each in rest]))
    reduce(c, made, tensor, "sum", gone)
    return made, "".join([letters[each] for each in rest])
