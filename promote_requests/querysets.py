"""Queries about promote requests, reviews and threads."""

from datetime import date
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from audit.append_only import AppendOnlyQuerySet
from promote_requests.choices import Status, Verdict
from registry.names import key_of
from registry.proposals import Change, Proposal
from registry.targets import TargetKind

if TYPE_CHECKING:
    from promote_requests.models import PromoteRequest  # noqa: F401 - named in the quoted type argument


ENDED_AT = Coalesce("closed_at", "promoted_at")
"""When a request was closed or promoted."""


class ReviewQuerySet(AppendOnlyQuerySet):
    """Queries about reviews, for many requests at once."""

    def standing(self) -> Self:
        """Returns the latest judgement of each active reviewer in the present round of each request.

        `tests/test_tally.py` shows that this agrees with `decision.judgements`.
        """
        later = self.model._default_manager.filter(
            promote_request=OuterRef("promote_request"),
            reviewer=OuterRef("reviewer"),
            round=OuterRef("round"),
            pk__gt=OuterRef("pk"),
        ).exclude(verdict=Verdict.COMMENT)
        return (
            self.exclude(verdict=Verdict.COMMENT)
            # Of whoever answers for the author by now a request for changes still stands; of who did then, nothing.
            .filter(round=F("promote_request__round"), reviewer__is_active=True, reviewer__owner=None)
            .exclude(verdict=Verdict.APPROVE, reviewer=F("promote_request__author__owner"))
            .exclude(reviewer=F("promote_request__answered_for_by"))
            .filter(~Exists(later))
        )


class ReviewManager(models.Manager.from_queryset(ReviewQuerySet)):  # type: ignore[misc]
    """Loads reviews with their reviewers, these people's groups and dismissals, which are always needed."""

    def get_queryset(self) -> ReviewQuerySet:
        """Returns all reviews."""
        found: ReviewQuerySet = super().get_queryset().select_related("reviewer", "dismissal", "signature")
        return found.prefetch_related("reviewer__groups")


class AnswerManager(models.Manager.from_queryset(AppendOnlyQuerySet)):  # type: ignore[misc]
    """Loads answers with who gave them, who is always needed."""

    def get_queryset(self) -> AppendOnlyQuerySet:
        """Returns all answers."""
        found: AppendOnlyQuerySet = super().get_queryset().select_related("answered_by")
        return found


class CheckManager(models.Manager.from_queryset(AppendOnlyQuerySet)):  # type: ignore[misc]
    """Loads reports of checks with their reporters, which are always needed."""

    def get_queryset(self) -> AppendOnlyQuerySet:
        """Returns all reports."""
        found: AppendOnlyQuerySet = super().get_queryset().select_related("reporter")
        return found


class ThreadQuerySet(AppendOnlyQuerySet):
    """Queries about threads, for many requests at once."""

    def blocking(self) -> Self:
        """Returns those that stop a promotion, under rules that say so, until they are resolved."""
        return self.filter(is_blocking=True)

    def follow_ups(self) -> Self:
        """Returns those that somebody is to see to by a day."""
        return self.filter(due_on__isnull=False)

    def unresolved(self) -> Self:
        """Returns those of which nobody says, or not any more, that they are settled."""
        resolutions = apps.get_model("promote_requests", "Resolution")._default_manager
        last = resolutions.filter(thread=OuterRef("pk")).order_by("-pk").values("is_resolved")[:1]
        return self.annotate(last=Subquery(last)).filter(Q(last=None) | Q(last=False))

    def overdue(self, today: date) -> Self:
        """Returns the follow-ups whose day has passed, the oldest first."""
        return self.unresolved().filter(due_on__lt=today).order_by("due_on", "pk")

    def visible_to(self, user_id: int | None) -> Self:
        """Returns those on requests that this person may look at."""
        return self.exclude(draft_of_somebody_else(user_id, prefix="promote_request__"))


class ThreadManager(models.Manager.from_queryset(ThreadQuerySet)):  # type: ignore[misc]
    """Loads threads with their people and resolutions, which are always needed."""

    def get_queryset(self) -> ThreadQuerySet:
        """Returns all threads."""
        found: ThreadQuerySet = super().get_queryset().select_related("opener", "owner")
        return found.prefetch_related("resolutions__by")


class CommentManager(models.Manager.from_queryset(AppendOnlyQuerySet)):  # type: ignore[misc]
    """Loads comments with their authors, wordings and deletions, which are always needed."""

    def get_queryset(self) -> AppendOnlyQuerySet:
        """Returns all comments."""
        found: AppendOnlyQuerySet = super().get_queryset().select_related("author", "deletion__by")
        return found.prefetch_related("edits")


def own_of(user_id: int | None) -> Q:
    """Returns the condition that holds for the requests of which this person is among the `authors`."""
    return Q(author=user_id) | Q(author__owner=user_id) | Q(answered_for_by=user_id)


def draft_of_somebody_else(user_id: int | None, *, prefix: str = "") -> Q:
    """Returns the condition that holds for what a person may not see: drafts are their authors' alone.

    Also once they are withdrawn: what was never submitted was never meant for others.

    Args:
        user_id: The key of whoever looks.
        prefix: The way from a row to its request, such as `promote_request__`.
    """
    is_theirs = Q(**{f"{prefix}author": user_id}) | Q(**{f"{prefix}answered_for_by": user_id})
    return Q(**{f"{prefix}is_private": True}) & ~is_theirs


