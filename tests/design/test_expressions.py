"""The expression language: evaluation, printing, and what it refuses."""

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from designer.design.expressions import (
    FUNCTIONS,
    MAX_EXPONENT,
    MAX_MAGNITUDE,
    Binary,
    Call,
    Conditional,
    ExpressionError,
    Literal,
    Name,
    Scalar,
    Tree,
    Unary,
    evaluate,
    fold,
    is_expression,
    make_divisible,
    names,
    substitute,
)
from designer.design.parsing import MAX_DEPTH, MAX_LENGTH, parse, renamed
from designer.design.printing import python_source, source

SCOPE: dict[str, Scalar] = {"channels": 64, "i": 0, "alpha": 0.5, "mode": "paper", "aux": True}


def value(text: str) -> Scalar:
    return evaluate(parse(text), SCOPE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=channels", 64),
        ("= 4 * channels ", 256),
        ("channels + 1", 65),
        ("=2 if i == 0 else 1", 2),
        ("=1 + 2 * 3", 7),
        ("=(1 + 2) * 3", 9),
        ("=2 ** 3 ** 2", 512),
        ("=-2 ** 2", -4),
        ("=2 ** -1", 0.5),
        ("=7 // 2", 3),
        ("=-7 // 2", -4),
        ("=-7 % 3", 2),
        ("=7 / 2", 3.5),
        ("=1e3", 1000.0),
        ("=.5", 0.5),
        ("=2.", 2.0),
        ("=1.5e-1", 0.15),
        ("=10 - 3 - 2", 5),
        ("=not aux", False),
        ("=not i and aux", True),
        ("=i or channels", 64),
        ("=i and channels", 0),
        ("=True and false", False),
        ("=mode == 'paper'", True),
        ('=mode != "paper"', False),
        ("='same'", "same"),
        ("=1 == 1.0", True),
        ("=mode == 1", False),
        ("=min(3, channels, 2)", 2),
        ("=max(3, channels)", 64),
        ("=abs(-3)", 3),
        ("=round(2.5)", 2),
        ("=round(3.5)", 4),
        ("=floor(-0.5)", -1),
        ("=ceil(0.2)", 1),
        ("=int(-1.9)", -1),
        ("=make_divisible(channels * alpha, 8)", 32),
        ("=make_divisible(33)", 32),
        ("=make_divisible(12, 8)", 16),
        ("=1 if aux else 2 if i else 3", 1),
        ("=(1 if i else 2) if aux else 3", 2),
        ("=\n1 +\n1", 2),
    ],
)
def test_values(text: str, expected: Scalar) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("=", "nothing where a value is expected"),
        ("=1 +", "nothing where a value is expected"),
        ("=(1", "has 'the end' where ')' is expected"),
        ("=1 2", "has '2' after its end"),
        ("=1 if 2", "where 'else' is expected"),
        ("=min(1)", "calls min with 1 arguments; it takes 2 to 8"),
        ("=abs()", "has ')' where a value is expected"),
        ("=1 < 2 < 3", "chains comparisons"),
        ("=chanels", "did you mean 'channels'?"),
        (
            "=zzz",
            "uses the unknown name 'zzz'; names that it can use: alpha, aux, channels, i, mode",
        ),
        ("=1 / 0", "cannot be computed"),
        ("=1 // i", "cannot be computed"),
        ("=1 % 0", "cannot be computed"),
        ("=0 ** -1", "cannot be computed"),
        ("=(-8) ** 0.5", "is not real"),
        ("=make_divisible(1, 0)", "cannot be computed"),
        ("=aux + 1", "'+' needs numbers, received True"),
        ("=-mode", "'-' needs numbers, received 'paper'"),
        ("=mode < 1", "'<' needs numbers, received 'paper'"),
        ("=max(mode, 1)", "'max' needs numbers"),
        (f"=2 ** {MAX_EXPONENT + 1}", f"exponent beyond {MAX_EXPONENT}"),
        ("=2 ** -65", "exponent beyond"),
        ("=10 ** 16", "beyond 1e+15"),
        ("=10 ** 15 + 1", "beyond 1e+15"),
        ("=1e15 * 1e15 * 1e300", "beyond 1e+15"),
        ("=1" + "0" * 15, "number beyond 1e+15"),
        ("=1e400", "beyond 1e+15"),
        ("=" + "9" * 400, "number beyond 1e+15"),
    ],
)
def test_refusals(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        value(text)
    assert words in str(refused.value)


HOSTILE = [
    "=__class__",
    "=().__class__",
    "=channels.__class__",
    "=channels.real",
    "=1 .real",
    "=mode.format(channels)",
    "=open('/etc/passwd')",
    "=eval('1')",
    "=exec('1')",
    "=__import__('os')",
    "=print(1)",
    "=getattr(channels, 'real')",
    "=lambda: 1",
    "=[1][0]",
    "=[x for x in (1,)]",
    "={}",
    "=channels[0]",
    "=(1, 2)",
    "=f'{channels}'",
    "=b'x'",
    "='\\x41'",
    "='''text'''",
    "=channels := 1",
    "=1; 2",
    "=import os",
    "=None",
    "=1j",
    "=0x10",
    "=1_000",
    "=~1",
    "=1 & 2",
    "=1 << 60",
    "=1 @ 2",
    "=1 is 1",
    "=1 in 2",
    "=min(*channels)",
    "=min(a=1, b=2)",
    "=math.floor(1)",
    "=...",
    "=$",
    "=\\",
    "=#",
    "=`",
    "='open",
    "=and",
    "=if",
    "=else",
    "=not",
    "=min",
    "=if(1, 2)",
    "=()",
    "===",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        value(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789.eE+-*/%<>=!(),'\" abchannelsifmxto_ndrué\n\t\0", max_size=60))
def test_any_text_is_computed_or_refused(text: str) -> None:
    try:
        found = value(text)
    except ExpressionError as error:
        assert str(error)  # noqa: PT017
    else:
        assert isinstance(found, int | float | str)


def test_length_is_limited() -> None:
    assert value("=" + "1+" * ((MAX_LENGTH - 2) // 2) + "1") == (MAX_LENGTH - 2) // 2 + 1
    with pytest.raises(ExpressionError, match=f"longer than {MAX_LENGTH} characters"):
        parse("=" + "1" * MAX_LENGTH)


@pytest.mark.parametrize("opening", ["(", "-", "not ", "abs(", "1 if 1 else ", "2 ** "])
def test_depth_is_limited(opening: str) -> None:
    closing = ")" * opening.count("(")
    shallow, deep = MAX_DEPTH // 2 - 1, MAX_DEPTH + 1
    parse("=" + opening * shallow + "1" + closing * shallow)
    with pytest.raises(ExpressionError, match=f"nested deeper than {MAX_DEPTH} levels|longer than"):
        parse("=" + opening * deep + "1" + closing * deep)


def test_magnitude_is_limited_both_ways() -> None:
    assert value("=10 ** 15") == MAX_MAGNITUDE
    assert value("=-(10 ** 15)") == -MAX_MAGNITUDE
    with pytest.raises(ExpressionError, match="beyond"):
        value("=-(10 ** 15) - 1")


def test_only_what_is_asked_for_is_computed() -> None:
    assert value("=1 if aux else 1 / 0") == 1
    assert value("=aux or 1 / 0") is True
    assert value("=i and nothing") == 0


def test_expressions_begin_with_an_equals_sign() -> None:
    assert is_expression("=1")
    assert not is_expression("same")
    assert not is_expression(1)
    assert not is_expression(None)


def test_names_are_found_everywhere() -> None:
    tree = parse("=a + -b if c and not d else min(e, f ** g)")
    assert names(tree) == frozenset("abcdefg")
    assert names(parse("=1 + min(2, 3)")) == frozenset()


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 5000), st.integers(1, 64))
def test_make_divisible_never_loses_a_tenth(number: float, divisor: int) -> None:
    rounded = make_divisible(number, divisor)
    assert rounded % divisor == 0
    assert rounded >= 0.9 * number
    assert rounded < number + 1.5 * divisor


# Trees drawn at random: the text that is written means the same to Python and to us.

NUMBERS = st.one_of(
    st.integers(0, 9), st.integers(-3, 1000), st.floats(-100, 100, allow_subnormal=False)
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> Tree:
    """Draw a tree, mostly of numbers, so that most can be evaluated."""

    def below() -> Tree:
        return draw(trees(depth - 1))

    kind = draw(st.sampled_from(["leaf", "unary", "binary", "binary", "logic", "if", "call"]))
    if kind == "leaf" or depth == 0:
        numeric = st.sampled_from(["channels", "i", "alpha"]).map(Name)
        other = st.sampled_from([Literal(True), Literal("paper"), Literal("it's"), Name("mode")])
        leaves = [NUMBERS.map(Literal), numeric, numeric]
        return draw(
            st.one_of(*leaves, other) if draw(st.integers(0, 9)) == 0 else st.one_of(leaves)
        )
    if kind == "unary":
        return Unary(draw(st.sampled_from(["-", "+", "not"])), below())
    if kind == "binary":
        return Binary(
            draw(st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])), below(), below()
        )
    if kind == "logic":
        return Binary(
            draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "and", "or"])), below(), below()
        )
    if kind == "if":
        return Conditional(below(), below(), below())
    name = draw(st.sampled_from([*FUNCTIONS]))
    count = draw(st.integers(FUNCTIONS[name].least, min(3, FUNCTIONS[name].most)))
    return Call(name, tuple(below() for _ in range(count)))


