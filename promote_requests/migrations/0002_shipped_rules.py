"""The protection rules that Checkpoint ships with."""

from django.db import migrations

SHIPPED = [
    ("stage:*", "Every stage of every model."),
    ("alias:champion", "The version in use, by MLflow's usual name."),
    ("alias:production", "The version in production."),
    ("alias:prod", "The version in production, abbreviated."),
    ("alias:staging", "The version on trial."),
]


def add_rules(apps, schema_editor):
    rules = apps.get_model("promote_requests", "ProtectionRule")
    for target_pattern, description in SHIPPED:
        rules.objects.get_or_create(
            workspace_pattern="*",
            model_pattern="*",
            target_pattern=target_pattern,
            defaults={"description": description},
        )


class Migration(migrations.Migration):
    dependencies = [("promote_requests", "0001_initial")]

    # Rules that a team has edited meanwhile are theirs: going back removes nothing.
    operations = [migrations.RunPython(add_rules, migrations.RunPython.noop)]
