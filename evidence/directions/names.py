"""Which way is better for a metric, by its usual names. Pure.

Metrics carry no direction in MLflow. A name is taken apart at its joints, and the last part that says a direction wins:
`val_log_loss` is a loss, `roc_auc` an area. Of a name that says nothing, nothing is claimed.
"""

import re
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

_JOINTS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HIGHER = _words(
    """
    acc accuracy agreement ap auc aucpr auprc auroc bertscore bleu bleu4 chrf coherence completeness concordance
    correctness correlation coverage dice em evidence exact_match explained_variance f1 f2 faithfulness fbeta
    fluency gini goodness groundedness helpfulness hit hits homogeneity informedness iou jaccard kappa kendall ks
    lift map matthews mcc meteor miou mrr ndcg npv passed pearson ppv prauc precision profit psnr purity r2 recall
    relevance revenue reward rouge rouge1 rouge2 rougel safety score sensitivity silhouette spearman specificity
    ssim success throughput tnr tpr true_negative true_negatives true_positive true_positives usefulness win wins
    """
)
_LOWER = _words(
    """
    aic bias_error bic brier calibration cer complaints cost cross_entropy crossentropy deviance distance divergence
    drift duration ece entropy err error errors failed failures false false_negative false_negatives false_positive
    false_positives fdr fid fnr fpr hallucination hallucinations hinge huber kl latency log_loss logloss loss losses
    mae mape mase mdae medae memory minutes missed mmd model_size ms mse msle nll perplexity pinball ppl psi regret
    rmse rmsle rse rss seconds smape sse time toxicity unfairness violations wape wasserstein wer
    """
)
_TURNED = frozenset({"neg"})
"""As scikit-learn's scorers begin: `neg_mean_squared_error` is better the higher it is."""


class Direction(StrEnum):
    """Which values of a metric are better; UNKNOWN where the name does not tell."""

    HIGHER = "higher"
    LOWER = "lower"
    UNKNOWN = ""


@lru_cache(maxsize=20_000)
def direction_of(name: str) -> Direction:
    """Returns which way is better for a metric of this name."""
    parts = [part.lower() for part in _JOINTS.split(name) if part]
    pairs = [f"{one}_{two}" for one, two in pairwise(parts)]
    for position in reversed(range(len(parts))):
        pair = pairs[position - 1] if position else ""
        for words in (pair, parts[position]):
            if words in _HIGHER:
                return Direction.HIGHER
            if words in _LOWER:
                is_turned = parts[0] in _TURNED and len(parts) > 1
                return Direction.HIGHER if is_turned else Direction.LOWER
    return Direction.UNKNOWN
