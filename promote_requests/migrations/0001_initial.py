import django.db.models.deletion
import django.utils.timezone
import promote_requests.models.folded
from django.conf import settings
from django.db import migrations, models


SEARCHED = ("title", "description", "target_name")


def keep_statistics(apps, schema_editor):
    """Lets PostgreSQL count how often a word is in the texts that people search.

    Without that it takes every search for one that finds next to nothing, and reads all requests for the newest 25.
    """
    if schema_editor.connection.vendor == "postgresql":
        for field in SEARCHED:
            schema_editor.execute(
                f"CREATE STATISTICS words_of_request_{field} ON (upper({field})) FROM promote_requests_promoterequest"
            )


def drop_statistics(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for field in SEARCHED:
            schema_editor.execute(f"DROP STATISTICS words_of_request_{field}")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('evidence', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='PromoteRequest',
            fields=[
                ('number', models.BigAutoField(primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, help_text='Markdown.')),
                ('workspace', models.CharField(blank=True, default='', editable=False, max_length=256)),
                ('model_name', models.CharField(editable=False, max_length=256)),
                ('model_key', promote_requests.models.folded.FoldedName(editable=False, max_length=256, of='model_name')),
                ('version', models.CharField(editable=False, max_length=64)),
                ('target_kind', models.CharField(choices=[('stage', 'Stage'), ('alias', 'Alias'), ('model', 'Registered model'), ('status', 'Status')], editable=False, max_length=8)),
                ('target_name', models.CharField(editable=False, max_length=256)),
                ('target_key', promote_requests.models.folded.FoldedName(editable=False, max_length=256, of='target_name')),
                ('change', models.CharField(choices=[('set', 'Promote'), ('remove', 'Remove')], default='set', editable=False, max_length=8)),
                ('archive_existing_versions', models.BooleanField(default=False, editable=False)),
                ('author', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='promote_requests', to=settings.AUTH_USER_MODEL)),
                ('answered_for_by', models.ForeignKey(editable=False, help_text='Who answered for the service account that asks, then.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('text_revision', models.PositiveIntegerField(default=1, editable=False, help_text='Grows with each edit of title or description, and each changed answer.')),
                ('title_edited_in', models.PositiveIntegerField(default=1, editable=False, help_text='The text revision in which the title was last edited.')),
                ('description_edited_in', models.PositiveIntegerField(default=1, editable=False, help_text='The text revision in which the description was last edited.')),
                ('answers_changed_in', models.PositiveIntegerField(default=1, editable=False, help_text='The text revision in which the author last changed an answer.')),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('open', 'Open'), ('promoting', 'Promoting'), ('promoted', 'Promoted'), ('closed', 'Closed')], default='open', editable=False, max_length=10)),
                ('is_private', models.BooleanField(default=False, editable=False, help_text='Whether it is a draft that was never submitted, withdrawn or not.')),
                ('champion_version', models.CharField(editable=False, max_length=64, null=True)),
                ('challenger_stage', models.CharField(blank=True, editable=False, help_text='The stage it would leave.', max_length=16)),
                ('evidence_fingerprint', models.CharField(blank=True, editable=False, max_length=80)),
                ('is_prompt', models.BooleanField(default=False, editable=False, help_text='Whether it is a prompt, which MLflow keeps as a registered model.')),
                ('unplaced_source', models.TextField(blank=True, editable=False, help_text='Where its files are said to lie, if their place cannot be told from it.')),
                ('gate_results', models.JSONField(blank=True, default=dict, editable=False, help_text="What came of the rules' gates when MLflow was last asked.")),
                ('measured_at', models.DateTimeField(editable=False, help_text='When the worker last measured its gates again.', null=True)),
                ('makers', models.JSONField(blank=True, default=list, editable=False, help_text='Who made the version, as far as Checkpoint knew last.')),
                ('held_since', models.JSONField(blank=True, default=dict, editable=False, help_text='Since when the version held what it held when last seen.')),
                ('evidence_digest', models.CharField(blank=True, editable=False, help_text='Names what was observed last, kept for ever.', max_length=64)),
                ('inspection', models.ForeignKey(editable=False, help_text='Made last.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.inspection')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('round', models.PositiveIntegerField(default=1, editable=False, help_text='Begins anew with each reopening; reviews of earlier rounds do not count.')),
                ('promoting_since', models.DateTimeField(editable=False, null=True)),
                ('promoted_at', models.DateTimeField(editable=False, null=True)),
                ('promoted_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.JSONField(blank=True, default=list, editable=False, help_text='Whose approvals counted when the promotion began: names.')),
                ('judged_by', models.JSONField(editable=False, help_text='What the rules asked for when it was promoted or closed.', null=True)),
                ('promoted_version', models.CharField(blank=True, editable=False, help_text="The copy's version.", max_length=64)),
                ('tags_are_due', models.BooleanField(default=False, editable=False, help_text="Whether the promoted version still lacks Checkpoint's tags in MLflow.")),
                ('last_failure', models.TextField(blank=True, editable=False)),
                ('closed_at', models.DateTimeField(editable=False, null=True)),
                ('closed_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('close_reason', models.CharField(blank=True, choices=[('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('superseded', 'Superseded')], editable=False, max_length=10)),
                ('undoes', models.ForeignKey(editable=False, help_text='The promoted request whose change this one takes back.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='promote_requests.promoterequest')),
                ('is_fast_track', models.BooleanField(default=False, editable=False, help_text='Whether it puts back a version that had met the rules before.')),
                ('superseded_by', models.ForeignKey(editable=False, help_text='The newer request that took its place.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='supersedes', to='promote_requests.promoterequest')),
                ('is_bypassed', models.BooleanField(default=False, editable=False, help_text='Whether the glass was broken: it was promoted past its rules.')),
                ('glass_hands', models.JSONField(blank=True, default=list, editable=False, help_text='Who broke the glass or consented to it: keys of people.')),
                ('reviewed_afterwards_at', models.DateTimeField(editable=False, null=True)),
                ('holds_target', models.BooleanField(default=False, editable=False, help_text="Whether its version has the target now, by Checkpoint's own record.")),
                ('gone_at', models.DateTimeField(editable=False, help_text='When MLflow was first found to have no such version any more.', null=True)),
            ],
            options={
                'ordering': ['-number'],
                'indexes': [models.Index(fields=['status', '-number', 'is_private', 'author', 'answered_for_by'], name='request_by_status'), models.Index(fields=['workspace', 'model_name', 'version'], name='request_by_version'), models.Index(fields=['author', 'status'], name='request_by_author'), models.Index(fields=['created_at'], name='request_by_time'), models.Index(fields=['opened_at'], name='request_by_opening'), models.Index(fields=['promoted_at'], name='request_by_promotion'), models.Index(fields=['closed_at'], name='request_by_closing'), models.Index(condition=models.Q(('status', 'open')), fields=['opened_at', 'number'], name='request_by_waiting'), models.Index(fields=['model_key', '-number'], name='request_by_model'), models.Index(fields=['workspace', 'target_kind', 'target_name', 'model_name', 'status'], name='request_by_target'), models.Index(condition=models.Q(('is_bypassed', True), ('reviewed_afterwards_at', None)), fields=['number'], name='request_bypassed'), models.Index(condition=models.Q(('holds_target', True)), fields=['workspace', 'model_name'], name='request_holding'), models.Index(fields=['is_private', 'author', 'answered_for_by'], name='request_by_visibility')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ['open', 'promoting'])), fields=('workspace', 'model_name', 'version', 'target_kind', 'target_key'), name='one_request_under_way'), models.UniqueConstraint(condition=models.Q(('status', 'promoting'), models.Q(('target_kind', 'model'), _negated=True)), fields=('workspace', 'model_name', 'target_kind', 'target_key'), name='one_promotion_per_target'), models.UniqueConstraint(condition=models.Q(('status', 'promoting'), ('target_kind', 'model')), fields=('workspace', 'target_key'), name='one_promotion_per_destination'), models.UniqueConstraint(condition=models.Q(('status', 'promoting'), ('target_kind', 'stage')), fields=('workspace', 'model_name', 'version'), name='one_stage_move_per_version'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('status', 'closed'), ('close_reason__in', ['rejected', 'withdrawn', 'superseded'])), models.Q(models.Q(('status', 'closed'), _negated=True), ('close_reason', ''), ('closed_at', None), ('closed_by', None)), _connector='OR'), name='closed_rows_say_why'), models.CheckConstraint(condition=models.Q(models.Q(('promoted_at__isnull', False), ('promoted_by__isnull', False), ('status', 'promoted'), models.Q(('evidence_digest', ''), _negated=True)), models.Q(models.Q(('status', 'promoted'), _negated=True), ('promoted_at', None)), _connector='OR'), name='promoted_rows_are_frozen'), models.CheckConstraint(condition=models.Q(models.Q(('promoted_by__isnull', False), ('promoting_since__isnull', False), ('status', 'promoting')), models.Q(('status', 'promoting'), _negated=True), _connector='OR'), name='promoting_rows_say_since_when'), models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'open', 'promoting', 'promoted', 'closed'])), name='request_status_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('change', 'remove'), _negated=True), ('target_kind', 'alias'), _connector='OR'), name='only_aliases_are_removed'), models.CheckConstraint(condition=models.Q(('holds_target', False), models.Q(('change', 'set'), ('status', 'promoted')), _connector='OR'), name='holding_rows_are_promoted'), models.CheckConstraint(condition=models.Q(('superseded_by', None), ('close_reason', 'superseded'), _connector='OR'), name='superseded_rows_are_closed'), models.CheckConstraint(condition=models.Q(models.Q(('is_bypassed', False), ('reviewed_afterwards_at', None)), models.Q(('is_bypassed', True), ('status__in', ['promoting', 'promoted'])), _connector='OR'), name='bypassed_rows_are_promoted'), models.UniqueConstraint(condition=models.Q(('status', 'draft')), fields=('workspace', 'model_name', 'version', 'target_kind', 'target_key', 'author'), name='one_draft_per_author'), models.CheckConstraint(condition=models.Q(models.Q(('is_private', True), ('status__in', ['draft', 'closed'])), models.Q(('is_private', False), models.Q(('status', 'draft'), _negated=True)), _connector='OR'), name='drafts_are_private')],
            },
        ),
        migrations.CreateModel(
            name='FormerText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='former_texts', to='promote_requests.promoterequest')),
                ('revision', models.PositiveIntegerField()),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['revision'],
                'constraints': [models.UniqueConstraint(fields=('promote_request', 'revision'), name='one_text_per_revision')],
            },
        ),
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='promote_requests.promoterequest')),
                ('opener', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('anchor_kind', models.CharField(blank=True, choices=[('metric', 'metric'), ('parameter', 'parameter'), ('tag', 'tag'), ('file', 'file'), ('prompt', 'line of the prompt')], max_length=16)),
                ('anchor_key', models.TextField(blank=True)),
                ('anchor_value', models.TextField(blank=True)),
                ('is_blocking', models.BooleanField(default=False)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='follow_ups', to=settings.AUTH_USER_MODEL)),
                ('due_on', models.DateField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('due_on__isnull', False)), fields=['due_on'], name='follow_up_by_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('due_on', None), ('owner', None)), models.Q(('due_on__isnull', False), ('is_blocking', False), ('owner__isnull', False)), _connector='OR'), name='follow_ups_do_not_block'), models.CheckConstraint(condition=models.Q(models.Q(('anchor_key', ''), ('anchor_kind', ''), ('anchor_value', '')), models.Q(('anchor_kind__in', ['metric', 'parameter', 'tag', 'file', 'prompt']), models.Q(('anchor_key', ''), _negated=True)), _connector='OR'), name='anchors_name_a_row')],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='promote_requests.promoterequest')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='promote_requests.thread')),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promote_request_comments', to=settings.AUTH_USER_MODEL)),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='promote_requests.promoterequest')),
                ('reporter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('answered_for_by', models.ForeignKey(help_text='Who answered for the service account that reports, then.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(max_length=100)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('success', 'passed'), ('failure', 'failed'), ('error', 'could not run'), ('neutral', 'neither passed nor failed'), ('requested', 'asked for again')], max_length=16)),
                ('summary', models.TextField(blank=True, help_text='Markdown.')),
                ('details_url', models.CharField(blank=True, max_length=2000)),
                ('evidence_fingerprint', models.CharField(max_length=80)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'success', 'failure', 'error', 'neutral', 'requested'])), name='check_state_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='promote_requests.promoterequest')),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to=settings.AUTH_USER_MODEL)),
                ('request_author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('verdict', models.CharField(choices=[('approve', 'Approve'), ('request_changes', 'Request changes'), ('comment', 'Comment')], max_length=16)),
                ('body', models.TextField(blank=True)),
                ('champion_version', models.CharField(max_length=64, null=True)),
                ('evidence_fingerprint', models.CharField(max_length=80)),
                ('evidence_digest', models.CharField(blank=True, help_text='Names what was judged, kept for ever.', max_length=64)),
                ('round', models.PositiveIntegerField(default=1)),
                ('text_revision', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'permissions': [('dismiss_review', 'Can dismiss a request for changes')],
                'indexes': [models.Index(fields=['promote_request', 'reviewer', '-id'], name='latest_review')],
                'constraints': [models.CheckConstraint(condition=models.Q(('verdict__in', ['approve', 'request_changes', 'comment'])), name='verdict_is_known'), models.CheckConstraint(condition=models.Q(('verdict', 'comment'), models.Q(('reviewer', models.F('request_author')), _negated=True), _connector='OR'), name='nobody_judges_their_own')],
            },
        ),
        migrations.CreateModel(
            name='Dismissal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='dismissal', to='promote_requests.review')),
                ('dismissed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', models.TextField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Signature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='signature', to='promote_requests.review')),
                ('printed_name', models.CharField(max_length=500)),
                ('meaning', models.TextField(help_text='What the signature says, as a sentence.')),
                ('method', models.CharField(help_text='How the signer proved who they are.', max_length=20)),
                ('signed_at', models.DateTimeField()),
                ('seal', models.CharField(max_length=64)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='promote_requests.promoterequest')),
                ('review', models.ForeignKey(help_text='Null: by the author.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='promote_requests.review')),
                ('answered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('question_key', models.CharField(max_length=16)),
                ('question', models.CharField(help_text='As it was asked.', max_length=300)),
                ('answer', models.TextField()),
                ('rules', models.JSONField(help_text='[{pk, version}] of the rules that applied when it was answered.')),
                ('was_private', models.BooleanField(default=False, help_text='Whether it was given to a draft.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='CommentDeletion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='deletion', to='promote_requests.comment')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CommentEdit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='edits', to='promote_requests.comment')),
                ('body', models.TextField()),
                ('was_private', models.BooleanField(default=False, help_text='Whether nobody else had read the wording before it.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Mention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mentions', to='promote_requests.promoterequest')),
                ('comment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mentions', to='promote_requests.comment')),
                ('review', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mentions', to='promote_requests.review')),
                ('mentioned', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mentions', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('told_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('comment', 'mentioned'), name='one_mention_per_comment'), models.UniqueConstraint(fields=('review', 'mentioned'), name='one_mention_per_review'), models.UniqueConstraint(condition=models.Q(('comment', None), ('review', None)), fields=('promote_request', 'mentioned'), name='one_mention_per_description'), models.CheckConstraint(condition=models.Q(('comment', None), ('review', None), _connector='OR'), name='mentions_have_one_place')],
            },
        ),
        migrations.CreateModel(
            name='FollowUpReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('thread', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reminder', to='promote_requests.thread')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Resolution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='resolutions', to='promote_requests.thread')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('is_resolved', models.BooleanField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='AfterReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='after_review', to='promote_requests.promoterequest')),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request_author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('broken_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('consented_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('reviewer', models.F('request_author')), _negated=True), models.Q(('reviewer', models.F('broken_by')), _negated=True)), name='nobody_reviews_their_own_afterwards'), models.CheckConstraint(condition=models.Q(('consented_by', None), models.Q(('reviewer', models.F('consented_by')), _negated=True), _connector='OR'), name='who_consented_reviews_nothing_afterwards')],
            },
        ),
        migrations.CreateModel(
            name='ChampionReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(help_text='By which the version got the target.', on_delete=django.db.models.deletion.PROTECT, related_name='champion_reviews', to='promote_requests.promoterequest')),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request_author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('body', models.TextField()),
                ('evidence_digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('reviewer', models.F('request_author')), _negated=True), name='nobody_reviews_their_own_champion')],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='promote_requests.promoterequest')),
                ('consented_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request_author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('words', models.TextField(blank=True)),
                ('evidence_fingerprint', models.CharField(max_length=80)),
                ('round', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('consented_by', models.F('request_author')), _negated=True), name='nobody_consents_to_their_own')],
            },
        ),
        migrations.CreateModel(
            name='BrokenGlass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='broken_glass', to='promote_requests.promoterequest')),
                ('broken_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', models.TextField()),
                ('skipped', models.JSONField(help_text='The conditions that did not hold, as sentences.')),
                ('consent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='promote_requests.consent')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'permissions': [('break_glass', 'Can promote past the rules, and consent to it')],
            },
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
                ('key', models.CharField(editable=False, max_length=200, unique=True)),
                ('colour', models.CharField(choices=[('grey', 'Grey'), ('red', 'Red'), ('orange', 'Orange'), ('yellow', 'Yellow'), ('green', 'Green'), ('teal', 'Teal'), ('blue', 'Blue'), ('purple', 'Purple')], default='grey', max_length=10)),
                ('requests', models.ManyToManyField(blank=True, editable=False, related_name='labels', to='promote_requests.promoterequest')),
            ],
            options={
                'ordering': ['key'],
                'constraints': [models.CheckConstraint(condition=models.Q(('colour__in', ['grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple'])), name='label_colour_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='promote_requests.promoterequest')),
                ('reader', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('last_at', models.DateTimeField(help_text='When the reader looked last, to within a minute.')),
                ('previous_at', models.DateTimeField(help_text='When the visit before this one ended.', null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('promote_request', 'reader'), name='one_visit_per_reader')],
            },
        ),
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promote_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places', to='promote_requests.promoterequest')),
                ('reviewer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('group', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='auth.group')),
                ('section', models.CharField(blank=True, help_text='As whose owner, where the rules asked.', max_length=100)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('declined', 'Declined'), ('handed_over', 'Handed over')], default='asked', max_length=12)),
                ('reason', models.TextField(blank=True, help_text='Why declined or handed over.')),
                ('handed_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('is_told', models.BooleanField(default=False, help_text='Whether a message to them was written.')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['reviewer', 'state'], name='place_by_person')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('group', None)), fields=('promote_request', 'reviewer'), name='one_place_per_person'), models.UniqueConstraint(condition=models.Q(('group__isnull', False)), fields=('promote_request', 'group'), name='one_place_per_group'), models.CheckConstraint(condition=models.Q(('reviewer__isnull', False), ('group__isnull', False), _connector='OR'), name='place_is_somebodys'), models.CheckConstraint(condition=models.Q(('state__in', ['asked', 'declined', 'handed_over'])), name='place_state_known')],
            },
        ),
        migrations.RunPython(keep_statistics, drop_statistics),
    ]
