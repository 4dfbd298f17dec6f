"""What must hold before the server may answer."""

from checkpoint_project import env


def require_registry() -> None:
    """Refuses to start without an upstream.

    Not in `settings`, because commands that never call MLflow (migrate, collectstatic, create_api_token) need none.

    Raises:
        env.ConfigurationError: CHECKPOINT_REGISTRY_URL is not set.
    """
    if not env.url("CHECKPOINT_REGISTRY_URL"):
        raise env.ConfigurationError(
            "CHECKPOINT_REGISTRY_URL is not set: give the address of your MLflow server, "
            "for example CHECKPOINT_REGISTRY_URL=http://mlflow:5000."
        )