TREES = trees()


def computed(tree: Tree) -> Scalar:
    try:
        return evaluate(tree, SCOPE)
    except ExpressionError:
        assume(False)
        raise


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_python_reads_the_source_as_we_do(tree: Tree) -> None:
    expected = computed(tree)
    scope = {"math": math, "make_divisible": make_divisible, **SCOPE}
    assert same(eval(python_source(tree), {}, scope), expected)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_source_is_read_back_with_the_same_value(tree: Tree) -> None:
    expected = computed(tree)
    text = python_source(tree).replace("math.", "")
    assume("\\" not in text)
    assume(len(text) < MAX_LENGTH)
    try:
        again = parse(text)
    except ExpressionError as error:
        assert "nested deeper" in str(error)  # noqa: PT017
        return
    assert same(evaluate(again, SCOPE), expected)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("=4*channels", "4 * channels"),
        ("=((a))+(b*c)", "a + b * c"),
        ("=(a+b)*c", "(a + b) * c"),
        ("=a-(b-c)", "a - (b - c)"),
        ("=(a**b)**c", "(a**b) ** c"),
        ("=a**b**c", "a**b**c"),
        ("=(-a)**2", "(-a)**2"),
        ("=-a**2", "-a**2"),
        ("=not (a and b)", "not (a and b)"),
        ("=(a if b else c) if d else e", "(a if b else c) if d else e"),
        ("=a if b else (c if d else e)", "a if b else c if d else e"),
        ("=floor(a / 2)", "math.floor(a / 2)"),
        ("=make_divisible(a, 8)", "make_divisible(a, 8)"),
        ("=mode == 'paper'", 'mode == "paper"'),
    ],
)
def test_source_has_as_few_brackets_as_possible(text: str, source: str) -> None:
    assert python_source(parse(text)) == source


