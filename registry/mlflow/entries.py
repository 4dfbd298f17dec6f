"""The registries that MLflow keeps beside its models: skills (since 3.18) and MCP servers (since 3.17).

Their routes are ASGI's and not in MLflow's protobuf files, so there is no store of MLflow's to call through. Only an
MLflow that says of itself to be older than a registry, or to keep its data in files, which fails in both, has no entry
of it. Another one that does not know the route is not all there: perhaps it runs under gunicorn, which serves Flask's
routes only, or what stands in front keeps the route back. Where MLflow's own page says so, its lists lack these
entries, but of none of them Checkpoint says who holds what.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from registry.exceptions import RegistryError, RegistryNotFound, RegistryRefused, RegistryUnreachable
from registry.mlflow import versions
from registry.server_texts import server_text
from registry.targets import Target, TargetKind
from registry.transport import NoSuchRoute, NotInMlflow, Transport
from registry.types import (
    Family,
    FileTree,
    ModelVersion,
    Provenance,
    RegisteredModel,
    VersionFacts,
    entry_name,
    family_of,
    is_entry_name,
    is_reserved_tag,
    is_version_of,
    name_in_family,
)

PAGE = 1_000
LONGEST_TEXT = 1024 * 1024
"""Bytes of a skill's text that are compared; of a longer one only the digest tells."""
SKILL_TEXT = "SKILL.md"
_ROUTES = {Family.SKILL: "/api/3.0/mlflow/skills", Family.SERVER: "/api/3.0/mlflow/mcp-servers"}
_SINCE = {Family.SKILL: (3, 18), Family.SERVER: (3, 17)}
_LISTED = {Family.SKILL: ("skills", "skill_versions"), Family.SERVER: ("mcp_servers", "mcp_server_versions")}
_ARTIFACTS = "mlflow-artifacts:/"
_SKILL_PARTS = {
    "source_type": "source type",
    "source": "source",
    "ref": "ref",
    "subpath": "subpath",
    "digest": "digest",
}


