"""Find every text of a refusal, fault or warning in the code, with its cure: for messages.md.

Read from the syntax tree, so that a new text cannot be forgotten: a call of an error of ours, of Fault and of whatever else takes an `advice` (or what
was `wanted`) by that name, tuples of place, message and advice that are yielded as faults, and what is added to `warnings`, or to any list in a
module that is called so; what a function returns that gives WarningTexts; what validators raise for pydantic to hand on, and click's errors of usage; and reasons, which stand inside another message: of an
exception that a room has for itself, and the `why` of a function that makes an error. A text without a cure beside it has it in cures.py; tests/test_docs.py fails while one has none, and
where something is raised that is not found here.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from cures import CURES  # beside this file, which tests load by its path

PACKAGE = Path(__file__).resolve().parent.parent / "qa_pipeline"
_UNKNOWN = "…"
# Parameters that carry what was found, and what to do.
_MESSAGES, _ADVICES = ("message", "text"), ("advice", "wanted")
# Where what pydantic hands on to people is raised, and what click says of a command.
_VALIDATING = (
    "rubric/",
    "settings.py",
    "speech/models.py",
    "trainer/known_good.py",
    "languages/patterns.py",
    "languages/writing_tables.py",
)
_RAISED = {"ValueError": "fault", "UsageError": "refusal", "BadParameter": "refusal"}
# Functions yield faults as tuples (place, message, advice) where they say so.
_TUPLES_OF_FAULTS = ("Warnings", "Iterator[Located]")
_TEXTS_OF_WARNINGS = "WarningTexts"
_MOST_WAYS = 8


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One text and what to do about it. `module`: where it is, as recordings/metadata.py; `kind`: refusal, fault, failure, environment or warning."""

    module: str
    kind: str
    text: str
    cure: str


@cache
def messages(package: Path = PACKAGE) -> tuple[Message, ...]:
    """Every message of the package, in order of module and text."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(package.rglob("*.py"))}
    kinds = _kinds([ast.parse((PACKAGE / "errors.py").read_text("utf-8")), *trees.values()])
    places = {name: place for tree in trees.values() for name, place in _places(tree).items()}
    errors = {
        ("", name): _Carrier(None if name == "NoMoment" else places.get(name, 0), advice=None, kind=kind) for name, kind in kinds.items()
    }
    own = {".".join(path.relative_to(package.parent).with_suffix("").parts): _carriers(tree, kinds) for path, tree in trees.items()}
    functions = {
        module: {name: carrier for (receiver, name), carrier in carriers.items() if not receiver} for module, carriers in own.items()
    }
    methods = {key: carrier for carriers in own.values() for key, carrier in carriers.items() if key[0]}
    constants = {module: _constants(tree) for module, tree in zip(own, trees.values(), strict=True)}
    found = set[Message]()
    for (path, tree), (module, carriers) in zip(trees.items(), own.items(), strict=True):
        known = {**methods, **errors, **{("", name): carrier for name, carrier in _imported(tree, functions).items()}, **carriers}
        told = {**_imported(tree, constants), **constants[module]}
        found.update(_Module(path.relative_to(package).as_posix(), tree, known, told).messages())
    merged: dict[tuple[str, str, str], list[str]] = {}
    for one in sorted(found):
        merged.setdefault((one.module, one.kind, one.text), []).append(one.cure)
    return tuple(Message(*key, cure=" / ".join(_telling(cures))) for key, cures in merged.items())


def _telling(cures: Sequence[str]) -> list[str]:
    """Cures that say something; what is filled in alone only where there is no other."""
    given = [cure for cure in dict.fromkeys(cures) if cure]
    return [cure for cure in given if cure.strip("{}…") not in ("", *_ADVICES)] or given


def cure_of(message: Message) -> str:
    """What to do: beside the text, or listed here; empty where neither is."""
    return message.cure or next((cure for beginning, cure in CURES.items() if message.text.startswith(beginning)), "")


def _kinds(trees: Sequence[ast.Module]) -> dict[str, str]:
    """Errors of ours by what they are to a person; those that stand in errors.py first, then those of the rooms that use them alone.

    What a room raises for itself, of none of these, is a reason: it is caught and told inside another message.
    """
    roots = {"InputRefused": "refusal", "EnvironmentNotReady": "environment", "CallFailed": "failure"}
    found = {"Fault": "fault", "Unavailable": "failure", "NoMoment": "fault", **roots}
    for node in (node for tree in trees for node in tree.body):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                name = getattr(base, "id", "")
                kind = found.get(name) or ("reason" if _is_builtin_error(name) else None)
                if kind is not None and node.name not in ("QaError", *found):
                    found[node.name] = kind
    return found


def _is_builtin_error(name: str) -> bool:
    value = getattr(builtins, name, None)
    return isinstance(value, type) and issubclass(value, BaseException)


def _places(tree: ast.Module) -> dict[str, int]:
    """Where classes take their message that take something else before it."""
    found = {}
    for node in tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                names = [argument.arg for argument in inner.args.args[1:]]
                if "message" in names:
                    found[getattr(node, "name", "")] = names.index("message")
    return found


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Carrier:
    """Where a function takes a message and its advice: places among its arguments, or None where there is none."""

    message: int | None
    advice: int | None
    kind: str
    cure: str = ""


def _imported(tree: ast.Module, own: Mapping[str, Mapping[str, _T]]) -> dict[str, _T]:
    """What a module takes of all that others have, by the name it has here."""
    return {
        alias.asname or alias.name: own[node.module][alias.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in own
        for alias in node.names
        if alias.name in own[node.module]
    }


def _constants(tree: ast.Module) -> dict[str, ast.Constant]:
    """Numbers and words that a module has once for all."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _carriers(tree: ast.Module, kinds: Mapping[str, str]) -> dict[tuple[str, str], _Carrier]:
    """Functions of a module that take a message or an advice by that name, or a text to warn of: by class and name; the class is empty outside one."""
    found: dict[tuple[str, str], _Carrier] = {}
    methods = {inner: node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for inner in node.body}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("__"):
            continue
        names = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs) if argument.arg != "self"]
        message = names.index("message") if "message" in names else None
        advice = next((names.index(name) for name in _ADVICES if name in names), None)
        key = (_receiver(methods.get(node, "")), node.name)
        made = ast.unparse(node.returns) if node.returns is not None else ""
        if advice is not None and (message is not None or "column" in names):
            found[key] = _Carrier(message, advice, "failure" if made == "Failure" else "fault")
        elif "why" in names and made in kinds:
            found[key] = _Carrier(names.index("why"), None, "reason", _cure_in(node))
        elif node.name in ("warn", "_warn") and "text" in names:
            found[key] = _Carrier(names.index("text"), None, "warning")
    return found


