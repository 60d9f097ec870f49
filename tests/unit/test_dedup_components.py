import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.components import Components, fewest_links, linked_rows

LINKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40)


def pairs(links: list[tuple[int, int]]) -> np.ndarray:
    return np.array(links, np.int64).reshape(-1, 2)


def groups(found: Components) -> list[list[int]]:
    return [each.tolist() for each in np.split(found.rows, np.cumsum(found.sizes)[:-1])]


def groups_by_hand(links: list[tuple[int, int]]) -> list[list[int]]:
    """Sets that are merged as long as two have a row in common."""
    found: list[set[int]] = []
    for link in links:
        meeting = [each for each in found if each & set(link)]
        found = [each for each in found if not each & set(link)]
        found.append(set(link).union(*meeting))
    return sorted(sorted(each) for each in found)


@settings(deadline=None)
@given(LINKS)
def test_components_are_the_rows_that_links_hold_together(links):
    found = Components.of(pairs(links))
    assert [each for each in groups(found) if each] == groups_by_hand(links)


@settings(deadline=None)
@given(st.lists(LINKS, max_size=4))
def test_fewest_links_hold_the_same_rows_together(lots):
    kept = fewest_links([pairs(links) for links in lots])
    every = [link for links in lots for link in links if link[0] != link[1]]
    assert [each for each in groups(Components.of(kept)) if each] == groups_by_hand(every)
    assert len(kept) == sum(len(each) - 1 for each in groups_by_hand(every))


def test_linked_rows_are_those_with_a_key_in_common():
    keys = np.array([7, 1, 7, 2, 1, 7, 3], np.uint64)
    rows = np.array([0, 0, 5, 5, 8, 9, 6])
    assert groups(Components.of(linked_rows(keys, rows))) == [[0, 5, 8, 9]]
    assert linked_rows(keys[:0], rows[:0]).shape == (0, 2)


@settings(deadline=None)
@given(LINKS, st.integers(0, 12))
def test_components_are_never_split_into_batches(links, most):
    found = Components.of(pairs([link for link in links if link[0] != link[1]]))
    batches = found.batches(most)
    by_component = np.split(batches, np.cumsum(found.sizes)[:-1])
    assert all(len(set(each.tolist())) == 1 for each in by_component if len(each))
    sizes = np.bincount(batches)
    assert (sizes > 0).all()
    largest = found.sizes.max(initial=0)
    assert (sizes < max(most, 1) + largest).all()
