"""What MLflow's own evaluations leave on their runs, as a real MLflow has it.

With MLflow 3.18 it is written by MLflow's own functions; before, by hand what those write.
"""

import json
import uuid
from typing import Any

import pytest

from registry.tests.contract.worlds import connect_to_mlflow, values

pytestmark = pytest.mark.mlflow
STATISTICS = {"diff": 0.1, "ci_low": 0.02, "ci_high": 0.2, "p_value": 0.01, "effect_size": 0.6, "n_paired": 40}


def quality_criteria() -> str:
    try:
        from mlflow.genai.evaluation import quality_criteria as written  # noqa: PLC0415 - MLflow 3.18 has it
    except ImportError:
        rules = [{"metricKey": "correctness/mean", "comparator": "GTE", "threshold": 0.9}]
        return json.dumps({"schemaVersion": 1, "revision": str(uuid.uuid4()), "rules": rules})
    from mlflow.utils import mlflow_tags  # noqa: PLC0415

    assert mlflow_tags.MLFLOW_GENAI_EVALUATE_QUALITY_CRITERIA == "mlflow.genaiEvaluate.qualityCriteria"
    tag = written.build_quality_criteria_tag([written.QualityCriteriaRule("correctness", "mean", ">=", 0.9)])
    return str(tag)


def log_comparison(client: Any, candidate: str, baseline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        from mlflow.genai.evaluation.comparison import entities, utils  # noqa: PLC0415 - MLflow 3.18 has it
    except ImportError:
        for statistic, value in STATISTICS.items():
            client.log_metric(candidate, f"compare/{baseline[:8]}/correctness/{statistic}", value)
        return
    monkeypatch.setattr(utils, "MlflowClient", lambda: client)
    monkeypatch.setattr(client, "log_dict", lambda *args: None)
    scorer = entities.ScorerComparison("correctness", "ok", **STATISTICS)
    utils._log_comparison(entities.ComparisonResult(candidate, baseline, {"correctness": scorer}))


def test_criteria_and_logged_comparisons_of_the_runs_that_evaluated_a_logged_model_are_read(request, monkeypatch):
    world = connect_to_mlflow(request)
    name = f"{world.prefix}Agent"
    world.add_model(name)
    logged = world.mlflow.create_logged_model(world.experiment_id)
    evaluation, baseline = (world.mlflow.create_run(world.experiment_id).info.run_id for _ in range(2))
    world.mlflow.log_metric(evaluation, "correctness/mean", 0.95, model_id=logged.model_id)
    world.mlflow.set_tag(evaluation, "mlflow.genaiEvaluate.qualityCriteria", quality_criteria())
    log_comparison(world.mlflow, evaluation, baseline, monkeypatch)
    world.mlflow.finalize_logged_model(logged.model_id, "READY")
    world.store.create_model_version(name, f"models:/{logged.model_id}", model_id=logged.model_id)
    facts = world.client.get_facts(name, "1")
    assert facts.criteria.keys() == {evaluation}
    (rule,) = json.loads(facts.criteria[evaluation])["rules"]
    assert rule == {"metricKey": "correctness/mean", "comparator": "GTE", "threshold": 0.9}
    logged_statistics = {f"compare/{baseline[:8]}/correctness/{key}": float(value) for key, value in STATISTICS.items()}
    assert values(facts) == {"correctness/mean": 0.95, **logged_statistics}


def test_a_run_that_says_nothing_of_the_kind_has_no_criteria(request):
    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    world.add_version(name, metrics={"auc": 0.9})
    assert world.client.get_facts(name, "1").criteria == {}
