"""Administration of people, tokens and invitations."""

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from accounts import mail, people, sentences, tokens
from accounts.exceptions import AccountError
from accounts.joining import invitations
from accounts.models import ApiToken, Invitation, User
from audit.actors import Actor, Door, actor_of

# allauth's second table of addresses is not used: a person has the one address of the account.
admin.site.unregister(EmailAddress)


def _for_each(
    modeladmin: admin.ModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    act: Callable[[Any], Any],
    done: Callable[[int], str],
) -> None:
    """Runs a service on every chosen row; each refusal is shown, and one does not stop the others.

    Args:
        modeladmin: The admin of the list.
        request: The request of the person who chose the rows.
        rows: The chosen rows.
        act: The service.
        done: Says what was done, from the number of rows.
    """
    count = 0
    for row in rows:
        try:
            act(row)
            count += 1
        except AccountError as error:
            modeladmin.message_user(request, f"{row}: {error.message}", messages.ERROR)
    if count:
        modeladmin.message_user(request, done(count), messages.SUCCESS)


class TokenInline(admin.TabularInline):
    """Shows a person's tokens; they are revoked in the list of tokens."""

    model = ApiToken
    extra = 0
    can_delete = False
    fields = readonly_fields = ("name", "hint", "created_at", "expires_at", "revoked_at")

    @override
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False: a token is shown once, to its owner."""
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People are deactivated, not deleted; rights are given by administrators only."""

    list_display = ("username", "email", "is_staff", "is_active", "last_login")
    readonly_fields = ("is_active", "last_login", "date_joined")
    actions = ("deactivate", "activate")
    inlines = (TokenInline,)
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )

    @override
    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Shows no tokens on the form for a new person."""
        return self.inlines if obj else ()

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Lets only administrators give rights; otherwise anybody who may edit people could become one."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fields
        return (*fields, "is_staff", "is_superuser", "groups", "user_permissions")

    @override
    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuses people who have fewer rights than the account: they could set its password and use it."""
        if obj is not None and not people.may_edit(_person(request), obj):
            return False
        return super().has_change_permission(request, obj)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Returns False: the record names people."""
        return False

    @admin.action(description="Deactivate: end sessions, revoke tokens, withdraw invitations", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Takes the chosen accounts out of use; the account's history says so."""

        def act(user: User) -> None:
            revoked = people.deactivate(actor=_actor(request), user=user)
            self.log_change(request, user, sentences.deactivated(revoked))

        _for_each(self, request, queryset, act, sentences.accounts_deactivated)

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Lets the chosen accounts be used again; the account's history says so."""

        def act(user: User) -> None:
            people.activate(actor=_actor(request), user=user)
            self.log_change(request, user, sentences.ACTIVATED)

        _for_each(self, request, queryset, act, sentences.accounts_activated)


admin.site.unregister(Group)


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """Only administrators change groups; anybody else could give a right to a group of their own. Others may view."""

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens can be looked at and revoked."""

    list_display = ("name", "user", "hint", "state", "created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    fields = readonly_fields = ("user", "name", "hint", "digest", "created_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Returns False: a token is shown once, to its owner."""
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Returns False: a revoked token stays listed."""
        return False

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        actor = _actor(request)

        def act(token: ApiToken) -> None:
            tokens.revoke(actor=actor, token=token)

        _for_each(self, request, queryset, act, sentences.tokens_revoked)


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
        """Invites through the service, mails the link and shows it to the administrator."""
        invitation, link = invitations.invite(actor=_actor(request), email=obj.email)
        obj.pk = invitation.pk
        is_mailed = mail.is_configured() and invitations.send(invitation, link)
        messages.warning(request, sentences.invited(invitation.email, link, is_mailed=is_mailed))

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


def _actor(request: HttpRequest) -> Actor:
    return actor_of(request, Door.ADMIN)


def _person(request: HttpRequest) -> User:
    # The admin site admits only signed-in people.
    assert isinstance(request.user, User)  # noqa: S101
    return request.user
