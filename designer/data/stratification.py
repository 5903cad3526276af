"""Dividing examples that have several labels each, so that both halves have each in proportion."""

import numpy as np
from numpy.typing import NDArray

from designer.data.pictures import Array

_Indices = NDArray[np.int64]


def drawn_by_labels(rows: Array, order: _Indices, count: int) -> NDArray[np.bool_]:
    """Choose some examples that have each label in proportion.

    This is the iterative stratification of Sechidis, Tsoumakas and Vlahavas, "On the Stratification
    of Multi-label Data" (2011), for two parts: the examples of the rarest label that is left are
    divided first, each to the part that still wants more of this label. Unlike there, a part is
    full when it has its number of examples, so that the number is exact, and examples come in the
    given order instead of being drawn in case of a tie.

    Parameters
    ----------
    rows
        The labels of all examples, (n, labels), not 0 where an example has a label.
    order
        The indices of the examples that are divided, in random order.
    count
        How many are chosen, at most all.

    Returns
    -------
    NDArray[np.bool_]
        Whether each example of `order` is chosen.
    """
    places, labels = np.nonzero(rows[order])  # each pair of an example, by its place, and a label
    left = np.bincount(labels, minlength=rows.shape[1])  # examples of each that are in no part yet
    ends = np.cumsum(left)[:-1]
    members = np.split(places[np.argsort(labels, kind="stable")], ends)
    own = np.split(labels, np.cumsum(np.bincount(places, minlength=len(order)))[:-1])
    share = count / max(1, len(order))
    wanted = (left * (1 - share)).tolist(), (left * share).tolist()
    room = [len(order) - count, count]
    placed, chosen = np.zeros(len(order), bool), np.zeros(len(order), bool)
    while left.any():
        rarest = int(np.where(left > 0, left, len(order) + 1).argmin())
        for place in members[rarest][~placed[members[rarest]]].tolist():
            part = int((wanted[1][rarest], room[1]) > (wanted[0][rarest], room[0]))
            if not room[part]:
                part = 1 - part
            chosen[place], placed[place] = bool(part), True
            room[part] -= 1
            for label in own[place].tolist():
                wanted[part][label] -= 1
                left[label] -= 1
    chosen[np.flatnonzero(~placed)[: room[1]]] = True  # those without any label
    return chosen
