"""Which way is better for a metric: by its name, by a tag of the registered model, or as somebody set it here."""
