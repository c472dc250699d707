"""Fits knowledge/asking.json on tests/eval/messages/person_requests.txt: `python -m scripts.fit_asking [--write]`.

As scripts/fit_mood.py does; upset messages and shops' questions ask for nobody. What is printed and recorded was predicted for the part
`last`, which is not fitted on, and for the questions of the other half of the documents.
"""

import argparse

import numpy as np

from domain.decisions import ASKS_FROM
from domain.person_requests import asks_for_person
from knowledge.asking import MODEL_FILE, signals
from scripts.fit_mood import design, ear, fit, questions
from tests.eval.labelled import labelled

RIDGE = 0.1
OTHERS_WEIGHT = 0.5
LOOKALIKE_WEIGHT = 2.0
"""Of messages that only look like requests: chosen so that none of those that it is fitted on is taken for one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write knowledge/asking.json")
    options = parser.parse_args()
    taught, last = labelled("person_requests.txt", "built", "held", "fresh"), labelled("person_requests.txt", "last")
    by_document = questions()
    others = [question for document in by_document[::2] for question in document] + [one.text for one in labelled("upset.txt")]
    unseen = [question for document in by_document[1::2] for question in document]
    rows = design([*(one.text for one in taught), *others], signals)
    labels = np.array([float(one.is_so) for one in taught] + [0.0] * len(others))
    weights = [*(1.0 if one.is_so else LOOKALIKE_WEIGHT for one in taught), *[OTHERS_WEIGHT] * len(others)]
    found = fit(rows, labels, np.array(weights), ridge_of=RIDGE)
    heard = 1 / (1 + np.exp(-design([one.text for one in last], signals) @ found)) >= ASKS_FROM
    alarms = 1 / (1 + np.exp(-design(unseen, signals) @ found)) >= ASKS_FROM
    truth, phrases = np.array([one.is_so for one in last]), np.array([asks_for_person(one.text) for one in last])
    both = heard | phrases
    for name, some in (("phrases", phrases), ("model", heard), ("both", both)):
        print(f"{name}: {(some & truth).sum()} of {truth.sum()} requests, {(some & ~truth).sum()} of {(~truth).sum()} others")
    measured = f"with phrases {(both & truth).sum()} of {truth.sum()} requests, {(both & ~truth).sum()} of {(~truth).sum()} others"
    print(f"model: {alarms.sum()} of {len(unseen)} questions to shops")
    if options.write:
        model = ear(found, {"fitted_on": "tests/eval/messages/person_requests.txt", "not_fitted_on": measured})
        MODEL_FILE.write_text(model.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
