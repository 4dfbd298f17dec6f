"""Says in the log, soon after a start, what kind of MLflow is behind Checkpoint."""

import logging
import time
from collections.abc import Sequence
from threading import Thread

from proxy.guard import mlflow_found
from registry.exceptions import RegistryError

_PAUSES = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0)
"""Seconds before each try: MLflow is often started at the same moment, and takes a while."""

logger = logging.getLogger("checkpoint.startup")


def begin() -> Thread:
    """Looks in the background; neither delays nor fails a start."""
    thread = Thread(target=look, name="self-test", daemon=True)
    thread.start()
    return thread


def look(pauses: Sequence[float] = _PAUSES) -> None:
    """Logs what is found, one line each: as a warning what an administrator should change."""
    reason = ""
    for pause in pauses:
        time.sleep(pause)
        try:
            found = mlflow_found.findings()
        except RegistryError as error:
            reason = error.message
            continue
        for finding in found:
            logger.log(logging.INFO if finding.is_good else logging.WARNING, "%s", finding.sentence)
        return
    logger.warning("Which MLflow is behind Checkpoint could not be found out: %s", reason)
