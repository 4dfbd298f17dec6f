"""Addresses of the API."""

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, path, re_path

from audit.api import AuditEventsView
from foundation.api import schema
from foundation.api.views import UnknownRouteView
from promote_requests import converters as _converters  # noqa: F401 - registers what the routes name
from promote_requests.api import actions, checks, discussion, following, inbox, moves, registry, requests
from promote_requests.api.asking import views as asking
from promote_requests.api.labelling import views as labels
from promote_requests.api.talk import mentions, threads
from protection.api import entries, insights, rules

app_name = "promote_requests_api"
_ONE = "promote-requests/<int:number>/"
_THREAD = f"{_ONE}threads/<int:thread>/"
_swagger = schema.SwaggerView.as_view(url_name="promote_requests_api:schema")

urlpatterns: list[URLPattern] = [
    path("promote-requests/", requests.PromoteRequestList.as_view(), name="list"),
    path(_ONE, requests.PromoteRequestDetail.as_view(), name="detail"),
    path(f"{_ONE}reviews/", discussion.ReviewsView.as_view(), name="reviews"),
    path(f"{_ONE}reviewers/", asking.ReviewersView.as_view(), name="reviewers"),
    path(f"{_ONE}reviewers/pick-up/", asking.PickUpView.as_view(), name="reviewer-pick-up"),
    path(f"{_ONE}reviewers/decline/", asking.DeclineView.as_view(), name="reviewer-decline"),
    path(f"{_ONE}reviewers/hand-over/", asking.HandOverView.as_view(), name="reviewer-hand-over"),
    path(f"{_ONE}answers/", discussion.AnswersView.as_view(), name="answers"),
    path(f"{_ONE}checks/", checks.ChecksView.as_view(), name="checks"),
    path(f"{_ONE}checks/request/", checks.CheckRequestView.as_view(), name="check-request"),
    path(f"{_ONE}comments/", discussion.CommentsView.as_view(), name="comments"),
    path(f"{_ONE}threads/", threads.ThreadsView.as_view(), name="threads"),
    path(f"{_THREAD}comments/", threads.RepliesView.as_view(), name="replies"),
    path(f"{_THREAD}comments/<int:comment>/", threads.CommentView.as_view(), name="comment"),
    path(f"{_THREAD}resolve/", threads.ResolveView.as_view(), name="resolve"),
    path(f"{_THREAD}unresolve/", threads.UnresolveView.as_view(), name="unresolve"),
    path("mentions/", mentions.MentionsView.as_view(), name="mentions"),
    path(f"{_ONE}promote/", actions.PromoteView.as_view(), name="promote"),
    path(f"{_ONE}submit/", actions.SubmitView.as_view(), name="submit"),
    path(f"{_ONE}close/", actions.CloseView.as_view(), name="close"),
    path(f"{_ONE}dismiss/", discussion.DismissView.as_view(), name="dismiss"),
    path(f"{_ONE}reopen/", actions.ReopenView.as_view(), name="reopen"),
    path(f"{_ONE}roll-back/", moves.RollBackView.as_view(), name="roll-back"),
    path(f"{_ONE}supersede/", moves.SupersedeView.as_view(), name="supersede"),
    path(f"{_ONE}break-glass/", moves.BreakGlassView.as_view(), name="break-glass"),
    path(f"{_ONE}consent/", moves.ConsentView.as_view(), name="consent"),
    path(f"{_ONE}review-afterwards/", moves.ReviewAfterwardsView.as_view(), name="review-afterwards"),
    path(f"{_ONE}re-reviews/", moves.ReReviewsView.as_view(), name="re-reviews"),
    path("champions-due/", moves.DueChampionsView.as_view(), name="champions-due"),
    path(f"{_ONE}comparison/", registry.ComparisonView.as_view(), name="comparison"),
    path(f"{_ONE}subscription/", following.RequestHearingView.as_view(), name="subscription"),
    path("models/<model_name:name>/subscription/", following.ModelHearingView.as_view(), name="model-subscription"),
    path("inbox/", inbox.InboxView.as_view(), name="inbox"),
    path("inbox/read/", inbox.InboxReadView.as_view(), name="inbox-read"),
    path("models/", registry.ModelsView.as_view(), name="models"),
    path("models/<model_name:name>/versions/", registry.VersionsView.as_view(), name="versions"),
    path("protection-rules/", rules.ProtectionRulesView.as_view(), name="rules"),
    path("protection-rules/<int:pk>/", rules.ProtectionRuleView.as_view(), name="rule"),
    path("protection-rules/<int:pk>/versions/", rules.RuleVersionsView.as_view(), name="rule-versions"),
    path("freeze-windows/", entries.FreezeWindowsView.as_view(), name="freeze-windows"),
    path("freeze-windows/<int:pk>/", entries.FreezeWindowView.as_view(), name="freeze-window"),
    path("ownership/", entries.OwnershipListView.as_view(), name="ownership"),
    path("ownership/<int:pk>/", entries.OwnershipView.as_view(), name="ownership-row"),
    path("rule-insights/", insights.RuleInsightsView.as_view(), name="rule-insights"),
    path(f"{_ONE}labels/", labels.LabelsOfRequestView.as_view(), name="request-labels"),
    path("labels/", labels.LabelsView.as_view(), name="labels"),
    path("labels/<int:pk>/", labels.LabelView.as_view(), name="label"),
    path("audit-events/", AuditEventsView.as_view(), name="audit-events"),
    path("schema/", schema.SchemaView.as_view(), name="schema"),
    # A page for people: whoever is not signed in is sent to the sign-in page, not answered in JSON.
    path("schema/swagger/", login_required(_swagger), name="swagger"),
    re_path(r"", UnknownRouteView.as_view(), name="unknown"),
]
