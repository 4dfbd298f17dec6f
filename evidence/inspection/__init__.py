"""The built-in check of a version's files, made in a process of its own that can reach nothing; see `docs/evidence.md`.

`child`, `confinement`, `judging`, `examples` and `findings` run there: they know neither Django nor MLflow.
"""
