import pytest

from checkpoint_project.middleware import EntryMiddleware


@pytest.mark.django_db
def test_checkpoints_pages_carry_a_policy_that_allows_nothing_inline(client):
    policy = client.get("/checkpoint/accounts/login/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy


def test_mlflows_paths_are_left_to_the_proxy(client):
    response = client.get("/api/2.0/mlflow/runs/get")
    assert "Content-Security-Policy" not in response.headers
    assert response.status_code == 401


def test_an_unknown_host_name_is_refused_with_the_setting_that_would_allow_it(client):
    response = client.get("/checkpoint/", headers={"host": "evil.example", "accept": "text/html"})
    assert response.status_code == 400
    assert "CHECKPOINT_PUBLIC_URL" in response.content.decode()


def test_every_request_has_an_id_of_its_own(rf):
    seen = []
    middleware = EntryMiddleware(lambda request: seen.append(request.id))
    for _ in range(2):
        middleware(rf.get("/", headers={"host": "localhost"}))
    assert len({*seen}) == 2