class Entries:
    """Skills and MCP servers of one workspace, by the names of `registry.types`.

    The methods keep to `RegistryClient`, as far as it speaks of one model; `registries` has the rest.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self, text: str = "") -> list[RegisteredModel]:
        """Returns the entries of both registries whose name contains `text`; none of one that MLflow does not have."""
        return [
            found
            for family in _ROUTES
            for each in self._listed(family)
            if text.lower() in (found := _model(family, each)).name.lower()
        ]

    def get_model(self, name: str) -> RegisteredModel:
        found = _model(family_of(name), self._call("GET", name))
        if found.name != name:
            raise _missing(name)
        return found

    def list_versions(
        self, name: str, *, limit: int = 200, below: int = 0, model: RegisteredModel | None = None
    ) -> list[ModelVersion]:
        if model is None:
            self.get_model(name)
        found = self._versions(name)
        return [version for version in found if not below or 0 < version.number < below][:limit]

    def get_version(self, name: str, version: str) -> ModelVersion:
        return _version(family_of(name), self._get_version(name, version))

    def get_facts(self, name: str, version: str, *, known: VersionFacts | None = None) -> VersionFacts:
        # Nothing of it is figures: it is all that the entry says of itself.
        answer = self._get_version(name, version)
        found = _version(family_of(name), answer)
        tags = {key: value for key, value in found.tags.items() if not is_reserved_tag(key)}
        if found.family is Family.SERVER:
            source = {"source": found.source} if found.source else {}
            return VersionFacts(found, tags=tags, prompt_text=server_text(answer), prompt_settings=source)
        settings = {words: str(answer[part]) for part, words in _SKILL_PARTS.items() if answer.get(part)}
        text, problem = self._skill_text(answer)
        return VersionFacts(
            found,
            tags=tags,
            prompt_text=text,
            prompt_settings=settings | ({SKILL_TEXT: problem} if problem else {}),
            # What lies elsewhere may change as long as no digest says what it was.
            unplaced_source="" if "digest" in settings or found.source.startswith(_ARTIFACTS) else found.source,
        )

    def get_provenance(self, name: str, version: str) -> Provenance:
        # A server is made of nothing else, and what a skill is made of elsewhere cannot be sealed.
        found = self.get_version(name, version)
        is_here = found.family is Family.SKILL and found.source.startswith(_ARTIFACTS)
        return Provenance(locations=frozenset([found.source] if is_here else []))

    def read_file(self, name: str, version: str, path: str, *, limit: int) -> bytes | None:
        return None  # what an entry says is among its facts

    def list_files(self, name: str, version: str) -> FileTree:
        return FileTree(())

    def stream_file(self, name: str, version: str, path: str) -> Iterator[bytes]:
        raise RegistryNotFound(f"{name} version {version} has no files of its own.")

    def holders(self, name: str, target: Target, *, exact: bool = False) -> list[str]:
        match target.kind:
            case TargetKind.ALIAS:
                version = self.get_model(name).aliases.get(target.name)
                return [version] if version else []
            case TargetKind.STATUS:
                self.get_model(name)
                return [found.version for found in self._versions(name) if found.status == target.name]
        return []

    def copies(self, name: str, version: str, destination: str) -> list[ModelVersion]:
        return []

    def transition_stage(self, name: str, version: str, stage: str, *, archive_existing_versions: bool) -> None:
        raise RegistryRefused(f"A version of {name} has a status and no stage.")

    def set_status(self, name: str, version: str, status: str) -> None:
        # MLflow takes a status that the version has already for a mistake.
        if self.get_version(name, version).status != status:
            self._call("PATCH", name, f"/versions/{version}", {"status": status})

    def set_alias(self, name: str, alias: str, version: str) -> None:
        _require_version(name, version)
        number: str | int = int(version) if family_of(name) is Family.SKILL else version
        self._call("POST", name, "/aliases", {"alias": alias, "version": number})

    def delete_alias(self, name: str, alias: str) -> None:
        # MLflow answers 404 where nobody has it.
        if alias in self.get_model(name).aliases:
            try:
                self._call("DELETE", name, f"/aliases/{quote(alias, safe='')}")
            except RegistryNotFound:
                return  # somebody else took it away in between

    def copy_version(self, name: str, version: str, destination: str, *, tags: dict[str, str]) -> ModelVersion:
        raise RegistryRefused(f"{name} cannot be copied: only versions of registered models and prompts can.")

    def set_version_tags(self, name: str, version: str, tags: dict[str, str]) -> None:
        _require_version(name, version)
        for key, value in tags.items():
            self._call("POST", name, f"/versions/{version}/tags", {"key": key, "value": value})

    def _versions(self, name: str) -> list[ModelVersion]:
        family = family_of(name)
        found = [_version(family, each) for each in self._pages(_path(name, "/versions"), _LISTED[family][1])]
        return sorted(found, key=_age, reverse=True)

    def _call(self, method: str, name: str, rest: str = "", message: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._transport.call(method, _path(name, rest), message)
        except NoSuchRoute as unknown:
            self._require_lack(family_of(name), unknown)
            raise _missing(name) from None

    def _require_lack(self, family: Family, unknown: NoSuchRoute) -> None:
        """Lets an MLflow pass that says of itself that it has no registry of a family.

        Raises:
            RegistryUnreachable: it says otherwise, or nothing.
        """
        version = versions.server_version(self._transport)
        if not versions.is_older(version, _SINCE[family]) and not versions.keeps_files(self._transport):
            raise RegistryUnreachable(
                f"MLflow {version} does not answer at {_ROUTES[family]} as it should: it must run under uvicorn, with "
                "a database, and what stands in front must pass this on."
            ) from unknown

    def _get_version(self, name: str, version: str) -> dict[str, Any]:
        _require_version(name, version)
        answer = self._call("GET", name, f"/versions/{version}")
        found = _version(family_of(name), answer)
        if (found.name, found.version) != (name, version):
            raise _missing(name, version)
        return answer

    def _listed(self, family: Family) -> Iterator[dict[str, Any]]:
        is_begun = False
        try:
            for each in self._pages(_ROUTES[family], _LISTED[family][0]):
                is_begun = True
                yield each
        except NoSuchRoute as unknown:
            if is_begun:  # a part of a list is none
                raise
            if not isinstance(unknown, NotInMlflow):
                self._require_lack(family, unknown)

    def _pages(self, path: str, listed: str) -> Iterator[dict[str, Any]]:
        token: str | None = None
        while True:
            answer = self._transport.call("GET", path, {"max_results": PAGE} | ({"page_token": token} if token else {}))
            with _reading():
                found = list(answer[listed])
            yield from found
            token = answer.get("next_page_token")
            if not token:
                return

    def _skill_text(self, answer: dict[str, Any]) -> tuple[str | None, str]:
        """Returns a skill's text where MLflow keeps it, and otherwise why there is none, if that is worth a word."""
        source = str(answer.get("source") or "")
        if not source.startswith(_ARTIFACTS):
            return None, ""
        folder = "/".join(part for part in (source.removeprefix(_ARTIFACTS), answer.get("subpath")) if part)
        path = quote(f"{folder.strip('/')}/{SKILL_TEXT}")
        status, content = self._transport.ask(f"/api/2.0/mlflow-artifacts/artifacts/{path}", limit=LONGEST_TEXT)
        if status != 200:
            return None, "could not be read"
        if len(content) > LONGEST_TEXT:
            return None, "is too long to be shown"
        return content.decode("utf-8", "replace"), ""


