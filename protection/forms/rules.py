"""The form of a protection rule, with a field for each condition's settings."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.http import QueryDict
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection import possible
from protection.choices import Enforcement
from protection.conditions import CONDITIONS, parse
from protection.forms.moves import MovesFields, moves_from, moves_of
from protection.models import ProtectionRule
from protection.people import named, resolved

CONDITION_FIELDS = {key: field for key, kind in CONDITIONS.items() if (field := kind.form_field()) is not None}
"""{condition: the form's field for its settings}."""
COVERS = ("description", "target_pattern", "model_pattern", "workspace_pattern")
FOLLOWS = (
    "promote_when",
    "promoter_groups",
    "on_direct_write",
    "on_direct_write_by_service_accounts",
    "enforcement",
)


WORDS = {
    "required": "Fill this in.",
    "invalid": "Write a whole number.",
    "min_value": "Write %(limit_value)s or more.",
    "max_value": "Write %(limit_value)s or less.",
    "max_length": "Write at most %(limit_value)d characters: these are %(show_value)d.",
    "invalid_choice": "Choose one of the list: %(value)s is not in it.",
    "invalid_pk_value": "Choose one of the list: %(pk)s is not in it.",
}
"""{code of a mistake: what is said at its field}, in place of the words that Django ships."""


def _codes(field: forms.Field) -> set[str]:
    """Returns the codes of the mistakes that a field finds by itself."""
    return {*field.default_error_messages, "min_value", "max_value", "max_length", "required"}


class SeenVersionForm(forms.ModelForm):
    """A form that says which version of its row the person was shown, so that nobody overwrites what they never saw.

    What the form was made for goes into the row; the service compares it with what is stored then.
    """

    seen_version = forms.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput(attrs={"data-kept": ""})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version
        self.stored_version: int = self.instance.version
        for field in self.fields.values():
            field.error_messages |= {code: words for code, words in WORDS.items() if code in _codes(field)}

    @override
    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self.instance.pk is not None and (seen := values.get("seen_version")) is not None:
            self.instance.version = seen
        return values

    @override
    def add_error(self, field: str | None, error: Any) -> None:
        """Leaves out what the model says of a field that is known to be wrong: it saw a former or an empty value."""
        if field is None and isinstance(error, forms.ValidationError) and hasattr(error, "error_dict"):
            error = {name: said for name, said in error.error_dict.items() if name not in self.errors}
            if not error:
                return
        super().add_error(field, error)

    def show_present_version(self, version: int) -> None:
        """Lets the person save what they typed once more, in place of what they have now been told of."""
        assert isinstance(self.data, QueryDict)  # noqa: S101 - the form is one that a browser sent, for mypy
        sent = self.data.copy()
        sent[self.add_prefix("seen_version")] = str(version)
        self.data = sent

    def add_refusal(self, refusal: InvalidInput) -> None:
        """Shows a service's refusal beside the field that it names; what is said there already is not said again."""
        field = refusal.field if refusal.field in self.fields else None
        if refusal.message not in self.errors.get(field or "__all__", []):
            self.add_error(field, refusal.message)


class _RuleForm(MovesFields, SeenVersionForm):
    class Meta:
        model = ProtectionRule
        fields = (*COVERS, *(name for name in FOLLOWS if name != "promoter_groups"))

    promoter_groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        label="Groups that may press Promote",
        required=False,
        help_text="None: everybody may. Of several rules each has to be satisfied.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("promoter_groups", [group.pk for group in self.instance.parsed_promoters])
        for name, value in moves_of(self.instance).items():
            self.initial.setdefault(name, value)
        conditions = named(self.instance.conditions)
        for key in CONDITION_FIELDS.keys() & self.fields.keys():
            self.initial.setdefault(key, conditions.get(key))

    @override
    def clean(self) -> dict[str, Any]:
        """Puts the settings together into the rule's document, which the model then checks."""
        values = super().clean()
        others = {key: value for key, value in self.instance.conditions.items() if key not in CONDITION_FIELDS}
        settings = {key: values[key] for key in CONDITION_FIELDS if values.get(key) not in (None, "", False, [], {})}
        is_off = values.get("enforcement") == Enforcement.OFF
        try:
            document = {**others, **resolved(settings, must_be_able=not is_off)}
            asked = parse(document)
            self.instance.conditions = document
            for one in () if is_off else possible.of_rule(asked):
                self.add_error(one.condition, one.sentence)
        except InvalidInput as wrong:
            self.add_refusal(wrong)
        self.instance.moves = moves_from(values)
        promoters = values.get("promoter_groups") or []
        self.instance.promoters = [{"id": group.pk, "name": group.name} for group in promoters]
        return values


RuleForm: type[_RuleForm] = type("RuleForm", (_RuleForm,), dict(CONDITION_FIELDS))
"""The form with the conditions' fields declared, so that Django's admin knows them."""
