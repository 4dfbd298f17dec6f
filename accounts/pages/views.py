"""Pages of accounts that allauth does not have: API tokens, invitations, the first administrator."""

from typing import Any

from allauth.account import views as allauth_views
from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods
from typing_extensions import override

from accounts import mail, sentences, tokens
from accounts.exceptions import AccountError, LinkInvalid
from accounts.identity.suspended import suspended
from accounts.joining import first_administrator, invitations
from accounts.models import ApiToken, User
from accounts.pages.forms import FirstAdministratorForm, NewAccountForm, TokenForm
from audit.actors import Door, actor_of


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """Mails a link for a new password; without a mail server says who can make one, and makes none."""
    if mail.is_configured():
        response: HttpResponse = allauth_views.password_reset(request)
        return response
    return render(request, "account/password_reset_without_mail.html", status=503 if request.method == "POST" else 200)


class ReauthenticateView(allauth_views.ReauthenticateView):
    """Asks for the password, saying which call then goes on; lets no call go on but the one that its page spoke of."""

    @override
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"suspended": suspended(self.request)}

    @override
    def form_valid(self, form: Form) -> HttpResponse:
        waiting = suspended(self.request)
        if self.request.POST.get("suspended", "") != (waiting.mark if waiting else ""):
            form.add_error(None, sentences.ANOTHER_CALL_WAITS)
            answer: HttpResponse = self.form_invalid(form)
            return answer
        return super().form_valid(form)


reauthenticate = never_cache(ReauthenticateView.as_view())


@require_GET
@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    """Shows the person's own tokens and the form for another."""
    return _token_page(request, TokenForm())


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_variables("plaintext")
@reauthentication_required(allow_get=True)
def token_new(request: HttpRequest) -> HttpResponse:
    """Makes a token and shows it once: it is in this response and nowhere else, so no redirect follows.

    Asks for the password first if it was last entered a while ago: a token outlives the session that made it, so an
    unattended browser or a stolen cookie must not be enough.
    """
    if request.method != "POST":
        return redirect("accounts:tokens")
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _token_page(request, form, status=400)
    try:
        token, plaintext = tokens.issue(
            actor=actor_of(request, Door.PAGE),
            user=_person(request),
            name=form.cleaned_data["name"],
            expires_at=form.expires_at(),
        )
    except AccountError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return _token_page(request, form, status=400)
    return render(request, "accounts/token_created.html", {"token": token, "plaintext": plaintext}, status=201)


@require_http_methods(["GET", "POST"])
@never_cache
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then revokes one of the person's own tokens."""
    token = get_object_or_404(ApiToken, pk=pk, user=_person(request))
    if request.method != "POST":
        return render(request, "accounts/token_revoke.html", {"token": token})
    tokens.revoke(actor=actor_of(request, Door.PAGE), token=token)
    messages.success(request, f'The token "{token.name}" opens nothing any more.')
    return redirect("accounts:tokens")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Lets the holder of an invitation choose a name and a password, and signs them in."""
    secret = request.GET.get("token", "")
    try:
        found = invitations.find(secret)
        form = NewAccountForm(request.POST or None, instance=User(email=found.email))
        if request.method == "POST" and not request.user.is_authenticated and form.is_valid():
            user = invitations.accept(actor=actor_of(request, Door.PAGE), secret=secret, **form.account())
            login(request, user)
            messages.success(request, f"Welcome, {user.username}.")
            return redirect("promote_requests:list")
    except LinkInvalid as error:
        return _invalid_link(request, error)
    except AccountError as error:
        form.add_refusal(error)
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "accounts/invitation.html", {"form": form, "invitation": found}, status=status)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Lets the holder of the link in the log become the first administrator, and signs them in."""
    token = request.GET.get("token", "")
    form = FirstAdministratorForm(request.POST or None)
    try:
        first_administrator.check(token)
        if request.method == "POST" and form.is_valid():
            user = first_administrator.create(actor=actor_of(request, Door.PAGE), token=token, **form.account())
            login(request, user)
            messages.success(request, f"Welcome, {user.username}. Invite your colleagues in Administration.")
            return redirect("promote_requests:list")
    except LinkInvalid as error:
        return _invalid_link(request, error)
    except AccountError as error:
        form.add_refusal(error)
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "accounts/setup.html", {"form": form}, status=status)


def _token_page(request: HttpRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    own = ApiToken.objects.filter(user=_person(request))
    return render(request, "accounts/tokens.html", {"form": form, "tokens": own}, status=status)


def _invalid_link(request: HttpRequest, error: LinkInvalid) -> HttpResponse:
    return render(request, "accounts/link_invalid.html", {"message": error.message}, status=410)


def _person(request: HttpRequest) -> User:
    # LoginRequiredMiddleware lets only signed-in people reach the views that call this.
    assert isinstance(request.user, User)  # noqa: S101
    return request.user
