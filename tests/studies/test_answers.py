"""What a study found: table, effects, importance, Pareto front, sentences, CSV and report."""

import csv as plain_csv
import io
import itertools
import math
import random
import statistics
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from designer.errors import DesignerError
from designer.runs.folder import RunFolder
from designer.studies import searching
from designer.studies.answers import csv, pareto
from designer.studies.answers.compare import with_best
from designer.studies.answers.effects import effects
from designer.studies.answers.importance import importance
from designer.studies.answers.report import as_html, write_report
from designer.studies.answers.sentences import answer
from designer.studies.answers.table import Reader, Table, read
from designer.studies.goals import GOALS, figures
from designer.studies.journal import Ended, Proposed, Taken
from designer.studies.protocols import Protocol
from designer.studies.running import Presence
from designer.studies.spec import Budget
from tests.studies.journals import COSTS, batches, run, write
from tests.studies.samples import study

SEEDS = Protocol(name="repeats", repeats=3)
GOOD = {8: [0.958, 0.962, 0.954], 32: [0.956, 0.961, 0.951], 512: [0.89, 0.9, 0.895]}


def said(table: Table) -> str:
    return "\n".join(answer(table))


# Table


def test_figures_are_summed_up_over_the_trainings(tmp_path: Path) -> None:
    table = batches(tmp_path / "s", GOOD)
    assert [row.values for row in table.rows] == [{"batch": batch} for batch in GOOD]
    for row, values in zip(table.rows, GOOD.values(), strict=True):
        found = row.summary("validation_accuracy")
        assert (row.state, found.n) == ("finished", 3)
        assert found.mean == pytest.approx(statistics.mean(values))
        assert found.deviation == pytest.approx(statistics.stdev(values))
        assert found.low < found.mean < found.high
        assert row.summary("macs").mean == COSTS["macs"]
        assert [path.name for path in row.runs] == [f"{row.number:04}-{n}" for n in (1, 2, 3)]
    assert table.titles == {"batch": "batch"}
    assert table.own_costs["macs"] == COSTS["macs"]


def test_states(tmp_path: Path) -> None:
    made = study("batch=1..9", protocol=Protocol(name="repeats", repeats=2), budget=Budget(macs=1))
    values = [{"batch": batch} for batch in range(1, 10)]
    failed, pruned = ("failed", {}, "No room."), ("pruned", {"validation_accuracy": 0.1}, "")
    folder = write(
        tmp_path / "s", made,
        (values[0], [run(1, 0.9), run(1, 0.8)]),
        (values[1], [run(2, 0.9)]),
        (values[2], []),
        (values[3], [failed, failed]),
        (values[4], [failed, run(5, 0.7)]),
        (values[5], [pruned, run(6, 0.7)]),
        (values[6], [run(7, None), run(7, None)]),
        refused=[
            (values[7], COSTS, "Its MACs are beyond the budget."),
            (values[8], {}, "The design cannot be built."),
            (values[0], {}, "Its values are those of trial 1."),
        ],
    )  # fmt: skip
    table = read(folder)
    states = ["finished", "waiting", "waiting", "failed", "finished", "pruned", "failed"]
    assert [row.state for row in table.rows] == [*states, "refused", "refused", "refused"]
    assert [row.refusal for row in table.rows[7:]] == ["budget", "invalid", "repeated"]
    assert table.rows[4].mean("validation_accuracy") == 0.7
    text = said(table)
    assert "1 candidate was refused before any training, as beyond the budget." in text
    assert "1 candidate was refused, as it cannot be trained: The design cannot be built." in text
    assert "1 candidate was stopped before the end, as behind the others, and is not" in text
    assert "2 candidates failed or diverged; the first, batch 4: No room." in text
    assert "Trainings of batch 5 failed or diverged" in text
    assert "The study is not over" in text


def test_it_is_read_on_as_the_journal_grows(tmp_path: Path) -> None:
    folder = write(tmp_path / "s", study("batch=8,32"), ({"batch": 8}, [run(8, 0.9)]))
    reader = Reader(folder)
    (first,) = reader.read().rows
    journal = folder.journal()
    with Presence(folder.path) as presence:
        with journal.alone():
            journal.append(Proposed(trial=1, values={"batch": 32}, costs=COSTS))
            journal.append(Taken(trial=1, replicate=0, process=presence.name))
        table = reader.read()
        assert table.rows[0] is first
        assert table.rows[1].state == "training"
        assert table.running
    assert reader.read().rows[1].state == "waiting"  # the process has ended
    with journal.alone():
        journal.append(Ended(trial=1, replicate=0, outcome="finished", figures={"steps": 4.0}))
    table = reader.read()
    assert (table.rows[1].state, table.progress.over) == ("finished", True)


