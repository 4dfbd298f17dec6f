"""Curves: small enough for a screen, with their ends, their peaks and their gaps."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.curves import SHOWN, Along, curve_of, downsampled
from registry.measurements import Logged

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.lists(st.tuples(st.integers(0, 10_000), NUMBERS), max_size=300).map(sorted)


@given(POINTS, st.integers(3, 50))
def test_a_curve_keeps_its_ends_its_order_and_no_more_than_is_asked_for(points, most):
    kept = downsampled(points, most)
    assert len(kept) == min(len(points), most)
    assert kept == sorted(set(kept))
    if points:
        assert (kept[0], kept[-1]) == (0, len(points) - 1)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)  # each makes 100,000 points
@given(st.integers(1, 99_998), st.sampled_from([-1.0, 1.0]))
def test_a_single_peak_among_100_000_points_stays(at, sign):
    points = [Logged(step, 0, 0.0) for step in range(100_000)]
    points[at] = Logged(at, 0, sign * 5.0)
    curve = curve_of(points)
    assert points[at] in curve.points
    assert (len(curve.points), curve.logged) == (SHOWN, 100_000)
    assert (curve.points[0], curve.points[-1]) == (points[0], points[-1])


def test_a_short_curve_is_left_as_it_is_and_sorted_by_step_and_time():
    given_ = [Logged(2, 5, 0.3), Logged(0, 9, 0.1), Logged(2, 4, 0.2)]
    assert curve_of(given_).as_dict() == {
        "steps": [0, 2, 2],
        "times": [0.009, 0.004, 0.005],
        "values": [0.1, 0.2, 0.3],
        "logged": 3,
        "gaps": 0,
    }


def test_what_is_no_finite_number_is_a_gap_and_is_counted():
    values = [1.0, math.nan, math.nan, math.inf, 2.0, -math.inf]
    curve = curve_of([Logged(step, 0, value) for step, value in enumerate(values)])
    assert curve.as_dict()["values"] == [1.0, None, 2.0, None]
    assert (curve.logged, curve.gaps) == (6, 4)
    assert curve_of([]).as_dict()["values"] == []
    only = curve_of([Logged(step, 0, math.nan) for step in range(10_000)])
    assert (only.as_dict()["values"], only.gaps) == ([None], 10_000)


@given(st.lists(st.builds(Logged, st.integers(-5, 5), st.integers(0, 5), st.floats()), max_size=40))
def test_any_values_make_a_curve_that_json_can_hold(points):
    drawn = curve_of(points, most=10).as_dict()
    assert len(drawn["steps"]) == len(drawn["times"]) == len(drawn["values"]) <= 12
    assert all(value is None or math.isfinite(value) for value in drawn["values"])
    assert drawn["logged"] == len(points)


@given(
    st.lists(st.builds(Logged, st.integers(0, 5), st.integers(0, 50), st.floats()), max_size=60),
    st.sampled_from(Along),
    st.integers(5, 30),
)
def test_a_curve_runs_along_what_was_asked_for_though_steps_repeat(points, along, most):
    curve = curve_of(points, most=most, along=along)
    assert [along.x(point) for point in curve.points] == sorted(along.x(point) for point in curve.points)
    assert set(map(repr, curve.points)) <= set(map(repr, points))
    assert curve.logged == len(points)


def test_a_run_that_went_on_from_an_earlier_step_is_told_by_time_as_it_happened():
    logged = [Logged(0, 10, 0.1), Logged(1, 20, 0.2), Logged(2, 30, 0.3), Logged(1, 40, 0.25), Logged(2, 50, 0.35)]
    drawn = curve_of(logged, along=Along.TIME).as_dict()
    assert (drawn["steps"], drawn["values"]) == ([0, 1, 2, 1, 2], [0.1, 0.2, 0.3, 0.25, 0.35])
    assert curve_of(logged).as_dict()["times"] == [0.01, 0.02, 0.04, 0.03, 0.05]
