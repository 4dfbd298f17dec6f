"""What the demo's rule asks of its model."""

MODEL = "tumour-classifier"
CHECK = "ci/evals"
RULE = {
    "description": "What a tumour model must show before it serves.",
    "model_pattern": MODEL,
    "target_pattern": "stage:Production",
    "conditions": {
        "approvals": 1,
        "gates": [
            "metric recall_malignant >= 0.7",
            'dataset testing in ("unseen third")',
            "metric log_loss no worse than champion by 5%",
            "signature compatible",
            "size <= 20 MiB",
        ],
        "checks": [{"name": CHECK, "reporter": "ci-bot", "hours": 0}],
    },
}