def test_five_hundred_candidates_are_read_in_a_moment(tmp_path: Path) -> None:
    made = study("optimizer.learning_rate=0.001..1:log", sampler="random", trials=500)
    rates = [10 ** random.Random(number).uniform(-3, 0) for number in range(500)]
    trials = [({"optimizer.learning_rate": rate}, [run(8, rate / 2)]) for rate in rates]
    folder = write(tmp_path / "s", made)
    lines = []
    for number, (values, (figures_,)) in enumerate(trials):
        lines += [
            Proposed(trial=number, values=values, costs=COSTS),
            Taken(trial=number, replicate=0, process="gone"),
            Ended(trial=number, replicate=0, outcome="finished", figures=figures_),
        ]
    journal = folder.journal()
    with journal.alone():
        journal.append(*lines)
    began = time.perf_counter()
    table = read(folder)
    ranked = table.ranked("validation_accuracy")
    seconds = time.perf_counter() - began
    assert ranked[0].values["optimizer.learning_rate"] == max(rates)
    assert seconds < 1


def test_figures_that_are_not_finite_are_left_out_of_the_journal(tmp_path: Path) -> None:
    result = RunFolder(tmp_path).result()
    assert result is None
    from designer.runs.result import Best, Result

    diverged = Result(status="diverged", best=Best(epoch=1, loss=math.nan, accuracy=0.5), steps=3)
    assert figures(diverged) == {
        "validation_accuracy": 0.5, "seconds": 0.0, "steps": 3.0, "epochs": 0.0,
    }  # fmt: skip


# Effects, importance, Pareto front


def crossed(path: Path) -> Table:
    """A grid of two batches and three rates, in which only the rate matters."""
    made = study("batch=8,32", "optimizer.learning_rate=0.01,0.1,1", goals=("validation_accuracy",))
    accuracy = {0.01: 0.8, 0.1: 0.9, 1: 0.5}
    return read(
        write(
            path, made,
            *(
                ({"batch": batch, "optimizer.learning_rate": rate}, [run(batch, accuracy[rate])])
                for batch, rate in itertools.product((32, 8), accuracy)
            ),
        )
    )  # fmt: skip


def test_an_effect_is_the_mean_over_the_other_fields(tmp_path: Path) -> None:
    table = crossed(tmp_path / "s")
    batch = effects(table, "batch", "validation_accuracy")
    assert [each.value for each in batch] == [8, 32]
    assert [len(each.rows) for each in batch] == [3, 3]
    assert batch[0].summary.mean == pytest.approx((0.8 + 0.9 + 0.5) / 3)
    assert batch[0].summary.deviation == pytest.approx(statistics.stdev([0.8, 0.9, 0.5]))
    rate = effects(table, "optimizer.learning_rate", "validation_accuracy")
    assert [(each.value, each.summary.mean) for each in rate] == [(0.01, 0.8), (0.1, 0.9), (1, 0.5)]


def test_an_effect_of_one_candidate_each_is_that_of_its_trainings(tmp_path: Path) -> None:
    table = batches(tmp_path / "s", GOOD)
    found = effects(table, "batch", "validation_accuracy")
    assert [each.summary for each in found] == [
        row.summary("validation_accuracy") for row in table.rows
    ]


def test_importance_is_the_share_of_the_variance(tmp_path: Path) -> None:
    found = importance(crossed(tmp_path / "s"), "validation_accuracy")
    assert found.shares["optimizer.learning_rate"] == pytest.approx(1)
    assert found.shares["batch"] == pytest.approx(0)
    assert "a rough hint" in found.sentence


def test_importance_of_a_search_is_told_without_optuna_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    made = study("batch=2..64", "optimizer.learning_rate=0.001..1:log", sampler="tpe", trials=40)
    draw = random.Random(0)
    trials = []
    for _ in range(40):
        batch, rate = draw.randint(2, 64), 10 ** draw.uniform(-3, 0)
        figures_ = run(batch, 0.9 - 0.1 * abs(math.log10(rate) + 1))
        trials.append(({"batch": batch, "optimizer.learning_rate": rate}, [figures_]))
    table = read(write(tmp_path / "s", made, *trials))
    found = importance(table, "validation_accuracy")
    assert "PED-ANOVA" in found.sentence
    assert found.shares["optimizer.learning_rate"] > 2 * found.shares["batch"]

    def missing() -> None:
        raise DesignerError("Optuna is missing.")

    monkeypatch.setattr(searching, "required", missing)
    found = importance(table, "validation_accuracy")
    assert "main effects" in found.sentence
    assert found.shares["optimizer.learning_rate"] > 2 * found.shares["batch"]


@pytest.mark.parametrize(
    "values",
    [
        {8: [0.9]},
        {8: [0.9], 16: [0.9], 32: [0.9]},
        {8: [0.9], 16: [0.8], 32: [0.7]},  # a field of which each value has one candidate
    ],
)
def test_importance_says_when_it_cannot_tell(tmp_path: Path, values: dict) -> None:
    found = importance(batches(tmp_path / "s", values), "validation_accuracy")
    assert not found.shares
    assert found.sentence


