"""What is to be done again and again in the background, and how often."""

from datetime import timedelta

from checkpoint_project import recovery
from notifications.worker import cleaning
from notifications.worker.jobs import Job
from promote_requests.services import settling
from promote_requests.services.by_itself import digesting, due, inspecting
from promote_requests.services.conversation import following_up


def jobs() -> tuple[Job, ...]:
    """Returns the scheduled work of whichever worker leads."""
    return (
        Job("settling promotions", recovery.EVERY, recovery.Recovery().look),
        Job("tags of promoted versions", timedelta(seconds=2), settling.write_due_tags),
        Job("promotions that are due", timedelta(seconds=30), due.promote_all_due),
        Job("the built-in check", timedelta(seconds=30), inspecting.make_waiting),
        Job("follow-ups that are due", timedelta(minutes=10), following_up.remind_all_due),
        Job("digests of model files", timedelta(minutes=10), digesting.take_missing),
        Job("clearing sessions", timedelta(hours=6), cleaning.clear_sessions),
        Job("clearing old messages", timedelta(hours=6), cleaning.clear_messages),
    )
