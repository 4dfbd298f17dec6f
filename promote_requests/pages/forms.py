"""The forms of the pages. They read what was typed; the services check it."""

from typing import Any

from django import forms
from django.http import QueryDict
from typing_extensions import override

from promote_requests.pages.new.offers import TAKE_AWAY, Groups, chosen_change
from registry.proposals import Change, Proposal
from registry.workspaces import canonical_workspace


class PageForm(forms.Form):
    """A form that marks every wrong field and puts the focus on the first."""

    @override
    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        wrong = [self.fields[name].widget.attrs for name in self.fields if name in self.errors]
        for attrs in wrong:
            attrs["class"] = f"{attrs.get('class', '').removesuffix(' is-invalid')} is-invalid"
            attrs.pop("autofocus", None)
        if wrong:
            wrong[0]["autofocus"] = True


def _kept() -> forms.HiddenInput:
    """Returns a hidden field that belongs to what a person typed: `forms.js` keeps it along."""
    return forms.HiddenInput(attrs={"data-kept": ""})


class NewRequestForm(PageForm):
    """A new promote request. Its fields have the names of the services' arguments.

    `archive_shown_for` and `suggested_title` say what the page had shown: an unticked box means no only if the box was
    shown, and a title that nobody has edited changes with the choice.
    """

    workspace = forms.CharField(max_length=256, required=False, widget=_kept())
    model_name = forms.CharField(
        label="Model, prompt, skill or MCP server",
        max_length=256,
        error_messages={"required": "Name a model, prompt, skill or MCP server."},
        widget=forms.TextInput(attrs={"list": "models", "autocomplete": "off", "spellcheck": "false"}),
    )
    version = forms.CharField(label="Version", max_length=64, error_messages={"required": "Choose a version."})
    target = forms.CharField(
        label="What should happen",
        max_length=300,
        error_messages={"required": "Choose what should happen."},
        widget=forms.Select,
    )
    target_name = forms.CharField(
        label="Name",
        max_length=256,
        required=False,
        help_text="Of the other alias, or of the registered model to copy into.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    archive_existing_versions = forms.BooleanField(label="Archive the versions that hold the stage now", required=False)
    archive_shown_for = forms.CharField(required=False, widget=_kept())
    title = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "200"}))
    suggested_title = forms.CharField(required=False, widget=_kept())
    description = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-mentions": ""}),
        help_text="What should reviewers know? Markdown.",
    )

    def __init__(self, *args: Any, versions: list[tuple[str, str]], targets: Groups, **kwargs: Any) -> None:
        """Takes the choices; without versions the version is typed."""
        super().__init__(*args, **kwargs)
        if versions:
            self.fields["version"].widget = forms.Select(choices=[("", "Choose"), *versions])
        self.fields["target"].widget.choices = [("", "Choose"), *targets]
        _style(self)

    def clean_workspace(self) -> str:
        return canonical_workspace(self.cleaned_data["workspace"])

    def proposal(self) -> Proposal:
        """Returns what is asked for.

        Raises:
            InvalidInput: there is no such target; its `field` says which input is wrong.
        """
        return proposal_of(self.cleaned_data)


class EditForm(PageForm):
    """Title and description: nothing else of a request can be edited."""

    title = forms.CharField(required=False, widget=forms.TextInput(attrs={"maxlength": "200"}))
    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 10, "data-mentions": ""}), help_text="Markdown."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)


def proposal_of(chosen: dict[str, Any]) -> Proposal:
    """Returns what the form's values ask for; `archive_existing_versions` is None if its checkbox was not shown.

    Raises:
        InvalidInput: nothing is chosen, or there is no such target; its `field` says which input is wrong.
    """
    target, change = chosen_change(chosen.get("target", ""), chosen.get("target_name", ""))
    was_asked = chosen.get("archive_shown_for") == str(target)
    return Proposal(
        chosen.get("model_name", "").strip(),
        chosen.get("version", "").strip(),
        target,
        change,
        bool(chosen.get("archive_existing_versions")) if was_asked else None,
        chosen.get("workspace", ""),
    )


def initial_from_query(query: QueryDict) -> dict[str, Any]:
    """Returns the initial values that a link to the form (`links.form_path`) gives."""
    target = _typed(query, "target")
    initial: dict[str, Any] = {
        "workspace": canonical_workspace(_typed(query, "workspace")),
        "model_name": _typed(query, "model"),
        "version": _typed(query, "version"),
        "target": f"{TAKE_AWAY}{target}" if target and query.get("change") == Change.REMOVE else target,
    }
    archive = query.get("archive_existing_versions", "").lower()
    if archive:
        initial["archive_existing_versions"] = archive in ("1", "true")
        initial["archive_shown_for"] = target
    return initial


def initial_from_post(data: QueryDict) -> dict[str, Any]:
    """Returns the initial values from a form that was sent only to refresh its choices."""
    initial: dict[str, Any] = {name: _typed(data, name) for name in NewRequestForm.base_fields}
    initial["archive_existing_versions"] = "archive_existing_versions" in data
    initial["workspace"] = canonical_workspace(initial["workspace"])
    return initial


def _typed(data: QueryDict, name: str) -> str:
    # The page queries the database with what was typed before the form has checked it; PostgreSQL takes no NUL.
    return str(data.get(name, "")).replace("\x00", "")


def _style(form: forms.Form) -> None:
    for field in form.fields.values():
        match field.widget:
            case forms.CheckboxInput():
                field.widget.attrs["class"] = "form-check-input"
            case forms.Select():
                field.widget.attrs["class"] = "form-select"
            case _:
                field.widget.attrs["class"] = "form-control"
