"""The actions of a request's page: each calls its service and shows the request again, with the refusal if any."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.identity import confirmation, signing
from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import permissions, sentences, services, transitions
from promote_requests.choices import Action, CloseReason, Status, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.forms import EditForm
from promote_requests.pages.http import PageRequest, action, review_named, seen_text_revision
from promote_requests.pages.rules import questions
from promote_requests.pages.talk.answers import refused
from promote_requests.pages.talk.views import comment


@action
def review(request: PageRequest, number: int) -> HttpResponse:
    """Records a review, or a comment if the person pressed that button."""
    # Taken out of the form at once: what waits for a confirmation must not have it.
    password = signing.taken(request)
    if request.POST.get("verdict") == Verdict.COMMENT:
        return comment(request, number)
    signs = request.POST.get("verdict") == Verdict.APPROVE and _wants_signature(request, number)
    if not signs:
        confirmation.require(request)

    def act(promote_request: PromoteRequest) -> str:
        signer = signing.sign(request, password) if signs else None
        outcome = services.review(
            actor=actor_of(request, Door.PAGE),
            promote_request=promote_request,
            verdict=_verdict(request.POST.get("verdict", "")),
            body=request.POST.get("body", ""),
            seen_fingerprint=request.POST.get("seen_fingerprint", ""),
            seen_text_revision=seen_text_revision(request),
            answers=questions.sent(request.POST.dict()),
            signer=signer,
        )
        if outcome.failure is not None:
            messages.error(request, sentences.recorded_but_not_promoted(outcome.failure.message))
            return ""
        if outcome.promote_request.status == Status.PROMOTED:
            return sentences.promoted(outcome.promote_request)
        return "Your review is recorded."

    return _perform(request, number, act)


@action
@confirmation.confirmed
def promote(request: PageRequest, number: int) -> HttpResponse:
    """Promotes an approved request."""

    def act(promote_request: PromoteRequest) -> str:
        return sentences.promoted(services.promote(actor=actor_of(request, Door.PAGE), promote_request=promote_request))

    return _perform(request, number, act)


@action
@confirmation.confirmed
def close(request: PageRequest, number: int) -> HttpResponse:
    """Closes somebody else's request."""
    return _end(request, number, request.POST.get("reason", CloseReason.REJECTED), "closed")


@action
def withdraw(request: PageRequest, number: int) -> HttpResponse:
    """Closes one's own request."""
    return _end(request, number, CloseReason.WITHDRAWN, "withdrawn")


@action
@confirmation.confirmed
def reopen(request: PageRequest, number: int) -> HttpResponse:
    """Opens a closed request again."""

    def act(promote_request: PromoteRequest) -> str:
        message = request.POST.get("message", "")
        services.reopen(actor=actor_of(request, Door.PAGE), promote_request=promote_request, message=message)
        return sentences.REOPENED

    return _perform(request, number, act)


@action
@confirmation.confirmed
def dismiss(request: PageRequest, number: int) -> HttpResponse:
    """Lifts a request for changes."""

    def act(promote_request: PromoteRequest) -> str:
        services.dismiss(
            actor=actor_of(request, Door.PAGE),
            promote_request=promote_request,
            review=review_named(request),
            reason=request.POST.get("reason", ""),
        )
        return sentences.LIFTED

    return _perform(request, number, act, words="reason")


@action
def request_check(request: PageRequest, number: int) -> HttpResponse:
    """Asks for a check once more."""

    def act(promote_request: PromoteRequest) -> str:
        asked = services.request_check(
            actor=actor_of(request, Door.PAGE), promote_request=promote_request, name=request.POST.get("name", "")
        )
        return f"{asked.name} is asked for again: until it is reported, it counts as pending."

    return _perform(request, number, act)


@action
@confirmation.confirmed
def answer(request: PageRequest, number: int) -> HttpResponse:
    """Records what the author answers to the rules' questions."""

    def act(promote_request: PromoteRequest) -> str:
        outcome = services.answer(
            actor=actor_of(request, Door.PAGE),
            promote_request=promote_request,
            answers=questions.sent(request.POST.dict()),
        )
        if outcome.failure is not None:
            messages.error(request, sentences.recorded_but_not_promoted(outcome.failure.message))
            return ""
        if outcome.promote_request.status == Status.PROMOTED:
            return sentences.promoted(outcome.promote_request)
        return "Your answers are recorded."

    return _perform(request, number, act)


@action
def submit(request: PageRequest, number: int) -> HttpResponse:
    """Opens a draft for review."""

    def act(promote_request: PromoteRequest) -> str:
        services.submit(actor=actor_of(request, Door.PAGE), promote_request=promote_request)
        return "The request is open for review."

    return _perform(request, number, act)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, number: int) -> HttpResponse:
    """Changes title and description. The permission is checked before the form is shown; the service checks again."""
    promote_request = detail.find(request, number)
    initial = {"title": promote_request.title, "description": promote_request.description}
    failure: CheckpointError | None = None
    form = EditForm(request.POST if request.method == "POST" else None, initial=initial)
    try:
        if request.method != "POST":
            permissions.require(actor_of(request, Door.PAGE), Action.EDIT, promote_request)
            transitions.require(Action.EDIT, promote_request.status)
        elif form.is_valid():
            services.edit(actor=actor_of(request, Door.PAGE), promote_request=promote_request, **form.cleaned_data)
            return redirect(promote_request)
    except InvalidInput as mistake:
        form.add_error(mistake.field, mistake.message)
    except CheckpointError as refusal:
        if request.method != "POST":
            return detail.page(request, detail.find(request, number), failure=refusal)
        failure = refusal
    status = failure.status if failure else 400 if form.errors else 200
    context = {"promote_request": promote_request, "form": form, "failure": failure}
    return render(request, "promote_requests/edit.html", context, status=status)


def _end(request: PageRequest, number: int, reason: str, participle: str) -> HttpResponse:
    def act(promote_request: PromoteRequest) -> str:
        services.close(
            actor=actor_of(request, Door.PAGE),
            promote_request=promote_request,
            reason=reason,
            message=request.POST.get("message", ""),
        )
        return sentences.ended(participle)

    return _perform(request, number, act)


def _perform(
    request: PageRequest, number: int, act: Callable[[PromoteRequest], str], *, words: str = "message"
) -> HttpResponse:
    """Calls `act`, which calls its service and returns a sentence about what was done.

    Args:
        request: Of whoever acts.
        number: Of the request.
        act: What is done to it.
        words: The field in which the form has what people write.
    """
    promote_request = detail.find(request, number)
    try:
        done = act(promote_request)
    except CheckpointError as failure:
        return refused(request, number, failure, words=words)
    if done:
        messages.success(request, done)
    return redirect(promote_request)


def _wants_signature(request: PageRequest, number: int) -> bool:
    return services.requirement_of(detail.find(request, number)).wants_signatures


def _verdict(value: str) -> Verdict:
    try:
        return Verdict(value)
    except ValueError:
        raise InvalidInput("Choose whether you approve or request changes.", field="verdict") from None
