"""The view that answers everything outside /checkpoint/."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from revproxy.views import ProxyView

from accounts.identity.callers import Caller
from audit.actors import Door
from foundation.database import connections
from foundation.exceptions import CheckpointError
from proxy import admission, answers, destination, exceptions, limits
from proxy.access_log import Entry
from proxy.assets import names
from proxy.assets.serving import assets
from proxy.exceptions import UpstreamBroken
from proxy.guard import decide, entries
from proxy.guard.routes import Route, Traffic
from proxy.guard.rulings import Unchanged
from proxy.noting import calls
from proxy.noting.answers import Note
from proxy.page import html, policy
from proxy.refusals import Refusal
from proxy.seal.judgement import Judgement
from proxy.transfer import body, client, compression, headers, multipart, request_line, responses, upstream
from proxy.transfer.http1 import Answer
from proxy.transfer.responses import ProxiedResponse
from registry.types import Family, family_of

_INVALID_HOST = b"Invalid Host header"

_VERSION = "/api/2.0/mlflow/model-versions/get"
_MODEL = "/api/2.0/mlflow/registered-models/get"
"""Where MLflow shows a version and a model, in the words in which it answers a move into a stage and a new name."""


class CheckpointProxyView(ProxyView):
    """Passes a call to MLflow and its answer back, byte for byte but for what `proxy/README.md` lists.

    The checks come in this order, each before a byte goes upstream: method and path, who calls, what the call is, may
    this caller make it, does it come from our own pages, are there too many already, and for guarded calls the guard.
    """

    login_required = False

    def dispatch(self, request: HttpRequest, path: str) -> HttpResponseBase:
        """Answers one call; every refusal becomes MLflow's error JSON or a page."""
        self.entry = Entry(request.id)  # type: ignore[attr-defined]
        self.caller: Caller | None = None
        response: HttpResponseBase
        try:
            response = self._answer(request)
        except CheckpointError as error:
            response = answers.answer(request, error)
            response._has_been_logged = True  # type: ignore[attr-defined]
            self.entry.sent = len(getattr(response, "content", b""))
            self._finished(response.status_code)
        except Exception as error:  # noqa: BLE001 - answered and logged where Django answers and logs all others
            # Here and not further out, so that the line says what the caller got.
            response = response_for_exception(request, error)
            self.entry.sent = len(getattr(response, "content", b""))
            self._finished(response.status_code)
        except BaseException:
            self._finished(500)
            raise
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        environ = request.META
        entry = self.entry
        entry.method = method = request_line.method(environ)
        entry.path = path = admission.without_doubled_slash(method, request_line.path(environ))
        admission.check_path(path)
        query = request_line.query(environ)
        caller = admission.identified(request)
        entry.caller = caller.key
        route = admission.permitted(request, caller, method, path)
        limits.enter(caller.key)
        self.caller = caller
        sent = self.get_proxy_request_headers(request)
        if route.traffic is Traffic.SEALED:
            call = {"method": method, "path": path, "query": query, "workspace": sent.get("X-Mlflow-Workspace", "")}
            actor = caller.acting(Door.PROXY, entry.request_id)
            check, look_back = (
                partial(look, route, **call, actor=actor) for look in (decide.require_unsealed, decide.look_back)
            )
            judgement = Judgement(check, look_back)
            check()
            return self._pass_on(request, method, path, query, sent, judgement=judgement)
        if route.traffic is Traffic.PASS:
            note = calls.of_passed(route, caller) if route.makes else None
            return self._pass_on(request, method, path, query, sent, note=note)
        if route.operation == entries.REGISTRATION:
            return self._register(request, route, path, query, sent)
        return self._guard(request, route, path, query, sent)

    def get_proxy_request_headers(self, request: HttpRequest) -> dict[str, str]:
        """Returns the headers that go upstream."""
        return headers.for_upstream(request.META)

    def _pass_on(
        self,
        request: HttpRequest,
        method: str,
        path: str,
        query: str,
        sent: dict[str, str],
        *,
        judgement: Judgement | None = None,
        note: Note | None = None,
    ) -> HttpResponseBase:
        """Passes a call on as it comes.

        Args:
            request: The call.
            method: As sent.
            path: As sent.
            query: As sent.
            sent: The headers that go upstream.
            judgement: Made again before the last piece of a body goes up, and looked back at when MLflow has answered.
            note: What is recorded once MLflow has answered.
        """
        if method in {"GET", "HEAD"} and html.is_document_path(path):
            return self._document(request, path, query, sent)
        content = body.streamed(request.META)
        if content is None and method in {"GET", "HEAD"} and not query and names.is_static(path):
            return self._static(request, path, sent)
        if content is not None:
            sent[content.header[0]] = content.header[1]
        target = f"{path}?{query}" if query else path
        pieces = content.pieces if content else None
        if pieces is not None and judgement is not None:
            pieces = body.held_back(pieces, judgement.again)
        answer = self._send(request, method, target, sent, pieces, note=note)
        if judgement is not None and answer.status < 400:
            try:
                judgement.afterwards()
            except BaseException:
                answer.close()
                raise
        return self._response(request, answer, note=note)

    def _send(
        self,
        request: HttpRequest,
        method: str,
        target: str,
        sent: dict[str, str],
        pieces: Iterator[bytes] | None = None,
        note: Note | None = None,
    ) -> Answer:
        # What MLflow has made is recorded though the client hangs up: or whoever wants to stay unknown would.
        watched = client.connection(request.META) if note is None else None
        # A transfer may last for hours, and whoever judged the call is done with the database.
        connections.release()
        return upstream.send(destination.mlflow(), method, target, sent.items(), body=pieces, client=watched)

    def _static(self, request: HttpRequest, path: str, sent: dict[str, str]) -> HttpResponseBase:
        """Answers a path at which a file of MLflow's UI is: from what is kept, or MLflow's answer, to be kept."""
        kept = assets()
        if kept is None:
            return self._response(request, self._send(request, self.entry.method, path, sent))
        response = kept.answer(request, path)
        if response is not None:
            self.entry.sent = len(response.content)
            self._finished(response.status_code)
            return response
        answer = self._send(request, self.entry.method, path, sent)
        return self._response(request, kept.received(path, self.entry.method, answer))

    def _register(
        self, request: HttpRequest, route: Route, path: str, query: str, sent: dict[str, str]
    ) -> HttpResponseBase:
        """Passes a new version of a skill or MCP server on unread where no rule is about it, and else asks the guard.

        A skill's files come with it and may be large. Of those the guard reads only what is said of them.
        """
        method, workspace = self.entry.method, sent.get("X-Mlflow-Workspace", "")
        again = self._registered_again(path, workspace, None)
        if decide.may_pass_unread(method=method, path=path, workspace=workspace):
            return self._pass_on(request, method, path, query, sent, judgement=again)
        content_type, upload = sent.get("Content-Type", ""), None
        if multipart.is_meant(content_type):
            pieces = body.unframed(request.META)
            upload = multipart.Upload(content_type, pieces, settings.CHECKPOINT_GUARDED_BODY_BYTES)
        return self._guard(request, route, path, query, sent, upload)

    def _registered_again(self, path: str, workspace: str, message: bytes | None) -> Judgement:
        """Returns how to judge a registration again whose files took long."""
        assert self.caller is not None  # noqa: S101 - set by the only caller, for mypy
        return Judgement(
            partial(
                decide.judge_registration_again,
                method=self.entry.method,
                path=path,
                body=message,
                workspace=workspace,
                actor=self.caller.acting(Door.PROXY, self.entry.request_id),
            )
        )

    def _guard(
        self,
        request: HttpRequest,
        route: Route,
        path: str,
        query: str,
        sent: dict[str, str],
        upload: multipart.Upload | None = None,
    ) -> HttpResponseBase:
        """Asks the guard, and sends what it wrote instead of what came, with the files behind it of an upload."""
        assert self.caller is not None  # noqa: S101 - set by the only caller, for mypy
        method = self.entry.method
        limit: int = settings.CHECKPOINT_GUARDED_BODY_BYTES
        decision = decide.decide(
            route,
            method=method,
            path=path,
            query=query,
            content_type=sent.pop("Content-Type", ""),
            body=body.whole(request.META, limit) if upload is None else upload.metadata,
            workspace=sent.get("X-Mlflow-Workspace", ""),
            actor=self.caller.acting(Door.PROXY, self.entry.request_id),
        )
        if isinstance(decision, Refusal):
            raise decision
        if isinstance(decision, Unchanged):
            return self._as_it_is(request, decision, path, sent)
        sent.pop("Content-Encoding", None)
        if decision.body is not None:
            sent["Content-Type"] = decision.content_type
            sent["Content-Length"] = str(len(decision.body))
        target = f"{path}?{decision.query}" if decision.query else path
        pieces = iter((decision.body,)) if decision.body is not None else None
        if upload is not None and decision.body is not None:
            del sent["Content-Length"]
            sent["Content-Type"], written = upload.anew(decision.body)
            framed = body.chunked(written)
            sent[framed.header[0]] = framed.header[1]
            again = self._registered_again(path, sent.get("X-Mlflow-Workspace", ""), decision.body)
            pieces = body.held_back(framed.pieces, again.again)
        note = calls.of_guarded(route, decision.body, self.caller, sent.get("X-Mlflow-Workspace", ""))
        return self._response(request, self._send(request, method, target, sent, pieces, note=note), note=note)

    def _as_it_is(self, request: HttpRequest, found: Unchanged, path: str, sent: dict[str, str]) -> HttpResponseBase:
        """Answers as MLflow does where nothing had to be changed: with what it shows of that, or with nothing."""
        sent.pop("Content-Encoding", None)
        if found.model_name:
            shown = {"name": found.model_name} | ({"version": found.version} if found.version else {})
            target = f"{_VERSION if found.version else _MODEL}?{urlencode(shown)}"
            if family_of(found.model_name) is not Family.MODEL:
                target = path  # which names the version
            return self._response(request, self._send(request, "GET", target, sent))
        response = JsonResponse({})
        self._finished(response.status_code)
        return response

    def _document(self, request: HttpRequest, path: str, query: str, sent: dict[str, str]) -> HttpResponseBase:
        """Answers a path at which MLflow's HTML document may be; HEAD asks for all of it, to know its length."""
        target = f"{path}?{query}" if query else path
        answer = self._send(request, "GET", target, html.adapt_request(sent))
        content = responses.read_whole(answer, html.DOCUMENT_BYTES)
        document = None if content is None else html.adapt_answer(answer.status, answer.headers, content)
        if document is not None:
            answer.headers, content = document.headers, document.body
        if self.entry.method == "HEAD":
            answer.close()
            content = b""
        return self._response(request, answer, content, is_document=document is not None)

    def _response(
        self,
        request: HttpRequest,
        answer: Answer,
        content: bytes | None = None,
        *,
        is_document: bool = False,
        note: Note | None = None,
    ) -> ProxiedResponse:
        try:
            if content is None:
                is_json = compression.may_compress(self.entry.path, answer.status, answer.headers, answer.length)
                limit = compression.LARGEST_BYTES if is_json else responses.WHOLE_BYTES
                content = responses.read_whole(answer, limit)
                if note is not None:
                    content = note.read(answer, content)
                if is_json and content is not None:
                    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
                    answer.headers, content = compression.compressed(answer.headers, content, accepted)
            content = _refuse_if_about_us(answer, content)
        except BaseException:
            answer.close()
            raise
        found = headers.for_client(answer.headers, destination.mlflow())
        found = policy.apply(request, self.entry.path, found, is_document=is_document)
        status = answer.status
        response = ProxiedResponse(
            answer, found, first=content or b"", environ=request.META, done=lambda: self._finished(status)
        )
        response.entry = self.entry
        return response

    def _finished(self, status: int) -> None:
        if self.caller is not None:
            limits.leave(self.caller.key)
            self.caller = None
        self.entry.status = status
        self.entry.write()


