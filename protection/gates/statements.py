"""Gates on what a version says and is made of: tags, parameters, files, signature, size, data, age. Pure."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from typing_extensions import override

from evidence.contents.compare import compare_contents
from evidence.contents.signature import Fit
from foundation.words import listed
from protection.gates.base import Gate, GateResult, Subject
from protection.gates.measures import Op
from protection.gates.words import SIZES, SPANS, exact, quoted, size, span
from registry.types import Contents


@dataclass(frozen=True, slots=True)
class Said(Gate):
    """`tag validated = yes`, `param depth in (3, 4)`, `tag owner exists`.

    Attributes:
        kind: `tag` or `param`.
        is_in: Whether the value must be one of `values`, otherwise none of them; with no values it must be there.
    """

    kind: str
    name: str
    is_in: bool
    values: tuple[str, ...]

    @override
    def judge(self, subject: Subject) -> GateResult:
        said = subject.challenger.tags if self.kind == "tag" else subject.challenger.params
        value = said.get(self.name)
        if value is None:
            return GateResult(False, f"the version has no such {self.kind}")
        if not self.values:
            return GateResult(True, f"it is {_short(value)}")
        return GateResult((value in self.values) == self.is_in, f"it is {_short(value)}")

    @override
    def __str__(self) -> str:
        begin = f"{self.kind} {quoted(self.name)}"
        if not self.values:
            return f"{begin} exists"
        if len(self.values) == 1:
            return f"{begin} {'=' if self.is_in else '!='} {quoted(self.values[0])}"
        return f"{begin} in ({', '.join(map(quoted, self.values))})"


@dataclass(frozen=True, slots=True)
class Described(Gate):
    """`description required`: of the request, or of the version in MLflow."""

    @override
    def judge(self, subject: Subject) -> GateResult:
        if subject.description.strip():
            return GateResult(True, "the request has one")
        if subject.challenger.version.description.strip():
            return GateResult(True, "the version has one")
        return GateResult(False, "neither the request nor the version has one")

    @override
    def __str__(self) -> str:
        return "description required"


@dataclass(frozen=True, slots=True)
class HasArtifact(Gate):
    """`artifact model_card.md exists`; `*` and `?` are wildcards."""

    needs_tree: ClassVar[bool] = True
    path: str

    @override
    def judge(self, subject: Subject) -> GateResult:
        tree = subject.challenger.tree
        if tree is None:
            return GateResult(None, "the version's files could not be listed")
        found = [entry for entry in tree.files if fnmatchcase(entry.path, self.path)]
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            return GateResult(True, f"{found[0].path} is there ({size(found[0].size)}){more}")
        if tree.problem:
            return GateResult(None, f"the version's files could not all be listed. {tree.problem}")
        return GateResult(False, "the version has no such file")

    @override
    def __str__(self) -> str:
        return f"artifact {quoted(self.path)} exists"


@dataclass(frozen=True, slots=True)
class Fits(Gate):
    """`signature compatible`: with the champion's, so that whoever calls it can call the challenger."""

    needs_files: ClassVar[bool] = True

    @override
    def judge(self, subject: Subject) -> GateResult:
        if subject.champion is None:
            return GateResult(True, "nobody holds the target, so nobody is called otherwise")
        if subject.challenger.contents is None:
            return GateResult(None, "the version's files could not be read")
        contents = compare_contents(subject.challenger.contents, subject.champion.contents or Contents({}))
        match contents.signature.fit:
            case Fit.COMPATIBLE:
                return GateResult(True, "it is")
            case Fit.BREAKING:
                broken = [row.name or row.part for row in contents.signature.rows if row.breaks]
                return GateResult(
                    False, f"it breaks callers: {listed([*broken[:3], *(['more'] if broken[3:] else [])])}"
                )
        return GateResult(None, "one side has no signature that can be read")

    @override
    def __str__(self) -> str:
        return "signature compatible"


@dataclass(frozen=True, slots=True)
class SizeBound(Gate):
    """`size <= 2 GiB`: of all files together.

    Attributes:
        amount: In `unit`.
    """

    needs_tree: ClassVar[bool] = True
    op: Op
    amount: float
    unit: str

    @override
    def judge(self, subject: Subject) -> GateResult:
        tree = subject.challenger.tree
        if tree is None or (tree.problem and not tree.files):
            return GateResult(None, f"the version's files could not be listed. {tree.problem if tree else ''}".strip())
        passed = self.op.holds(tree.size, self.amount * SIZES[self.unit])
        if tree.problem and not (self.op in (Op.MORE, Op.AT_LEAST) and passed):
            return GateResult(None, f"it is more than {size(tree.size)}. {tree.problem}")
        return GateResult(passed, f"it is {size(tree.size)} in {len(tree.files)} files")

    @override
    def __str__(self) -> str:
        return f"size {self.op} {exact(self.amount)} {self.unit}"


@dataclass(frozen=True, slots=True)
class UsesData(Gate):
    """`dataset in (a, b)`, `dataset training in (a)`: all data sets that the run used, or those of one context."""

    context: str
    names: tuple[str, ...]

    @override
    def judge(self, subject: Subject) -> GateResult:
        used = {
            name
            for context, said in subject.challenger.dataset_names.items()
            for name in said
            if not self.context or context == self.context
        }
        if not used:
            return GateResult(None, "the run names no data set")
        others = sorted(used - set(self.names))
        return GateResult(not others, f"it used {listed(sorted(used))}" if not others else f"it used {listed(others)}")

    @override
    def __str__(self) -> str:
        where = f" {quoted(self.context)}" if self.context else ""
        return f"dataset{where} in ({', '.join(map(quoted, self.names))})"


@dataclass(frozen=True, slots=True)
class AgeBound(Gate):
    """`age <= 30 days`: since the version was registered.

    Attributes:
        amount: In `unit`.
    """

    op: Op
    amount: float
    unit: str

    @override
    def judge(self, subject: Subject) -> GateResult:
        registered = subject.challenger.version.created_at
        if registered is None:
            return GateResult(None, "MLflow does not say when the version was registered")
        seconds = max((subject.now - registered).total_seconds(), 0.0)
        return GateResult(self.op.holds(seconds, self.amount * SPANS[self.unit]), f"it is {span(seconds)} old")

    @override
    def __str__(self) -> str:
        return f"age {self.op} {exact(self.amount)} {self.unit}"


def _short(value: str) -> str:
    said = " ".join(value.split())
    return f"{said[:60]}..." if len(said) > 60 else said or "empty"
