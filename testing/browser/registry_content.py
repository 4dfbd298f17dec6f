"""What the browser tests find in MLflow."""

import uuid

from mlflow import MlflowClient


class Seeded:
    """What is in the registry: a model of two versions with runs, two models more, a prompt of two versions."""

    def __init__(self, mlflow_server: str) -> None:
        mark = uuid.uuid4().hex[:6]
        client = MlflowClient(mlflow_server, mlflow_server)
        self.experiment = client.create_experiment(f"ui {mark}")
        self.runs = [client.create_run(self.experiment).info.run_id for _ in range(2)]
        self.model, self.destination, self.prompt = f"Fraud & co {mark}", f"prod.{mark}", f"greeting-{mark}"
        client.create_registered_model(self.model)
        client.create_registered_model(self.destination)
        for number, run in enumerate(self.runs, start=1):
            client.log_metric(run, "auc", 0.9 + number / 100)
            client.log_metric(run, "rows", 1000)
            client.log_metric(run, "seconds", 0.003488123456 * number)
            client.log_param(run, "depth", str(number))
            client.create_model_version(self.model, f"runs:/{run}/model", run_id=run)
        self.long_name = f"{'risk_scoring_of_quarterly_reports_' * 4}{'x' * 60}-{mark}"
        client.create_registered_model(self.long_name)
        client.create_model_version(self.long_name, f"runs:/{self.runs[0]}/model", run_id=self.runs[0])
        for text in ("Hello {{name}}", "Hi {{name}}"):
            client.register_prompt(self.prompt, text)
