"""Who made what: who registered a version, and who created the run or logged model behind it.

MLflow's open-source server keeps no user of a version, and what a run says of its user its client wrote. Checkpoint
knows whom it let in: the proxy hands in what MLflow answered, with the caller. What MLflow made by itself or past
Checkpoint is unknown, and never somebody else's.
"""
