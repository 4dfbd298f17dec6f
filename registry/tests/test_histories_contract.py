"""What a run logged of a metric, as much of it as MLflow chooses itself: the real one beside what its client reads."""

from itertools import pairwise

import pytest
from mlflow.entities import Metric

from registry.tests.contract.worlds import connect_to_mlflow


@pytest.mark.mlflow
def test_of_a_long_history_mlflow_gives_a_part_with_both_ends_and_of_a_short_one_all(request):
    world = connect_to_mlflow(request)
    run = world.mlflow.create_run(world.experiment_id).info.run_id
    for key, many in (("long", 6_000), ("short", 2_499)):
        values = [Metric(key, step / 8, 1_000 + step, step) for step in range(many)]
        for start in range(0, many, 1_000):
            world.mlflow.log_batch(run, metrics=values[start : start + 1_000])
    long, short = (world.client.metric_sample(run, key) for key in ("long", "short"))
    assert (long.is_whole, len(long.points), short.is_whole, len(short.points)) == (False, 2_500, True, 2_499)
    assert {long.points[0].step, long.points[-1].step} == {0, 5_999}
    logged = {(each.step, each.timestamp, each.value) for each in world.mlflow.get_metric_history(run, "long")}
    assert set(long.points) <= logged
    steps = sorted(point.step for point in long.points)
    assert max(after - before for before, after in pairwise(steps)) <= 3
    for nobody in (world.client.metric_sample(run, "none"), world.client.metric_sample("0" * 32, "long")):
        assert (nobody.points, nobody.is_whole) == ([], True)
