"""What reloading a file that another program changed does to unsaved changes.

The design and the recipe are compared three ways, each for itself: with what was read from the file
before, and with what the file has now. So a change of one of them only never costs the other.
"""

from typing import TYPE_CHECKING, NamedTuple

from designer.gui.documents.document import Document

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe

_REPLACES = {
    (True, False): "Reloading replaces your unsaved design; Undo brings it back.",
    (False, True): "Reloading replaces your unsaved recipe; Undo brings it back.",
    (True, True): "Reloading replaces your unsaved design and recipe; Undo brings them back.",
}
_KEEPS = {
    (True, False): "Reloading keeps your unsaved design, as the design in the file did not change.",
    (False, True): "Reloading keeps your unsaved recipe, as the recipe in the file did not change.",
    (True, True): "Reloading keeps your unsaved design and recipe, as those in the file did not "
    "change.",
}
_REPLACED = {
    (True, False): "Undo brings back your unsaved design.",
    (False, True): "Undo brings back your unsaved recipe.",
    (True, True): "Undo brings back your unsaved design and recipe.",
}
_KEPT = {
    (True, False): "Your unsaved design was kept.",
    (False, True): "Your unsaved recipe was kept.",
    (True, True): "Your unsaved design and recipe were kept.",
}


class Reload(NamedTuple):
    """What reloading takes from the file, and which unsaved changes it replaces.

    Attributes
    ----------
    design, recipe
        Those that the document has after reloading.
    replaces
        Whether an unsaved design and an unsaved recipe are replaced.
    keeps
        Whether an unsaved design and an unsaved recipe are kept.
    """

    design: "Design"
    recipe: "Recipe | None"
    replaces: tuple[bool, bool]
    keeps: tuple[bool, bool]

    @property
    def announcement(self) -> str:
        """What reloading will do to unsaved changes, in words; "" if there are none."""
        return _sentences(_REPLACES, _KEEPS, self)

    @property
    def report(self) -> str:
        """What reloading did to unsaved changes, in words; "" if there were none."""
        return _sentences(_REPLACED, _KEPT, self)


def reloaded(document: Document, design: "Design", recipe: "Recipe | None") -> Reload:
    """Compare a document with what was read from its file and with what the file has now.

    Parameters
    ----------
    document
        The open design.
    design, recipe
        Those of the file's present content.
    """
    from designer.recipe.recipe import Recipe

    base, default = document.in_file, Recipe()
    mine, before, now = (
        each or default for each in (document.recipe, document.saved_recipe, recipe)
    )
    changed = (document.design is not document.saved and document.design != design, mine != now)
    # Without a base, as in a design restored after a crash, the file counts as changed.
    same = (base is not None and base == design, base is not None and before == now)
    own = (changed[0], changed[1] and (base is None or mine != before))
    keeps = (own[0] and same[0], own[1] and same[1])
    return Reload(
        document.design if same[0] or document.design == design else design,
        document.recipe if keeps[1] else recipe,
        (own[0] and not keeps[0], own[1] and not keeps[1]),
        keeps,
    )


def _sentences(
    replaces: dict[tuple[bool, bool], str], keeps: dict[tuple[bool, bool], str], reload: Reload
) -> str:
    found = (replaces.get(reload.replaces), keeps.get(reload.keeps))
    return " ".join(each for each in found if each)
