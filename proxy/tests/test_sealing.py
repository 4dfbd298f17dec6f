import json
from datetime import timedelta

import pytest
from django.db.models import F

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from proxy.guard.decide import Allowed, check_seal, decide
from proxy.guard.routes import Traffic, classify, path_fault
from proxy.refusals import Refusal
from proxy.seal import alone, look
from proxy.seal.models import SealedWorkspace
from registry import fake, patience
from registry.exceptions import RegistryTimeout
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, promoting
from testing.people import by

pytestmark = [pytest.mark.django_db, pytest.mark.whole]

NOBODY = Actor.anonymous(Door.PROXY, "r-1")
DATA = "/api/2.0/mlflow-artifacts/"


def pass_time(seconds: float) -> None:
    SealedWorkspace.objects.update(looked_at=F("looked_at") - timedelta(seconds=seconds))


def _time_out():
    raise RegistryTimeout("slow")


@pytest.fixture(params=["everything known", "nothing known"])
def fraud(request, registry):
    """Version 1 in Production, of run1 and the logged model m-1; version 2 holds nothing."""
    registry.add_version("Fraud", stage="Production", run_id="run1", model_id="m-1", experiment_id="1")
    registry.add_version("Fraud", run_id="run2", model_id="m-2", experiment_id="2")
    registry.add_job("job-1", "run1")
    registry.add_job("job-2", "run2")
    if request.param == "everything known":
        assert look.look("")
        registry.calls.clear()
    return registry


def send(method, target, message=None, *, workspace=""):
    path, _, query = target.partition("?")
    assert path_fault(path) == ""
    route = classify(method, path)
    call = {"method": method, "path": path, "query": query, "workspace": workspace}
    if route.traffic == Traffic.SEALED:
        return check_seal(route, **call, actor=NOBODY)
    assert route.traffic == Traffic.GUARDED
    body = json.dumps(message).encode()
    return decide(route, **call, content_type="", body=body, actor=NOBODY)


CHANGES = [
    ("PUT", f"{DATA}artifacts/1/run1/artifacts/model/x", None),
    ("PUT", "/ajax-api/2.0/mlflow-artifacts/artifacts/1/models/m-1/artifacts/x", None),
    ("PUT", f"{DATA}artifacts/1/ru%6e1/artifacts%2Fx", None),
    ("PUT", f"{DATA}artifacts/%201/run1/artifacts/x", None),
    ("PUT", "/ml/ajax-api/2.0/mlflow-artifacts/artifacts/1/run1/artifacts/x", None),
    ("PUT", "/api/2.0/mlflow%2Dartifacts/artifacts/1/run1/artifacts/x", None),
    ("DELETE", f"{DATA}artifacts/1/run1/artifacts/model", None),
    ("DELETE", f"{DATA}artifacts/1/run1/artifacts%3F", None),
    ("DELETE", f"{DATA}artifacts/1/run1", None),
    ("DELETE", f"{DATA}artifacts/1", None),
    ("POST", f"{DATA}mpu/create/1/run1/artifacts/model", None),
    ("POST", f"{DATA}mpu/complete/1/run1/artifacts", None),
    ("POST", f"{DATA}mpu/abort/1/models/m-1/artifacts", None),
    ("PUT", f"{DATA}presigned/1/run1/artifacts/x", None),
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=run1&path=x", None),
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=run2&path=x&run_uuid=RUN1", None),
    ("POST", "/ml/ajax-api/2.0/mlflow/upload-artifact?path=x&run%5fuuid=run%31", None),
    ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", {"run_id": "run1", "path": "x"}),
    ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", {"modelId": "m-1", "path": "x", "expiration": 60}),
    ("POST", "/api/2.0/mlflow/runs/delete", {"run_id": "run1"}),
    ("POST", "/ajax-api/2.0/mlflow/runs/delete", {"runId": "run1"}),
    ("POST", "/api/2.0/mlflow/experiments/delete", {"experiment_id": "1"}),
    ("DELETE", "/api/2.0/mlflow/logged-models/m-1", None),
    ("DELETE", "/ajax-api/2.0/mlflow/logged-models/m%2D1", None),
    *(
        ("PATCH", "/api/2.0/mlflow/logged-models/m-9", {"model_id": "m-1", "status": status})
        for status in ("LOGGED_MODEL_UPLOAD_FAILED", "LOGGED_MODEL_PENDING", "3", 3, 0)
    ),
    ("DELETE", "/ajax-api/3.0/mlflow/prompt-optimization/jobs/job-1", None),
    ("DELETE", "/ajax-api/3.0/mlflow/prompt-optimization/jobs/job%2D1", None),
]


