"""Base classes for the serializers of bodies and queries. Unknown fields are refused by name."""

from collections.abc import Iterable, Mapping
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


_TYPES: tuple[tuple[type[serializers.Field], type, str], ...] = (
    (serializers.BooleanField, bool, "This is true or false."),
    (serializers.IntegerField, int, "This is a whole number."),
    (serializers.DateField, str, 'This is a date, for example "2026-12-20".'),
    (serializers.CharField, str, "This is a text."),
    (serializers.ChoiceField, str, "This is a text."),
    (serializers.ListField, list, "This is a list."),
    (serializers.DictField, dict, "This is an object."),
    (serializers.BaseSerializer, dict, "This is an object."),
)
"""What the fields take of JSON, and what is said of anything else."""


def _of_another_type(field: serializers.Field, value: Any) -> Any:
    """Returns what is wrong with the type of a value, or of those in it, as a serializer says it; None for nothing.

    Django REST framework takes 5 for a text, and "5", 5.0 and "yes" for what they are not, as forms have to.
    """
    _, wanted, says = next((row for row in _TYPES if isinstance(field, row[0])), (None, None, ""))
    if value is None or wanted is None:
        return None
    sent = value
    if type(value) not in (wanted, getattr(field, "also_takes", wanted)):  # not isinstance: true is an int
        return [says]
    child = getattr(field, "child", None)
    if child is None:
        return None
    within: Iterable[tuple[Any, Any]] = sent.items() if isinstance(sent, dict) else enumerate(sent)
    return {at: wrong for at, inner in within if (wrong := _of_another_type(child, inner))} or None


class QuerySerializer(serializers.Serializer):
    """Reads a query, whose values are texts. Fields that it does not know are refused, so that none is ignored."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                known = ", ".join(self.fields) or "none"
                hint = f"Unknown field. Known fields: {known}."
                raise serializers.ValidationError({name: [hint] for name in unknown})
        return super().to_internal_value(data)


class StrictSerializer(QuerySerializer):
    """Reads a JSON body. Fields that it does not know are refused, and values of another type than the field's."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        sent: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        wrong = {
            name: fault for name, field in self.fields.items() if (fault := _of_another_type(field, sent.get(name)))
        }
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as error:
            said: Any = error.detail
            raise serializers.ValidationError({**said, **wrong}) from None
        if wrong:
            raise serializers.ValidationError(wrong)
        return found


class NothingSerializer(StrictSerializer):
    """The empty body of an action that takes no input."""
