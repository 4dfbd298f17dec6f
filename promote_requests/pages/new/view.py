"""The form of a new promote request, with a preview of what reviewers will compare."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import sentences, services
from promote_requests.exceptions import DuplicateRequest
from promote_requests.pages.forms import NewRequestForm, initial_from_post, initial_from_query
from promote_requests.pages.http import PageRequest, lists_of
from promote_requests.pages.new import offers
from promote_requests.pages.new.preview import Preview, preview
from protection.rulebook import rulebook
from registry.exceptions import RegistryError, RegistryNotFound
from registry.targets import Target
from registry.types import ModelVersion, RegisteredModel

MODELS_OFFERED = 500
VERSIONS_OFFERED = 200


@dataclass(slots=True)
class Known:
    """What the registry has for the choices so far; `failure` if it cannot be asked."""

    models: list[str] = field(default_factory=list)
    model: RegisteredModel | None = None
    versions: list[ModelVersion] = field(default_factory=list)
    failure: RegistryError | None = None

    def version(self, number: str) -> ModelVersion | None:
        """Returns one of the listed versions."""
        return next((version for version in self.versions if version.version == number), None)


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: PageRequest) -> HttpResponse:
    """Shows the form, refreshes it after a choice, or opens the request."""
    if request.method != "POST":
        return _page(request, initial_from_query(request.GET), arrival=_arrival(request))
    if "refresh" in request.POST:
        return _page(request, initial_from_post(request.POST))
    return _create(request)


def _create(request: PageRequest) -> HttpResponse:
    failure: CheckpointError | None = None
    sent = NewRequestForm(request.POST, versions=[], targets=[])  # the menus are for the page, which may not be needed
    if sent.is_valid():
        try:
            return _created(request, sent)
        except CheckpointError as error:
            failure = error
    initial = initial_from_post(request.POST)
    known = _known(initial)
    form = _form(known, initial, data=request.POST)
    if form.is_valid() and failure is not None:
        _place(form, failure)
    status = 400 if failure is None else failure.status
    return _render(request, form, known, initial, failure=failure, status=status)


def _created(request: PageRequest, form: NewRequestForm) -> HttpResponse:
    given = form.cleaned_data
    promote_request = services.create(
        actor=actor_of(request, Door.PAGE),
        proposal=form.proposal(),
        title=given["title"],
        description=given["description"],
        draft="draft" in request.POST,
    )
    messages.success(request, sentences.created(is_draft="draft" in request.POST))
    return redirect(promote_request)


def _arrival(request: PageRequest) -> str:
    """Returns why somebody was led here whose call was refused; "" for whoever came otherwise."""
    try:
        refused = Target.parse(request.GET.get("refused", ""))
    except InvalidInput:
        return ""
    return sentences.arrived(refused, request.GET.get("model", ""))


def _page(request: PageRequest, initial: dict[str, Any], *, arrival: str = "") -> HttpResponse:
    known = _known(initial)
    return _render(request, None, known, initial, arrival=arrival)


def _render(
    request: PageRequest,
    form: NewRequestForm | None,
    known: Known,
    initial: dict[str, Any],
    *,
    failure: CheckpointError | None = None,
    status: int = 200,
    arrival: str = "",
) -> HttpResponse:
    shown = None if known.failure else preview(request.user, initial)
    _suggest(initial, shown)
    context = {
        "form": form or _form(known, initial),
        "known": known,
        "preview": shown,
        "failure": failure,
        "arrival": arrival,
        "is_model_unknown": bool(initial.get("model_name")) and not known.model and not known.failure,
        "duplicate": failure.number if isinstance(failure, DuplicateRequest) else None,
        "is_name_typed": initial.get("target") in offers.TYPED,
        "can_archive": shown is not None and shown.proposal is not None and shown.proposal.target.can_archive_holders,
    }
    return render(request, "promote_requests/new.html", context, status=status)


def _known(initial: dict[str, Any]) -> Known:
    """Asks the registry for the choices."""
    known = Known()
    name = initial.get("model_name", "")
    lists = lists_of(initial.get("workspace", ""))
    try:
        listed = lists.models("", limit=MODELS_OFFERED)
        known.models = [model.name for model in listed]
        if name:
            known.model = lists.model(name, listed=listed)
            known.versions = lists.versions(known.model, limit=VERSIONS_OFFERED)
    except RegistryNotFound:
        # The preview says so beside the field.
        return known
    except RegistryError as failure:
        known.failure = failure
    return known


def _form(known: Known, initial: dict[str, Any], data: Any = None) -> NewRequestForm:
    aliases = offers.aliases_named_by(rule.target_pattern for rule in rulebook().rules)
    version = initial.get("version", "")
    groups = offers.target_choices(known.model, known.version(version), aliases)
    choice, typed, groups = offers.placed(initial.get("target", ""), initial.get("target_name", ""), groups)
    initial.update(target=choice, target_name=typed)
    form = NewRequestForm(
        data, initial=initial, versions=offers.version_choices(known.versions, version), targets=groups
    )
    _say_what_is_left_out(form, known)
    return form


def _say_what_is_left_out(form: NewRequestForm, known: Known) -> None:
    if len(known.models) >= MODELS_OFFERED:
        form.fields["model_name"].help_text = f"The first {MODELS_OFFERED} models are offered. Any other can be typed."
    if len(known.versions) >= VERSIONS_OFFERED:
        form.fields["version"].help_text = (
            f"The newest {VERSIONS_OFFERED} versions are offered. "
            "For an older one open this form from its page in MLflow."
        )


def _suggest(initial: dict[str, Any], shown: Preview | None) -> None:
    """Fills in the title that nobody has edited, and the checkbox that was not shown before."""
    if shown is None or shown.proposal is None:
        return
    target = shown.proposal.target
    title = sentences.suggested_title(shown.proposal)
    if initial.get("title", "") in ("", initial.get("suggested_title", "")):
        initial["title"] = title
    initial["suggested_title"] = title
    if initial.get("archive_shown_for", "") != str(target):
        initial["archive_existing_versions"] = target.can_archive_holders
    initial["archive_shown_for"] = str(target)


def _place(form: NewRequestForm, error: CheckpointError) -> None:
    """Puts a refusal beside its field; one without a field is shown above the form."""
    if isinstance(error, InvalidInput) and error.field:
        form.add_error(error.field if error.field in form.fields else "target", error.message)