@settings(max_examples=60, deadline=None)
@given(TREES, st.sets(st.sampled_from([*SCOPE])))
def test_substitution_keeps_the_value(tree: Tree, known: set[str]) -> None:
    expected = computed(tree)
    given_values = {name: Literal(SCOPE[name]) for name in known}
    replaced = substitute(tree, given_values)
    assert names(replaced).isdisjoint(known)
    assert same(evaluate(replaced, SCOPE), expected)
    if not names(replaced):
        assert replaced == Literal(expected)
    assert substitute(tree, {name: Name(name) for name in SCOPE}) is not None


def test_substitution_takes_the_branch_that_is_left() -> None:
    tree = parse("=stride if variant == 'paper' else 1")
    assert substitute(tree, {"variant": Literal("paper")}) == Name("stride")
    assert substitute(tree, {"variant": Literal("other")}) == Literal(1)
    assert substitute(tree, {"stride": Literal(2)}) == parse("=2 if variant == 'paper' else 1")


def test_folding_leaves_what_cannot_be_computed() -> None:
    assert fold(parse("=2 * 3")) == Literal(6)
    assert fold(parse("=1 / 0")) == parse("=1 / 0")
    assert fold(parse("=2 * n")) == parse("=2 * n")


@pytest.mark.parametrize(
    "text", ["4 * channels", "floor(x / 2) + ceil(y)", "1 if mode == 'a' else -2 ** i", "not a"]
)
def test_what_is_written_in_the_language_reads_back(text: str) -> None:
    tree = parse(text)
    assert parse(source(tree)) == tree


def test_renaming_keeps_how_an_expression_is_written() -> None:
    new = {"channels": "count", "e5": "x", "max": "y"}
    assert renamed("=4*channels+ channels2", new) == "=4*count+ channels2"
    assert renamed("=1e5 if mode == 'channels' else channels", new) == (
        "=1e5 if mode == 'channels' else count"
    )
