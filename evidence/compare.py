"""Compares the challenger with the champion, ready to be shown. Pure."""

from dataclasses import dataclass, replace
from typing import Any, Self

from evidence.budget import Budget
from evidence.contents.compare import ContentsComparison, compare_contents
from evidence.contents.structured import by_key
from evidence.directions.wanted import BY_NAME, Directions
from evidence.files.trees import TreeComparison, compare_trees
from evidence.lineage import compare_lineage
from evidence.metrics.compare import compare_metrics
from evidence.metrics.criteria import Criteria, criteria_of
from evidence.metrics.logged import LoggedComparison, logged_comparisons, plain_metrics
from evidence.observe import Evidence
from evidence.prompts import PromptComparison, compare_prompts
from evidence.rows import DIFFERENCES, Group, Kind, TextRow, in_order, kind_of
from evidence.texts import Marks
from evidence.verdict import Counts, Verdict, judge
from registry.types import PROMPT_SETTINGS, PROMPT_TEXT_TAG, Contents, FileTree, VersionFacts, is_reserved_tag

_MOST_READ = 300_000
"""Characters of changed values that are read as JSON or YAML for one table: about half a second."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that is shown of two versions side by side; `prompt` is None unless one of them belongs to a prompt.

    `settings` are a prompt's: which model it is for, with which parameters, and what it answers with. `contents` and
    `files` are None where nobody looked at the files, and for prompts; `verdict` without a champion. `criteria` are the
    challenger's author's own, `logged` what somebody logged of two evaluations.
    """

    has_champion: bool
    metrics: Group
    datasets: Group
    lineage: Group
    parameters: Group
    tags: Group
    run_tags: Group
    system_tags: Group
    descriptions: Group
    prompt: PromptComparison | None
    settings: Group
    contents: ContentsComparison | None
    files: TreeComparison | None
    verdict: Verdict | None
    criteria: Criteria
    logged: tuple[LoggedComparison, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups in the order in which they are shown."""
        return (
            self.settings,
            self.metrics,
            self.datasets,
            self.parameters,
            self.tags,
            self.run_tags,
            self.descriptions,
            self.lineage,
        )

    @property
    def differs(self) -> bool:
        """Whether anything differs, of which MLflow's own tags are nothing; false without a champion."""
        of_files = self.contents is not None and (
            self.contents.signature.differences or self.contents.environment.differences
        )
        of_prompt = self.prompt is not None and self.prompt.kind in DIFFERENCES
        of_tree = self.files is not None and self.files.differences
        return any(group.differences for group in self.groups) or of_prompt or bool(of_files) or bool(of_tree)

    def with_counts(self, counts: Counts) -> Self:
        """Returns the comparison with what came of a request's gates and checks in its verdict."""
        return self if self.verdict is None else replace(self, verdict=replace(self.verdict, counts=counts))

    def as_dict(self, *, only_differences: bool = False) -> dict[str, Any]:
        """Returns the comparison for the API, without equal rows when asked."""
        return {
            "has_champion": self.has_champion,
            **{
                group.name: group.as_dict(only_differences=only_differences)
                for group in (*self.groups, self.system_tags)
            },
            "criteria": self.criteria.as_dict(),
            "logged_comparisons": [found.as_dict() for found in self.logged],
            "prompt": self.prompt and self.prompt.as_dict(),
            "contents": self.contents and self.contents.as_dict(),
            "files": self.files and self.files.as_dict(),
            "verdict": self.verdict and self.verdict.as_dict(),
        }


def compare_evidence(evidence: Evidence) -> Comparison:
    """Returns the comparison of what was observed; none with itself where the challenger holds the target already."""
    champion = evidence.champion
    is_itself = champion is not None and champion.version == evidence.challenger.version
    return compare(evidence.challenger, None if is_itself else champion, evidence.directions)


def compare(challenger: VersionFacts, champion: VersionFacts | None, directions: Directions = BY_NAME) -> Comparison:
    """Returns what differs between two versions; every parameter, metric and tag of either is one row."""
    metrics = compare_metrics(plain_metrics(challenger), plain_metrics(champion) if champion else None, directions)
    criteria = criteria_of(challenger, champion)
    contents = (
        None
        if challenger.contents is None
        else compare_contents(challenger.contents, None if champion is None else champion.contents or Contents({}))
    )
    prompt = compare_prompts(
        challenger.prompt_text, champion.prompt_text if champion else None, has_champion=champion is not None
    )
    return Comparison(
        has_champion=champion is not None,
        metrics=metrics,
        datasets=_texts("datasets", _named(challenger), _named(champion) if champion else None),
        lineage=compare_lineage(challenger, champion),
        parameters=_texts("parameters", challenger.params, champion.params if champion else None),
        tags=_texts("tags", challenger.tags, champion.tags if champion else None),
        run_tags=_texts("run_tags", _run_tags(challenger), _run_tags(champion) if champion else None),
        system_tags=_texts("system_tags", _system_tags(challenger), _system_tags(champion) if champion else None),
        descriptions=_texts("descriptions", _described(challenger), _described(champion) if champion else None),
        prompt=prompt,
        contents=contents,
        files=_files(challenger, champion),
        verdict=None if champion is None else judge(challenger, champion, metrics, contents, criteria, prompt),
        criteria=criteria,
        logged=logged_comparisons(challenger, champion, directions),
        settings=_texts("settings", challenger.prompt_settings, champion.prompt_settings if champion else None),
    )


def _files(challenger: VersionFacts, champion: VersionFacts | None) -> TreeComparison | None:
    if challenger.tree is None:
        return None
    return compare_trees(challenger.tree, None if champion is None else champion.tree or FileTree(()))


def _run_tags(facts: VersionFacts) -> dict[str, str]:
    return {tag: text for tag, text in facts.run_tags.items() if not is_reserved_tag(tag)}


def _system_tags(facts: VersionFacts) -> dict[str, str]:
    """Returns what MLflow and Checkpoint keep as tags of the version and of its run, but for a prompt's own words."""
    of_version = {tag: text for tag, text in facts.version.tags.items() if is_reserved_tag(tag)}
    of_run = {tag: text for tag, text in facts.run_tags.items() if is_reserved_tag(tag)}
    both = {f"{tag} (of the run)" if tag in of_version else tag: text for tag, text in of_run.items()} | of_version
    return {tag: text for tag, text in both.items() if tag != PROMPT_TEXT_TAG and not tag.startswith(PROMPT_SETTINGS)}


def _described(facts: VersionFacts) -> dict[str, str]:
    said = {"version's description": facts.version.description, "model's description": facts.model_description}
    return {what: text for what, text in said.items() if text}


def _named(facts: VersionFacts) -> dict[str, str]:
    return {f"{context} data" if context else "data": names for context, names in facts.datasets.items()}


def _texts(name: str, challenger: dict[str, str], champion: dict[str, str] | None) -> Group:
    # Parameters are texts even where they look like numbers: "1e-3" and "0.001" are different texts.
    rows, budget, unread = [], Budget(), _MOST_READ
    for key in {**challenger, **(champion or {})}:
        new, old = challenger.get(key), (champion or {}).get(key)
        kind = kind_of(old, new, has_champion=champion is not None, equal=old == new)
        marks = None if kind is not Kind.CHANGED else Marks(old or "", new or "", budget)
        inner: tuple[TextRow, ...] = ()
        cost = len(old or "") + len(new or "")
        if kind is Kind.CHANGED and cost <= unread:
            unread -= cost
            inner = _by_key(old or "", new or "", budget)
        rows.append(TextRow(key, kind, old, new, marks, by_key=inner))
    return Group(name, in_order(rows))


def _by_key(old: str, new: str, budget: Budget) -> tuple[TextRow, ...]:
    rows = []
    for path, (before, after) in by_key(old, new).items():
        if before != after:
            kind = kind_of(before, after, has_champion=True, equal=False)
            marks = None if kind is not Kind.CHANGED else Marks(before or "", after or "", budget)
            rows.append(TextRow(path, kind, before, after, marks))
    return in_order(rows)
