"""One artifact of each kind that MLflow's viewer shows (MLflow 3.17.2), and a run to compare."""

import io
import json
import struct
import tempfile
import uuid
import warnings
import wave
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow import MlflowClient

REPORT = """<!doctype html><html><head><style>h1 { color: rgb(0, 128, 0) }</style></head>
<body><h1 style="margin: 7px">Report</h1><p id="said">its script did not run</p><p id="seen"></p><script>
document.getElementById("said").textContent = `script ran, ${new Function("return 'eval too'")()}`;
const seen = [`origin ${self.origin}`];
try { seen.push(`cookies ${document.cookie}`); } catch { seen.push("no cookies"); }
try { seen.push(`above ${parent.document.title}`); } catch { seen.push("nothing above"); }
fetch("/checkpoint/mlflow-ui/status/").then(() => seen.push("status"), () => seen.push("no status"))
  .finally(() => { document.getElementById("seen").textContent = seen.join(", "); });
</script></body></html>"""
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><style>rect { fill: teal }</style>'
    '<rect width="120" height="80"/></svg>'
)
PLACES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"popup": "Here"},
            "geometry": {"type": "Polygon", "coordinates": [[[13, 52], [14, 52], [14, 53], [13, 52]]]},
        }
    ],
}
DOCUMENT = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F1 24 Tf 40 100 Td (PDF is shown) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>"""


class Viewable:
    """Two runs with metrics over steps; the first has the artifacts, a trace and a prompt stand beside it."""

    def __init__(self, mlflow_server: str) -> None:
        mark = uuid.uuid4().hex[:6]
        client = MlflowClient(mlflow_server, mlflow_server)
        self.experiment = client.create_experiment(f"viewable {mark}")
        self.runs = [client.create_run(self.experiment).info.run_id for _ in range(2)]
        self.model, self.prompt = f"viewable-{mark}", f"viewable-prompt-{mark}"
        client.create_registered_model(self.model, description="# About\n\n![picture](https://example.invalid/x.png)")
        for number, run in enumerate(self.runs):
            for step in range(5):
                client.log_metric(run, "loss", 1 / (step + 1 + number), step=step)
            client.log_param(run, "depth", number)
            client.create_model_version(self.model, f"runs:/{run}/model", run_id=run)
        self.run = self.runs[0]
        client.set_tag(self.run, "mlflow.note.content", "## Note\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        texts = {
            "report.html": REPORT,
            "drawing.svg": DRAWING,
            "readme.md": "# Read me\n\n- one\n- two",
            "places.geojson": json.dumps(PLACES),
            "table.csv": "a,b\n1,2\n",
            "notes.txt": "plain words",
            "code.py": "import os",
        }
        for name, text in texts.items():
            client.log_text(self.run, text, name)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("document.pdf", DOCUMENT), ("picture.png", _picture()), ("sound.wav", _sound())):
                path = Path(folder, name)
                path.write_bytes(content)
                client.log_artifact(self.run, str(path))
        client.log_dict(self.run, {"columns": ["q"], "data": [["a"]]}, "eval.json")
        self.trace = trace(mlflow_server, self.experiment)
        with tracking(mlflow_server):
            mlflow.genai.register_prompt(self.prompt, "Hello {{name}}")


@contextmanager
def tracking(mlflow_server: str) -> Iterator[None]:
    """Lets what takes no address use this server."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(mlflow_server)
    yield
    mlflow.set_tracking_uri(before)


def trace(mlflow_server: str, experiment: str) -> str:
    """Logs a trace of one span and returns its id."""
    with tracking(mlflow_server), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own warnings, which it would take for failures
        client = MlflowClient(mlflow_server, mlflow_server)
        span = client.start_trace("answer", inputs={"question": "what?"}, experiment_id=experiment)
        client.end_trace(span.trace_id, outputs={"answer": "**this**"})
        mlflow.flush_trace_async_logging()
    return str(span.trace_id)


def _picture() -> bytes:
    """A PNG of 8 by 8 black pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\0" * 8 for _ in range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _sound() -> bytes:
    """Half a second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 4000)
    return written.getvalue()
