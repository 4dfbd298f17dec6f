"""Writes down who is mentioned, so that they are told once and find it later."""

from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.directory import meant, named_in
from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput
from foundation.words import listed
from promote_requests.models import Comment, Mention, PromoteRequest, Review, Thread
from promote_requests.services.conversation.words import prose

MOST = 50
"""People whom one text may tell."""


def note(
    *,
    actor: Actor,
    promote_request: PromoteRequest,
    text: str,
    comment: Comment | None = None,
    review: Review | None = None,
    others: frozenset[int] = frozenset(),
) -> list[str]:
    """Adds a row for everybody whom the text mentions for the first time in this place, and returns their names.

    Nobody is told by a draft, which is its author's alone; `mention_all` does it when it is submitted. Nobody mentions
    themselves.

    Args:
        actor: Who wrote it.
        promote_request: Locked, or new.
        text: Markdown.
        comment: Where it stands; with neither this nor a review it is the request's description.
        review: The same.
        others: Keys of people to whom the text is addressed without naming them.

    Raises:
        InvalidInput: more than `MOST` people are meant: a text is no circular.
    """
    if promote_request.is_private:
        return []
    people = (meant(named_in(prose(text))) | others) - {actor.user_id}
    if len(people) > MOST:
        raise InvalidInput(
            f"This mentions {len(people)} people, and at most {MOST} are told at once: name some of them.",
            field="description" if comment is None and review is None else "body",
        )
    if not people:
        return []
    place = {"promote_request": promote_request, "comment": comment, "review": review}
    fresh = people - set(Mention.objects.filter(**place).values_list("mentioned", flat=True))
    rows = get_user_model()._default_manager.filter(pk__in=fresh).order_by("username")
    Mention.objects.bulk_create(Mention(**place, mentioned=person, by_id=actor.account.pk) for person in rows)
    return [person.get_username() for person in rows]


def tell(*, actor: Actor, promote_request: PromoteRequest, names: list[str]) -> None:
    """Adds the audit row of a mention, on which those are told who were noted before."""
    if names:
        trail.record(AuditAction.MENTIONED, about=promote_request.about, actor=actor, reason=listed(names))
        Mention.objects.filter(promote_request=promote_request, told_at=None).update(told_at=timezone.now())


def mention(*, actor: Actor, promote_request: PromoteRequest, text: str, review: Review | None = None) -> None:
    """Notes and tells whom a review, or without one the description, mentions."""
    names = note(actor=actor, promote_request=promote_request, text=text, review=review)
    tell(actor=actor, promote_request=promote_request, names=names)


def mention_all(*, actor: Actor, promote_request: PromoteRequest) -> None:
    """Notes and tells whom the description and the comments of a draft mean that others see from now on.

    Also who is to see to a follow-up: they are told by the comment that opened it.
    """
    names = note(actor=actor, promote_request=promote_request, text=promote_request.description)
    begun = set()
    for comment in promote_request.comments.select_related("thread"):
        others = frozenset() if comment.thread_id in begun else _to_see_to(comment.thread)
        begun.add(comment.thread_id)
        names += note(actor=actor, promote_request=promote_request, text=comment.text, comment=comment, others=others)
    tell(actor=actor, promote_request=promote_request, names=sorted(set(names)))


def _to_see_to(thread: Thread) -> frozenset[int]:
    return frozenset() if thread.owner_id is None or thread.is_resolved else frozenset({thread.owner_id})
