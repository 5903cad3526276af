"""Other values than the defaults, for tests that walk the settings of a recipe."""

from typing import Any

from designer.recipe.recipe import Recipe, value_of
from designer.recipe.settings import Field


def another_value(field: Field) -> Any:
    """Return a value that fits a setting and is not its default."""
    default = value_of(Recipe(), field.name)
    setting = field.setting
    if setting.choices is not None and field.several is not None:
        return tuple(setting.choices)[:2]
    if setting.choices is not None:
        return next(name for name in setting.choices if name != default)
    if field.kind is bool:
        return not default
    if field.kind is int:
        return 3 if default is None else default + 1
    if field.kind is float:
        if setting.low is not None and setting.low > 0.5:
            return setting.low + 1
        return 0.25 if default == 0.5 else 0.5
    if field.kind is str:
        return f"{default}x"
    if field.is_table:
        return ((0.0, 1.0), (5.0, 0.0))
    if field.several is str:
        return ("a, b", "c")
    low = setting.low or 0.0
    return (low + 0.25, low + 0.75)[: field.count or 1]
