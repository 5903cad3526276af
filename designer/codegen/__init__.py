"""From a design to the text of a Python file that runs wherever torch is installed."""

from designer.codegen.source import Generated, generate, source

__all__ = ["Generated", "generate", "source"]
