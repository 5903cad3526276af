"""Which tensors go where: by name, by order and shape, and never by a guess."""

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.report.tensors import Module, modules
from designer.runs.layouts import Shape, stored
from designer.runs.weights import match, stored_by, weight_status
from designer.runs.weights_report import Report

SMALL, LARGE = {"weight": (8, 8, 1, 1)}, {"weight": (8, 8, 3, 3)}


def ours(*rows: tuple[str, dict[str, Shape], tuple[str, ...]]) -> list[Module]:
    return [Module(path, path, tensors, before) for path, tensors, before in rows]


def row(*names: str, tensors: dict[str, Shape] = SMALL) -> list[Module]:
    """Modules one behind the other."""
    befores = [(), *((name,) for name in names)]
    return ours(*((name, tensors, before) for name, before in zip(names, befores, strict=False)))


def matched(modules: list[Module], *theirs: tuple[str, dict[str, Shape]], **options) -> Report:
    shapes = {f"{path}.{own}": shape for path, tensors in theirs for own, shape in tensors.items()}
    return match(modules, stored(shapes), **options)


def pairs(report: Report) -> dict[str, str]:
    return {
        each.name.removesuffix(".weight"): each.origin.removesuffix(".weight")
        for each in report.taken
    }


def test_a_name_with_the_same_shape_is_taken_at_its_word():
    report = matched(row("a", "b"), ("b", SMALL), ("a", SMALL))
    assert pairs(report) == {"a": "a", "b": "b"}
    assert report.count("name") == 2
    assert not report.fresh and not report.left_over and not report.refused


def test_layers_one_behind_the_other_go_by_their_order():
    report = matched(row("a", "b", "c"), ("x", SMALL), ("y", SMALL), ("z", SMALL))
    assert pairs(report) == {"a": "x", "b": "y", "c": "z"}
    assert report.count("order") == 3


def test_names_take_theirs_out_before_the_order_counts():
    report = matched(row("a", "b", "c"), ("x", SMALL), ("b", SMALL), ("z", SMALL))
    assert pairs(report) == {"a": "x", "b": "b", "c": "z"}


def test_another_number_of_equal_layers_is_refused():
    report = matched(row("a", "b"), ("x", SMALL), ("y", SMALL), ("z", SMALL))
    assert pairs(report) == {}
    assert report.fresh == ("a.weight", "b.weight")
    (sentence,) = report.refused
    assert "2 and 3" in sentence and "8×8×1×1" in sentence and "--map" in sentence


SIDE_BY_SIDE = ours(("one", SMALL, ()), ("two", SMALL, ()), ("end", LARGE, ("one", "two")))


def test_equal_layers_side_by_side_are_refused():
    report = matched(SIDE_BY_SIDE, ("x", SMALL), ("y", SMALL), ("z", LARGE))
    assert pairs(report) == {"end": "z"}
    (sentence,) = report.refused
    assert "one, two are parallel" in sentence and "x, y" in sentence


def test_the_user_may_know_better():
    report = matched(
        SIDE_BY_SIDE, ("x", SMALL), ("y", SMALL), ("z", LARGE), given={"one": "y", "two": "x"}
    )
    assert pairs(report) == {"one": "y", "two": "x", "end": "z"}
    assert report.count("given") == 2


def test_words_in_their_names_tell_layers_side_by_side_apart():
    modules = ours(("block.main", SMALL, ()), ("block.shortcut.conv", SMALL, ()))
    report = matched(modules, ("0.shortcut.proj", SMALL), ("0.main", SMALL))
    assert pairs(report) == {"block.main": "0.main", "block.shortcut.conv": "0.shortcut.proj"}


def test_a_neighbor_tells_layers_side_by_side_apart():
    modules = ours(("alone", SMALL, ()), ("reduce", SMALL, ()), ("conv", LARGE, ("reduce",)))
    theirs = [("m.b1.0", SMALL), ("m.b2.0", SMALL), ("m.b2.1", LARGE)]
    assert pairs(matched(modules, *theirs)) == {
        "alone": "m.b1.0",
        "reduce": "m.b2.0",
        "conv": "m.b2.1",
    }
    # The same with the branches the other way round in the file.
    swapped = [("m.b1.0", SMALL), ("m.b1.1", LARGE), ("m.b2.0", SMALL)]
    assert pairs(matched(modules, *swapped)) == {
        "alone": "m.b2.0",
        "reduce": "m.b1.0",
        "conv": "m.b1.1",
    }


