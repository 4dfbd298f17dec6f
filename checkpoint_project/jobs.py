"""What is to be done again and again in the background, and how often."""

from datetime import timedelta

from audit.making import clearing
from checkpoint_project import recovery
from notifications.worker import cleaning
from notifications.worker.jobs import Job
from promote_requests import reminding
from promote_requests.services import settling
from promote_requests.services.by_itself import copying, digesting, due, inspecting, measuring, returning, soaking
from promote_requests.services.conversation import following_up
from promote_requests.services.moves import champions
from registry.lists.warm import keep_warm


def jobs() -> tuple[Job, ...]:
    """Returns the scheduled work of whichever worker leads."""
    return (
        Job("settling promotions", recovery.EVERY, recovery.Recovery().look),
        Job("tags of promoted versions", timedelta(seconds=2), settling.write_due_tags),
        Job("lists of large registries", timedelta(seconds=2), keep_warm),
        Job("promotions that are due", timedelta(seconds=30), due.promote_all_due),
        Job("gates of what is to be promoted by itself", timedelta(minutes=1), measuring.measure_waiting),
        Job("looking at what soaks", timedelta(minutes=1), soaking.look_at_soaking),
        Job("looking for deleted versions", timedelta(minutes=1), returning.look_for_deleted),
        Job("the built-in check", timedelta(seconds=30), inspecting.make_waiting),
        Job("copies of pictures", timedelta(seconds=30), copying.copy_awaited),
        Job("reminders", timedelta(minutes=5), reminding.remind),
        Job("champions to review again", timedelta(hours=1), champions.tell_overdue),
        Job("follow-ups that are due", timedelta(minutes=10), following_up.remind_all_due),
        Job("digests of model files", timedelta(minutes=10), digesting.take_missing),
        Job("clearing sessions", timedelta(hours=6), cleaning.clear_sessions),
        Job("clearing old messages", timedelta(hours=6), cleaning.clear_messages),
        Job("clearing who created unused runs", timedelta(hours=6), clearing.clear_unused),
    )
