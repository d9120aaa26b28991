"""Batches: every item once and in order, few at a time, and no more than wanted is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from alscli.store.batches import batches

SIZES = st.lists(st.integers(0, 1 << 21), max_size=90)


@given(SIZES)
def test_every_item_once_and_in_order(sizes: list[int]) -> None:
    found = list(batches(iter(sizes), int))
    assert [size for batch in found for size in batch] == sizes
    for batch in found:
        assert 1 <= len(batch) <= 20
        assert sum(batch[:-1]) <= 1 << 20  # only the last item goes beyond


def test_what_comes_later_is_asked_for_later() -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            asked.append(number)
            yield number

    assert next(batches(items(), lambda _: 1)) == asked == list(range(20))
