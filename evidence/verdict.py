"""The comparison in one line, and what makes it unfair: the first thing that a reviewer reads. Pure.

Everything here is counted from the tables below it, so that a reader of this line alone reads the truth.
"""

from dataclasses import dataclass
from typing import Any

from evidence.contents.compare import ContentsComparison
from evidence.contents.signature import Fit
from evidence.directions.wanted import Source, Wanted
from evidence.metrics.compare import MetricRow
from evidence.metrics.criteria import Criteria
from evidence.prompts import PromptComparison
from evidence.rows import Group, Kind
from foundation.words import counted, inflected, listed
from registry.types import Family, VersionFacts

_NAMED = 3
_FEW = 3
_TRAINING = frozenset({"train", "training"})
_GONE = {"run": "run", "logged_model": "logged model"}
_TONES = ("bad", "warn", "good", "plain")
_SHORT = {
    "within_spread": "within the spread of repeats",
    "direction_against_name": "direction against its name",
    "different_datasets": "other data",
    "other_training_data": "trained on other data",
    "different_steps": "other steps",
    "no_common_metric": "no metric in common",
    "challenger_run_and_source_disagree": "names another run than its files",
    "champion_run_and_source_disagree": "champion names another run than its files",
    "unnamed_datasets": "data not named",
    "few_repeats": "few repeats",
    "one_sided_metrics": "metrics on one side only",
    "challenger_without_run": "nothing measured",
    "champion_without_run": "nothing measured of the champion",
    "challenger_source_elsewhere": "files cannot be sealed",
    "champion_source_elsewhere": "champion's files cannot be sealed",
    "challenger_gone": "run or logged model deleted",
    "champion_gone": "champion's run or logged model deleted",
}
"""{code of a doubt: the words in the strip}."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that makes the figures say less than they seem to."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the strip: what it says, how it is meant (`bad`, `warn`, `good`, `plain`), and what it leads to."""

    tone: str
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of the gates and checks of a request; all of it is 0 for versions that are compared outside of one."""

    gates_passed: int = 0
    gates: int = 0
    checks_passed: int = 0
    checks_pending: int = 0
    checks_failed: int = 0

    @property
    def parts(self) -> list[Part]:
        """What the strip says of it."""
        said = []
        if self.gates:
            tone = "good" if self.gates_passed == self.gates else "bad"
            said.append(Part(tone, f"{self.gates_passed} of {counted(self.gates, 'gate')} passed", "gates"))
        if self.checks_failed:
            said.append(Part("bad", f"{counted(self.checks_failed, 'check')} failed", "checks"))
        if self.checks_pending:
            said.append(Part("warn", f"{counted(self.checks_pending, 'check')} pending", "checks"))
        if self.checks_passed:
            said.append(Part("good", f"{counted(self.checks_passed, 'check')} passed", "checks"))
        return said

    def as_dict(self) -> dict[str, Any]:
        """Returns the counts for the API."""
        return {
            "gates": {"passed": self.gates_passed, "total": self.gates},
            "checks": {"passed": self.checks_passed, "pending": self.checks_pending, "failed": self.checks_failed},
        }


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tables say, in numbers.

    Attributes:
        better: Metrics of which the challenger has the better value.
        worse: Metrics of which it has the worse value.
        equal: Metrics with the same value.
        undirected: Metrics that differ, of which nobody knows which value is better.
        missing: Metrics that one side only has.
        signature: Whether callers of the champion can call the challenger.
        packages_changed: How many packages came, went, or are asked for otherwise; None where that is not known.
        doubts: What makes the comparison unfair.
        criteria_met: How many of the author's own criteria are met.
        criteria: How many there are.
        has_files: Whether there are files that could have a signature; a prompt has none.
        counts: What came of the request's gates and checks.
        prompt: How the texts of two prompts compare; None for models.
    """

    better: int
    worse: int
    equal: int
    undirected: int
    missing: int
    signature: Fit
    packages_changed: int | None
    doubts: tuple[Doubt, ...]
    criteria_met: int
    criteria: int
    has_files: bool
    counts: Counts = NO_COUNTS
    prompt: PromptComparison | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The strip: first what makes the rest say less, then what speaks against the challenger."""
        said = [self._signature()] if self.has_files else self._prompt()
        if self.worse:
            said.append(Part("bad", f"{counted(self.worse, 'metric')} worse", "metrics"))
        if self.better:
            said.append(Part("good", f"{counted(self.better, 'metric')} better", "metrics"))
        said += [*self.counts.parts, *self._own(), *self._rest(), *self._packages()]
        return (*self._doubts(), *sorted(said, key=lambda part: _TONES.index(part.tone)))

    def as_dict(self) -> dict[str, Any]:
        """Returns the verdict for the API."""
        return {
            "better": self.better,
            "worse": self.worse,
            "equal": self.equal,
            "undirected": self.undirected,
            "missing": self.missing,
            "signature": str(self.signature),
            "packages_changed": self.packages_changed,
            "criteria": {"met": self.criteria_met, "total": self.criteria},
            **self.counts.as_dict(),
            "warnings": [doubt.code for doubt in self.doubts],
        }

    def _signature(self) -> Part:
        match self.signature:
            case Fit.BREAKING:
                return Part("bad", "signature breaking", "signature")
            case Fit.COMPATIBLE:
                return Part("good", "signature compatible", "signature")
        return Part("plain", "signature unknown", "signature")

    def _doubts(self) -> list[Part]:
        if not self.doubts:
            return []
        further = counted(len(self.doubts) - 1, "more warning") if self.doubts[1:] else ""
        return [Part("warn", ", ".join(filter(None, (_SHORT[self.doubts[0].code], further))), "doubts")]

    def _prompt(self) -> list[Part]:
        """Returns what speaks of two texts: a variable that is gone is not answered for, a new one is not given yet."""
        if self.prompt is None:
            return []
        lost, added = len(self.prompt.variables_lost), len(self.prompt.variables_added)
        said = [Part("bad", f"{counted(lost, 'variable')} lost", "prompt")] if lost else []
        said += [Part("bad", f"{counted(added, 'variable')} added", "prompt")] if added else []
        is_same = self.prompt.kind is Kind.EQUAL
        return [*said, Part("plain", "same text", "prompt") if is_same else Part("warn", "text changed", "prompt")]

    def _own(self) -> list[Part]:
        if not self.criteria:
            return []
        words = f"{self.criteria_met} of {counted(self.criteria, 'criterion', 'criteria')} of its author met"
        return [Part("good" if self.criteria_met == self.criteria else "bad", words, "criteria")]

    def _rest(self) -> list[Part]:
        numbers = ((self.equal, "equal"), (self.undirected, "without direction"), (self.missing, "on one side only"))
        found = [(number, words) for number, words in numbers if number]
        if not found:
            return []
        (number, words), *others = found
        said = [f"{counted(number, 'metric')} {words}", *(f"{number} {words}" for number, words in others)]
        return [Part("plain", ", ".join(said), "metrics")]

    def _packages(self) -> list[Part]:
        if self.packages_changed is None:
            return []
        if not self.packages_changed:
            return [Part("plain", "same packages", "environment")]
        return [Part("warn", f"{counted(self.packages_changed, 'package')} changed", "environment")]


def judge(
    challenger: VersionFacts,
    champion: VersionFacts,
    metrics: Group,
    contents: ContentsComparison | None,
    criteria: Criteria,
    prompt: PromptComparison | None = None,
) -> Verdict:
    """Returns the verdict on a challenger beside a champion, from the tables that are shown of them."""
    rows = [row for row in metrics.rows if isinstance(row, MetricRow)]
    changed = [row for row in rows if row.kind is Kind.CHANGED]
    return Verdict(
        better=sum(row.better is True for row in changed),
        worse=sum(row.better is False for row in changed),
        equal=sum(row.kind is Kind.EQUAL for row in rows),
        undirected=sum(row.better is None for row in changed),
        missing=sum(row.kind in (Kind.ADDED, Kind.REMOVED) for row in rows),
        signature=contents.signature.fit if contents else Fit.UNKNOWN,
        packages_changed=contents.packages_changed if contents else None,
        doubts=tuple(_doubts(challenger, champion, rows)),
        criteria_met=criteria.met,
        criteria=len(criteria.rows),
        has_files=contents is not None,
        prompt=prompt,
    )


def _doubts(challenger: VersionFacts, champion: VersionFacts, rows: list[MetricRow]) -> list[Doubt]:
    both = [row for row in rows if row.champion_measured and row.challenger_measured]
    found: list[Doubt] = []
    turned = {key: row for row in both if (key := _key(row)) and row.wanted.is_against(key)}
    if turned:
        said = [f"of {key} {_wanted(row.wanted)}" for key, row in list(turned.items())[:_NAMED]]
        more = [f"{len(turned) - _NAMED} more"] if len(turned) > _NAMED else []
        found.append(Doubt("direction_against_name", f"Counted against their names: {listed([*said, *more])}."))
    for code, who, facts in (("challenger", "The challenger", challenger), ("champion", "The champion", champion)):
        if facts.made_by:
            found.append(
                Doubt(
                    f"{code}_run_and_source_disagree",
                    f"{who} names run {facts.version.run_id}, and its files come from run {facts.made_by}: the figures "
                    "below are of the latter.",
                )
            )
    both_used = challenger.datasets.keys() & champion.datasets.keys()
    for context in sorted(both_used):
        new, old = challenger.datasets[context], champion.datasets[context]
        if new != old:
            is_training = context.casefold() in _TRAINING
            code, verb = ("other_training_data", "Trained") if is_training else ("different_datasets", "Measured")
            compares = "" if is_training else ": the figures do not compare"
            found.append(Doubt(code, f"{verb} on other data ({new} for {old}){compares}."))
    data = {row.key: (_data(row.champion_measured), _data(row.challenger_measured)) for row in both}
    other_data = [key for key, (old, new) in data.items() if any(old) and any(new) and old != new]
    unnamed = [key for key, (old, new) in data.items() if any(old) != any(new)]
    if other_data:
        found.append(
            Doubt("different_datasets", f"{_names(other_data)} measured on other data: the figures do not compare.")
        )
    if unnamed:
        found.append(
            Doubt(
                "unnamed_datasets",
                f"{_names(unnamed)} measured on data that one side only names.",
            )
        )
    other_steps = [row.key for row in both if _step(row.champion_measured) != _step(row.challenger_measured)]
    if other_steps:
        found.append(Doubt("different_steps", f"{_names(other_steps)} measured at another step."))
    if rows and not both:
        found.append(Doubt("no_common_metric", "No metric is on both sides: the figures do not compare."))
    spread = [row.key for row in both if row.is_within_spread]
    if spread:
        found.append(
            Doubt(
                "within_spread",
                f"{_listed(spread)} {inflected(len(spread), 'differs', 'differ')} by less than twice the standard "
                "error of repeated measurements: that may be chance.",
            )
        )
    few = [row.key for row in both if 0 < _fewest_repeats(row) < _FEW]
    if few:
        found.append(
            Doubt(
                "few_repeats",
                f"{_names(few)} measured again, but fewer than {_FEW} times on one side: by how much it varies is "
                "hardly known.",
            )
        )
    lacking = [row.key for row in rows if row.kind is Kind.REMOVED]
    further = [row.key for row in rows if row.kind is Kind.ADDED]
    if both and (lacking or further):
        said = [f"{_names(keys)} measured of the {who} only" for keys, who in _one_sided(lacking, further)]
        found.append(Doubt("one_sided_metrics", f"{', '.join(said)}."))
    for code, who, facts in (("champion", "The champion", champion), ("challenger", "The challenger", challenger)):
        has_origin = facts.version.run_id or facts.version.model_id or facts.prompt_text is not None
        if not has_origin and facts.version.family is Family.MODEL:
            found.append(Doubt(f"{code}_without_run", f"{who} names no run and no logged model: nothing was measured."))
        if facts.unplaced_source:
            found.append(Doubt(f"{code}_source_elsewhere", f"{who}'s files lie where Checkpoint cannot seal them."))
        if facts.gone:
            gone = listed([_GONE.get(what, what) for what in facts.gone])
            verb = inflected(len(facts.gone), "is", "are")
            found.append(Doubt(f"{code}_gone", f"{who}'s {gone} {verb} deleted in MLflow."))
    return found


def _one_sided(lacking: list[str], further: list[str]) -> list[tuple[list[str], str]]:
    return [(keys, who) for keys, who in ((lacking, "champion"), (further, "challenger")) if keys]


def _fewest_repeats(row: MetricRow) -> int:
    """Returns how often a metric was measured on the side on which that was less often; 0 where nobody repeated it."""
    sides = (row.champion_measured, row.challenger_measured)
    repeats = [side.repeats.count if side and side.repeats else 1 for side in sides]
    return min(repeats) if max(repeats) > 1 else 0


def _key(row: MetricRow) -> str:
    measured = row.challenger_measured or row.champion_measured
    return measured.key if measured else ""


def _wanted(wanted: Wanted) -> str:
    which = f"{wanted.word} values count as better" if wanted.direction else "no values count as better"
    if wanted.source is Source.PAGE and wanted.at is not None:
        return f"{which} ({wanted.by} set that on {wanted.at:%d %B %Y})"
    return f"{which} ({'a tag of the model says so' if wanted.source is Source.TAG else 'as this was judged'})"


def _names(keys: list[str]) -> str:
    return f"{_listed(keys)} {inflected(len(keys), 'was', 'were')}"


def _listed(keys: list[str]) -> str:
    return listed([*keys[:_NAMED], *([f"{len(keys) - _NAMED} more"] if len(keys) > _NAMED else [])])


def _data(measurement: Any) -> tuple[str, str]:
    return (measurement.dataset_name, measurement.dataset_digest)


def _step(measurement: Any) -> int:
    return int(measurement.step)
