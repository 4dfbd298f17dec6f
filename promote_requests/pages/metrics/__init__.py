"""Pages about the metrics of a model."""
