"""Runs the code that comes in on standard input; the tool `run_python` starts this file.

It imports only Python's own, and is in a process of its own.
"""

import ast
import linecache
import sys
import traceback
import types

_NAME = "<code>"


def main() -> None:
    """Run the code in a fresh `__main__`; show its last value or its error as a REPL does."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # both are files
    code = sys.stdin.read()
    linecache.cache[_NAME] = (len(code), None, code.splitlines(keepends=True), _NAME)
    module = types.ModuleType("__main__")
    sys.modules["__main__"], sys.argv = module, [_NAME]
    try:
        _run(code, vars(module))
    except SystemExit:
        raise
    except BaseException as error:
        sys.stderr.write("".join(_shortened(error).format()))
        sys.exit(1)


def _run(code: str, names: dict[str, object]) -> None:
    tree = ast.parse(code, _NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, _NAME, "exec", dont_inherit=True), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), _NAME, "eval", dont_inherit=True), names)
        sys.displayhook(value)


def _shortened(error: BaseException) -> traceback.TracebackException:
    """The traceback with the code's own lines alone."""
    whole = traceback.TracebackException.from_exception(error)
    left: list[traceback.TracebackException | None] = [whole]
    while left:
        each = left.pop()
        if each is not None:
            own = [frame for frame in each.stack if frame.filename == _NAME]
            each.stack = traceback.StackSummary.from_list(own)
            left += [each.__cause__, each.__context__, *(each.exceptions or ())]
    return whole


if __name__ == "__main__":
    main()
