"""Which rows hang together: union by smaller number, with paths halved.

After Tarjan and van Leeuwen, 1984, «Worst-case analysis of set union algorithms».
"""

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.kernels.compiled import compiled
from synth_assets.core.dedup.kernels.mixing import I64


@compiled
def root_of(parents: I64, node: int) -> int:
    """The smallest node that a node is united with."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@compiled
def unite(edges: I64, parents: I64, joins: npt.NDArray[np.bool_]) -> None:
    """Unite the two nodes of each edge.

    Args:
        edges: edges x 2.
        parents: in and out, of each node another of its group; itself at first. At the end, the
            smallest of its group.
        joins: out, whether each edge united what was apart.
    """
    for edge in range(len(edges)):
        one = root_of(parents, edges[edge, 0])
        other = root_of(parents, edges[edge, 1])
        joins[edge] = one != other
        parents[max(one, other)] = min(one, other)
    for node in range(len(parents)):
        parents[node] = root_of(parents, node)
