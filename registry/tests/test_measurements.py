import math

from registry.measurements import Measurement, Origin, latest


def run(value, step=0, timestamp=0, *, key="loss", run_id="r") -> Measurement:
    return Measurement(key, value, step, timestamp, origin=Origin.RUN, run_id=run_id)


def model(value, step=0, timestamp=0, *, key="loss", dataset="", digest="", run_id="r") -> Measurement:
    return Measurement(key, value, step, timestamp, dataset, digest, Origin.LOGGED_MODEL, run_id)


def only(**places) -> Measurement:
    (found,) = latest(**{"of_run": [], "of_model": [], **places}).values()
    return found


def test_the_runs_last_value_wins_over_the_first_one_that_log_model_copied():
    last = only(of_run=[run(0.32, 29, 290)], of_model=[model(1.15, 0, 10)])
    assert (last.value, last.step, last.origin) == (0.32, 29, Origin.RUN)
    assert last.other is not None
    assert (last.other.value, last.other.step, last.other.origin) == (1.15, 0, Origin.LOGGED_MODEL)


def test_the_logged_models_value_wins_where_it_is_the_newer():
    last = only(of_run=[run(0.5, 3, 30)], of_model=[model(0.6, 2, 90), model(0.4, 4, 10)])
    assert (last.value, last.step, last.origin) == (0.4, 4, Origin.LOGGED_MODEL)
    assert last.other is not None
    assert last.other.value == 0.5


def test_of_one_step_the_later_time_wins_wherever_it_was_logged():
    assert only(of_run=[run(0.5, 3, 30)], of_model=[model(0.4, 3, 31, run_id="evaluation")]).value == 0.4
    assert only(of_run=[run(0.5, 3, 32)], of_model=[model(0.4, 3, 31, run_id="evaluation")]).value == 0.5
    assert only(of_model=[model(0.3, 3, 30), model(0.4, 3, 31), model(0.5, 2, 99)]).value == 0.4


def test_one_measurement_in_both_places_is_told_once_and_as_such():
    last = only(
        of_run=[run(0.5, 3, 30)],
        of_model=[model(0.5, 3, 30, dataset="test", digest="d1"), model(0.9, 1, 1, dataset="test")],
    )
    assert (last.value, last.origin, last.other) == (0.5, Origin.BOTH, None)
    assert (last.dataset_name, last.dataset_digest) == ("test", "d1")


def test_the_same_value_of_another_moment_is_no_disagreement():
    last = only(of_run=[run(0.5, 3, 30)], of_model=[model(0.5, 0, 10)])
    assert (last.step, last.origin, last.other) == (3, Origin.RUN, None)


def test_the_run_has_the_last_word_of_one_moment_because_a_logged_model_keeps_no_nan():
    last = only(of_run=[run(math.nan, 3, 30)], of_model=[model(0.0, 3, 30, dataset="test", digest="d1")])
    assert math.isnan(last.value)
    assert last.dataset_name == "test"
    assert last.other is not None
    assert last.other.value == 0.0
    assert only(of_run=[run(math.nan, 3, 30)], of_model=[model(math.nan, 3, 30)]).origin == Origin.BOTH


def test_of_two_values_of_one_moment_the_greater_wins_as_in_mlflow_in_any_order():
    values = [model(0.2, 1, 1, run_id="a"), model(math.nan, 1, 1, run_id="b"), model(0.3, 1, 1, run_id="c")]
    assert only(of_model=values).value == only(of_model=values[::-1]).value == 0.3


def test_each_data_set_of_several_is_a_metric_of_its_own():
    found = latest(
        of_run=[run(0.7, 0, 20)],
        of_model=[
            model(0.99, 0, 10, dataset="train"),
            model(0.6, 0, 15, dataset="test"),
            model(0.7, 0, 20, dataset="test"),
        ],
    )
    assert {name: (last.value, last.origin) for name, last in found.items()} == {
        "loss (train)": (0.99, Origin.LOGGED_MODEL),
        "loss (test)": (0.7, Origin.BOTH),
    }


def test_one_data_set_alone_does_not_lengthen_the_name_and_its_newest_state_wins():
    found = latest(
        of_run=[],
        of_model=[model(0.7, 0, 10, dataset="test", digest="d1"), model(0.6, 0, 20, dataset="test", digest="d2")],
    )
    assert list(found) == ["loss"]
    assert (found["loss"].value, found["loss"].dataset_digest) == (0.6, "d2")


def test_a_later_value_without_a_data_set_stands_beside_that_of_the_data_set():
    found = latest(of_run=[run(0.8, 1, 50)], of_model=[model(0.7, 0, 10, dataset="test")])
    assert {name: last.value for name, last in found.items()} == {"loss": 0.8, "loss (test)": 0.7}
    assert all(last.other is None for last in found.values())


def test_what_another_run_measured_of_the_logged_model_says_which_run():
    last = only(of_model=[model(0.7, 0, 10, run_id="evaluation")])
    assert last.run_id == "evaluation"


def test_there_is_nothing_of_a_version_without_metrics():
    assert latest(of_run=[], of_model=[]) == {}
