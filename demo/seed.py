"""Fills the demo's registry through Checkpoint, with MLflow's own client and with Checkpoint's API.

Run as a module: `python -m demo.seed ADDRESS PEOPLE_FILE RESULT_FILE`. Each step first looks at what exists, so that
the next run continues an interrupted one.
"""

import json
import logging
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.api import Api, SeedFailed
from demo.governing import govern
from demo.people import BOT, MODEL, PROMPT, Credentials
from demo.texts import EVALUATIONS, FURTHER_REQUESTS, OPEN_REQUEST, PROMPT_TEXTS

CHECK = "ci/evals"
PRODUCTION = {"kind": "stage", "name": "Production"}


def seed(address: str, credentials: Credentials) -> int:
    """Trains, registers, requests and approves what is missing; returns the number of the request that stays open."""
    ada, grace, riley, bot = (Api(address, credentials.tokens[name]) for name in ("ada", "grace", "riley", BOT))
    _register_models()
    _register_prompt()
    for version, target, title in (
        ("1", PRODUCTION, "First model to Production"),
        ("1", {"kind": "alias", "name": "champion"}, "The champion is what Production serves"),
        ("2", {"kind": "stage", "name": "Staging"}, "Small forest to Staging"),
    ):
        _promote(ada, grace, bot, version, target, title)
    govern(ada, grace, riley)
    for further, words in FURTHER_REQUESTS.items():
        _open_request(ada, bot, further, words)
    return _open_request(ada, bot, "3", OPEN_REQUEST)


def _register_models() -> None:
    from mlflow import MlflowClient, set_experiment  # noqa: PLC0415 - only once its environment is set

    from demo.training import CANDIDATES, train_and_register  # noqa: PLC0415

    set_experiment("tumours")
    there = len(MlflowClient().search_model_versions(f"name='{MODEL}'"))
    for number, candidate in enumerate(CANDIDATES[there:], start=there + 1):
        _say(f"Training {candidate.run_name} and registering it as {MODEL} version {number}")
        train_and_register(candidate, MODEL)


def _register_prompt() -> None:
    from mlflow.genai import load_prompt, register_prompt  # noqa: PLC0415

    for number, (message, text) in enumerate(PROMPT_TEXTS, start=1):
        if load_prompt(PROMPT, version=number, allow_missing=True) is None:
            _say(f"Registering the prompt {PROMPT}, version {number}")
            register_prompt(name=PROMPT, template=text, commit_message=message)


def _promote(ada: Api, grace: Api, bot: Api, version: str, target: dict[str, str], title: str) -> None:
    """Lets ada ask and grace approve, unless the change is made already; Checkpoint then makes it in MLflow."""
    wanted = f"{target['kind']}:{target['name']}"
    if _holds(version, target):
        return
    _say(f"ada asks for {wanted} for version {version}, grace approves")
    request = _find(ada, version, wanted) or ada.call(
        "POST",
        "promote-requests/",
        {"model_name": MODEL, "version": version, "target": target, "title": title, "description": ""},
    )
    if wanted == "stage:Production":
        _evaluate(bot, request["number"], version)
    review = {"verdict": "approve", "body": "Figures checked on the unseen third."}
    grace.call("POST", f"promote-requests/{request['number']}/reviews/", review)
    request = ada.call("GET", f"promote-requests/{request['number']}/")
    if request["status"] != "promoted" or not _holds(version, target):
        raise SeedFailed(f"Promote request {request['number']} was approved but is {request['status']}.")


def _evaluate(bot: Api, number: int, version: str) -> None:
    """Lets ci-bot report what it found of the present facts, unless it has."""
    path = f"promote-requests/{number}/"
    if version not in EVALUATIONS or bot.call("GET", f"{path}checks/")["results"]:
        return
    state, summary = EVALUATIONS[version]
    facts = bot.call("GET", f"{path}comparison/")["evidence_fingerprint"]
    report = {"name": CHECK, "state": state, "summary": summary, "evidence_fingerprint": facts}
    bot.call("POST", f"{path}checks/", report)


def _open_request(ada: Api, bot: Api, version: str, words: Mapping[str, str]) -> int:
    there = _find(ada, version, "stage:Production")
    if there is None:
        _say(f"ada asks for stage:Production for version {version}; nobody has reviewed it yet")
        there = ada.call(
            "POST", "promote-requests/", {"model_name": MODEL, "version": version, "target": PRODUCTION, **words}
        )
    number: int = there["number"]
    _evaluate(bot, number, version)
    return number


def _find(api: Api, version: str, target: str) -> Any:
    path = f"promote-requests/?status=open&model_name={MODEL}&version={version}&target={target}"
    return next(iter(api.call("GET", path)["results"]), None)


def _holds(version: str, target: dict[str, str]) -> bool:
    from mlflow import MlflowClient  # noqa: PLC0415

    found = MlflowClient().get_model_version(MODEL, version)
    return target["name"] in ([found.current_stage] if target["kind"] == "stage" else found.aliases)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the demo shows what it does


def main() -> None:
    """Seeds the registry at the address on the command line and stores the open request's number."""
    address, people, result = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    credentials = Credentials.load_or_create(people)
    os.environ |= {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_TRACKING_TOKEN": credentials.tokens["ada"],
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    # MLflow warns that stages are deprecated, and prints a lot else.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    try:
        number = seed(address, credentials)
    except SeedFailed as error:
        sys.exit(str(error))
    result.write_text(json.dumps({"open_request": number}), encoding="utf-8")


if __name__ == "__main__":
    main()
