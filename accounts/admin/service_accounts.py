"""Service accounts in the admin: made, handed over, given tokens, taken out of use."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from typing_extensions import override

from accounts import people, sentences, service_accounts, standing, tokens
from accounts.admin import actions as shared
from accounts.admin.tokens import TokenInline
from accounts.exceptions import AccountError
from accounts.models import ServiceAccount, User
from accounts.pages.forms import TokenForm


class _ServiceAccountForm(forms.ModelForm):
    """Name, owner and purpose; the name cannot be changed, because programs and rules know it."""

    username = forms.CharField(label="Name", max_length=150, help_text="For example: nightly-training.")
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True, owner=None).order_by("username"),
        help_text="The person who answers for it. It is deactivated together with this person. To name another one "
        "revokes its API tokens, because the former may hold them.",
    )
    purpose = forms.CharField(max_length=200, help_text="What it is for, in a sentence.")

    class Meta:
        model = ServiceAccount
        fields = ("username", "owner", "purpose", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            self.fields["groups"].help_text = "Groups give a service account no right: it asks, comments and reports."
        if self.instance.pk is None:
            self.instance.password = make_password(None)
        elif "username" in self.fields:
            self.fields["username"].disabled = True

    @override
    def clean(self) -> dict[str, Any]:
        """Says at the field what the service would refuse."""
        given: dict[str, Any] = super().clean() or {}
        try:
            if self.instance.pk is not None:
                service_accounts.checked_purpose(given.get("purpose", ""))
            elif "username" in given:
                service_accounts.drafted(username=given["username"], purpose=given.get("purpose", ""))
        except AccountError as refusal:
            if refusal.field not in self.errors:
                self.add_error(refusal.field, refusal.message)
        return given


@admin.register(ServiceAccount)
class ServiceAccountAdmin(admin.ModelAdmin):
    """Accounts for programs. The services write them; what they refuse is said in the form."""

    form = _ServiceAccountForm
    list_display = ("username", "owner", "purpose", "is_active", "last_use")
    list_filter = ("is_active",)
    list_select_related = ("owner",)
    search_fields = ("username", "owner__username", "purpose")
    actions = ("deactivate", "activate")
    inlines = (TokenInline,)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceAccount]:
        return super().get_queryset(request).annotate(last_use_at=Max("api_tokens__last_used_at"))

    @admin.display(description="last use of a token", ordering="last_use_at")
    def last_use(self, account: ServiceAccount) -> Any:
        return getattr(account, "last_use_at", None)

    @admin.display(description="API tokens")
    def new_token(self, account: ServiceAccount) -> SafeString | str:
        if not account.is_active:
            return "It is deactivated: activate it first."
        address = reverse("admin:accounts_serviceaccount_token", args=[account.pk])
        return format_html('<a href="{}">Make an API token</a>, shown once. Its tokens are below.', address)

    @override
    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        given = ("username", "owner", "purpose")
        groups = ("groups",) if request.user.is_superuser else ()
        return (*given, *groups, "is_active", "last_use", "new_token") if obj else (*given, *groups)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("is_active", "last_use", "new_token") if obj else ()

    @override
    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Shows no tokens on the form for a new account."""
        return self.inlines if obj else ()

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False: the record names accounts."""
        return False

    @override
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Records which groups were given, in the transaction of the change; the service has recorded the rest."""
        before = standing.of_account(form.instance)
        super().save_related(request, form, formsets, change)
        standing.record_account(actor=shared.actor(request), user=form.instance, before=before)

    @override
    def save_model(self, request: HttpRequest, obj: ServiceAccount, form: Any, change: bool) -> None:
        given = {"owner": form.cleaned_data["owner"], "purpose": form.cleaned_data["purpose"]}
        if change:
            revoked = service_accounts.change(actor=shared.actor(request), account=obj, **given)
            if "owner" in form.changed_data:
                told = sentences.handed_over(obj.get_username(), given["owner"].get_username(), revoked)
                messages.warning(request, told)
            return
        made = service_accounts.create(actor=shared.actor(request), username=form.cleaned_data["username"], **given)
        obj.pk = made.pk
        # The admin names it in its history and its message, and stores the groups with it.
        obj.__dict__.update(made.__dict__)

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows what the service refuses although the form was valid, because somebody else was faster."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AccountError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.get_full_path())

    @admin.action(description="Deactivate: revoke its tokens", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[ServiceAccount]) -> None:
        """Takes the chosen accounts out of use."""
        shared.for_each(
            self,
            request,
            queryset,
            lambda account: people.deactivate(actor=shared.actor(request), user=account),
            sentences.accounts_deactivated,
        )

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[ServiceAccount]) -> None:
        """Lets the chosen accounts be used again, with new tokens."""
        shared.for_each(
            self,
            request,
            queryset,
            lambda account: people.activate(actor=shared.actor(request), user=account),
            sentences.service_accounts_activated,
        )

    @override
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.token_view)
        return [path("<path:object_id>/token/", view, name="accounts_serviceaccount_token"), *super().get_urls()]

    @method_decorator(never_cache)
    @method_decorator(reauthentication_required(allow_get=True))
    @method_decorator(sensitive_variables("plaintext"))
    def token_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Makes a token and shows it once, in this response and nowhere else."""
        account = self.get_object(request, unquote(object_id))
        if account is None:
            raise Http404
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        form, plaintext = TokenForm(request.POST or None), ""
        if request.method == "POST" and form.is_valid():
            try:
                _, plaintext = tokens.issue(
                    actor=shared.actor(request),
                    user=account,
                    name=form.cleaned_data["name"],
                    expires_at=form.expires_at(),
                )
            except AccountError as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        context = {
            **self.admin_site.each_context(request),
            "title": f"An API token for {account.username}",
            "opts": self.opts,
            "original": account,
            "form": form,
            "plaintext": plaintext,
        }
        status = 201 if plaintext else 400 if form.errors else 200
        return TemplateResponse(request, "admin/accounts/serviceaccount/token.html", context, status=status)
