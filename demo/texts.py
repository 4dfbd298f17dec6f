"""What the demo's people write."""

PROMPT_TEXTS = (
    ("First wording", "Explain the diagnosis {{ diagnosis }} to a patient."),
    (
        "Plain words, and what happens next",
        "Explain the diagnosis {{ diagnosis }} to a patient in plain words and at most five sentences. "
        "Say what happens next. Do not guess what the findings do not show: {{ findings }}",
    ),
)
FURTHER_REQUESTS = {
    "4": {
        "title": "Ratio of area to perimeter as a further input",
        "description": (
            "Version 4 gets a further input, `area to perimeter`. Its figures are as good as those of version 3.\n\n"
            "- [x] measured on the unseen third\n- [ ] everybody who calls it sends the new input"
        ),
    },
    "5": {
        "title": "Regression for one clinic",
        "description": "Version 5 misses nothing on the patients of one clinic.",
    },
}
"""{version: what ada says of it}; one breaks its callers, the other was measured on other data."""
FIRST_PROMPT = {"title": "First wording for patients", "description": "The wording that the clinic uses today."}
SECOND_PROMPT = {"title": "Plain words for patients", "description": "Shorter, and it says what happens next."}
ROLLED_BACK = {"message": "Two patients took a maybe for a yes: the first wording again until this is mended."}
WAITING_FOR_RISK = {
    "title": "Plain words for patients, once more",
    "description": "The examples that misled people are gone from the page around it; the wording is the same.",
}
WAITING_FOR_TIME = {
    "title": "Small forest to the pilot clinics",
    "description": "It answers in a tenth of the time. It goes out by itself when it has been in Staging for a day.",
}
OPEN_REQUEST = {
    "title": "Scaled regression to Production",
    "description": (
        "Version 3 replaces the one-question tree.\n\n"
        "- It misses **fewer malignant tumours** on the same unseen third of the data: see `missed_malignant`.\n"
        "- Its probabilities can be trusted: `log_loss` falls to about a quarter.\n"
        "- It answers in the same time and needs no new feature.\n\n"
        "To undo it, promote version 1 again."
    ),
}


EVALUATIONS = {
    "1": ("success", "All 4 slices pass."),
    "3": (
        "success",
        "| slice | recall | asked for |\n|---|---|---|\n| all | 0.97 | 0.90 |\n| small tumours | 0.94 | 0.85 |\n"
        "| under 40 | 0.95 | 0.85 |\n| over 60 | 0.98 | 0.85 |",
    ),
    "4": ("failure", "The replay of last week's calls fails: **nobody sends `area to perimeter`.**"),
}
"""{version: what ci-bot reports}; version 5 is still being evaluated."""
