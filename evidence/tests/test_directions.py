"""What a metric's name says of which way is better."""

import pytest

from evidence.directions.names import Direction, direction_of


@pytest.mark.parametrize(
    "name",
    [
        *("accuracy", "val_accuracy", "roc_auc", "f1_score", "precision_malignant", "recall@5", "r2", "test/ndcg@10"),
        *("balancedAccuracy", "neg_mean_squared_error", "true_positive_rate", "mAP", "bleu-4", "answer_correctness"),
    ],
)
def test_higher_is_better(name: str) -> None:
    assert direction_of(name) is Direction.HIGHER


@pytest.mark.parametrize(
    "name",
    [
        *("loss", "val_log_loss", "rmse", "mean_absolute_error", "wer", "training_seconds", "missed_malignant"),
        *(
            "false_positive_rate",
            "p95_latency_ms",
            "error_rate",
            "MAPE",
            "brier_score_loss",
            "cross_entropy",
            "valLoss",
            "negative_error_rate",
            "negative_loss",
        ),
    ],
)
def test_lower_is_better(name: str) -> None:
    assert direction_of(name) is Direction.LOWER


@pytest.mark.parametrize("name", ["epoch", "learning_rate", "samples", "", "---", "x", "depth", "n_estimators"])
def test_of_other_names_nothing_is_claimed(name: str) -> None:
    assert direction_of(name) is Direction.UNKNOWN
