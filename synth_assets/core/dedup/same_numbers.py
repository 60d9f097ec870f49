"""Which numbers texts tell of: vectors of meaning hardly see them, and they often matter most."""

import re
from collections.abc import Sequence

import numpy as np

from synth_assets.core.decontaminate.elements import NUMBER, Elements, Lexicon
from synth_assets.core.dedup.join import Int64s

_AT_ONCE = 2_048
_SLOTS = 1 << 18
_GLUED = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
_ONE, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)


def number_sets(texts: Sequence[str]) -> Int64s:
    """A hash of the set of numbers in each text; texts with the same numbers have the same.

    A number is its value, however it is written: `1,200`, `1200.0`, `3/4`, `twenty-five`, `twice`,
    and the 20 of `20kb`. The word `one` counts as none, for it is rather a pronoun. How often a
    number stands there, and where, does not matter.
    """
    lexicon = Lexicon((), _SLOTS)
    stretches = (texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE))
    read = (lexicon.read([_GLUED.sub(" ", text) for text in stretch]) for stretch in stretches)
    found = [_sets(elements) for elements in read]
    return np.concatenate([np.empty(0, np.int64), *found])


def _sets(elements: Elements) -> Int64s:
    lengths = np.diff(elements.offsets)
    places = np.flatnonzero(elements.codes == NUMBER)
    owners = np.repeat(np.arange(len(lengths)), lengths)[places]
    told = np.unique(np.stack([owners, elements.values[places].view(np.int64)]), axis=1)
    mixed = (told[1].view(np.uint64) ^ _ONE) * _OTHER
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _ONE
    # Of a set each order gives the same sum; the hash of none is 0.
    sums = np.zeros(len(lengths), np.uint64)
    np.add.at(sums, told[0], mixed ^ (mixed >> np.uint64(32)))
    return sums.view(np.int64)
