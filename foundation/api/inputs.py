"""Base classes for the serializers of bodies and queries. Unknown fields are refused by name."""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from rest_framework import serializers
from typing_extensions import override


def one_of(choices: type[TextChoices], **options: Any) -> serializers.ChoiceField:
    """Returns a field that takes one of the choices; its error message lists them."""
    known = ", ".join(choices.values)
    return serializers.ChoiceField(
        choices.choices, error_messages={"invalid_choice": f'"{{input}}" is not known: use {known}.'}, **options
    )


def seen_version() -> serializers.IntegerField:
    """Returns the field with which a caller says which version of a row they read; another one is a conflict (409)."""
    return serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="The one that you read: refused if it has changed."
    )


def warnings_field() -> serializers.ListField:
    """Returns the field that tells who has just saved something what they should know though it is saved."""
    return serializers.ListField(
        child=serializers.CharField(), required=False, read_only=True, help_text="In answers to POST and PATCH only."
    )


class TrueOrFalse(serializers.BooleanField):
    """A field of a JSON body that takes true and false, not the words and numbers that people use for them."""

    @override
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("This is true or false.")
        return data


class StrictSerializer(serializers.Serializer):
    """Refuses fields that it does not know, so that a misspelt one is not silently ignored."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                known = ", ".join(self.fields) or "none"
                hint = f"Unknown field. Known fields: {known}."
                raise serializers.ValidationError({name: [hint] for name in unknown})
        return super().to_internal_value(data)


class NothingSerializer(StrictSerializer):
    """The empty body of an action that takes no input."""
