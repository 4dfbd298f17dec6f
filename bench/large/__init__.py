"""`make bench-registry`: what people wait for where a model has 50,000 versions, beside one that has 50."""