def _refuse_if_about_us(answer: Answer, content: bytes | None) -> bytes | None:
    """Returns the content, read further if need be, unless MLflow refused Checkpoint itself and not the caller.

    Raises:
        UpstreamRefusesUs: says what an administrator has to set.
        UpstreamBroken: the refusal could not be read.
    """
    if answer.status == 401:
        raise exceptions.UpstreamRefusesUs(
            "MLflow does not accept Checkpoint's own credentials. An administrator should check "
            "CHECKPOINT_REGISTRY_USERNAME and CHECKPOINT_REGISTRY_PASSWORD, or CHECKPOINT_REGISTRY_TOKEN."
        )
    if answer.status != 403:
        return content
    is_text = any(name.lower() == "content-type" and value.startswith("text/plain") for name, value in answer.headers)
    if is_text and content is None:
        content = _first_piece(answer)
    if is_text and content is not None and content.startswith(_INVALID_HOST):
        netloc = destination.mlflow().netloc
        raise exceptions.UpstreamRefusesUs(
            f"MLflow does not accept calls addressed to {netloc}. An administrator should start it with "
            f"--allowed-hosts {netloc}, or set CHECKPOINT_REGISTRY_URL to a name that it accepts."
        )
    return content


def _first_piece(answer: Answer) -> bytes:
    try:
        return answer.read()
    except TimeoutError as error:
        raise UpstreamBroken("MLflow went silent in the middle of its answer.") from error
