"""The conditions that go by what Checkpoint itself has on record: who made the version, since when it holds what."""
