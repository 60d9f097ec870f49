"""Several answers in one completion: a block such as `<qa>...</qa>` repeated, each on its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth_assets.core.completion import Completion
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.techniques.sections import NOTHING, classified, read_sections


@dataclass(frozen=True)
class Blocks:
    """What a completion holds of the blocks that were asked for.

    Attributes:
        read: as many as were asked for, in their order; those that are missing are unusable.
        surplus: how many more there are, which nobody asked for.
    """

    read: Sequence[Answered | Unusable]
    surplus: int


def read_blocks(
    completion: Completion,
    block: str,
    names: tuple[str, ...],
    count: int,
    optional: tuple[str, ...] = (),
) -> Blocks:
    """Read `count` blocks of a completion, each with the named sections; see `read_sections`.

    A block that cannot be read spoils no other. An answer that is cut off gives the blocks that
    are whole. One that ends with `<none/>` declines what is missing.

    Args:
        completion: the answer.
        block: tag of the blocks.
        names: sections that each must have.
        count: how many were asked for.
        optional: sections that are read where they stand once.
    """
    pattern = rf"<{block}>(.*?)(</{block}>|(?=<{block}>)|\Z)"
    found = re.findall(pattern, completion.text, flags=re.DOTALL)
    read = [
        _block(completion, body, bool(end), (block, names, optional)) for body, end in found[:count]
    ]
    missing = _missing(completion, f"{len(found)} of the {count} blocks <{block}> asked for")
    read += [missing] * (count - len(read))
    return Blocks(read, max(0, len(found) - count))


def _block(
    completion: Completion,
    body: str,
    is_closed: bool,
    asked: tuple[str, tuple[str, ...], tuple[str, ...]],
) -> Answered | Unusable:
    block, names, optional = asked
    if not is_closed:
        return classified(completion, Reason.UNPARSABLE, f"a block <{block}> is not closed")
    alone = replace(completion, text=body, finish_reason="stop")
    texts = read_sections(alone, names)
    if isinstance(texts, Unusable):
        return texts
    for name in optional:
        more = read_sections(alone, (name,))
        texts |= {} if isinstance(more, Unusable) else more
    return Answered(texts, completion)


def _missing(completion: Completion, told: str) -> Unusable:
    problem = f"the answer holds {told}"
    if completion.finish_reason == "stop" and completion.text.rstrip().endswith(NOTHING):
        return Unusable(Reason.DECLINED, f"the teacher finds no more to ask: {told}")
    return classified(completion, Reason.UNPARSABLE, problem)
