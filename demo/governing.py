"""What the demo's further rules lead to: a prompt put back, one that waits for Risk, a version that waits for its time.

Each step first looks at what exists, so that the next run continues an interrupted one.
"""

from collections.abc import Mapping
from typing import Any

from demo.api import Api, SeedFailed
from demo.people import MODEL, PROMPT
from demo.texts import FIRST_PROMPT, ROLLED_BACK, SECOND_PROMPT, WAITING_FOR_RISK, WAITING_FOR_TIME

_LIVE = {"kind": "alias", "name": "production"}
_PILOT = {"kind": "alias", "name": "pilot"}
_CANDIDATE = "candidate"


def govern(ada: Api, grace: Api, riley: Api) -> None:
    """Lets people ask for what an owner, a time and a rule that is only tried out have a word in."""
    _say("Risk approves two wordings of the prompt, and takes the second one back")
    _promoted(ada, riley, "1", FIRST_PROMPT)
    second = _promoted(ada, riley, "2", SECOND_PROMPT)
    _rolled_back(ada, riley, second)
    _approved_once(ada, grace, PROMPT, "2", _LIVE, WAITING_FOR_RISK)
    _approved_once(ada, grace, MODEL, "2", _PILOT, WAITING_FOR_TIME)
    _set_alias_directly()


def _promoted(ada: Api, riley: Api, version: str, words: Mapping[str, str]) -> int:
    there = _find(ada, PROMPT, version, _LIVE, status="promoted")
    if there is None:
        there = _find(ada, PROMPT, version, _LIVE) or _ask(ada, PROMPT, version, _LIVE, words)
        _approve(riley, there["number"], "Read aloud to three patients.")
    number: int = there["number"]
    return number


def _rolled_back(ada: Api, riley: Api, number: int) -> None:
    undone_by = ada.call("GET", f"promote-requests/{number}/")["undone_by"]
    if undone_by is None:
        undone_by = ada.call("POST", f"promote-requests/{number}/roll-back/", ROLLED_BACK)["number"]
    if ada.call("GET", f"promote-requests/{undone_by}/")["status"] == "open":
        _approve(riley, undone_by, "Back at once, please.")


def _approve(person: Api, number: int, words: str) -> None:
    answer = person.call("POST", f"promote-requests/{number}/reviews/", {"verdict": "approve", "body": words})
    if answer["promote_request"]["status"] != "promoted":
        raise SeedFailed(f"Promote request {number} was approved but is {answer['promote_request']['status']}.")


def _approved_once(
    ada: Api, grace: Api, model: str, version: str, target: Mapping[str, str], words: Mapping[str, str]
) -> None:
    there = _find(ada, model, version, target) or _ask(ada, model, version, target, words)
    path = f"promote-requests/{there['number']}/reviews/"
    if not grace.call("GET", path)["results"]:
        grace.call("POST", path, {"verdict": "approve", "body": "Good."})


def _ask(ada: Api, model: str, version: str, target: Mapping[str, str], words: Mapping[str, str]) -> Any:
    asked = {"model_name": model, "version": version, "target": target, **words}
    return ada.call("POST", "promote-requests/", asked)


def _find(api: Api, model: str, version: str, target: Mapping[str, str], *, status: str = "open") -> Any:
    wanted = f"{target['kind']}:{target['name']}"
    path = f"promote-requests/?status={status}&model_name={model}&version={version}&target={wanted}&ordering=number"
    return next(iter(api.call("GET", path)["results"]), None)


def _set_alias_directly() -> None:
    """Sets an alias that no rule protects: the rule that is only tried out tells what it would have said."""
    from mlflow import MlflowClient  # noqa: PLC0415 - only once its environment is set

    client = MlflowClient()
    if _CANDIDATE not in client.get_registered_model(MODEL).aliases:
        client.set_registered_model_alias(MODEL, _CANDIDATE, "3")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the demo shows what it does
