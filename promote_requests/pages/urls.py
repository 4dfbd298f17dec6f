"""Addresses of the promote request pages."""

from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from promote_requests import converters as _converters  # noqa: F401 - registers what the routes name
from promote_requests import pages
from promote_requests.pages import charts, files, mlflow_ui
from promote_requests.pages.asking import actions as asking
from promote_requests.pages.labels import view as labels
from promote_requests.pages.metrics import directions
from promote_requests.pages.moves import acts, again, glass, report
from promote_requests.pages.rules import entries, rule
from promote_requests.pages.rules import view as rules
from promote_requests.pages.talk import views as talk

_to_the_list = RedirectView.as_view(pattern_name="promote_requests:list", query_string=True)

app_name = "promote_requests"
urlpatterns: list[URLPattern] = [
    path("", pages.request_list, name="list"),
    # For people who shorten a request's address by hand.
    path("promote-requests/", require_safe(_to_the_list), name="shortened"),
    path("promote-requests/new/", pages.request_new, name="new"),
    path("promote-requests/<int:number>/", pages.request_detail, name="detail"),
    path("promote-requests/<int:number>/evidence/<slug:digest>/", pages.judged, name="judged"),
    path("promote-requests/<int:number>/evidence/<slug:digest>/now/", pages.since, name="since"),
    path("promote-requests/<int:number>/now/", pages.now, name="now"),
    path("promote-requests/<int:number>/review/", pages.review, name="review"),
    path("promote-requests/<int:number>/comment/", talk.comment, name="comment"),
    path("promote-requests/<int:number>/threads/new/", talk.new_thread, name="new_thread"),
    path("promote-requests/<int:number>/threads/<int:thread>/reply/", talk.reply, name="reply"),
    path("promote-requests/<int:number>/threads/<int:thread>/resolve/", talk.resolve, name="resolve"),
    path("promote-requests/<int:number>/threads/<int:thread>/unresolve/", talk.unresolve, name="unresolve"),
    path("promote-requests/<int:number>/comments/<int:comment>/edit/", talk.edit_comment, name="edit_comment"),
    path("promote-requests/<int:number>/comments/<int:comment>/delete/", talk.delete_comment, name="delete_comment"),
    path("promote-requests/<int:number>/promote/", pages.promote, name="promote"),
    path("promote-requests/<int:number>/close/", pages.close, name="close"),
    path("promote-requests/<int:number>/withdraw/", pages.withdraw, name="withdraw"),
    path("promote-requests/<int:number>/reopen/", pages.reopen, name="reopen"),
    path("promote-requests/<int:number>/dismiss/", pages.dismiss, name="dismiss"),
    path("promote-requests/<int:number>/ask/", asking.ask, name="ask"),
    path("promote-requests/<int:number>/pick-up/", asking.pick_up, name="pick_up"),
    path("promote-requests/<int:number>/decline/", asking.decline, name="decline"),
    path("promote-requests/<int:number>/hand-over/", asking.hand_over, name="hand_over"),
    path("promote-requests/<int:number>/check/", pages.request_check, name="request_check"),
    path("promote-requests/<int:number>/answer/", pages.answer, name="answer"),
    path("promote-requests/<int:number>/edit/", pages.edit, name="edit"),
    path("promote-requests/<int:number>/submit/", pages.submit, name="submit"),
    path("promote-requests/<int:number>/roll-back/", acts.roll_back, name="roll_back"),
    path("promote-requests/<int:number>/supersede/", acts.supersede, name="supersede"),
    path("promote-requests/<int:number>/break-glass/", glass.break_glass, name="break_glass"),
    path("promote-requests/<int:number>/consent/", acts.consent, name="consent"),
    path("promote-requests/<int:number>/review-afterwards/", acts.review_afterwards, name="review_afterwards"),
    path("promote-requests/<int:number>/re-review/", again.re_review, name="re_review"),
    path("second-looks/", report.second_looks, name="second_looks"),
    path("promote-requests/<int:number>/labels/", labels.label, name="label"),
    path("mlflow-ui/status/", mlflow_ui.status, name="mlflow_ui_status"),
    path("inbox/", pages.inbox, name="inbox"),
    path("inbox/read/", pages.mark_read, name="mark_read"),
    path("rules/", rules.rule_list, name="rules"),
    path("rules/insights/", rules.rule_insights, name="rule_insights"),
    path("rules/new/", rule.rule_new, name="rule_new"),
    path("rules/preview/", rule.rule_preview, name="rule_preview_new"),
    path("rules/<int:pk>/", rule.rule_edit, name="rule_edit"),
    path("rules/<int:pk>/preview/", rule.rule_preview, name="rule_preview"),
    path("rules/<int:pk>/switch/", rule.rule_switch, name="rule_switch"),
    path("rules/<int:pk>/delete/", rule.rule_delete, name="rule_delete"),
    path("rules/<int:pk>/history/", rule.rule_history, name="rule_history"),
    path("rules/freeze-windows/new/", entries.freeze_edit, name="freeze_new"),
    path("rules/freeze-windows/<int:pk>/", entries.freeze_edit, name="freeze_edit"),
    path("rules/freeze-windows/<int:pk>/delete/", entries.freeze_delete, name="freeze_delete"),
    path("rules/owners/new/", entries.owners_edit, name="owners_new"),
    path("rules/owners/<int:pk>/", entries.owners_edit, name="owners_edit"),
    path("rules/owners/<int:pk>/delete/", entries.owners_delete, name="owners_delete"),
    path("compare/", pages.compare_versions, name="compare"),
    path("compare/file/", files.compare_file, name="file"),
    path("compare/picture/", files.picture, name="picture"),
    path("compare/copy/<slug:digest>/", files.picture_copy, name="picture_copy"),
    path("compare/curves/", charts.curves, name="curves"),
    path("compare/versions/", charts.over_versions, name="over_versions"),
    path("metrics/", directions.metric_directions, name="directions"),
    path("models/", pages.model_list, name="models"),
    path("models/<model_name:name>/", pages.model_page, name="model"),
]
