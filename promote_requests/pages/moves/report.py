"""The report of what waits for somebody's second look: promotions past the rules, and champions after their time."""

from django.core.paginator import Paginator
from django.db.models import Exists, F, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from promote_requests.choices import Status
from promote_requests.models import BrokenGlass
from promote_requests.pages.http import PageRequest
from promote_requests.services.moves.champions import champions
from protection.rulebook import rulebook

PER_PAGE = 50


@require_safe
def second_looks(request: PageRequest) -> HttpResponse:
    """Shows every promotion past the rules, those that nobody has reviewed first, and when champions are due."""
    later = BrokenGlass.objects.filter(promote_request=OuterRef("promote_request"), pk__gt=OuterRef("pk"))
    broken = (
        # Of several attempts the last one promoted: after it there is nothing to promote.
        BrokenGlass.objects.filter(
            ~Exists(later), promote_request__is_bypassed=True, promote_request__status=Status.PROMOTED
        )
        .select_related("promote_request__author", "promote_request__after_review__reviewer", "broken_by")
        .select_related("consent__consented_by")
        .defer("promote_request__gate_results", "promote_request__judged_by", "promote_request__description")
        .order_by(F("promote_request__reviewed_afterwards_at").desc(nulls_first=True), "-pk")
    )
    context = {
        "broken": Paginator(broken, PER_PAGE).get_page(request.GET.get("page")),
        "champions": Paginator(champions(rulebook()), PER_PAGE).get_page(request.GET.get("champions")),
    }
    return render(request, "promote_requests/moves/second_looks.html", context)
