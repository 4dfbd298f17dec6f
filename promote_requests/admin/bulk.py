"""Approves and closes several requests: a page that asks, then the service for each, showing each refusal."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse

from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError
from promote_requests import sentences, services
from promote_requests.choices import CloseReason, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import seen_text_revision
from promote_requests.querysets import PromoteRequestQuerySet
from protection.rulebook import rulebook
from registry import patience

LIMIT = 100
"""The most requests at a time: each approval asks MLflow, and the page must answer before a browser gives up."""
_TEMPLATE = "admin/promote_requests/promoterequest/confirm_bulk.html"


class ApproveForm(forms.Form):
    """The comment that goes with every approval."""

    body = forms.CharField(label="Comment", required=False, widget=forms.Textarea(attrs={"rows": 3}))


class CloseForm(forms.Form):
    """Why the requests are closed."""

    reason = forms.ChoiceField(
        choices=[(reason.value, reason.label) for reason in CloseReason if reason != CloseReason.WITHDRAWN]
    )
    message = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))


def approve(model_admin: ModelAdmin, request: HttpRequest, queryset: PromoteRequestQuerySet) -> TemplateResponse | None:
    """Asks, then approves each request as the facts stood on the page that asked."""

    def one(promote_request: PromoteRequest, values: dict[str, Any]) -> str:
        outcome = services.review(
            actor=actor_of(request, Door.ADMIN),
            promote_request=promote_request,
            verdict=Verdict.APPROVE,
            seen_fingerprint=request.POST.get(f"seen_{promote_request.pk}", ""),
            seen_text_revision=seen_text_revision(request, f"seen_text_{promote_request.pk}"),
            **values,
        )
        return "" if outcome.failure is None else sentences.promotion_failed(promote_request, outcome.failure.message)

    return _ask_then_do(model_admin, request, queryset, form_class=ApproveForm, one=one, words=("Approve", "approved"))


def close(model_admin: ModelAdmin, request: HttpRequest, queryset: PromoteRequestQuerySet) -> TemplateResponse | None:
    """Asks why, then closes each request."""

    def one(promote_request: PromoteRequest, values: dict[str, Any]) -> str:
        reason = CloseReason(values["reason"])
        services.close(
            actor=actor_of(request, Door.ADMIN),
            promote_request=promote_request,
            reason=reason,
            message=values["message"],
        )
        return ""

    return _ask_then_do(model_admin, request, queryset, form_class=CloseForm, one=one, words=("Close", "closed"))


def _ask_then_do(
    model_admin: ModelAdmin,
    request: HttpRequest,
    queryset: PromoteRequestQuerySet,
    *,
    form_class: type[forms.Form],
    one: Callable[[PromoteRequest, dict[str, Any]], str],
    words: tuple[str, str],
) -> TemplateResponse | None:
    verb, participle = words
    chosen = list(queryset.with_people().order_by("number")[: LIMIT + 1])
    if len(chosen) > LIMIT:
        model_admin.message_user(request, sentences.too_many(verb, LIMIT), messages.ERROR)
        return None
    confirmed = "confirmed" in request.POST
    form = form_class(request.POST if confirmed else None)
    if not confirmed or not form.is_valid():
        return _question(model_admin, request, chosen, form, verb)
    _tell_who_left(model_admin, request, chosen)
    done = 0
    for promote_request in chosen:
        try:
            # Each has its own time: the last must not fail because the first ones took long.
            with patience.at_most(patience.PAGE, afresh=True):
                problem = one(promote_request, form.cleaned_data)
            done += 1
        except CheckpointError as refusal:
            problem = sentences.not_done(promote_request, participle, refusal.message)
        if problem:
            model_admin.message_user(request, problem, messages.ERROR)
    level = messages.SUCCESS if done == len(chosen) else messages.WARNING
    model_admin.message_user(request, sentences.done_to(done, len(chosen), participle), level)
    return None


def _question(
    model_admin: ModelAdmin, request: HttpRequest, chosen: Sequence[PromoteRequest], form: forms.Form, verb: str
) -> TemplateResponse:
    rules = rulebook()
    rows = [
        (
            promote_request,
            services.decision_of(promote_request, rules),
            sentences.sentence(sentences.Story.of(promote_request, promote_request.champion_version)),
        )
        for promote_request in chosen
    ]
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": sentences.about_to(verb, len(chosen)),
        "verb": verb,
        "rows": rows,
        "form": form,
        "action": request.POST["action"],
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "media": model_admin.media,
    }
    return TemplateResponse(request, _TEMPLATE, context)


def _tell_who_left(model_admin: ModelAdmin, request: HttpRequest, chosen: Sequence[PromoteRequest]) -> None:
    """Says which confirmed requests the filters of the list no longer show, so that none is left out silently."""
    present = {str(promote_request.pk) for promote_request in chosen}
    for number in request.POST.getlist(ACTION_CHECKBOX_NAME):
        if number not in present:
            model_admin.message_user(request, sentences.gone_from_list(number), messages.WARNING)