@pytest.mark.parametrize(("method", "target", "message"), CHANGES)
def test_what_was_approved_is_not_changed(fraud, method, target, message):
    outcome = send(method, target, message)
    assert isinstance(outcome, Refusal), target
    assert (outcome.status, outcome.code) == (403, "PERMISSION_DENIED")
    assert "because it would change what is protected (version 1 is in Production)" in outcome.message
    assert "First request to move version 1 to Archived. Open it here: http" in outcome.message
    event = AuditEvent.objects.get()
    assert (event.action, event.model_name, event.version) == (AuditAction.CALL_REFUSED, "Fraud", "1")
    assert event.target == "stage:Production"
    assert event.reason.startswith(f"{method} /")


@pytest.mark.parametrize(("method", "target", "message"), CHANGES)
def test_what_was_never_approved_may_be_changed(fraud, method, target, message):
    fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    outcome = send(method, target, message)
    assert outcome is None or isinstance(outcome, Allowed)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("method", "target", "message"),
    OTHERS := [
        ("PUT", f"{DATA}artifacts/1/run9/artifacts/model/x", None),
        ("PUT", f"{DATA}artifacts/1/run9/artifacts/1/run1/artifacts/x", None),
        ("PUT", f"{DATA}artifacts/1/run9/artifacts/my%20file+1%25;v=1%3F", None),
        ("PUT", f"{DATA}artifacts/1/run10/artifacts/x", None),
        ("POST", f"{DATA}mpu/create/1/run9/artifacts", None),
        ("DELETE", f"{DATA}artifacts/1/run9", None),
        ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=run9&path=run1/x", None),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", {"run_id": "run9", "path": "run1"}),
        ("POST", "/api/2.0/mlflow/runs/delete", {"run_id": "run2"}),
        ("POST", "/api/2.0/mlflow/experiments/delete", {"experiment_id": "2"}),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-2", None),
        ("PATCH", "/api/2.0/mlflow/logged-models/m-1", {"modelId": "m-2", "status": "LOGGED_MODEL_UPLOAD_FAILED"}),
        ("PATCH", "/api/2.0/mlflow/logged-models/m-1", {"modelId": "m-1", "status": "LOGGED_MODEL_READY"}),
    ],
)
def test_what_is_not_sealed_may_be_changed(fraud, method, target, message):
    outcome = send(method, target, message)
    assert outcome is None or isinstance(outcome, Allowed)


@pytest.mark.parametrize(("runs", "is_read"), [(["run9"] * 700, True), (range(4), True), (range(5), False)])
def test_an_upload_names_a_handful_of_runs_at_most(fraud, runs, is_read):
    """MLflow reads the first; each of them is asked for while it is not known where it lies."""
    query = "&".join(f"{'run_id' if number % 2 else 'run_uuid'}={run}" for number, run in enumerate(runs))
    outcome = send("POST", f"/ajax-api/2.0/mlflow/upload-artifact?path=x&{query}", None)
    if is_read:
        assert outcome is None or isinstance(outcome, Allowed)
    else:
        assert (outcome.status, outcome.code) == (400, "INVALID_PARAMETER_VALUE")
        assert "names 5 different runs" in outcome.message
        assert not any(call == "artifact_locations" for call, _ in fraud.calls)
    for call, values in fraud.calls:
        if call == "artifact_locations":
            assert str(values).count("run9") <= 1


