"""What people wrote beside their reviews, how they reworded it, and what they took back."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest
from promote_requests.models.threads import Thread
from promote_requests.querysets import CommentManager


class Comment(AppendOnly):
    """A remark in a thread; the first one opened it. `body` is its first wording, `text` the present one."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="comments")
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="comments")
    author = person(related_name="promote_request_comments")
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = CommentManager()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    @override
    def __str__(self) -> str:
        return f"Comment on #{self.promote_request_id}"

    @property
    def is_deleted(self) -> bool:
        """Whether its author took it back: then nobody is shown its words."""
        return hasattr(self, "deletion")

    @property
    def wordings(self) -> list[tuple[str, datetime]]:
        """All its texts with the moment of each, oldest first; the last one is the present."""
        return [(self.body, self.created_at), *((edit.body, edit.created_at) for edit in self.edits.all())]

    @property
    def earlier(self) -> list[tuple[str, datetime]]:
        """Its former wordings that somebody else may have read, with the moment of each, oldest first."""
        if self.is_deleted:
            return []
        replaced = zip(self.wordings, self.edits.all(), strict=False)
        return [wording for wording, edit in replaced if not edit.was_private]

    @property
    def text(self) -> str:
        """What it says now; "" once it is deleted."""
        return "" if self.is_deleted else self.wordings[-1][0]


class CommentEdit(AppendOnly):
    """A new wording of a comment, by its author; the former ones stay visible, but for those of a draft."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="edits")
    body = models.TextField()
    was_private = models.BooleanField(default=False, help_text="Whether nobody else had read the wording before it.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]

    @override
    def __str__(self) -> str:
        return f"Edit of comment {self.comment_id}"


class CommentDeletion(AppendOnly):
    """The stone where a comment stood: who took it back, and when."""

    comment = models.OneToOneField(Comment, on_delete=models.PROTECT, related_name="deletion")
    by = person(related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    @override
    def __str__(self) -> str:
        return f"Deletion of comment {self.comment_id}"
