"""What the registry has, as far as opening or judging a promote request needs it."""

from rest_framework.request import Request
from rest_framework.response import Response

from evidence.compare import compare_evidence
from evidence.freeze import Observation, fingerprint
from foundation.api import schema
from foundation.api.pagination import paged
from foundation.api.views import ApiView, checked
from promote_requests import services
from promote_requests.api.inputs import ComparisonQuerySerializer, ModelSearchSerializer, VersionSearchSerializer
from promote_requests.api.loading import load
from promote_requests.api.registry_outputs import (
    ComparisonSerializer,
    ModelVersionSerializer,
    ModelVersionsSerializer,
    RegisteredModelSerializer,
    RegisteredModelsSerializer,
    inspection,
    side,
)
from promote_requests.choices import Status
from promote_requests.services.gating import UNFINISHED, keep, measure
from registry import get_registry


class ComparisonView(ApiView):
    """Challenger and champion side by side."""

    @schema.operation(
        "Compare challenger and champion",
        operation_id="promote_requests_compare",
        parameters=[ComparisonQuerySerializer],
        responses={200: ComparisonSerializer},
        errors=(400, 404, 502, 504),
    )
    def get(self, request: Request, number: int) -> Response:
        """Compares as MLflow has them now or, once the request is being promoted, as they were frozen."""
        values = checked(ComparisonQuerySerializer, request.query_params.dict())
        promote_request = load(request, number)
        evidence = services.with_files(promote_request, services.evidence_of(promote_request))
        champion = evidence.champion
        observation = Observation.of(evidence, promote_request.target)
        if promote_request.status in UNFINISHED and measure(promote_request, evidence):
            keep(promote_request)
        decision = services.decision_of(promote_request, observation=observation)
        compared = compare_evidence(evidence).with_counts(decision.counts)
        return Response(
            {
                "evidence_fingerprint": (
                    # As the reviews name it, whatever this release would make of facts that an older one froze.
                    promote_request.evidence_fingerprint
                    if promote_request.status in (Status.PROMOTING, Status.PROMOTED)
                    else fingerprint(evidence)
                ),
                "challenger": side(evidence.challenger.version),
                "champion": None if champion is None else side(champion.version),
                "other_holders": [
                    {"model_name": evidence.challenger.version.name, "version": holder}
                    for holder in evidence.other_holders
                ],
                "removing": evidence.removing,
                **compared.as_dict(only_differences=values["only_differences"]),
                "inspection": inspection(promote_request.inspection),
            }
        )


class ModelsView(ApiView):
    """Registered models and prompts."""

    @schema.operation(
        "List registered models",
        operation_id="models_list",
        parameters=[ModelSearchSerializer],
        responses={200: RegisteredModelsSerializer},
        errors=(400, 502, 504),
    )
    def get(self, request: Request) -> Response:
        """Lists models and prompts whose name contains `search`, by name."""
        values = checked(ModelSearchSerializer, request.query_params.dict())
        registry = get_registry(values["workspace"])
        return paged(
            request,
            values,
            lambda limit: registry.search_models(values["search"], limit=limit),
            RegisteredModelSerializer,
        )


class VersionsView(ApiView):
    """The versions of a registered model; its name may contain slashes."""

    @schema.operation(
        "List a model's versions",
        operation_id="models_versions_list",
        parameters=[VersionSearchSerializer],
        responses={200: ModelVersionsSerializer},
        errors=(400, 404, 502, 504),
    )
    def get(self, request: Request, name: str) -> Response:
        """Lists a model's versions, newest first."""
        values = checked(VersionSearchSerializer, request.query_params.dict())
        registry, below = get_registry(values["workspace"]), values["below"] or 0
        return paged(
            request,
            values,
            lambda limit: registry.list_versions(name, limit=limit, below=below),
            ModelVersionSerializer,
        )