def test_a_layer_beside_several_others_is_never_matched_by_its_place():
    """Auxiliary heads are registered last elsewhere, and pass early here."""
    modules = ours(
        ("a", SMALL, ()), ("head", SMALL, ("a",)), ("b", SMALL, ("a",)), ("c", SMALL, ("b",))
    )
    report = matched(modules, ("w", SMALL), ("x", SMALL), ("y", SMALL), ("z", SMALL))
    assert pairs(report) == {"a": "w"}
    assert len(report.refused) == 1
    named = matched(modules, ("w", SMALL), ("x", SMALL), ("y", SMALL), ("head.conv", SMALL))
    assert pairs(named)["head"] == "head.conv"


def test_a_sorted_file_has_no_order_but_numbers():
    numbered = [("f.10", SMALL), ("f.2", SMALL), ("f.30", SMALL)]
    report = matched(row("a", "b", "c"), *numbered, ordered=False)
    assert pairs(report) == {"a": "f.2", "b": "f.10", "c": "f.30"}
    named = [("stem", SMALL), ("body", SMALL), ("tail", SMALL)]
    assert matched(row("a", "b", "c"), *named, ordered=False).taken == ()


def test_a_head_for_other_classes_stays_fresh():
    modules = [*row("a"), *ours(("fc", {"weight": (10, 8), "bias": (10,)}, ("a",)))]
    report = matched(modules, ("a", SMALL), ("fc", {"weight": (1000, 8), "bias": (1000,)}))
    assert [(each.name, each.stored) for each in report.differing] == [
        ("fc.weight", (1000, 8)),
        ("fc.bias", (1000,)),
    ]
    assert report.fresh == ("fc.weight", "fc.bias") and not report.left_over
    # Also one of another name, if it is the only thing left of its kind.
    other = matched(modules, ("a", SMALL), ("top", {"weight": (1000, 8), "bias": (1000,)}))
    assert [each.origin for each in other.differing] == ["top.weight", "top.bias"]


def test_nobody_misses_the_count_of_batches():
    norm = {"weight": (4,), "bias": (4,), "running_mean": (4,), "running_var": (4,)}
    report = matched(row("bn", tensors={**norm, "num_batches_tracked": ()}), ("norm", norm))
    assert report.count("order") == 4 and report.fresh == ()


def test_the_report_is_told_a_module_a_line():
    modules = [*row("a"), *ours(("fc", {"weight": (10, 8)}, ("a",)))]
    lines = list(
        matched(modules, ("x", SMALL), ("fc", {"weight": (9, 8)}), ("more", {"v": (1,)})).lines()
    )
    assert lines == [
        "1 of 2 tensors fit: 1 by order and shape; 1 stays fresh.",
        "By order and shape:",
        "  a ← x  (weight)",
        "Of another shape, left fresh:",
        "  fc.weight 10×8; the file has fc.weight 9×8",
        "Left over in the file:",
        "  more: v",
    ]


def test_the_fate_of_a_block_is_that_of_all_in_it():
    fc = {"weight": (10, 8), "bias": (10,)}
    modules = [*row("a.one", "a.two", "b.one"), *ours(("b.fc", fc, ("b.one",)))]
    modules += ours(("c.0.new", {"weight": (7, 7)}, ()), ("c.part", fc, ()))
    theirs = stored_by([*row("a.one", "a.two"), *ours(("b.fc", {"weight": (9, 8)}, ()))])
    theirs += stored_by(ours(("c.part", {"weight": (10, 8)}, ())))
    report = match(modules, theirs)
    assert weight_status(modules, report) == {
        "a": "kept",
        "a.one": "kept",
        "a.two": "kept",
        "b": "resized",
        "b.one": "new",
        "b.fc": "resized",
        "c": "resized",
        "c.0": "new",
        "c.0.new": "new",
        "c.part": "resized",
    }


def test_very_many_equal_branches_are_refused_at_once():
    many = ours(*((f"branch{number}", SMALL, ()) for number in range(2_000)))
    report = matched(many, *((f"x{number}", SMALL) for number in range(2_000)))
    assert not report.taken
    assert "branch0, branch1, branch2 and 1997 more are parallel" in report.refused[0]


def test_stored_tensors_of_a_design_are_taken_by_their_names():
    analysis = analyze(presets.load("vit_b_16"))
    found = modules(analysis)
    names = {each.name for each in stored_by(found)}
    assert {"class_token", "encoder.pos_embedding"} < names  # names of the state dict
    report = match(found, stored_by(found))
    assert not report.fresh and {each.name for each in report.taken} == names
    without = [each for each in stored_by(found) if each.name != "class_token"]
    report = match(found, without)
    assert report.fresh == ("class_token",)
    assert weight_status(found, report)["class_token"] == "new"
