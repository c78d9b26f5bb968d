"""The model card: what a person has to know before using a model, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN = 15


def written(facts: Mapping[str, Any]) -> str:
    """The card of a model; `{version}` in it is for the version, which is known when the files are."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Model {facts['name']}"
    yield ""
    if facts["description"]:
        yield " ".join(facts["description"].split())
        yield ""
    yield f"Version `{{version}}`. Owner: {facts['owner'] or 'not named'}."
    yield ""
    yield from _data(facts)
    yield from _figures(facts)
    yield from _threshold(facts)
    yield from _weights(facts)
    yield from _segments(facts)
    yield from _limits(facts)


def _data(facts: Mapping[str, Any]) -> Iterator[str]:
    on, reads = facts["trained_on"], facts["reads"]
    yield "## Data"
    yield ""
    yield from table(
        ["what", "value"],
        [
            ["release", on.get("release_id") or "a file without a record"],
            ["code of the release", on.get("commit") or "unknown"],
            ["features", f"{len(facts['features'])} columns of `{reads['features']}`"],
            ["labels", f"`{reads['labels']}`, settled after {reads['delay_days']:g} days"],
            ["trained as of", on["held_out_since"]],
            ["rows to learn from", f"{on['trained']:,}, {on['trained_true']:,} of them true, before {on['train_until']}"],
            ["held out", f"{on['held_out']:,} rows, {on['held_out_true']:,} of them true"],
            ["held out from", f"{on['held_out_since']} to {on['held_out_until']}"],
            ["parameters", ", ".join(f"{name} {value:g}" for name, value in sorted(facts["parameters"].items()))],
            ["made with", ", ".join(f"{name} {value}" for name, value in sorted(facts["made_by"].items()))],
        ],
    )  # fmt: skip
    yield ""
    yield "Labels are those that were known at that moment; later ones count only for the figures below."
    yield ""


def _figures(facts: Mapping[str, Any]) -> Iterator[str]:
    found, daily = facts["metrics"], facts["daily"]
    yield "## Figures on rows that were held out"
    yield ""
    yield "In brackets: the interval of 95 of 100 resamples."
    yield ""
    top = f"the top {daily['k']} a day" + (f" by `{daily['per']}`" if daily["per"] else "")
    rows = [["this model", interval(found["average_precision"]), interval(found["precision_a_day"]), ""]]
    rows += [
        [name, interval(one["average_precision"]), interval(one["precision_a_day"]), interval(one["times_better"])]
        for name, one in found["baselines"].items()
    ]
    yield from table(["", "average precision", f"precision of {top}", "model is times better"], rows)
    yield ""
    yield f"Calibration error (mean distance of score and share, ten groups): {interval(found['calibration_error'])}."
    yield ""
    weeks = [[one["week"], one["rows"], one["true"], _number(one["average_precision"])] for one in found["weeks"]]
    yield from table(["week", "rows", "true", "average precision"], weeks)
    yield ""


def _threshold(facts: Mapping[str, Any]) -> Iterator[str]:
    cost, found = facts["cost"], facts["metrics"]["at_threshold"]
    missed = " plus ".join(filter(None, [f"its `{cost['missed']}`" if cost["missed"] else "", f"{cost['missed_fixed']:g}"]))
    yield "## Threshold"
    yield ""
    yield (
        f"A score of {facts['threshold']:.6g} or higher is an alert. It cost least on the folds: a missed one costs {missed}, "
        f"an alert {cost['minutes']:g} minutes at {cost['minute']:g}, a false alarm {cost['false_alarm']:g} more."
    )
    yield ""
    labels = {
        "alerts": "alerts", "true_alerts": "of them true", "precision": "precision", "recall": "recall",
        "recall_of_cost": "recall by cost", "cost": "cost", "cost_of_nothing": "cost without any alert",
    }  # fmt: skip
    yield from table(["on held-out rows", "value"], [[text, _number(found[name])] for name, text in labels.items()])
    yield ""


def _weights(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "## Features by weight"
    yield ""
    yield "The share of each in what all splits gain."
    yield ""
    ranked = sorted(facts["weights"].items(), key=lambda one: (-one[1], one[0]))
    yield from table(["feature", "meaning", "weight"], [[f"`{n}`", facts["words"][n], f"{w:.3f}"] for n, w in ranked[:_SHOWN]])
    yield ""


def _segments(facts: Mapping[str, Any]) -> Iterator[str]:
    if not facts["metrics"]["segments"]:
        return
    yield "## Fairness by segment"
    yield ""
    yield "False alarms among the rows that are not true, and recall among those that are, at the threshold."
    yield ""
    for name, values in facts["metrics"]["segments"].items():
        rows = [
            [one["value"], one["rows"], one["true"], interval(one["false_alarms"]), interval(one["recall"]),
             _number(one["mean_score"]), _number(one["share_true"])]
            for one in values
        ]  # fmt: skip
        yield from table([name, "rows", "true", "false alarms", "recall", "mean score", "share true"], rows)
        yield ""


def _limits(facts: Mapping[str, Any]) -> Iterator[str]:
    on = facts["trained_on"]
    yield "## Limits"
    yield ""
    yield f"- It knows nothing that happened after {on['train_until']}: what is new since then is new to it."
    yield (
        f"- A row without a label for {facts['reads']['delay_days']:g} days counts as false. Labels that come later are "
        "missing in training, so scores are too low where they are many."
    )
    yield f"- Its figures come from {on['held_out_true']:,} true rows; the intervals say how sure they are."
    yield "- It ranks rows for people who decide. It is not a proof against a customer."


def interval(found: Mapping[str, Any]) -> str:
    """A figure with its interval."""
    if found["value"] is None:
        return "-"
    spread = "" if found["low"] is None else f" [{_number(found['low'])}, {_number(found['high'])}]"
    return f"{_number(found['value'])}{spread}"


def table(names: list[str], rows: list[list[Any]]) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(str(one).replace('|', '/') for one in row)} |"


def _number(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if abs(value) >= 10 else f"{value:.3f}"
