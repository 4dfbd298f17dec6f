"""Where a version's files lie, as far as an address tells."""

from urllib.parse import urlsplit

NO_STORAGE = frozenset({"mlflow-artifacts", "models", "runs", "prompts"})
"""Schemes of addresses that MLflow itself resolves; all others name a storage, which may be the one behind MLflow."""


def can_be_told(location: str) -> bool:
    """Tells whether it is known what MLflow serves of the files at an address, so that they can be sealed.

    `s3://bucket/root/777` may be all of the experiment 777, if MLflow's artifacts lie in `s3://bucket/root`, and
    `s3://bucket` may be all that MLflow has. Of a longer path each end can be sealed, whatever the root is.

    Args:
        location: As MLflow gives it, or a text that names no files at all, as prompts have it.
    """
    try:
        parts = urlsplit(location)
    except ValueError:
        return False
    if parts.scheme in NO_STORAGE or not (parts.netloc or parts.path.startswith("/")):
        return True
    last = parts.path.rstrip("/").rpartition("/")[2]
    return last != "" and not last.isdecimal()
