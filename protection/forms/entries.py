"""The forms of freeze windows and owners."""

from typing import Any

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection.conditions.fields import PeopleField
from protection.forms.rules import SeenVersionForm
from protection.models import FreezeWindow, Ownership
from protection.people import named, resolved
from protection.references import People
from protection.rulebook import require_able


class FreezeWindowForm(SeenVersionForm):
    """A freeze window."""

    class Meta:
        model = FreezeWindow
        fields = ("name", "start", "end", "timezone", "target_pattern", "model_pattern", "workspace_pattern")


class OwnershipForm(SeenVersionForm):
    """An ownership with its people one a line."""

    people = PeopleField(help_text="One a line: group Risk, or user grace.")

    class Meta:
        model = Ownership
        fields = ("section", "model_pattern", "workspace_pattern", "people", "approvals")

    @override
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None and "people" in self.fields:
            self.initial["people"] = named(self.instance.people)

    def clean_people(self) -> dict[str, Any]:
        """Returns the people as they are kept."""
        try:
            people: dict[str, Any] = resolved(self.cleaned_data["people"], field="people")
        except InvalidInput as wrong:
            raise forms.ValidationError(wrong.message) from None
        return people

    @override
    def clean(self) -> dict[str, Any]:
        """Says at the field that too few of the owners can sign in."""
        values = super().clean()
        if values.get("people") and values.get("approvals"):
            try:
                require_able(People.parse(values["people"], field="people"), values["approvals"])
            except InvalidInput as wrong:
                self.add_refusal(wrong)
        return values