def test_the_pareto_front_is_that_of_comparing_all_pairs(tmp_path: Path) -> None:
    made = study("batch=1..60", goals=("validation_accuracy", "macs"))
    draw = random.Random(3)
    points = [(draw.randint(0, 9) / 10, float(draw.randint(1, 9))) for _ in range(40)]
    trials = [({"batch": at + 1}, [run(at + 1, one)]) for at, (one, _) in enumerate(points)]
    trials += [({"batch": 50}, [run(50, None)]), ({"batch": 51}, [{"steps": 1.0}])]
    costs = [{**COSTS, "macs": macs} for _, macs in [*points, (1.0, 0.5), (1.0, 0.5)]]
    table = read(write(tmp_path / "s", made, *trials, costs=costs))

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] >= other[0] and one[1] <= other[1]

    expected = [
        number
        for number, point in enumerate(points, start=1)
        if not any(beats(each, point) for each in points)
    ]
    found = pareto.front(table, "validation_accuracy", "macs")
    assert [row.number for row in found] == expected
    assert pareto.front(table, "macs", "validation_accuracy") == found


# Sentences


def test_the_example_of_batches(tmp_path: Path) -> None:
    text = said(batches(tmp_path / "s", GOOD, goals=("validation_accuracy", "steps")))
    assert (
        "The best of the 3 candidates is batch 8, with 95.80 ± 0.40 % validation accuracy "
        "(3 seeds; 95 % interval 94.81 to 96.79 %)." in text
    )
    assert (
        "No difference can be told between batch 8 and batch 32: 95.80 ± 0.40 % against "
        "95.60 ± 0.50 %" in text
    )
    assert "Batch 512 is worse than batch 8 by 6.30 percentage points" in text
    assert "after Holm's correction for 3 comparisons" in text
    assert "batch 32, which" not in text  # a sentence begins with a capital letter
    assert "needs 1/4 of the steps (96 instead of 384)" in text
    assert "Batch 512 has the fewest steps: 6, 1/64 of what batch 8 has." in text
    assert "with 3 seeds of each candidate, only large ones show" in text


def test_corrected_probabilities_are_those_of_all_pairs(tmp_path: Path) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = with_best(batches(tmp_path / "s", GOOD), "validation_accuracy")
    assert found is not None
    pairs = list(itertools.combinations(GOOD.values(), 2))
    plain = [stats.ttest_ind(*pair, equal_var=False).pvalue for pair in pairs]
    order = np.argsort(plain)
    held = np.maximum.accumulate(np.array(plain)[order] * [3, 2, 1]).clip(max=1)
    expected = dict(zip(order.tolist(), held.tolist(), strict=True))
    assert [each.row.values["batch"] for each in found.others] == [32, 512]
    assert [each.p for each in found.others] == pytest.approx([expected[0], expected[1]])


def test_one_training_each_says_nothing_about_chance(tmp_path: Path) -> None:
    text = said(batches(tmp_path / "s", {8: [0.958], 32: [0.956], 512: [0.89]}))
    assert "Each candidate was trained once, which says nothing about chance" in text
    assert "The second is batch 32 with 95.60 %, 0.20 percentage points behind." in text
    assert "No difference" not in text
    assert "±" not in text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({8: [0.958]}, "Batch 8 has 95.80 % validation accuracy."),
        ({8: [0.9, 0.9], 16: [0.9, 0.9]}, "Both candidates have the same validation accuracy"),
        ({8: [0.9], 16: [0.9], 32: [0.9]}, "All 3 candidates have the same validation accuracy"),
        ({8: [0.9], 16: [0.9], 32: [0.8]}, "candidates are batch 8 and 16, with 90.00 %"),
        ({8: [0.9, 0.9], 16: [0.8, 0.8]}, "The values do not vary"),
        ({8: [0.9, None], 16: [0.8, 0.82]}, "(1 of 2 seeds)"),
        ({8: [None], 16: [None]}, "2 candidates failed or diverged; the first, batch 8: "),
        ({8: [None], 16: [0.9]}, "Batch 8 failed or diverged: "),
    ],
)
def test_shapes_of_studies(tmp_path: Path, values: dict, sentence: str) -> None:
    assert sentence in said(batches(tmp_path / "s", values))


def test_a_study_that_has_not_begun(tmp_path: Path) -> None:
    assert answer(batches(tmp_path / "s", {8: [], 16: []}, seeds=2)) == [
        "The study is not over: 0 of 4 trainings have ended."
    ]