def _path(name: str, rest: str) -> str:
    if not is_entry_name(name):
        raise _missing(name)
    return f"{_ROUTES[family_of(name)]}/{name_in_family(name)}{rest}"


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise RegistryError("MLflow's answer cannot be read: it may be a version that Checkpoint does not know.") from (
            error
        )


def _model(family: Family, answer: dict[str, Any]) -> RegisteredModel:
    with _reading():
        return RegisteredModel(
            _name(family, answer),
            answer.get("description") or "",
            {each["alias"]: str(each["version"]) for each in answer.get("aliases") or []},
            dict(answer.get("tags") or {}),
            revision=f"{answer.get('last_updated_timestamp')} {answer.get('latest_version')}",
        )


def _version(family: Family, answer: dict[str, Any]) -> ModelVersion:
    with _reading():
        return ModelVersion(
            name=_name(family, answer),
            version=str(answer["version"]),
            aliases=tuple(sorted(answer.get("aliases") or [])),
            source=str(answer.get("source") or ""),
            status=str(answer["status"]),
            created_at=_time(answer.get("creation_timestamp")),
            updated_at=_time(answer.get("last_updated_timestamp")),
            tags=dict(answer.get("tags") or {}),
        )


def _name(family: Family, answer: dict[str, Any]) -> str:
    organization = answer.get("organization") if family is Family.SKILL else ""
    return entry_name(family, f"@{organization}/{answer['name']}" if organization else str(answer["name"]))


def _age(found: ModelVersion) -> tuple[int, datetime]:
    return found.number, found.created_at or datetime.min.replace(tzinfo=UTC)


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def _require_version(name: str, version: str) -> None:
    if not (is_entry_name(name) and is_version_of(name, version)):
        raise _missing(name, version)


def _missing(name: str, version: str = "") -> RegistryNotFound:
    what = "MCP server" if family_of(name) is Family.SERVER else "skill"
    of_version = f"Version {version} of the {what}" if version else f"The {what}"
    return RegistryNotFound(f"{of_version} {name_in_family(name)!r} was not found.")
