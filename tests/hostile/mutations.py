"""Damage to files: in their bytes, and in the values of JSON."""

import json
import random
from typing import Any

HUGE = (10**18, -1, 0, 10**400, 1e308, -1e308, 2**63, 2**64, -(2**63), 10**9)
WRONG = (
    None, True, "", "x" * 1000, "\0", "../../etc/passwd", [], {}, [[]], [None], {"a": 1}, 1.5,
    "residual\u202e", "NaN",
)  # fmt: skip
TEXTS = ("NaN", "Infinity", "-Infinity", "1e999", "[" * 100_000, '{"a":' * 10_000, "1" * 5_000)


def damaged_bytes(data: bytes, random_: random.Random) -> bytes:
    """Return a file with a flipped bit, cut off, overwritten, longer, or replaced."""
    content = bytearray(data or b" ")
    where = random_.randrange(len(content))
    match random_.randrange(6):
        case 0 | 1:
            content[where] ^= 1 << random_.randrange(8)
        case 2:
            del content[where:]
        case 3:
            length = random_.randrange(1, 65)
            content[where : where + length] = random_.randbytes(length)
        case 4:
            content[where:where] = random_.randbytes(random_.randrange(1, 65))
        case 5:
            end = where + random_.randrange(1, 257)
            del content[where:end]
    return bytes(content)


def damaged_json(data: bytes, random_: random.Random) -> bytes:
    """Return a JSON file, or one of JSON lines, with one damage in its bytes or its values."""
    if random_.random() < 0.3:
        return damaged_bytes(data, random_)
    lines = data.splitlines(keepends=True)
    try:
        value = json.loads(data)
    except ValueError:
        if len(lines) < 2:
            return damaged_bytes(data, random_)
        at = random_.randrange(len(lines))
        lines[at] = damaged_json(lines[at].rstrip(b"\n"), random_).replace(b"\n", b" ") + b"\n"
        return b"".join(lines)
    return _damaged_value(value, random_)


def _damaged_value(value: Any, random_: random.Random) -> bytes:
    holder, key = random_.choice(list(_positions(value)) or [({"": value}, "")])
    mark = "\ufdd0"
    match random_.randrange(7):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[f"{key}{random_.choice(('', 's', ' ', '_'))}x"] = holder.pop(key)
        case 2 if isinstance(holder, dict):
            text = json.dumps(holder[key])
            holder[key] = mark
            twice = f"{text}, {json.dumps(key)}: {text}"
            return json.dumps(value).replace(json.dumps(mark), twice).encode()
        case 3:
            holder[key] = random_.choice(HUGE)
        case 4:
            holder[key] = mark
            return json.dumps(value).replace(json.dumps(mark), random_.choice(TEXTS)).encode()
        case _:
            holder[key] = random_.choice(WRONG)
    return json.dumps(value, allow_nan=True).encode()


def _positions(value: Any) -> "Any":
    """Yield every container in a value with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _positions(value[key])
