"""What is measured: a server at an address, the credentials that open it, and the processes whose cost counts."""

from dataclasses import dataclass, field

from bench.process_tree import Tree


@dataclass(frozen=True)
class Subject:
    """One column of the table.

    Attributes:
        name: The column's heading.
        url: Without a trailing slash.
        tree: The processes of this server alone, not of what stands behind it.
        headers: What a call must carry to be let in.
    """

    name: str
    url: str
    tree: Tree
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fleet:
    """Everything that runs, by what stands behind it.

    Attributes:
        direct: MLflow called directly: what every ratio is taken to.
        basic_auth: MLflow with its own sign-in, which has a store of its own.
        before_mlflow: nginx and Checkpoint in front of the MLflow of `direct`.
        echo: An upstream that costs next to nothing, called directly.
        before_echo: nginx and Checkpoint in front of `echo`.
        run_path: Where the artifacts of a run of `direct` lie, below the root of artifacts.
        artifacts: The root of artifacts of `direct`, as a folder.
    """

    direct: Subject
    basic_auth: Subject
    before_mlflow: list[Subject]
    echo: Subject
    before_echo: list[Subject]
    run_path: str
    artifacts: str