@pytest.mark.parametrize("status", ["READY", "+3", " 3", "03", 4, -1, 2.0, True, None, ["3"]])
def test_a_status_that_could_be_read_differently_reaches_nobody(fraud, status):
    outcome = send("PATCH", "/api/2.0/mlflow/logged-models/m-2", {"model_id": "m-2", "status": status})
    assert (outcome.status, outcome.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("fraud", ["everything known"], indirect=True)
@pytest.mark.parametrize(("method", "target", "message"), OTHERS)
def test_a_training_job_is_never_held_up_in_its_own_run(fraud, django_assert_num_queries, method, target, message):
    send("PUT", f"{DATA}artifacts/1/run9/artifacts/first", None)
    with django_assert_num_queries(1):
        send(method, target, message)
    # Where what is named by its id lies is asked for once, and kept.
    names_an_id = DATA not in target and (message or {}).get("status") != "LOGGED_MODEL_READY"
    assert [call for call, _ in fraud.calls] == (["artifact_locations"] if names_an_id else [])


@pytest.mark.parametrize("fraud", ["nothing known"], indirect=True)
def test_a_runs_many_files_are_judged_once_while_nothing_is_known(fraud):
    for name in range(5):
        assert send("PUT", f"{DATA}artifacts/1/{'ab' * 16}/artifacts/{name}") is None
    assert [call for call, _ in fraud.calls] == ["find_made_of"]


@pytest.mark.parametrize("fraud", ["nothing known"], indirect=True)
def test_an_upload_waits_two_seconds_in_sum_while_nothing_is_known(fraud):
    left = []
    fraud.before("find_made_of", lambda: left.append(patience.seconds_left(60)))
    fraud.fail_next(RegistryTimeout("slow"), call="find_made_of")
    with pytest.raises(RegistryTimeout):
        send("PUT", f"{DATA}artifacts/1/run9/artifacts/x")
    assert 0 < left[0] <= alone.SECONDS == 2.0


@pytest.mark.parametrize("fraud", ["nothing known"], indirect=True)
@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        ("POST", "/api/2.0/mlflow/experiments/delete", {"experiment_id": "9"}),
        ("POST", "/api/2.0/mlflow/runs/delete", {"run_id": "run9"}),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-9", None),
        ("DELETE", f"{DATA}artifacts/9", None),
    ],
)
def test_a_deletion_may_wait_longer_than_an_upload_while_nothing_is_known(fraud, method, target, message):
    left = []
    for call in ("list_models", "find_made_of"):
        fraud.before(call, lambda: left.append(patience.seconds_left(60)))
    outcome = send(method, target, message)
    assert outcome is None or isinstance(outcome, Allowed)
    assert alone.SECONDS < left[0] <= patience.PAGE


@pytest.mark.parametrize("fraud", ["everything known"], indirect=True)
def test_while_mlflow_does_not_answer_what_was_known_a_minute_ago_serves(fraud):
    for call in ("find_made_of", "get_version", "list_models"):
        fraud.before(call, _time_out)
    pass_time(59)
    assert send("PUT", f"{DATA}artifacts/1/run9/artifacts/x") is None
    assert send("PUT", f"{DATA}artifacts/1/run1/artifacts/x").status == 403, "what was sealed stays sealed"
    pass_time(2)
    with pytest.raises(RegistryTimeout):
        send("PUT", f"{DATA}artifacts/1/run9/artifacts/x")
    assert send("PUT", f"{DATA}artifacts/1/run1/artifacts/x").status == 403


@pytest.mark.parametrize("fraud", ["everything known"], indirect=True)
def test_nothing_passes_while_what_somebody_approved_cannot_be_looked_at(fraud):
    ProtectionRule.objects.update(conditions={"approvals": 2})
    services.review(actor=by(UserFactory()), promote_request=PromoteRequestFactory(), verdict="approve")
    fraud.before("find_made_of", _time_out)
    with pytest.raises(RegistryTimeout):
        send("PUT", f"{DATA}artifacts/2/run2/artifacts/x")


@pytest.mark.parametrize("fraud", ["everything known"], indirect=True)
@pytest.mark.parametrize("other", ["1", "2"])
def test_a_run_of_several_versions_is_sealed_while_any_of_them_holds_something(fraud, other):
    fraud.add_version("Fraud", run_id="run1", experiment_id="1", aliases=("champion",))
    assert look.look("")
    if other == "1":
        fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    else:
        fraud.delete_alias("Fraud", "champion")
    assert send("PUT", f"{DATA}artifacts/1/run1/artifacts/x").status == 403


def test_a_version_that_moved_past_checkpoint_is_sealed_where_it_is_looked_up_alone(fraud):
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=False)
    pass_time(10)
    assert send("PUT", f"{DATA}artifacts/2/run2/artifacts/x").status == 403