def test_a_protocol_alone(tmp_path: Path) -> None:
    made = study(protocol=Protocol(name="folds", folds=3))
    text = said(read(write(tmp_path / "s", made, ({}, [run(8, at) for at in (0.9, 0.91, 0.92)]))))
    assert "The design has 91.00 ± 1.00 % validation accuracy (3 folds; 95 % interval" in text
    assert "by corrected resampled t" in text


def test_a_search_tells_the_best_its_costs_and_luck(tmp_path: Path) -> None:
    made = study(
        "batch=8..64", "design.conv1.out_channels=2..9", sampler="random", trials=12,
        goals=("validation_accuracy", "macs"),
    )  # fmt: skip
    trials = [
        ({"batch": 8 + at, "design.conv1.out_channels": 2 + at % 8}, [run(8, 0.8 + at / 100)])
        for at in range(12)
    ]
    costs = [{**COSTS, "macs": 208260.0, "parameters": 61706.0} for _ in trials]
    text = said(read(write(tmp_path / "s", made, *trials, costs=costs)))
    assert "is candidate 12 (batch 19, conv1 out_channels 5), with 91.00 %" in text
    assert text.count("(batch 19, conv1 out_channels 5)") == 1
    assert "candidate 12 has 208,260 MACs instead of 416,520 (50 %)" in text
    assert "is partly the luckiest one" in text


def test_a_goal_that_no_candidate_has_gives_way_to_the_next(tmp_path: Path) -> None:
    goals = ("validation_accuracy", "validation_loss")
    made = study("batch=8,16", goals=goals)
    trials = [({"batch": at}, [{"validation_loss": at / 10}]) for at in (8, 16)]
    text = said(read(write(tmp_path / "s", made, *trials)))
    assert "is batch 8, with 0.8 validation loss" in text
    alone = study("batch=8,16", goals=goals[:1])
    text = said(read(write(tmp_path / "t", alone, *trials)))
    assert "No candidate has a validation accuracy" in text


def test_smaller_is_better_for_losses(tmp_path: Path) -> None:
    text = said(batches(tmp_path / "s", GOOD, goals=("validation_loss",)))
    assert "is batch 8, with 0.042 ± 0.004 validation loss" in text
    assert "Batch 512 is worse than batch 8 by 0.063" in text


@pytest.mark.parametrize("goal", GOALS)
def test_every_goal_has_an_answer(tmp_path: Path, goal: str) -> None:
    for each in answer(batches(tmp_path / "s", GOOD, goals=("validation_accuracy", goal))):
        assert each[0].isupper()
        assert each[-1] in ".:"
        assert "nan" not in each


# CSV and report


def test_csv_can_be_read_back(tmp_path: Path) -> None:
    table = batches(tmp_path / "s", GOOD)
    text = csv.as_csv(table)
    assert text.count("\r\n") == 4
    rows = list(plain_csv.DictReader(io.StringIO(text)))
    assert [int(row["batch"]) for row in rows] == list(GOOD)
    for row, values in zip(rows, GOOD.values(), strict=True):
        assert float(row["validation_accuracy"]) == pytest.approx(statistics.mean(values))
        assert float(row["validation_accuracy deviation"]) == pytest.approx(
            statistics.stdev(values)
        )
        assert (row["validation_accuracy trainings"], row["state"]) == ("3", "finished")
        assert row["macs"] == "416520"


def test_csv_quotes_what_holds_commas_and_quotes(tmp_path: Path) -> None:
    reason = 'It has "quotes", commas\nand lines.'
    folder = write(tmp_path / "s", study("batch=8,9"), refused=[({"batch": 8}, {}, reason)])
    (row,) = plain_csv.DictReader(io.StringIO(csv.as_csv(read(folder)), newline=""))
    assert row["message"] == reason


class _Balance(HTMLParser):
    """Checks that every tag is closed, and that the page loads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.plots = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link")
        assert not any(name == "src" for name, _ in attrs)
        self.plots += tag == "svg"
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_page(tmp_path: Path) -> None:
    made = study("batch=8,32,512", protocol=SEEDS, goals=("validation_accuracy", "seconds"),
                 question="Does <batch> matter?")  # fmt: skip
    trials = [({"batch": batch}, [run(batch, at) for at in GOOD[batch]]) for batch in GOOD]
    folder = write(tmp_path / "s", made, *trials)
    page = as_html(folder)
    found = _Balance()
    found.feed(page)
    assert not found.open
    assert found.plots == 3  # two effects and the trade-off
    assert "Does &lt;batch&gt; matter?" in page
    assert "95.80 ± 0.40 %" in page
    write_report(folder, tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page
    with pytest.raises(DesignerError, match="ends in"):
        write_report(folder, tmp_path / "r.txt")


def test_the_report_of_a_study_that_has_not_begun(tmp_path: Path) -> None:
    page = as_html(write(tmp_path / "s", study("batch=8,32")))
    assert "The study is not over: 0 of 2 trainings have ended." in page
