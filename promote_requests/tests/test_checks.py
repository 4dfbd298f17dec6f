"""External checks: who may report, what counts, and what a report brings about; by service, API and page."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import AuditEvent
from evidence.freeze import fingerprint
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import EvidenceChanged, RuleNotMet
from promote_requests.models import Check, PromoteRequest
from protection.checks import Outcome, Report, RequiredCheck, State, standings
from protection.conditions import Facts, merged, parse
from protection.models import ProtectionRule
from registry.targets import Target
from testing.api_client import ROOT
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import bearer, by, issue_token

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
APPROVAL = "1 more approval is needed, by somebody other than ada."
LATE, DUE = "was not reported by 2026-11-26 06:00 UTC", "is running, due by 2026-11-26 22:00 UTC"
OPENED = NOW - timedelta(hours=30)


@pytest.fixture
def bot(db):
    return UserFactory(username="ci-bot")


def require(*checks, approvals=1, **values):
    ProtectionRule.objects.all().delete()
    RuleFactory(
        target_pattern="stage:Production", conditions={"approvals": approvals, "checks": list(checks)}, **values
    )


def report(promote_request, reporter, state="success", name="ci/evals", **values):
    values.setdefault("evidence_fingerprint", current().evidence_fingerprint)
    return services.report_check(actor=by(reporter), promote_request=promote_request, name=name, state=state, **values)


def current():
    return PromoteRequest.objects.get()


def unmet():
    return [
        (missing.code, missing.sentence) for missing in services.decision_of(current()).unmet if "check" in missing.code
    ]


def test_a_request_waits_for_a_required_check_and_is_promoted_when_it_passes(fraud, ada, grace, bot):
    require("ci/evals")
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    assert unmet() == [("check_pending", "The check ci/evals was not reported yet.")]
    with pytest.raises(RuleNotMet, match="ci/evals was not reported yet"):
        services.promote(actor=by(grace), promote_request=current())
    report(asked, bot, "pending")
    assert unmet() == [("check_pending", "The check ci/evals is running.")]
    report(asked, bot, "failure")
    assert unmet() == [("check_failed", "The check ci/evals failed.")]
    outcome = report(asked, bot, name="CI/Evals")
    assert (outcome.promote_request.status, outcome.failure) == (Status.PROMOTED, None)
    assert fraud.get_version("Fraud", "2").stage == "Production"


def test_what_was_reported_of_other_facts_does_not_count_and_is_refused(fraud, ada, grace, bot):
    require("ci/evals")
    asked = PromoteRequestFactory(actor=ada)
    before = current().evidence_fingerprint
    report(asked, bot)
    assert unmet() == []
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    with pytest.raises(EvidenceChanged, match="Read the comparison again"):
        report(asked, bot, evidence_fingerprint=before)
    assert not Check.objects.filter(evidence_fingerprint=before, pk__gt=Check.objects.first().pk).exists()
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.COMMENT, body="Look.")
    outcome_before = current().evidence_fingerprint
    now = fingerprint(services.evidence_of(current()))
    assert now != outcome_before
    report(asked, bot, evidence_fingerprint=now)
    assert current().evidence_fingerprint == now
    assert unmet() == []


def test_nobody_but_the_named_reporter_reports_a_check(fraud, ada, grace, bot):
    require({"name": "ci/evals", "reporter": "ci-bot"})
    asked = PromoteRequestFactory(actor=ada)
    for somebody in (ada, grace):
        with pytest.raises(NotAllowed, match="is reported by ci-bot"):
            report(asked, somebody)
    report(asked, bot)
    assert unmet() == []
    assert AuditEvent.objects.filter(action="check_reported", reason="ci/evals: passed").count() == 1
    assert AuditEvent.objects.filter(action="refused").count() == 2


def test_without_a_named_reporter_the_first_one_keeps_the_check_and_the_author_is_none(fraud, ada, grace, bot):
    require("ci/evals")
    asked = PromoteRequestFactory(actor=ada)
    with pytest.raises(NotAllowed, match="somebody else has to report ci/evals"):
        report(asked, ada)
    report(asked, bot, "failure")
    with pytest.raises(NotAllowed, match="is reported by ci-bot"):
        report(asked, grace, "success")
    assert unmet() == [("check_failed", "The check ci/evals failed.")]


def test_facts_that_change_do_not_free_a_check_for_somebody_else(fraud, ada, grace, bot):
    require("ci/evals")
    asked = PromoteRequestFactory(actor=ada)
    report(asked, bot, "failure")
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})  # as any author can, by logging once more
    now = fingerprint(services.evidence_of(current()))
    with pytest.raises(NotAllowed, match="is reported by ci-bot"):
        report(asked, grace, evidence_fingerprint=now)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.COMMENT, body="Look.")
    with pytest.raises(NotAllowed, match="is reported by ci-bot"):
        report(asked, grace, evidence_fingerprint=now)
    assert not Check.objects.filter(state="success").exists()
    report(asked, bot, evidence_fingerprint=now)
    assert unmet() == []


def test_the_author_reports_what_no_rule_asks_for_and_what_the_rule_names_them_for(fraud, ada):
    asked = PromoteRequestFactory(actor=ada)
    report(asked, ada, name="notebook")
    require({"name": "notebook", "reporter": "ada"})
    assert unmet() == []
    require("notebook")  # what was reported by the author does not count once a rule asks for it
    assert unmet() == [("check_pending", "The check notebook was not reported yet.")]


def test_a_check_that_is_asked_for_again_is_pending_and_its_reporter_stays(fraud, ada, grace, bot):
    require("ci/evals")
    asked = PromoteRequestFactory(actor=ada)
    report(asked, bot)
    services.request_check(actor=by(grace), promote_request=asked, name="CI/EVALS")
    assert unmet() == [("check_pending", "The check ci/evals was asked for again by grace.")]
    with pytest.raises(NotAllowed, match="is reported by ci-bot"):
        report(asked, grace)
    report(asked, bot)
    assert unmet() == []
    with pytest.raises(InvalidInput, match="no check called other"):
        services.request_check(actor=by(grace), promote_request=asked, name="other")


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"name": ""}, "name", "1 to 100"),
        ({"name": "a" * 101}, "name", "1 to 100"),
        ({"name": "a\nb"}, "name", "printable"),
        ({"state": "passed"}, "state", "use pending, success, failure, error, neutral"),
        ({"state": "requested"}, "state", "is not a state"),
        ({"summary": "é" * 40_000}, "summary", "65,536 bytes"),
        ({"summary": "a\x00"}, "summary", "NUL"),
        ({"details_url": "javascript:alert(1)"}, "details_url", "https://"),
        ({"details_url": "https://"}, "details_url", "name a host"),
        ({"details_url": "https://ci.example/a b"}, "details_url", "https://"),
        ({"details_url": "https://[oops"}, "details_url", "https://"),
    ],
)
def test_a_report_that_cannot_be_is_refused_by_field(open_request, bot, values, field, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        report(open_request, bot, **values)
    assert refused.value.field == field
    assert not Check.objects.exists()


def test_a_finished_request_takes_no_reports(open_request, ada, bot):
    services.withdraw(actor=by(ada), promote_request=open_request)
    with pytest.raises(WrongState, match="closed"):
        report(open_request, bot)


def test_a_rule_that_loses_a_target_asks_for_no_check(fraud, ada, grace):
    require("ci/evals")
    leaving = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("stage:Archived"))
    services.review(actor=by(grace), promote_request=leaving, verdict=Verdict.APPROVE)
    assert current().status == Status.PROMOTED


def given(state, reporter="ci-bot", *, at=NOW, is_authors=False, name="ci/evals", **values):
    return Report(name, State(state), reporter, is_authors, at, **values)


@pytest.mark.parametrize(
    ("check", "reports", "outcome", "words"),
    [
        (RequiredCheck("ci/evals"), [], Outcome.PENDING, "was not reported yet"),
        (RequiredCheck("ci/evals"), [given("neutral")], Outcome.PASSED, "neither passed nor failed"),
        (RequiredCheck("ci/evals"), [given("error")], Outcome.FAILED, "could not run"),
        (RequiredCheck("ci/evals"), [given("success", is_authors=True)], Outcome.PENDING, "was not reported yet"),
        (RequiredCheck("ci/evals"), [given("success"), given("failure", "mallory")], Outcome.PASSED, "passed"),
        (RequiredCheck("ci/evals", "ci-bot"), [given("failure", "x"), given("success")], Outcome.PASSED, "passed"),
        (RequiredCheck("ci/evals", "ci-bot"), [given("success", "x")], Outcome.PENDING, "was not reported yet"),
        (RequiredCheck("ci/evals", hours=24), [], Outcome.FAILED, LATE),
        (RequiredCheck("ci/evals", hours=24), [given("pending")], Outcome.FAILED, LATE),
        (RequiredCheck("ci/evals", hours=24), [given("success")], Outcome.PASSED, "passed"),
        (RequiredCheck("ci/evals", hours=40), [given("pending")], Outcome.PENDING, DUE),
    ],
)  # fmt: skip
def test_how_far_a_check_has_come(check, reports, outcome, words):
    (found,) = standings([check], reports, opened_at=OPENED, now=NOW)
    assert (found.outcome, found.words) == (outcome, words)


@pytest.mark.parametrize("hours", [0, 24, 40])
@pytest.mark.parametrize(
    "reports",
    [
        [given("success", is_authors_now=True)],
        [given("pending", is_authors_now=True)],
        [given("success", is_authors_now=True, is_current=False)],
        [given("success", is_authors_now=True), given("requested", "grace")],
    ],
)
def test_of_a_check_that_came_into_the_authors_hands_it_is_said_that_nobody_can_report_it(hours, reports):
    """Nobody else may, and what they say does not count: whoever waits for it waits for ever."""
    (found,) = standings([RequiredCheck("ci/evals", hours=hours)], reports, opened_at=OPENED, now=NOW)
    assert found.outcome == (Outcome.FAILED if hours == 24 else Outcome.PENDING)
    assert found.words == (
        "was reported by ci-bot, whose reports are the author's own now: that does not count, and a rule has to name "
        "another reporter"
    )


@pytest.mark.parametrize(("state", "words"), [("failure", "failed"), ("error", "could not run")])
def test_what_failed_is_said_to_have_failed_also_when_it_came_into_the_authors_hands(state, words):
    (found,) = standings([RequiredCheck("ci/evals")], [given(state, is_authors_now=True)], opened_at=OPENED, now=NOW)
    assert (found.outcome, found.words) == (Outcome.FAILED, words)


def test_who_is_named_by_the_rule_reports_also_in_the_authors_hands():
    required = RequiredCheck("ci/evals", "ci-bot")
    for reports, words in (([given("success", is_authors_now=True)], "passed"), ([], "was not reported yet")):
        (found,) = standings([required], reports, opened_at=OPENED, now=NOW)
        assert found.words == words


def test_the_checks_of_two_rules_all_apply_the_shorter_time_and_the_named_reporter():
    one, other = (
        parse({"checks": [{"name": "ci/evals", "hours": 24}]}),
        parse({"checks": "CI/evals by ci-bot within 4 hours\nscan"}),
    )
    (found,) = [condition for condition in merged([one, other]) if condition.key == "checks"]
    assert [str(check) for check in found.checks] == ["ci/evals by ci-bot within 4 hours", "scan"]


def checks_of(*rules):
    (found,) = [
        condition for condition in merged([parse({"checks": one}) for one in rules]) if condition.key == "checks"
    ]
    return found


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_a_check_that_two_rules_pin_to_two_reporters_has_to_pass_by_both(order):
    rules = ["ci/evals by ci-bot within 24 hours", "ci/evals by scan-bot", "ci/evals within 40 hours"]
    found = checks_of(*(rules[number] for number in order))
    both = {"ci/evals by ci-bot within 24 hours", "ci/evals by scan-bot within 24 hours"}
    assert set(map(str, found.checks)) == both
    assert type(found).parse(found.as_json()) == found
    assert set(map(str, checks_of(*reversed(rules), *rules).checks)) == both
    in_time = OPENED + timedelta(hours=1)

    def unmet(*reports):
        missing = found.unmet(Facts("ada", (), in_time, checks=reports, opened_at=OPENED))
        return "" if missing is None else " ".join(sorted(missing.sentences))

    due = "due by 2026-11-26 06:00 UTC."
    assert unmet(given("success"), given("success", "scan-bot")) == ""
    assert unmet(given("success")) == f"The check ci/evals by scan-bot was not reported yet, {due}"
    assert unmet(given("success"), given("failure", "scan-bot")) == "The check ci/evals by scan-bot failed."
    assert unmet(given("success", "mallory")).count("was not reported yet") == 2
    again = given("success"), given("success", "scan-bot"), given("requested", "ada"), given("success", "scan-bot")
    assert unmet(*again) == f"The check ci/evals by ci-bot was asked for again by ada, {due}"


def test_of_a_check_that_two_rules_pin_each_reporter_reports_its_own_part(fraud, ada, bot):
    require({"name": "ci/evals", "reporter": "ci-bot"}, approvals=0)
    RuleFactory(
        target_pattern="stage:*", conditions={"approvals": 0, "checks": [{"name": "CI/evals", "reporter": "scan-bot"}]}
    )
    asked = PromoteRequestFactory(actor=ada)
    with pytest.raises(NotAllowed, match="is reported by scan-bot and ci-bot"):
        report(asked, UserFactory(username="mallory"))
    report(asked, bot)
    (missing,) = services.decision_of(current()).unmet
    assert missing.sentence == "The check CI/evals by scan-bot was not reported yet."
    report(asked, UserFactory(username="scan-bot"))
    assert current().status == Status.PROMOTED


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ([], "list of names"), ("", "list of names"), (3, "list of names"), (["a"] * 31, "at most 30"),
        (["a", "A"], "named twice"), ([""], "1 to 100"), ([{"name": "a", "by": "x"}], "has name, reporter and hours"),
        ([{"name": "a", "hours": -1}], "1 to 8760 hours"), ([{"name": "a", "hours": True}], "1 to 8760 hours"),
        ([{"name": "a", "reporter": 3}], "name of a user"), ([{"name": 3}], "1 to 100"), ([3], "A check is a name"),
        ("a within 99999 hours", "1 to 8760 hours"), ("a by x\nA by x", "named twice"), ("a by x\na", "named twice"),
    ],
)  # fmt: skip
def test_checks_that_cannot_be_are_refused(settings, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        parse({"checks": settings})
    assert refused.value.field == "checks"


def test_ci_reports_by_the_api_and_reads_what_is_missing(fraud, ada, grace, bot, client):
    require("ci/evals", "scan")
    asked = PromoteRequestFactory(actor=ada)
    _, secret = issue_token(bot)
    headers = bearer(secret)
    address = f"{ROOT}promote-requests/{asked.number}/"
    compared = client.get(f"{address}comparison/", **headers).json()
    assert compared["verdict"]["checks"] == {"passed": 0, "pending": 2, "failed": 0}
    body = {"name": "ci/evals", "state": "success", "evidence_fingerprint": compared["evidence_fingerprint"]}
    answer = client.post(
        f"{address}checks/", {**body, "summary": "**12** of 12", "details_url": "https://ci.example/7"},
        content_type="application/json", **headers,
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    assert (answer.json()["state"], answer.json()["reporter"]) == ("success", "ci-bot")
    state = client.get(address, **headers).json()
    assert [(each["name"], each["outcome"], each["is_required"]) for each in state["checks"]] == [
        ("ci/evals", "passed", True), ("scan", "pending", True),
    ]  # fmt: skip
    assert state["unmet"] == [
        {"code": "approvals_missing", "message": APPROVAL, "until": None},
        {"code": "check_pending", "message": "The check scan was not reported yet.", "until": None},
    ]  # fmt: skip
    stale = client.post(
        f"{address}checks/", {**body, "evidence_fingerprint": "1:old"}, content_type="application/json", **headers
    )
    assert stale.status_code == 409
    again = client.post(f"{address}checks/request/", {"name": "ci/evals"}, content_type="application/json", **headers)
    assert (again.status_code, again.json()["state"]) == (201, "requested")
    listed = client.get(f"{address}checks/", **headers).json()["results"]
    assert [each["state"] for each in listed] == ["success", "requested"]


def test_the_page_shows_each_check_with_its_summary_and_asks_again(fraud, ada, grace, bot, client):
    require("ci/evals")
    asked = PromoteRequestFactory(actor=ada)
    report(asked, bot, "failure", summary="**3** of 12 <script>alert(1)</script>", details_url="https://ci.example/7")
    client.force_login(grace)
    page = client.post(f"{asked.get_absolute_url()}now/").content.decode()
    assert "<strong>3</strong> of 12" in page
    assert "<script>alert" not in page
    assert 'href="https://ci.example/7"' in page
    assert "Details on ci.example" in page
    assert "1 check failed" in page
    answer = client.post(f"{asked.get_absolute_url()}check/", {"name": "ci/evals"})
    assert answer.status_code == 302
    assert Check.objects.last().state == State.REQUESTED
