"""API tokens in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from accounts import sentences, tokens
from accounts.admin import actions as shared
from accounts.models import ApiToken


class TokenInline(admin.TabularInline):
    """Shows a person's tokens; they are revoked in the list of tokens."""

    model = ApiToken
    extra = 0
    can_delete = False
    fields = readonly_fields = ("name", "hint", "created_at", "expires_at", "revoked_at", "last_used_at")

    @override
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False: a token is shown once, to its owner."""
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens can be looked at and revoked."""

    list_display = ("name", "user", "hint", "state", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    fields = readonly_fields = (
        "user",
        "name",
        "hint",
        "digest",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
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
        actor = shared.actor(request)

        def act(token: ApiToken) -> None:
            tokens.revoke(actor=actor, token=token)

        shared.for_each(self, request, queryset, act, sentences.tokens_revoked)