def _cure_in(function: ast.FunctionDef) -> str:
    """The advice that a function writes into the error it makes."""
    written = (
        keyword.value for node in ast.walk(function) if isinstance(node, ast.Call) for keyword in node.keywords if keyword.arg == "advice"
    )
    return next((str(value.value) for value in written if isinstance(value, ast.Constant)), "")


def _receiver(name: str) -> str:
    """What an object of a class is called: remarks of Remarks, reading of _Reading."""
    return name.strip("_").lower()


class _Module:
    """One file: its messages."""

    def __init__(
        self, name: str, tree: ast.Module, carriers: dict[tuple[str, str], _Carrier], constants: Mapping[str, ast.Constant]
    ) -> None:
        self._name = name
        self._tree = tree
        self._carriers = carriers
        self._constants = constants
        self._bound: dict[str, ast.expr] = {}
        # A class that gives its message itself, by its __init__.
        self._bases = {
            inner: node.bases[0].id
            for node in tree.body
            if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name)
            for inner in node.body
            if isinstance(inner, ast.FunctionDef) and inner.name == "__init__"
        }
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}

    def messages(self) -> Iterator[Message]:
        """Every message of the file."""
        yield from self._inside(self._tree, ())

    def _inside(self, node: ast.AST, scopes: tuple[ast.FunctionDef, ...]) -> Iterator[Message]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield from self._call(child, scopes)
            elif isinstance(child, ast.Yield) and isinstance(child.value, ast.Tuple) and _yields_faults(scopes):
                place_message_advice = child.value.elts
                if len(place_message_advice) == 3:
                    kind = "warning" if ast.unparse(scopes[-1].returns or child) == "Warnings" else "fault"
                    yield from self._told(kind, *place_message_advice[1:], scopes)
            elif isinstance(child, ast.Raise) and isinstance(child.exc, ast.Call):
                yield from self._raised(child.exc, scopes)
            elif isinstance(child, ast.Return) and child.value is not None and _returns_warnings(scopes):
                for text in _elements(child.value):
                    yield from self._told("warning", text, None, scopes)
            yield from self._inside(child, (*scopes, child) if isinstance(child, ast.FunctionDef) else scopes)

    def _raised(self, call: ast.Call, scopes: tuple[ast.FunctionDef, ...]) -> Iterator[Message]:
        """What a validator or click says: there is no advice beside it."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in _RAISED and call.args and (name != "ValueError" or self._name.startswith(_VALIDATING)):
            yield from self._told(_RAISED[name], call.args[0], None, scopes)

    def _call(self, call: ast.Call, scopes: tuple[ast.FunctionDef, ...]) -> Iterator[Message]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
        is_list = isinstance(call.func, ast.Attribute) and (
            ast.unparse(call.func.value).endswith("warnings") or self._name.endswith("_warnings.py")
        )
        is_added = name == "append" and (is_list or _returns_warnings(scopes))
        if is_added or (name == "on_warning" and len(call.args) == 1):
            yield from self._told("warning", call.args[0], None, scopes)
            return
        if name == "__init__" and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "super()":
            name = self._bases.get(scopes[-1], "") if scopes else ""
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        carrier = self._carriers.get((self._of(call.func), name))
        if carrier is None and {"message", "advice"} <= named.keys():
            # Whoever is told it names both.
            carrier = _Carrier(None, None, "failure")
        if carrier is None:
            return
        message = next((named[key] for key in (*_MESSAGES, "why") if key in named), _at(call.args, carrier.message))
        advice = next((named[key] for key in _ADVICES if key in named), _at(call.args, carrier.advice))
        if message is None and carrier.message is not None:
            return
        if advice is None and carrier.cure:
            advice = ast.Constant(carrier.cure)
        elif advice is None and "faults" in named:
            advice = ast.Constant("Each fault that is listed with it says what to do.")
        yield from self._told(carrier.kind, message, advice, scopes)

    def _of(self, function: ast.expr) -> str:
        """The class that a method is of, by what its object is called; empty for a function."""
        if not isinstance(function, ast.Attribute):
            return ""
        called = function.value.attr if isinstance(function.value, ast.Attribute) else getattr(function.value, "id", "")
        if called == "self":
            return next(
                (_receiver(node.name) for node in ast.walk(self._tree) if isinstance(node, ast.ClassDef) and function.attr in _names(node)),
                "",
            )
        return _receiver(called)

    def _told(self, kind: str, message: ast.expr | None, advice: ast.expr | None, scopes: tuple[ast.FunctionDef, ...]) -> Iterator[Message]:
        used = {node.id for part in (message, advice) if part is not None for node in ast.walk(part) if isinstance(node, ast.Name)}
        place = next((part.lineno for part in (message, advice) if part is not None and hasattr(part, "lineno")), 0)
        for row in self._rows(used, scopes, place):
            self._bound = row
            texts = self._texts(message, scopes, 0) if message is not None else ["{column} is {value}"]
            cures = self._texts(advice, scopes, 0) if advice is not None else [""]
            for text in texts:
                # What is only handed on is told where it comes from.
                is_handed_on = (message is not None and _is_handed_on(message, scopes)) or (text, *cures) == ("{message}", "{advice}")
                is_handed_on = is_handed_on or (not any(cures) and re.fullmatch(r"\{\w+\}", text) is not None)
                if text.strip(f"{_UNKNOWN} .:()") and not is_handed_on:
                    yield Message(self._name, kind, text, " / ".join(_telling(cures)))
        self._bound = {}

    def _rows(self, used: set[str], scopes: tuple[ast.FunctionDef, ...], place: int) -> list[dict[str, ast.expr]]:
        """What names of a loop over tuples that are written out stand for, one after the other; a single empty one where there is no such loop.

        Of several loops the one around the line `place` counts, else the first.
        """
        loops = [node for scope in scopes for node in ast.walk(scope) if isinstance(node, ast.For)]
        for loop in sorted(loops, key=lambda node: not node.lineno <= place <= (node.end_lineno or 0)):
            if not isinstance(loop.target, ast.Tuple):
                continue
            names = [getattr(target, "id", "") for target in loop.target.elts]
            rows = loop.iter
            if isinstance(rows, ast.Name):
                rows = next(
                    (node.value for node in self._tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == rows.id),
                    rows,
                )
            written = [row.elts for row in getattr(rows, "elts", []) if isinstance(row, ast.Tuple) and len(row.elts) == len(names)]
            if written and used & set(names):
                return [dict(zip(names, elements, strict=True)) for elements in written]
        return [{}]

    def _texts(self, node: ast.expr, scopes: tuple[ast.FunctionDef, ...], depth: int) -> list[str]:
        """What an expression may say, with … or {name} for what it fills in."""
        if depth > 4:
            return [_UNKNOWN]
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else [_UNKNOWN]
        if isinstance(node, ast.JoinedStr):
            return _product([self._texts(part, scopes, depth + 1) for part in node.values])
        if isinstance(node, ast.FormattedValue):
            return self._filled(node.value, scopes, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _product([self._texts(side, scopes, depth + 1) for side in (node.left, node.right)])
        if isinstance(node, ast.IfExp):
            return self._texts(node.body, scopes, depth + 1) + self._texts(node.orelse, scopes, depth + 1)
        if isinstance(node, ast.BoolOp):
            return [text for value in node.values for text in self._texts(value, scopes, depth + 1)]
        if isinstance(node, ast.Name):
            if node.id in self._bound:
                return self._texts(self._bound[node.id], scopes, depth + 1)
            taken = self._constants.get(node.id)
            return self._assigned(node.id, scopes, depth) or (
                [f"{{{node.id}}}"] if taken is None else self._texts(taken, scopes, depth + 1)
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._functions:
            function = self._functions[node.func.id]
            returned = [inner.value for inner in ast.walk(function) if isinstance(inner, ast.Return) and inner.value is not None]
            return [text for value in returned for text in self._texts(value, (function,), depth + 1)] or [_UNKNOWN]
        return [_UNKNOWN]

    def _filled(self, node: ast.expr, scopes: tuple[ast.FunctionDef, ...], depth: int) -> list[str]:
        if isinstance(node, ast.IfExp | ast.BoolOp):
            texts = self._texts(node, scopes, depth + 1)
            # Of singular and plural one is enough to know the sentence.
            return texts[:1] if all(len(text) < 12 for text in texts) else texts
        if isinstance(node, ast.Name):
            bound = self._bound.get(node.id) or self._constants.get(node.id)
            return [str(bound.value)] if isinstance(bound, ast.Constant) else [f"{{{node.id}}}"]
        return [f"{{{node.attr}}}"] if isinstance(node, ast.Attribute) else [_UNKNOWN]

    def _assigned(self, name: str, scopes: tuple[ast.FunctionDef, ...], depth: int) -> list[str]:
        """What a name was given, in the function or the module."""
        for scope in (*reversed(scopes), self._tree):
            values = [
                node.value
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
            ]
            texts = [text for value in values for text in self._texts(value, scopes, depth + 1)]
            if texts:
                return [text for text in dict.fromkeys(texts) if text != _UNKNOWN] or [_UNKNOWN]
        return []


def _yields_faults(scopes: Sequence[ast.FunctionDef]) -> bool:
    return bool(scopes) and scopes[-1].returns is not None and ast.unparse(scopes[-1].returns) in _TUPLES_OF_FAULTS


def _returns_warnings(scopes: Sequence[ast.FunctionDef]) -> bool:
    return bool(scopes) and scopes[-1].returns is not None and ast.unparse(scopes[-1].returns) == _TEXTS_OF_WARNINGS


def _elements(value: ast.expr) -> list[ast.expr]:
    """The texts that are written out in what is returned: of a list, a tuple, or what makes one."""
    if isinstance(value, ast.List | ast.Tuple):
        return [element for element in value.elts if not isinstance(element, ast.Starred)]
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        return [value.elt]
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("tuple", "list") and value.args:
        return _elements(value.args[0])
    if isinstance(value, ast.IfExp):
        return [*_elements(value.body), *_elements(value.orelse)]
    return []


def _names(node: ast.ClassDef) -> set[str]:
    return {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}


def _at(arguments: Sequence[ast.expr], place: int | None) -> ast.expr | None:
    return arguments[place] if place is not None and place < len(arguments) else None


def _is_handed_on(node: ast.expr, scopes: tuple[ast.FunctionDef, ...]) -> bool:
    """Whether a message is a parameter of the function around it."""
    return isinstance(node, ast.Name) and any(
        argument.arg == node.id for scope in scopes for argument in (*scope.args.args, *scope.args.kwonlyargs)
    )


def _product(parts: Sequence[list[str]]) -> list[str]:
    ways = ["".join(way) for way in itertools.islice(itertools.product(*parts), _MOST_WAYS)]
    return list(dict.fromkeys(ways))
