"""What is typed: Python's arithmetic, read the same way, and nothing else however it is dressed up."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.subject.expression.operations import FUNCTIONS
from engine.subject.expression.parse import ExpressionError, parse

QUICK_S = 1.0
"""What is hostile is refused in less than a millisecond; what has found a hole takes seconds, on any machine."""


def value(text: str, *point: float) -> float:
    return parse(text).at(point)[-1].value


def refusal(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "point", "wanted"),
    [
        ("x", (3.0,), 3.0),
        ("-x**2", (3.0,), -9.0),
        ("(-x)**2", (3.0,), 9.0),
        ("2**-x", (1.0,), 0.5),
        ("x**3**2", (2.0,), 512.0),
        ("10 - x - 3", (2.0,), 5.0),
        ("12/x/2", (3.0,), 2.0),
        ("1 + 2*x", (3.0,), 7.0),
        ("-x*-y", (3.0, 2.0), 6.0),
        ("+x--y", (3.0, 2.0), 5.0),
        ("1.5e1*x + .5 + 2.", (2.0,), 32.5),
        ("x*1e-2", (100.0,), 1.0),
        ("cos(pi*x) + log(e)", (1.0,), 0.0),
        ("max(x, min(y, 2))", (1.0, 5.0), 2.0),
        ("x\n  +\ty\r\n", (1.0, 5.0), 6.0),
        ("lambda + x1_", (1.0, 5.0), 6.0),
    ],
)
def test_values_worked_out_by_hand(text: str, point: tuple[float, ...], wanted: float) -> None:
    assert value(text, *point) == wanted


def test_himmelblaus_function_has_the_values_that_are_known_of_it() -> None:
    """At (0, 0) it is 11² + 7² = 170, at (1, 2) 8² + 2² = 68; (3, 2) is a minimum of height 0.

    Its gradient at (1, 2) is 2·(−8)·2·1 + 2·(−2) = −36 along x, and 2·(−8) + 2·(−2)·2·2 = −32 along y.
    """
    graph = parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2")
    for point, height, slope in (
        ((0.0, 0.0), 170.0, (-14.0, -22.0)),
        ((1.0, 2.0), 68.0, (-36.0, -32.0)),
        ((3.0, 2.0), 0.0, (0.0, 0.0)),
    ):
        readings = graph.at(point)
        assert readings[-1].value == height
        assert tuple(reading.gradient for reading in readings[:2]) == slope


def texts(depth: int) -> st.SearchStrategy[str]:
    """Sums, products, powers and signs over each other, with and without parentheses, blanks and functions."""
    leaf = st.sampled_from(["x", "y", "2", "0.5", "pi", "3e1"])
    if depth == 0:
        return leaf
    part = texts(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(part, st.sampled_from(["+", " - ", "*", "/", "**", " ** -"]), part).map("".join),
        part.map(lambda text: f"({text})"),
        part.map(lambda text: f"-{text}"),
        part.map(lambda text: f"+ {text}"),
        part.map(lambda text: f"tanh({text})"),
        st.tuples(part, part).map(lambda pair: f"max({pair[0]}, {pair[1]})"),
    )


SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.USub: "-", ast.UAdd: "+"}


def bracketed(node: ast.expr) -> str:
    """Return what Python has read, with parentheses around every operation, so that no rule of precedence is left."""
    match node:
        case ast.BinOp():
            return f"({bracketed(node.left)}{SIGNS[type(node.op)]}{bracketed(node.right)})"
        case ast.UnaryOp():
            return f"({SIGNS[type(node.op)]}{bracketed(node.operand)})"
        case ast.Call(func=ast.Name(id=name)):
            return f"{name}({', '.join(map(bracketed, node.args))})"
        case ast.Name():
            return node.id
        case ast.Constant():
            return repr(node.value)
        case _:
            raise AssertionError(node)


@given(text=texts(4))
def test_every_text_is_read_as_python_reads_it(text: str) -> None:
    text = f"x - y*({text})"
    try:
        graph = parse(text)
    except ExpressionError as error:
        assume("finite" not in str(error))  # it is, where 30**30**30 is in it
        raise
    assert graph == parse(bracketed(ast.parse(text, mode="eval").body))


HOSTILE = {
    "an import": ("__import__('os').system('true')", "no __import__"),
    "a call of a text": ("'a'(x)", "APOSTROPHE"),
    "eval": ("eval(x)", "no eval"),
    "an attribute": ("x.real", "FULL STOP"),
    "an attribute of a number": ("1.real*x", "where there is real"),
    "an attribute of a call": ("(x).__class__.__bases__", "FULL STOP"),
    "a subscript": ("x[0]", "LEFT SQUARE BRACKET"),
    "a list comprehension": ("[x for x in y]", "LEFT SQUARE BRACKET"),
    "a generator": ("max(x for x in y)", "where there is for"),
    "a set": ("{x}", "LEFT CURLY BRACKET"),
    "a lambda": ("lambda: x", "COLON"),
    "a call of a lambda": ("(lambda x: x)(x)", "where there is x"),
    "a walrus": ("(x := 5)", "COLON"),
    "an assignment": ("x = 5", "EQUALS SIGN"),
    "a format string": ("f'{x}'", "APOSTROPHE"),
    "a text": ('"x"*9', "QUOTATION MARK"),
    "a comment": ("x # y", "NUMBER SIGN"),
    "a backslash": ("x + \\\n y", "REVERSE SOLIDUS"),
    "a statement": ("x; y", "SEMICOLON"),
    "a comparison": ("x < y", "LESS-THAN SIGN"),
    "a condition": ("x if y else z", "where there is if"),
    "and": ("x and y", "where there is and"),
    "not": ("not x", "where there is x"),
    "stars before an operand": ("max(*x)", "where there is *"),
    "two stars before an operand": ("max(**x)", "where there is **"),
    "an operand by name": ("exp(a=x)", "EQUALS SIGN"),
    "a tuple": ("x, y", "where there is ,"),
    "a power tower": ("9**9**9**9*x", "finite: ** at character 5 makes inf"),
    "a power tower in parentheses": ("((9**99)**99)**99*x", "finite"),
    "a logarithm of less than nothing": ("log(-1)*x", "log at character 1 makes nan"),
    "nought by nought": ("0/0*x", "/ at character 2 makes nan"),
    "a number beyond all floats": ("1e999*x", "1e999 at character 1 makes inf"),
    "a number of 1,900 digits": ("9" * 1900 + "*x", "makes inf"),
    "a whole division": ("x // y", "where there is /"),
    "a remainder": ("x % y", "PERCENT SIGN"),
    "a caret": ("x^2", "a power as x**2"),
    "an at sign": ("x @ y", "COMMERCIAL AT"),
    "an imaginary number": ("1j*x", "where there is j"),
    "a hexadecimal number": ("0x1F*x", "where there is x1F"),
    "a number with a line": ("1_000*x", "where there is _000"),
    "a product without a sign": ("2x", "where there is x"),
    "a null byte": ("x\0+ y", "U+0000 (a control character) at character 2"),
    "an escape sequence": ("x\x1b[2J", "U+001B"),
    "a Cyrillic letter": ("х + 1", "CYRILLIC SMALL LETTER HA"),
    "a mathematical letter": ("𝐱 + 1", "MATHEMATICAL BOLD SMALL X"),
    "digits of another script": ("٣*x", "ARABIC-INDIC DIGIT THREE"),
    "a minus of a typesetter": ("x − 1", "MINUS SIGN"),
    "a surrogate": ("x\ud800", "U+D800"),
    "an override of the direction": ("x\u202e", "U+202E"),
    "nothing": ("", "a number, a name or ( at character 1, where the text ends"),
    "blanks": ("  \n", "where the text ends"),
    "a constant": ("2*pi + 1", "at least one variable"),
    "no operand": ("x +", "where the text ends"),
    "two operators": ("x * / y", "where there is /"),
    "an open parenthesis": ("(x", "an operator or ) at character 3"),
    "a closed parenthesis": ("x)", "where there is )"),
    "empty parentheses": ("()*x", "where there is )"),
    "a function without operands": ("exp()*x", "where there is )"),
    "a function without parentheses": ("exp + x", "exp(…), as exp is a function"),
    "too many operands": ("exp(x, y)", "after 1 operand of exp"),
    "too few operands": ("min(x)", "2 operands for min"),
    "a constant that is called": ("pi(x)", "no pi"),
    "500 parentheses": ("(" * 500 + "x" + ")" * 500, "at most 100 levels"),
    "1,900 parentheses": ("(" * 1900, "at most 100 levels"),
    "500 signs": ("-" * 500 + "x", "at most 100 levels"),
    "500 powers": ("x" + "**x" * 500, "at most 100 levels"),
    "300 functions": ("exp(" * 300 + "x" + ")" * 300, "at most 100 levels"),
    "thousands of variables": ("+".join(f"x{index}" for index in range(5000)), "at most 2,000 characters"),
    "a million characters": ("x+" * 500_000 + "x", "these are 1,000,001"),
    "a very long name": ("x" * 1900, "names of at most 40 characters"),
    "a very long function": ("x" * 1900 + "(y)", "no xxx"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_arithmetic_is_refused_at_once_and_says_where(kind: str) -> None:
    text, words = HOSTILE[kind]
    start = time.perf_counter()
    message = refusal(text)
    assert time.perf_counter() - start < QUICK_S
    assert words in message
    assert len(message) < 400
    assert message.isprintable()


@pytest.mark.parametrize(
    "text", ["+".join(f"x{index}" for index in range(400)), "x" + "+x" * 900, "(" * 99 + "x" + ")" * 99]
)
def test_what_is_long_and_within_the_limits_is_read(text: str) -> None:
    assert parse(text).variables[0].startswith("x")


ALPHABET = st.sampled_from(
    ["x", "yy", "1", "2.5", "e9", "**", "+", "-", "*", "/", "(", ")", ",", " ", "exp(", "min(", "."]
)


@given(text=st.one_of(st.lists(ALPHABET, max_size=20).map("".join), st.text()))
def test_any_text_gives_a_graph_or_a_refusal(text: str) -> None:
    try:
        graph = parse(text)
    except ExpressionError:
        return
    assert graph.variables
    for reading in graph.at([0.0] * len(graph.variables)):
        assert type(reading.value) is type(reading.gradient) is float


def test_every_function_can_be_called_by_its_name() -> None:
    for name, operation in FUNCTIONS.items():
        operands = ["x", "y"][: len(operation.slopes)]
        assert parse(f"{name}({', '.join(operands)})").nodes[-1].operation == name


def test_the_variables_come_in_the_order_of_their_appearance_or_as_they_are_told() -> None:
    assert parse("b*a + c - a").variables == ("b", "a", "c")
    graph = parse("b*a + c - a", order=("a", "b", "c"))
    assert graph.variables == ("a", "b", "c")
    assert graph.at((2.0, 3.0, 5.0))[-1].value == 9.0
