"""Since when a version holds a stage or an alias without a break, as far as Checkpoint knows.

Of a stage MLflow tells: a version that is in it has been there at least since MLflow changed the version last. Of an
alias, and of a status, MLflow keeps no time: there it counts from when Checkpoint set it, passed a call on that did, or
saw it first.
"""
