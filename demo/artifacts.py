"""What a careful data scientist logs beside the model: a card, a table of slices, a picture of the confusion matrix."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sklearn.metrics import confusion_matrix, recall_score

_CELL, _EDGE = 160, 60
_NAMES = ("malignant", "benign")


def write(folder: Path, *, name: str, features: Any, outcome: Any, predicted: Any) -> None:
    """Writes the files into a folder.

    Args:
        folder: An empty one.
        name: Of the run.
        features: A row for each patient of the data that the model was measured on.
        outcome: 0 for malignant, 1 for benign.
        predicted: The same, by the model.
    """
    (folder / "model_card.md").write_text(
        f"# {name}\n\nTells malignant from benign tumours by measurements of cell nuclei.\n\n"
        f"Measured on {len(outcome)} patients whom it had not seen. Not for patients under 18.\n",
        encoding="utf-8",
    )
    small = features["mean radius"] < features["mean radius"].median()
    slices = {"all": small | ~small, "small nuclei": small, "large nuclei": ~small}
    rows = [
        f"{slice_name},{int(chosen.sum())},{recall_score(outcome[chosen], predicted[chosen], pos_label=0):.3f}"
        for slice_name, chosen in slices.items()
    ]
    (folder / "slices.csv").write_text("\n".join(["slice,patients,recall_malignant", *rows, ""]), encoding="utf-8")
    _draw(confusion_matrix(outcome, predicted)).save(folder / "confusion_matrix.png")


def _draw(counts: Any) -> Image.Image:
    side = _EDGE + 2 * _CELL
    picture = Image.new("RGB", (side + 20, side + 20), "white")
    pen = ImageDraw.Draw(picture)
    for row in range(2):
        for column in range(2):
            share = counts[row][column] / max(counts[row].sum(), 1)
            left, top = _EDGE + column * _CELL, _EDGE + row * _CELL
            fill = (int(255 - 190 * share), int(255 - 120 * share), 255)
            pen.rectangle((left, top, left + _CELL, top + _CELL), fill=fill, outline="#8090a0")
            middle = (left + _CELL // 2, top + _CELL // 2)
            pen.text(middle, str(counts[row][column]), fill="black", anchor="mm", font_size=28)
        said = (_EDGE + row * _CELL + _CELL // 2, _EDGE // 2)
        pen.text(said, f"said {_NAMES[row]}", fill="black", anchor="mm", font_size=16)
        pen.text((6, _EDGE + row * _CELL + _CELL // 2), _NAMES[row][:6], fill="black", anchor="lm", font_size=14)
    return picture
