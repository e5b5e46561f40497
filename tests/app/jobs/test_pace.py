"""The pace of live rendering: what is painted next, from measured times alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.jobs.pace import BUDGET_S, PATIENCE_S, Pace, Painting, Size, choose, gives_way

SIDES = [64, 96, 128, 192, 256]
EXACT = Painting(Size(512, 512), exact=True)
PREVIEWS = tuple(Painting(Size(side, side), exact=False) for side in SIDES)
SECONDS = st.floats(1e-4, 60, allow_nan=False)


@st.composite
def times(draw):
    """Seconds for each painting; larger ones take longer."""
    found = sorted(draw(SECONDS) for _ in range(len(PREVIEWS) + 1))
    return dict(zip((*PREVIEWS, EXACT), found, strict=True))


@given(times=times(), moving=st.booleans(), previewed=st.booleans(), shuffle=st.randoms())
def test_what_is_painted_next(times, moving, previewed, shuffle):
    previews = list(PREVIEWS)
    shuffle.shuffle(previews)
    chosen = choose(EXACT, previews, times.__getitem__, moving=moving, previewed=previewed)
    assert chosen == EXACT or chosen in PREVIEWS
    if previewed or times[EXACT] <= BUDGET_S or (not moving and times[EXACT] <= PATIENCE_S):
        assert chosen == EXACT
    elif chosen != EXACT:
        assert times[chosen] < times[EXACT]
        larger = [p for p in PREVIEWS if p.size > chosen.size]
        assert all(times[p] > BUDGET_S for p in larger)  # the largest that fits
        assert times[chosen] <= BUDGET_S or chosen == PREVIEWS[0]
    else:
        assert min(times[p] for p in PREVIEWS) >= times[EXACT]  # nothing is quicker


def test_without_smaller_sizes_the_exact_picture_is_painted():
    assert choose(EXACT, (), lambda _: 60.0, moving=True, previewed=False) == EXACT


@given(times=times(), moving=st.booleans(), elapsed=st.floats(0, 60))
def test_an_exact_picture_gives_way_only_to_a_preview_that_comes_sooner(times, moving, elapsed):
    way = gives_way(EXACT, PREVIEWS, times.__getitem__, elapsed=elapsed, moving=moving)
    if way:
        assert times[EXACT] - elapsed > BUDGET_S
        assert not choose(EXACT, PREVIEWS, times.__getitem__, moving=moving, previewed=False).exact


@given(
    st.lists(st.tuples(st.sampled_from([*PREVIEWS, EXACT]), SECONDS), max_size=60), st.sampled_from([*PREVIEWS, EXACT])
)
def test_any_measurements_give_a_time_within_what_was_measured(measured, asked):
    pace = Pace()
    for painting, seconds in measured:
        pace.observe("w", painting, seconds)
    told = pace.seconds("w", asked)
    assert told > 0
    assert told == pace.seconds("w", asked)
    if measured and all(painting == asked for painting, _ in measured):
        assert min(s for _, s in measured) - 1e-9 <= told <= max(s for _, s in measured) + 1e-9


def test_the_first_measurement_also_read_the_weights_and_is_forgotten():
    pace = Pace()
    pace.observe("w", EXACT, 5.0)
    pace.observe("w", PREVIEWS[2], 0.05)
    assert pace.seconds("w", PREVIEWS[2]) == 0.05
    assert pace.seconds("w", EXACT) < 5.0


@given(before=SECONDS, after=SECONDS)
def test_it_follows_a_machine_that_becomes_slower_or_faster(before, after):
    pace = Pace()
    for seconds in (before,) * 10 + (after,) * 20:
        pace.observe("w", PREVIEWS[1], seconds)
    assert abs(pace.seconds("w", PREVIEWS[1]) - after) <= 1e-3 * max(before, after)


def test_a_size_once_slow_is_tried_again_when_others_have_become_fast():
    pace = Pace()
    for _ in range(3):
        pace.observe("w", PREVIEWS[4], 2.0)
    for _ in range(40):
        pace.observe("w", PREVIEWS[3], 0.01)
    assert pace.seconds("w", PREVIEWS[4]) < 0.1


def test_each_of_the_weights_has_times_of_its_own():
    pace = Pace()
    for _ in range(2):
        pace.observe("slow", EXACT, 9.0)
        pace.observe("quick", EXACT, 0.1)
    assert pace.seconds("slow", EXACT) > 10 * pace.seconds("quick", EXACT)
    assert pace.seconds("new", EXACT) == Pace().seconds("any", EXACT)


@given(st.data())
def test_whoever_keeps_painting_sees_pictures_and_gets_the_exact_one_in_the_end(data):
    """A worker in simulated time: changes come at any pace, times are anything, and vary from picture to picture."""
    pace, base = Pace(), data.draw(times())
    waits = data.draw(st.lists(st.floats(0.001, 0.5), min_size=1, max_size=30))
    changes = [sum(waits[: n + 1]) for n in range(len(waits))]
    up = changes[-1]  # the hand is lifted with the last change
    now, shown, running, previewed, cost_of = 0.0, [], None, -1, base.__getitem__
    seconds = lambda painting: pace.seconds("w", painting)  # noqa: E731
    for _ in range(10 * len(changes) + 10):
        newest = sum(change <= now for change in changes) - 1
        if newest < 0:
            now = changes[0]
            continue
        if shown and shown[-1] == (len(changes) - 1, True):
            break
        if shown and shown[-1] == (newest, True):
            now = changes[newest + 1]
            continue
        moving = now < up
        running = choose(EXACT, PREVIEWS, seconds, moving=moving, previewed=previewed == newest)
        ends = now + cost_of(running) * data.draw(st.floats(0.7, 1.3))
        stops = [
            change
            for change in changes
            if running.exact
            and now < change < ends
            and gives_way(EXACT, PREVIEWS, seconds, elapsed=change - now, moving=change < up)
        ]
        if stops:
            now = stops[0]
            continue
        pace.observe("w", running, ends - now)
        now = ends
        shown.append((newest, running.exact))
        previewed = newest if not running.exact else previewed
    assert shown[-1] == (len(changes) - 1, True)
