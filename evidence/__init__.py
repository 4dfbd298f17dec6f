"""The facts that a decision is taken on: observed in the registry, fingerprinted, frozen and compared."""
