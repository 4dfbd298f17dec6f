"""The protection rules that Checkpoint ships with. They are added once; a team's later edits stay."""

from typing import Any

SHIPPED = (
    ("stage:*", "Every stage of every model."),
    ("alias:champion", "The version in use, by MLflow's usual name."),
    ("alias:production", "The version in production."),
    ("alias:prod", "The version in production, abbreviated."),
    ("alias:staging", "The version on trial."),
    ("status:*", "Every status of every skill and MCP server."),
)


def add_rules(apps: Any, schema_editor: Any) -> None:
    """Adds the missing ones; for the first migration, with its historical models."""
    rules = apps.get_model("protection", "ProtectionRule")
    for target_pattern, description in SHIPPED:
        rules.objects.get_or_create(
            workspace_pattern="*",
            model_pattern="*",
            target_pattern=target_pattern,
            defaults={"description": description},
        )
