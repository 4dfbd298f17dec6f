"""Invitations in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from typing_extensions import override

from accounts import people, sentences
from accounts.admin import actions as shared
from accounts.joining import invitations
from accounts.models import Invitation

_INVITED = "_checkpoint_invited"
"""The attribute of a request under which the invitation that it made waits for the end of the transaction."""


class InviteForm(forms.ModelForm):
    """Asks for the address of the person to invite."""

    class Meta:
        model = Invitation
        fields = ("email",)

    def clean_email(self) -> str:
        """Refuses an address that has an account."""
        email: str = self.cleaned_data["email"].lower()
        if people.address_is_taken(email):
            raise forms.ValidationError(sentences.ACCOUNT_EXISTS)
        return email


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Adding an invitation mails the link and shows it once, for installations without mail."""

    list_display = ("email", "state", "invited_by", "created_at", "expires_at", "accepted_by")
    list_select_related = ("invited_by", "accepted_by")
    search_fields = ("email",)
    form = InviteForm

    @override
    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Invites through the service."""
        invitation, link = invitations.invite(actor=shared.actor(request), email=obj.email)
        obj.pk = invitation.pk
        setattr(request, _INVITED, (invitation, link))

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Mails the link and shows it to the administrator, once the invitation is committed.

        Inside the transaction a slow mail server would stop every writer of an SQLite database, and a roll-back would
        leave the mail of a link that opens nothing.
        """
        response = super().changeform_view(request, *args, **kwargs)
        if hasattr(request, _INVITED):
            invitation, link = getattr(request, _INVITED)
            is_mailed = invitations.send(invitation, link)
            messages.warning(request, sentences.invited(invitation.email, link, is_mailed=is_mailed))
        return response

    @override
    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        invitations.withdraw(actor=shared.actor(request), invitation=obj)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        for invitation in queryset:
            self.delete_model(request, invitation)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Returns False: invite again instead."""
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Allows withdrawing an open invitation; an accepted one records where an account came from."""
        if obj is not None and obj.accepted_at is not None:
            return False
        return super().has_delete_permission(request, obj)
