"""When an upload is judged once more before its last piece goes up."""

from proxy import views


def test_a_judgement_counts_from_when_it_began(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(views.time, "monotonic", lambda: now[0])
    judged = []

    def slowly() -> None:
        judged.append(now[0])
        now[0] += 5  # meanwhile the version may have been approved

    judge_again = views._unless_sealed(slowly)
    judge_again()
    assert judged == [100.0, 105.0]


def test_a_judgement_that_was_just_made_holds_for_a_moment(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(views.time, "monotonic", lambda: now[0])
    judged = []
    judge_again = views._unless_sealed(lambda: judged.append(now[0]))
    now[0] += views.JUDGED_FOR_SECONDS / 2
    judge_again()
    assert judged == [100.0]
    now[0] += views.JUDGED_FOR_SECONDS
    judge_again()
    assert len(judged) == 2
