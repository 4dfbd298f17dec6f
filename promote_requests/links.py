"""Addresses of requests, and of the form for a new one, filled in."""

from urllib.parse import urlencode

from django.urls import reverse

from registry.proposals import Change, Proposal
from registry.targets import Target


def request_path(number: int) -> str:
    """Returns the path of a request's page."""
    return reverse("promote_requests:detail", args=[number])


def form_path(proposal: Proposal, *, refused: Target | None = None) -> str:
    """Returns the path of the form, filled in with a proposal.

    Args:
        proposal: What is to be asked for.
        refused: The protected target because of which a call was refused; the form then says why one is there.
    """
    values = {
        "model": proposal.model_name,
        "version": proposal.version,
        "target": str(proposal.target),
        "change": "" if proposal.change == Change.SET else str(proposal.change),
        "workspace": proposal.workspace,
    }
    if proposal.archive_existing_versions is not None:
        values["archive_existing_versions"] = "1" if proposal.archive_existing_versions else "0"
    values["refused"] = str(refused or "")
    return _form(values)


def form_path_for_version(model_name: str, version: str, workspace: str) -> str:
    """Returns the path of the form, filled in with a version and no target."""
    return _form({"model": model_name, "version": version, "workspace": workspace})


def compare_path(model_name: str, version: str, other: str, workspace: str) -> str:
    """Returns the path of the comparison of a version with another one of the same model."""
    return _filled("compare", {"model": model_name, "version": version, "with": other, "workspace": workspace})


def comparison_path(new: tuple[str, str], old: tuple[str, str], workspace: str) -> str:
    """Returns the path of the comparison of any two (model, version)."""
    return _filled("compare", _both(new, old, workspace))


def file_path(new: tuple[str, str], old: tuple[str, str] | None, path: str, workspace: str) -> str:
    """Returns the path of the page of one file of two (model, version), or of one."""
    return _filled("file", {**_both(new, old or ("", ""), workspace), "path": path})


def picture_path(model_name: str, version: str, path: str, workspace: str) -> str:
    """Returns the path of a picture of a version."""
    return _filled("picture", {"model": model_name, "version": version, "path": path, "workspace": workspace})


def picture_copy_path(digest: str) -> str:
    """Returns the path of a copy of a picture that Checkpoint kept."""
    return reverse("promote_requests:picture_copy", args=[digest])


def curves_path(new: tuple[str, str], old: tuple[str, str] | None, workspace: str) -> str:
    """Returns the path of the curves of one or two (model, version); the metric comes behind it."""
    return _filled("curves", _both(new, old or ("", ""), workspace))


def versions_path(model_name: str, version: str, workspace: str) -> str:
    """Returns the path of a metric over the versions of a model; `version` is marked as the challenger, if there."""
    return _filled("over_versions", {"model": model_name, "version": version, "workspace": workspace})


def directions_path(model_name: str, workspace: str, text: str = "") -> str:
    """Returns the path of the page that says which values of a model's metrics are better; `text` searches in it."""
    return _filled("directions", {"model": model_name, "workspace": workspace, "q": text})


def _both(new: tuple[str, str], old: tuple[str, str], workspace: str) -> dict[str, str]:
    with_model = old[0] if old[0] != new[0] else ""
    return {"model": new[0], "version": new[1], "with_model": with_model, "with": old[1], "workspace": workspace}


def _form(values: dict[str, str]) -> str:
    return _filled("new", values)


def _filled(page: str, values: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{reverse(f'promote_requests:{page}')}?{query}"