@pytest.mark.parametrize("source", ["mlflow-artifacts:/shared/Model%20A", "s3://bucket/root/shared/Model A/"])
def test_a_place_that_names_no_run_is_sealed(fraud, source):
    fraud.add_version("Odd", stage="Production", source=source.replace("%20", " "))
    pass_time(10)
    assert send("PUT", f"{DATA}artifacts/shared/Model%20A/weights.bin").status == 403
    assert send("PUT", f"{DATA}artifacts/shared/Model%20B/weights.bin") is None


@pytest.mark.parametrize("job_id", ["job-2", "job-9"])
def test_a_job_whose_run_holds_nothing_may_be_deleted(fraud, job_id):
    assert send("DELETE", f"/ajax-api/3.0/mlflow/prompt-optimization/jobs/{job_id}") is None


def test_a_deletion_goes_upstream_in_our_own_words(fraud):
    outcome = send("POST", "/api/2.0/mlflow/runs/delete", {"runId": "run2", "x": 1})
    assert json.loads(outcome.body) == {"run_id": "run2"}
    path = "/api/2.0/mlflow/artifacts/presigned-upload-url"
    outcome = send("POST", path, {"run_id": "run2", "path": "x", "expiration": "60"})
    assert json.loads(outcome.body) == {"run_id": "run2", "path": "x", "expiration": "60"}


@pytest.mark.parametrize(("seconds", "passes"), [(900, True), ("901", False), (604_800, False)])
def test_an_address_that_outlives_a_review_is_given_to_nobody(fraud, seconds, passes):
    path = "/api/2.0/mlflow/artifacts/presigned-upload-url"
    outcome = send("POST", path, {"run_id": "run2", "path": "x", "expiration": seconds})
    assert isinstance(outcome, Allowed) is passes
    if not passes:
        assert outcome.status == 400
        assert "at most 900 seconds" in outcome.message


@pytest.mark.parametrize(
    "message", [{}, {"run_id": ""}, {"run_id": 7}, {"run_id": "run2", "runId": "run1"}, {"experiment_id": "2"}]
)
def test_a_deletion_with_two_readings_is_bad_input(fraud, message):
    assert send("POST", "/api/2.0/mlflow/runs/delete", message).status == 400


