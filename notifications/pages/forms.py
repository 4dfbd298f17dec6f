"""The form of a webhook."""

from typing import Any

from django import forms

from foundation.exceptions import InvalidInput
from notifications.choices import Event, Format
from notifications.models import Webhook
from notifications.webhooks.addresses import LONGEST

_EVERYTHING = "Choose none to be told of everything."


class WebhookForm(forms.Form):
    """Asks for a webhook; the service checks what is entered."""

    url = forms.CharField(
        max_length=LONGEST,
        label="Address",
        help_text="http or https. It gets a POST with JSON, and answers 2xx within 10 seconds.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(max_length=200, required=False, label="What is it for?")
    format = forms.ChoiceField(
        choices=Format.choices,
        required=False,
        label="Who reads it?",
        help_text="Slack and Teams: the address of an incoming webhook there.",
    )
    model_pattern = forms.CharField(
        max_length=256, initial="*", label="Models", help_text="For example: * or fraud-*. Case does not matter."
    )
    events = forms.MultipleChoiceField(
        choices=Event.choices,
        required=False,
        label="Events",
        help_text=_EVERYTHING,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookForm":
        """Returns the form filled in with what a webhook is."""
        fields = ("url", "description", "format", "model_pattern", "events")
        return cls(initial={name: getattr(webhook, name) for name in fields})

    def values(self) -> dict[str, Any]:
        """Returns the values as keyword arguments of the services."""
        return self.cleaned_data | {"format": self.cleaned_data["format"] or Format.CHECKPOINT}

    def add_refusal(self, error: InvalidInput) -> None:
        """Shows a service's refusal beside the field that it names."""
        self.add_error(error.field if error.field in self.fields else None, error.message)
