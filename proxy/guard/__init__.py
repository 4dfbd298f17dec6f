"""The guard: reads calls that change the registry, and refuses those that would change a protected target."""
