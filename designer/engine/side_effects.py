"""What libraries write or send unasked, and how they are kept from it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

# The first is read by current versions of onnxruntime, the second by those of summer 2026.
_TELEMETRY_OFF = ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED")
_CACHE = "TORCHINDUCTOR_CACHE_DIR"


def disable_telemetry() -> None:
    """Keep onnxruntime from sending usage data and from storing a device's identifier.

    Call this before its first import in a process. What the user has set stays.
    """
    for name in _TELEMETRY_OFF:
        os.environ.setdefault(name, "1")


@contextlib.contextmanager
def no_empty_cache() -> Iterator[None]:
    """Remove the cache folder that ``torch.export`` makes among the temporary files.

    It is left alone if the user has chosen its place, or if it is not empty.
    """
    chosen = _CACHE in os.environ
    try:
        yield
    finally:
        made = os.environ.get(_CACHE)  # torch sets it when it makes the folder
        if made and not chosen:
            with contextlib.suppress(OSError):
                Path(made).rmdir()
            del os.environ[_CACHE]
