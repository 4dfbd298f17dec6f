"""The fields of a rule's form that Django does not have."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

_LINE = re.compile(r"(?P<kind>group|user)\s*:?\s+(?P<name>.+)", re.IGNORECASE)


class PeopleField(forms.CharField):
    """Groups and users, one a line, by their names; gives `{groups: [name], users: [name]}`, or {} for none."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 80, "spellcheck": "false"})

    @override
    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value or ""
        return "\n".join(
            f"{kind.removesuffix('s')} {one['name'] if isinstance(one, dict) else one}"
            for kind in ("groups", "users")
            for one in value.get(kind, [])
        )

    @override
    def clean(self, value: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {"groups": [], "users": []}
        for line in filter(None, map(str.strip, super().clean(value).splitlines())):
            said = _LINE.fullmatch(line)
            if said is None:
                raise ValidationError(f"{line!r} is neither: write group and its name, or user and the name.")
            found[f"{said['kind'].lower()}s"].append(said["name"].strip())
        return found if any(found.values()) else {}