@pytest.mark.parametrize(
    "target", ["file:1/run1/artifacts/x", "FILE:%25252525252F%25252525252Fx", "fil%65%3A1", "file:%25252525252F"]
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_file_url_is_bad_input(fraud, method, target):
    outcome = send(method, f"{DATA}artifacts/{target}")
    assert (outcome.status, outcome.code) == (400, "INVALID_PARAMETER_VALUE")


def test_seals_of_one_workspace_do_not_reach_into_another(fraud):
    blue = fake.connect("blue")
    blue.add_version("Risk", stage="Production", run_id="run7", experiment_id="7")
    target = f"{DATA}artifacts/7/run7/artifacts/x"
    assert send("PUT", target) is None
    assert send("PUT", target, workspace="blue").status == 403
    assert send("PUT", f"{DATA}artifacts/workspaces/blue/7/run7/artifacts/x", workspace="blue").status == 403
    assert send("PUT", f"{DATA}artifacts/1/run1/artifacts/x", workspace="default").status == 403


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("workspaces", 403),
        ("%77orkspaces", 403),
        ("%2525252e", 403),
        ("%2525252e/workspaces/blue/7/run7/artifacts/x", 403),
        ("WORKSPACES/blue/7/run7/artifacts/x", 403),
        ("workspaces/blue/7/run7/artifacts/x", None),  # MLflow refuses it itself, where it has workspaces
        ("8/run8/artifacts/workspaces", None),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_default_workspace_does_not_reach_into_the_others(fraud, method, target, status):
    fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    fake.connect("blue").add_version("Risk", stage="Production", run_id="run7", experiment_id="7")
    outcome = send(method, f"{DATA}artifacts/{target}")
    assert (outcome and outcome.status) == status
    assert AuditEvent.objects.count() == (status == 403)


def test_a_named_workspace_may_delete_all_of_its_own(fraud):
    fake.connect("blue")
    for target in ("%2525252e", "workspaces/blue"):
        assert send("DELETE", f"{DATA}artifacts/{target}", workspace="blue") is None


@pytest.mark.parametrize("fraud", ["everything known"], indirect=True)
def test_the_root_is_above_everything_that_is_sealed(fraud):
    assert "(version 1 is in Production)" in send("DELETE", f"{DATA}artifacts/%2525252e").message


def test_while_a_version_is_promoted_nothing_it_is_made_of_changes(fraud):
    promote_request = promoting(PromoteRequestFactory())
    trail.record(AuditAction.PROMOTION_STARTED, actor=Actor.checkpoint(Door.PAGE), about=promote_request.about)
    outcome = send("PUT", f"{DATA}artifacts/2/run2/artifacts/x")
    assert (outcome.status, outcome.code) == (409, "INVALID_STATE")


RENAMING = ("POST", "/api/2.0/mlflow/registered-models/rename", {"name": "Fraud", "new_name": "Elsewhere"})
DELETING = ("DELETE", "/api/2.0/mlflow/registered-models/delete", {"name": "Fraud"})
DELETING_2 = ("DELETE", "/api/2.0/mlflow/model-versions/delete", {"name": "Fraud", "version": "2"})


@pytest.fixture
def under_review(fraud):
    """Nobody has judged version 2 yet, and no version of Fraud holds anything."""
    fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    return PromoteRequestFactory(model_name="Fraud", version="2")


@pytest.mark.parametrize(("method", "target", "message"), [RENAMING, DELETING, DELETING_2])
def test_what_is_under_review_cannot_be_put_away_to_be_changed_and_brought_back(under_review, method, target, message):
    # Its files would be sealed by nothing meanwhile, and the same facts under the same name need no new review.
    outcome = send(method, target, message)
    assert (outcome.status, outcome.code) == (409, "INVALID_STATE")
    assert f"Version 2 of Fraud is under review in promote request #{under_review.pk}:" in outcome.message
    assert outcome.message.endswith(f"/checkpoint/promote-requests/{under_review.pk}/")
    assert send("PUT", f"{DATA}artifacts/2/run2/artifacts/x").status == 409
    services.close(actor=by(UserFactory()), promote_request=under_review)
    assert isinstance(send(method, target, message), Allowed)


def test_what_a_prompt_says_stays_while_it_is_under_review(registry):
    registry.add_version("greeting", prompt_text="Hello", run_id="")
    asked = PromoteRequestFactory(model_name="greeting", version="1", target=Target.parse("alias:champion"))
    for key in ("mlflow.prompt.text", "_mlflow_prompt_model_config", "_mlflow_prompt_response_format"):
        message = {"name": "greeting", "version": "1", "key": key, "value": "{}"}
        outcome = send("POST", "/api/2.0/mlflow/model-versions/set-tag", message)
        assert (outcome.status, f"#{asked.pk}" in outcome.message) == (409, True)
    message = {"name": "greeting", "key": "mlflow.prompt.is_prompt", "value": "false"}
    assert send("POST", "/api/2.0/mlflow/registered-models/set-tag", message).status == 409


def test_other_versions_of_a_model_under_review_may_be_deleted(under_review):
    assert isinstance(send("DELETE", DELETING_2[1], {"name": "Fraud", "version": "1"}), Allowed)


def test_without_rules_nothing_is_sealed_and_nothing_asked(fraud):
    ProtectionRule.objects.all().delete()
    assert send("PUT", f"{DATA}artifacts/1/run1/artifacts/x") is None
    assert fraud.calls == []


def test_the_files_of_a_skill_are_sealed_while_people_judge_it_and_while_it_has_a_protected_alias(registry):
    registry.version = "3.18.0"
    folder = "1/run9/artifacts/skills/reader"
    registry.add_version("skill:reader", source=f"mlflow-artifacts:/{folder}", prompt_text="Read it.")
    registry.add_version("skill:other", source="https://example.org/skills.git", settings={"digest": "1"})
    upload = f"{DATA}artifacts/{folder}/SKILL.md"
    assert look.look("")
    assert send("PUT", upload) is None
    author = UserFactory()
    for name in ("skill:reader", "skill:other"):
        PromoteRequestFactory(actor=by(author), model_name=name, version="1", target=Target.parse("alias:champion"))
    assert look.look("")
    assert send("PUT", upload).status == 409
    asked = PromoteRequest.objects.get(model_name="skill:reader")
    services.withdraw(actor=by(author), promote_request=asked)
    assert look.look("")
    assert send("PUT", upload) is None
    registry.set_alias("skill:reader", "champion", "1")
    assert look.look("")
    assert send("PUT", upload).status == 403
