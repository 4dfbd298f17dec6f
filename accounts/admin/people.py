"""People in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from typing_extensions import override

from accounts import people, sentences, standing
from accounts.admin import actions as shared
from accounts.admin.tokens import TokenInline
from accounts.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People are deactivated, not deleted; rights are given by administrators only."""

    list_display = ("username", "email", "is_staff", "is_active", "last_login")
    readonly_fields = ("is_active", "last_login", "date_joined")
    actions = ("deactivate", "activate", "password_link")
    inlines = (TokenInline,)
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Leaves out service accounts, which have no password and a page of their own."""
        return super().get_queryset(request).filter(owner=None)

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
        if obj is not None and not people.may_edit(shared.person(request), obj):
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
            revoked = people.deactivate(actor=shared.actor(request), user=user)
            self.log_change(request, user, sentences.deactivated(revoked))

        shared.for_each(self, request, queryset, act, sentences.accounts_deactivated)

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Lets the chosen accounts be used again; the account's history says so."""

        def act(user: User) -> None:
            people.activate(actor=shared.actor(request), user=user)
            self.log_change(request, user, sentences.ACTIVATED)

        shared.for_each(self, request, queryset, act, sentences.accounts_activated)

    @admin.action(description="Make a link for a new password", permissions=["change"])
    def password_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Shows, once, the link with which each of the chosen people sets a new password; for who gets no mail."""

        def act(user: User) -> None:
            link = people.password_link(actor=shared.actor(request), user=user)
            self.log_change(request, user, sentences.LINK_MADE)
            messages.warning(request, sentences.password_link(user.get_username(), link))

        shared.for_each(self, request, queryset, act, sentences.password_links_made)

    @override
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            setattr(request, standing.BEFORE, standing.of_account(obj))
        super().save_model(request, obj, form, change)

    @override
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Records what changed, in the transaction of the change; groups and rights are saved here too."""
        super().save_related(request, form, formsets, change)
        actor = shared.actor(request)
        if change:
            standing.record_account(actor=actor, user=form.instance, before=getattr(request, standing.BEFORE))
        else:
            people.record_creation(actor=actor, user=form.instance)

    @override
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Records that somebody set another person's password, in the transaction of the change."""
        user = self.get_object(request, unquote(id))
        if request.method != "POST" or user is None:
            return super().user_change_password(request, id, form_url)
        with transaction.atomic():
            before = user.password
            response = super().user_change_password(request, id, form_url)
            user.refresh_from_db(fields=["password"])
            if user.password != before:
                people.record_password(actor=shared.actor(request), user=user)
        return response