class PromoteRequestQuerySet(models.QuerySet["PromoteRequest"]):
    """Queries about promote requests."""

    def unfinished(self) -> Self:
        """Returns the requests that may still change the registry."""
        return self.filter(status__in=[Status.DRAFT, Status.OPEN, Status.PROMOTING])

    def undecided(self) -> Self:
        """Returns the requests that rules still judge as they are now: what is being promoted was judged."""
        return self.filter(status__in=[Status.DRAFT, Status.OPEN])

    def visible_to(self, user_id: int | None) -> Self:
        """Returns what this person may look at: drafts are their authors' alone until they are submitted."""
        return self.exclude(draft_of_somebody_else(user_id))

    def submitted(self) -> Self:
        """Returns what was ever there for others to see."""
        return self.filter(is_private=False)

    def kept_to(self) -> dict[int, set[int]]:
        """Returns {number: the keys of those who alone may see it} of those among these that are private."""
        found = self.filter(is_private=True).values_list("number", "author", "answered_for_by")
        return {number: {key for key in keys if key is not None} for number, *keys in found}

    def open(self) -> Self:
        """Returns the requests that wait for reviewers."""
        return self.filter(status=Status.OPEN)

    def flagged(self) -> Self:
        """Returns the requests that were promoted past the rules and that nobody has reviewed since."""
        return self.filter(is_bypassed=True, reviewed_afterwards_at=None)

    def for_version(self, workspace: str, model_name: str, version: str) -> Self:
        """Returns the requests of one model version."""
        return self.filter(workspace=workspace, model_name=model_name, version=version)

    def about_model(self, workspace: str, model_name: str) -> Self:
        """Returns the requests for versions of a model, and for copies into it, under any spelling of its name."""
        key = key_of(model_name)
        return self.filter(Q(model_key=key) | Q(target_kind=TargetKind.MODEL, target_key=key), workspace=workspace)

    def of_model(self, workspace: str, model_name: str) -> Self:
        """Returns the requests for versions of a model, under any spelling that a database takes for its name."""
        return self.filter(workspace=workspace, model_key=key_of(model_name))

    def asking_for(self, proposal: Proposal) -> Self:
        """Returns the requests that ask for the same version at the same target, however its name is spelled.

        Rules take two spellings of an alias for one, and so do some databases of MLflow's; one that was objected to is
        not asked for in another. A model's name is MLflow's own here (`feasibility`).
        """
        return self.for_version(proposal.workspace, proposal.model_name, proposal.version).filter(
            target_kind=proposal.target.kind, target_key=key_of(proposal.target.name)
        )

    def ended(self) -> Self:
        """Returns the requests that came to an end, at `ENDED_AT`, and that others had seen."""
        return self.submitted().filter(status__in=[Status.CLOSED, Status.PROMOTED])

    def last_to_end(self) -> Self:
        """Returns those after which no other for the same ended: an objection to one of them is in the next one's way.

        The same is what `asking_for` takes for it.
        """
        same = {name: OuterRef(name) for name in ("workspace", "model_name", "version", "target_kind", "target_key")}
        everything: PromoteRequestQuerySet = self.model._default_manager.all()
        is_later = GreaterThan(ENDED_AT, Coalesce(OuterRef("closed_at"), OuterRef("promoted_at")))
        return self.ended().filter(~Exists(everything.ended().filter(is_later, **same)))

    def having_given(self, proposal: Proposal) -> Self:
        """Returns the promoted requests that gave the same version this very target, spelled as it is."""
        return self.asking_for(proposal).filter(
            target_name=proposal.target.name, status=Status.PROMOTED, change=Change.SET
        )

    def matching(self, text: str) -> Self:
        """Returns the requests whose title, description, model or target contains every word of `text`.

        A word such as `12` or `#12` also matches the number of a request.
        """
        found = self
        for word in text.split():
            matches = (
                Q(title__icontains=word)
                | Q(description__icontains=word)
                | Q(model_name__icontains=word)
                | Q(target_name__icontains=word)
            )
            number = word.removeprefix("#")
            if number.isascii() and number.isdigit() and len(number) <= 18:
                matches |= Q(number=int(number))
            found = found.filter(matches)
        return found

    def with_people(self) -> Self:
        """Loads also the people, reviews, checks and answers that a page shows, and the threads that may block."""
        found = self.select_related("author", "promoted_by", "closed_by", "inspection")
        found = found.prefetch_related("reviews", "checks", "answers", "labels")
        # Django refuses the same prefetch with a queryset of its own twice, and this may be called twice.
        if any(isinstance(lookup, Prefetch) for lookup in self._prefetch_related_lookups):  # type: ignore[attr-defined]
            return found
        threads: ThreadManager = apps.get_model("promote_requests", "Thread").objects
        return found.prefetch_related(Prefetch("threads", threads.blocking(), to_attr="blocking_threads"))

    def for_rows(self) -> Self:
        """Loads also the people and reviews that a list shows."""
        return self.with_people()

    def with_comment_counts(self) -> Self:
        """Counts the comments of each row that is shown: a join would count those of every row that is found."""
        comments = apps.get_model("promote_requests", "Comment")._default_manager.filter(promote_request=OuterRef("pk"))
        counted = comments.order_by().values("promote_request").annotate(count=Count("pk")).values("count")
        return self.annotate(comment_count=Coalesce(Subquery(counted), 0))
