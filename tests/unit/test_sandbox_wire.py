from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.resources.sandbox.wire import ForgedError, WireError, pack, unpack

_EDGES = (1 << 63, (1 << 63) - 1, -(1 << 63), -(1 << 63) - 1, 1 << 200, 0, -1)
_LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.sampled_from(_EDGES), st.text(), st.binary()),
    st.floats(allow_nan=False),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)
    ),
    max_leaves=20,
)


def _nothing(value: object) -> tuple[Any, ...]:
    raise WireError("no data")


def _kinds(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value), [_kinds(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return dict, [_kinds(item) for item in value.values()]  # pyright: ignore[reportUnknownVariableType]
    return type(value)


@given(_VALUES)
def test_pack_value_comes_back_equal_and_of_the_same_types(value: object):
    back = unpack(pack(value, _nothing), _nothing)

    assert back == value
    assert _kinds(back) == _kinds(value)


@given(_VALUES, st.data())
def test_unpack_bytes_that_are_cut_are_no_value(value: object, data: st.DataObject):
    whole = pack(value, _nothing)
    end = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(ForgedError):
        unpack(whole[:end], _nothing)


@pytest.mark.parametrize("value", [[0.5] * 2_000_000, [1] * 2_000_000, ["x" * 100] * 200_000])
def test_pack_value_that_is_too_large_does_not_cross(value: list[object]):
    with pytest.raises(WireError, match="too large"):
        pack(value, _nothing)


def test_pack_number_of_a_subclass_crosses_as_the_number():
    class Always(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    back = unpack(pack([Always(7)], _nothing), _nothing)

    assert [type(item) for item in back] == [int]
    assert back == [7]
