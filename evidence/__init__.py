"""The facts that a decision is taken on: observed in the registry, recognised again, kept, and compared."""
