"""Everything outside /checkpoint/: calls are read once, judged once, and passed on to MLflow, or refused."""
