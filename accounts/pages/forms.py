"""Forms of the account pages."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.contrib.auth.forms import UserCreationForm
from django.utils import timezone
from typing_extensions import override

from accounts.exceptions import AccountError
from accounts.models import User

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "Never"}


class SignInForm(LoginForm):
    """allauth's form with Checkpoint's labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, remember = self.fields["login"], self.fields["remember"]
        login.label = "User name or e-mail address"
        # With "email" a browser's password store would not offer user names.
        login.widget.attrs |= {"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        remember.label = f"Stay signed in for {settings.SESSION_COOKIE_AGE // 86_400} days"


class TokenForm(forms.Form):
    """Asks what a token is for and how long it lives."""

    name = forms.CharField(max_length=100, label="What is it for?", help_text="For example: nightly training.")
    days = forms.ChoiceField(
        choices=list(LIFETIMES.items()),
        required=False,
        initial="90",
        label="Expires",
        help_text="90 days is a good habit.",
    )

    def expires_at(self) -> datetime | None:
        """Returns when the token expires, None for never."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class NewAccountForm(UserCreationForm):
    """Asks an invited person for a name and a password; pass `instance` with the address, which the checks compare."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields: ClassVar[tuple[str, ...]] = ("username",)

    def add_refusal(self, error: AccountError) -> None:
        """Shows a service's refusal beside the field that it names."""
        field = {"password": "password1"}.get(error.field, error.field)
        self.add_error(field if field in self.fields else None, error.message)

    def account(self) -> dict[str, Any]:
        """Returns the values as keyword arguments of the services."""
        return {"username": self.cleaned_data["username"], "password": self.cleaned_data["password1"]}


class FirstAdministratorForm(NewAccountForm):
    """Asks for an address too, so that a forgotten password can be reset by mail."""

    class Meta(NewAccountForm.Meta):
        fields: ClassVar[tuple[str, ...]] = ("username", "email")

    @override
    def account(self) -> dict[str, Any]:
        return super().account() | {"email": self.cleaned_data["email"]}
