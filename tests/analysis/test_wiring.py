"""The wiring of graphs."""

import pytest

from designer.analysis.wiring import CHAIN, chain, wire


@pytest.mark.parametrize("times", [0, 1, 2, 7])
def test_a_chain_is_wired_as_its_edges_say(times: int) -> None:
    wiring = chain("Unit", times)
    assert wiring == wire(wiring.graph, CHAIN)
    assert wiring.order == tuple(map(str, range(times)))
