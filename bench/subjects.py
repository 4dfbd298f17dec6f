"""What is measured: a server's address, credentials for it, and the processes whose cost counts."""

from dataclasses import dataclass, field

from bench.process_tree import Tree


@dataclass(frozen=True)
class Subject:
    """One column of the table.

    Attributes:
        name: The column's heading.
        url: Without a trailing slash.
        tree: The processes of this server alone, without those behind it.
        headers: The headers of an authenticated call.
    """

    name: str
    url: str
    tree: Tree
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fleet:
    """Everything that runs, by what stands behind it.

    Attributes:
        direct: MLflow called directly: the baseline of the ratios.
        basic_auth: MLflow with its own sign-in, which has a store of its own.
        before_mlflow: nginx and Checkpoint in front of the MLflow of `direct`.
        echo: An upstream that costs next to nothing, called directly.
        before_echo: nginx and Checkpoint in front of `echo`.
        unrecorded: Two that record nobody: in front of `direct`, and in front of `echo`.
        run_path: The folder of a run's artifacts in `direct`, below `artifacts`.
        artifacts: The root folder of the artifacts of `direct`.
    """

    direct: Subject
    basic_auth: Subject
    before_mlflow: list[Subject]
    echo: Subject
    before_echo: list[Subject]
    unrecorded: tuple[Subject, Subject]
    run_path: str
    artifacts: str
