"""Which targets of which models are protected, and what a request must have before it may be promoted."""
