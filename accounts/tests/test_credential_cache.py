import pytest

from accounts.identity.callers import Caller, CallerKind
from accounts.identity.credential_cache import CredentialCache

ADA = Caller(CallerKind.TOKEN, 1, "ada", "token:1")
GRACE = Caller(CallerKind.TOKEN, 2, "grace", "token:2")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> CredentialCache:
    return CredentialCache(clock=clock, capacity=3)


def test_an_answer_lives_five_seconds_from_before_the_database_was_read(cache: CredentialCache, clock: Clock) -> None:
    key = cache.digest("authorization", "Bearer x")
    reading = cache.begin()
    clock.now += 2
    cache.remember(key, ADA, reading)
    clock.now += 2.9
    assert cache.get(key) == ADA
    clock.now += 0.1
    assert cache.get(key) is None
    assert len(cache) == 0


def test_an_answer_does_not_outlive_the_credential(cache: CredentialCache, clock: Clock) -> None:
    key = cache.digest("authorization", "Bearer x")
    cache.remember(key, ADA, cache.begin(), life=1.5)
    clock.now += 1.4
    assert cache.get(key) == ADA
    clock.now += 0.1
    assert cache.get(key) is None


def test_forgetting_a_person_leaves_the_others(cache: CredentialCache) -> None:
    hers, theirs = cache.digest("authorization", "a"), cache.digest("authorization", "b")
    cache.remember(hers, ADA, cache.begin())
    cache.remember(theirs, GRACE, cache.begin())
    cache.forget_user(ADA.user_id)
    assert cache.get(hers) is None
    assert cache.get(theirs) == GRACE


def test_an_answer_read_before_a_revocation_is_not_kept_after_it(cache: CredentialCache) -> None:
    key = cache.digest("authorization", "a")
    for forget in (lambda: cache.forget_user(ADA.user_id), lambda: cache.forget(key), cache.clear):
        reading = cache.begin()
        forget()
        cache.remember(key, ADA, reading)
        assert cache.get(key) is None


def test_the_least_recently_used_goes_first_when_the_cache_is_full(cache: CredentialCache) -> None:
    keys = [cache.digest("authorization", str(number)) for number in range(4)]
    for key in keys[:3]:
        cache.remember(key, ADA, cache.begin())
    assert cache.get(keys[0]) == ADA
    cache.remember(keys[3], ADA, cache.begin())
    assert len(cache) == 3
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]


def test_keys_differ_by_kind_and_between_processes(cache: CredentialCache) -> None:
    assert cache.digest("session", "a") != cache.digest("authorization", "a")
    assert cache.digest("session", "a") != CredentialCache().digest("session", "a")
