import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MadeThing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('run', 'Run'), ('model', 'Logged model')], max_length=5)),
                ('thing_id', models.CharField(max_length=256, unique=True)),
                ('maker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('maker_name', models.CharField(max_length=150)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(db_index=True)),
                ('source_run', models.CharField(blank=True, max_length=256)),
            ],
        ),
        migrations.CreateModel(
            name='RegisteredVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('workspace', models.CharField(blank=True, max_length=256)),
                ('model_name', models.CharField(max_length=256)),
                ('version', models.CharField(max_length=64)),
                ('created_ms', models.BigIntegerField()),
                ('maker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('maker_name', models.CharField(max_length=150)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField()),
                ('source', models.TextField(blank=True)),
                ('is_copy', models.BooleanField(default=False)),
                ('copied_from', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='making.registeredversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'model_name', 'version', 'created_ms'), name='registered_version_once')],
            },
        ),
        migrations.CreateModel(
            name='VersionPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='making.registeredversion')),
                ('kind', models.CharField(choices=[('run', 'Run'), ('model', 'Logged model')], max_length=5)),
                ('thing_id', models.CharField(db_index=True, max_length=256)),
                ('is_named', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version', 'thing_id'), name='version_part_once')],
            },
        ),
    ]
