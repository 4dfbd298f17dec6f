"""The questions of the rules on a request: answered through every door, kept, and what lacks without them."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed
from promote_requests import services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.models import Answer, FormerText, PromoteRequest
from protection import rules
from protection.models import ProtectionRule
from testing.api_client import Api, assert_refused
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import AdministratorFactory, by, service_account

pytestmark = pytest.mark.django_db
DATA = {"question": "Was the data reviewed?", "type": "yes_no", "required": "yes"}
HARM = {"question": "How bad is a wrong answer?", "type": "choice", "choices": ["low", "high"], "groups": ["Risk"]}


@pytest.fixture
def risk(grace):
    group = Group.objects.create(name="Risk")
    group.user_set.add(grace)
    return group


@pytest.fixture
def rule(risk):
    """The rule for stages asks the author one question and reviewers of Risk another."""
    found = ProtectionRule.objects.get(target_pattern="stage:*")
    found.conditions = {"approvals": 1, "questions": [DATA, HARM]}
    return rules.save_rule(actor=by(AdministratorFactory()), rule=found)


@pytest.fixture
def asked(fraud, rule, ada):
    return PromoteRequestFactory(actor=ada)


def keys(asked):
    return [question.key for question in services.requirement_of(asked).questions]


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def fresh(asked):
    return PromoteRequest.objects.get(pk=asked.pk)


def test_a_request_that_rules_made_impossible_together_is_shown_after_it_was_closed(asked, ada, grace):
    RuleFactory(target_pattern="stage:Production", conditions={"questions": [DATA | {"required": "no"}]})
    services.close(actor=by(ada), promote_request=asked, reason="withdrawn")
    page = signed_in(grace).get(asked.get_absolute_url())
    assert (page.status_code, fresh(asked).status) == (200, Status.CLOSED)
    assert len(services.requirement_of(fresh(asked)).questions) == 3


def test_nothing_is_promoted_before_everybody_has_answered(asked, ada, grace, rule):
    data, harm = keys(asked)
    unmet = services.decision_of(asked).unmet
    assert [missing.code for missing in unmet] == ["approvals_missing", "question_unanswered"]
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE, answers={harm: "low"})
    assert fresh(asked).status == Status.OPEN
    outcome = services.answer(actor=by(ada), promote_request=fresh(asked), answers={data: "YES"})
    assert (outcome.failure, fresh(asked).status) == (None, Status.PROMOTED)
    kept = list(Answer.objects.values_list("question", "answer", "answered_by__username", "rules"))
    version = [{"pk": rule.pk, "version": 2}]
    assert [(*row[:3], [{"pk": one["pk"], "version": one["version"]} for one in row[3]]) for row in kept] == [
        ("How bad is a wrong answer?", "low", "grace", version),
        ("Was the data reviewed?", "yes", "ada", version),
    ]
    reasons = AuditEvent.objects.filter(action__in=[AuditAction.ANSWERED, AuditAction.REVIEWED])
    assert list(reasons.values_list("reason", flat=True)) == [
        "Approve. “How bad is a wrong answer?” low",
        "“Was the data reviewed?” yes",
    ]


def test_the_wrong_answer_blocks_until_the_right_one_and_both_stay_in_the_record(asked, ada):
    data, _ = keys(asked)
    services.answer(actor=by(ada), promote_request=asked, answers={data: "no"})
    says = "ada answered no, and the rule wants yes: “Was the data reviewed?”"
    assert says in services.decision_of(fresh(asked)).unmet[-1].sentence
    services.answer(actor=by(ada), promote_request=asked, answers={data: "yes"})
    services.answer(actor=by(ada), promote_request=asked, answers={data: "yes"})
    assert says not in services.decision_of(fresh(asked)).unmet[-1].sentence
    assert list(Answer.objects.values_list("answer", flat=True)) == ["no", "yes"]


def test_an_answer_that_is_changed_is_told_as_such_to_those_who_approved(asked, ada, grace):
    data, harm = keys(asked)
    services.answer(actor=by(ada), promote_request=asked, answers={data: "no"})
    services.review(actor=by(grace), promote_request=fresh(asked), verdict=Verdict.APPROVE, answers={harm: "low"})
    assert services.decision_of(fresh(asked)).notes == ()
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.answer(actor=by(ada), promote_request=asked, answers={data: "yes"})
    assert services.decision_of(fresh(asked)).notes == ("grace approved before an answer was changed.",)
    page = signed_in(grace).post(f"{asked.get_absolute_url()}now/").content.decode().replace("<wbr>", "")
    assert "Was the data reviewed? The answer was: no. It is now: yes." in page
    services.edit(actor=by(ada), promote_request=fresh(asked), title="Live", description="Why.")
    both = ("grace approved before title and description were edited and an answer was changed.",)
    assert services.decision_of(fresh(asked)).notes == both
    assert FormerText.objects.count() == 2


def test_who_approved_before_a_question_was_answered_is_not_told_that_they_approved_its_first_answer(asked, ada, grace):
    data, harm = keys(asked)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE, answers={harm: "low"})
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    for answer in ("no", "yes"):
        services.answer(actor=by(ada), promote_request=fresh(asked), answers={data: answer})
    assert services.decision_of(fresh(asked)).notes == ("grace approved before an answer was changed.",)
    page = signed_in(grace).post(f"{asked.get_absolute_url()}now/").content.decode().replace("<wbr>", "")
    assert "Was the data reviewed? It was not answered then. It is now: yes." in page
    assert "The answer was" not in page


def test_an_answer_to_a_new_question_and_an_edit_are_no_changed_answers(asked, ada, grace):
    data, harm = keys(asked)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE, answers={harm: "low"})
    services.edit(actor=by(ada), promote_request=fresh(asked), title="Live", description="Why.")
    services.answer(actor=by(ada), promote_request=fresh(asked), answers={data: "no"})
    assert services.decision_of(fresh(asked)).notes == ("grace approved before title and description were edited.",)
    page = signed_in(grace).post(f"{asked.get_absolute_url()}now/").content.decode()
    assert "The answer was" not in page


@pytest.mark.parametrize("who", ["grace", "nightly"])
def test_only_the_author_answers_for_the_author(asked, ada, grace, who):
    other = grace if who == "grace" else service_account("nightly", ada)
    with pytest.raises(NotAllowed, match="Only ada"):
        services.answer(actor=by(other), promote_request=asked, answers={keys(asked)[0]: "yes"})


def test_a_service_account_answers_for_its_own_request(fraud, rule, ada):
    asked = PromoteRequestFactory(actor=service_account("nightly", ada))
    services.answer(actor=by(asked.author), promote_request=asked, answers={keys(asked)[0]: "yes"})
    assert Answer.objects.get().answered_by == asked.author


def test_only_reviewers_of_the_group_are_asked(asked):
    with pytest.raises(InvalidInput, match="do not ask you this"):
        services.review(
            actor=by(UserFactory()), promote_request=asked, verdict=Verdict.APPROVE, answers={keys(asked)[1]: "low"}
        )
    with pytest.raises(InvalidInput, match="do not ask you this"):
        services.answer(actor=by(asked.author), promote_request=asked, answers={keys(asked)[1]: "low"})
    assert not Answer.objects.exists()


def test_who_leaves_the_group_or_the_installation_has_answered_nothing(asked, ada, grace, risk):
    _, harm = keys(asked)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE, answers={harm: "low"})
    risk.user_set.clear()
    assert "To be answered by the group Risk" in services.decision_of(fresh(asked)).unmet[-1].sentence
    risk.user_set.add(grace)
    User.objects.filter(pk=grace.pk).update(is_active=False)
    assert "To be answered by the group Risk" in services.decision_of(fresh(asked)).unmet[-1].sentence


def test_a_comment_answers_nothing(asked, grace):
    with pytest.raises(InvalidInput, match="A comment answers nothing"):
        services.review(
            actor=by(grace), promote_request=asked, verdict=Verdict.COMMENT, body="Hm.", answers={keys(asked)[1]: "low"}
        )


def test_what_was_decided_keeps_its_questions_and_answers(asked, ada, grace, rule):
    data, harm = keys(asked)
    services.answer(actor=by(ada), promote_request=asked, answers={data: "yes"})
    services.review(actor=by(grace), promote_request=fresh(asked), verdict=Verdict.APPROVE, answers={harm: "low"})
    ProtectionRule.objects.all().delete()
    decision = services.decision_of(fresh(asked))
    assert (decision.unmet, len(decision.questions)) == ((), 2)


def test_the_button_says_that_an_approval_with_the_answers_promotes(asked, ada, grace):
    services.answer(actor=by(ada), promote_request=asked, answers={keys(asked)[0]: "yes"})
    assert signed_in(grace).get(asked.get_absolute_url()).context["approval_promotes"]
    assert not signed_in(UserFactory()).get(asked.get_absolute_url()).context["approval_promotes"]


# Through the doors.


def test_the_page_asks_author_and_reviewer_and_keeps_what_was_typed(asked, ada, grace):
    data, harm = keys(asked)
    page = signed_in(ada).get(asked.get_absolute_url()).content.decode()
    assert f'name="answer_{data}"' in page
    assert f'name="answer_{harm}"' not in page
    wrong = signed_in(ada).post(f"{asked.get_absolute_url()}answer/", {f"answer_{data}": "perhaps"})
    assert wrong.status_code == 400
    assert "Answer yes or no: Was the data reviewed?" in wrong.content.decode()
    answer = signed_in(ada).post(f"{asked.get_absolute_url()}answer/", {f"answer_{data}": "yes"}, follow=True)
    assert "Your answers are recorded." in answer.content.decode()
    page = signed_in(grace).get(asked.get_absolute_url()).content.decode()
    assert f'name="answer_{harm}"' in page
    values = {"verdict": "approve", f"answer_{harm}": "medium", "body": "Looks well."}
    wrong = signed_in(grace).post(f"{asked.get_absolute_url()}review/", values)
    assert (wrong.status_code, "Looks well." in wrong.content.decode()) == (400, True)
    signed_in(grace).post(f"{asked.get_absolute_url()}review/", values | {f"answer_{harm}": "low"})
    assert fresh(asked).status == Status.PROMOTED


def test_the_api_names_the_questions_and_takes_the_answers(asked, ada, grace):
    shown = Api(ada).get(f"promote-requests/{asked.number}/").json()["questions"]
    assert [(one["question"], one["groups"], one["required"], one["answers"]) for one in shown] == [
        ("Was the data reviewed?", [], "yes", []),
        ("How bad is a wrong answer?", ["Risk"], "", []),
    ]
    data, harm = (one["key"] for one in shown)
    refused = Api(ada).post(f"promote-requests/{asked.number}/answers/", {"answers": {data: "perhaps"}})
    assert_refused(refused, 400, "INVALID_PARAMETER_VALUE", "Answer yes or no", field=f"answers.{data}")
    for body in ({}, {"answers": ["yes"]}, {"answers": {data: ["yes"]}}, {"answers": {}}, {"answers": {data: " "}}):
        assert Api(ada).post(f"promote-requests/{asked.number}/answers/", body).status_code == 400
    assert Api(ada).post(f"promote-requests/{asked.number}/answers/", {"answers": {data: "yes"}}).status_code == 200
    body = {"verdict": "approve", "answers": {harm: "low"}}
    assert Api(grace).post(f"promote-requests/{asked.number}/reviews/", body).status_code == 201
    shown = Api(ada).get(f"promote-requests/{asked.number}/").json()
    assert shown["status"] == "promoted"
    assert [one["answers"][0]["answered_by"] for one in shown["questions"]] == ["ada", "grace"]


def test_the_desk_asks_the_reviewer_too(asked, grace, risk):
    grace.is_staff = True
    grace.save()
    grace.groups.add(Group.objects.get(name="Record readers"))
    harm = keys(asked)[1]
    desk = f"/checkpoint/admin/promote_requests/promoterequest/{asked.number}"
    assert f'name="answer_{harm}"' in signed_in(grace).get(f"{desk}/change/").content.decode()
    signed_in(grace).post(f"{desk}/review/", {"verdict": "approve", f"answer_{harm}": "high"})
    assert Answer.objects.get().answer == "high"


def test_a_request_that_nobody_asks_anything_of_offers_no_answer(fraud, open_request, ada):
    assert Action.ANSWER not in services.actions_for(by(ada), open_request)
    with pytest.raises(InvalidInput, match="at least one"):
        services.answer(actor=by(ada), promote_request=open_request, answers={})


def test_a_rule_whose_group_nobody_is_in_is_refused_and_said_on_the_request(asked, ada, risk):
    risk.user_set.clear()
    shown = Api(ada).get(f"promote-requests/{asked.number}/").json()
    assert shown["impossible"] == ["Nobody of the group Risk other than ada can answer “How bad is a wrong answer?”"]
    answer = Api(AdministratorFactory()).post(
        "protection-rules/", {"target_pattern": "alias:live", "conditions": {"questions": [HARM]}}
    )
    assert_refused(answer, 400, "INVALID_PARAMETER_VALUE", "no active members")
