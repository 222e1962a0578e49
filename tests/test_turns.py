"""Whose turn it is: ordinary pages go before slow ones, and no slow one waits for ever."""

from __future__ import annotations

from crawler.archive import ExtractionJob
from crawler.fetching.run.turns import CALM_SECONDS, LARGE_BYTES, TURN_SECONDS, Turn, Turns


def job(name: str) -> ExtractionJob:
    return ExtractionJob(name, f"http://x.example/{name}", "text/html", "text/html", "2026-03-01")


def turns(workers: int, *names: str, size_bytes: int = 1000) -> Turns:
    made = Turns(workers)
    for name in names:
        made.add(job(name), size_bytes, now=0)
    return made


def taken(of: Turns, now: float = 0, *, all_are_here: bool = False) -> Turn:
    turn = of.take(now=now, all_are_here=all_are_here)
    assert turn is not None
    return turn


def rests(of: Turns, now: float) -> bool:
    return of.take(now=now, all_are_here=False) is None


def names(of: Turns, now: float = 0) -> list[str]:
    """What one worker after another would read, nobody ever ready."""
    found = []
    while turn := of.take(now=now, all_are_here=True):
        found.append(turn.page.job.payload)
    return found


def slow(workers: int, *names: str, now: float = 0) -> Turns:
    """Turns in which these had their slices already."""
    made = turns(workers, *names)
    for turn in [taken(made, now) for _ in names]:
        made.was_put_off(turn, now=now)
    return made


def test_pages_are_read_in_the_order_in_which_they_came() -> None:
    assert names(turns(1, "a", "b", "c")) == ["a", "b", "c"]


def test_a_large_page_and_one_that_had_its_slice_wait_for_the_others() -> None:
    made = slow(2, "long")
    made.add(job("large"), LARGE_BYTES + 1, now=0)
    made.add(job("a"), LARGE_BYTES, now=0)
    made.add(job("b"), 10, now=0)
    assert len(made) == 4
    assert names(made) == ["a", "b", "long", "large"]


def test_the_smallest_of_the_slow_is_the_first() -> None:
    made = turns(1)
    for name, size in (("9", 9), ("3", 3), ("5", 5)):
        made.add(job(name), size * LARGE_BYTES, now=0)
    assert names(made) == ["3", "5", "9"]


def test_an_ordinary_page_may_be_put_off_and_others_wait_only_while_ordinary_ones_do() -> None:
    made = turns(2, "a", "b")
    made.add(job("large"), LARGE_BYTES + 1, now=0)
    assert made.others_wait
    assert taken(made).may_be_put_off
    assert taken(made).may_be_put_off
    assert not made.others_wait


def test_a_slow_page_has_its_turn_when_no_other_has_waited_for_a_moment() -> None:
    made = slow(2, "long")
    made.add(job("a"), 1, now=10)
    made.add(job("b"), 1, now=10)
    taken(made, 10)
    taken(made, 10.5)
    assert rests(made, 10.6)
    assert made.rest_seconds(now=10.6) == 10 + CALM_SECONDS - 10.6
    turn = taken(made, 10 + CALM_SECONDS)
    assert turn.is_slow
    assert turn.may_be_put_off  # should others come to wait for it


def test_the_first_page_of_all_waits_for_what_comes_with_it() -> None:
    made = turns(2)
    made.add(job("large"), LARGE_BYTES + 1, now=5)
    assert rests(made, 5)
    assert taken(made, 5 + CALM_SECONDS).is_slow


def test_slow_pages_leave_a_worker_to_the_others_where_there_are_two() -> None:
    for workers, at_once in ((1, 1), (2, 1), (3, 2)):
        made = slow(workers, "a", "b", "c")
        for _ in range(at_once):
            assert taken(made, CALM_SECONDS).is_slow
        assert rests(made, CALM_SECONDS)
        assert made.rest_seconds(now=CALM_SECONDS) is None


def test_slow_pages_have_all_workers_and_all_their_time_when_nothing_else_will_come() -> None:
    made = slow(2, "a", "b")
    for _ in range(2):
        turn = taken(made, all_are_here=True)
        assert turn.is_slow
        assert not turn.may_be_put_off


def test_once_a_minute_the_one_that_has_waited_longest_is_read_whoever_waits() -> None:
    made = turns(2)
    made.add(job("oldest"), 9 * LARGE_BYTES, now=0)
    made.add(job("small"), 2 * LARGE_BYTES, now=1)
    for n in range(4):
        made.add(job(str(n)), 1, now=1)
    assert taken(made, TURN_SECONDS - 1).page.job.payload == "0"
    first = taken(made, TURN_SECONDS)
    assert (first.page.job.payload, first.may_be_put_off) == ("oldest", False)
    assert taken(made, TURN_SECONDS).page.job.payload == "1"  # one at a time
    made.was_read(first, now=TURN_SECONDS + 15)
    assert taken(made, TURN_SECONDS + 16).page.job.payload == "2"  # and not one after another
    assert taken(made, 2 * TURN_SECONDS + 15).page.job.payload == "small"


def test_to_be_put_off_again_does_not_begin_the_minute_anew() -> None:
    made = slow(2, "long")
    again = taken(made, TURN_SECONDS / 2)
    made.add(job("a"), 1, now=TURN_SECONDS / 2)
    made.was_put_off(again, now=TURN_SECONDS / 2 + 1)
    assert taken(made, TURN_SECONDS - 1).page.job.payload == "a"
    assert not taken(made, TURN_SECONDS).may_be_put_off


def test_nothing_waits_at_the_end() -> None:
    made = turns(1, "a")
    made.was_read(taken(made), now=1)
    assert (len(made), made.rest_seconds(now=2)) == (0, None)
    assert rests(made, 2)
