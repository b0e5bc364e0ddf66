"""The rules that the project set itself, kept by tests rather than by memory."""

import ast
import builtins
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "lib" / "effschool"
MODULES = sorted(LIBRARY.rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

LONGEST = 30
MAY_BE_LONGER: dict[str, str] = {}
"""Functions that may, with the reason."""


def name_module(path: Path) -> str:
    return path.relative_to(LIBRARY).with_suffix("").as_posix().replace("/__init__", "").replace("/", ".")


def list_functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name_module(path)}.{node.name}", node


def count_lines(node: ast.FunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_everything_public_is_described(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [node for node in ast.walk(tree) if isinstance(node, kinds) and not node.name.startswith("_")]
    assert ast.get_docstring(tree)
    assert not [node.name for node in public if not (ast.get_docstring(node) or "").strip()]


def test_functions_are_short():
    lengths = {name: count_lines(node) for path in MODULES for name, node in list_functions(path)}
    assert max(lengths.values()) > 10
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST}
    assert set(long) <= set(MAY_BE_LONGER), long
    assert all(name in lengths for name in MAY_BE_LONGER)


def test_no_address_of_a_host_in_the_code():
    texts = {path.name: path.read_text(encoding="utf-8") for path in (*MODULES, *NOTEBOOKS)}
    texts |= {path.name: path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.j2")}
    texts |= {path.name: path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.css")}
    assert len(texts) > 40
    assert not [name for name, text in texts.items() if re.search(r"https?:|[\"'(]//\w", text)]


def test_no_catch_all_module_and_no_hidden_warning():
    assert not [path for path in MODULES if path.stem in {"utils", "helpers", "common", "misc", "tools"}]
    assert not [path for path in (*MODULES, *NOTEBOOKS) if "filterwarnings" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("effschool.method.methodology", ("pandas", "pandera", "scipy")),
        ("effschool.method.identify", ("pandera", "scipy", "matplotlib", "openpyxl")),
        ("effschool.dynamics.paths", ("pandera", "scipy", "statsmodels")),
    ],
)
def test_imports_do_not_bring_what_they_do_not_need(module, heavy):
    said = f"import sys, {module}; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def load_kept(path: Path) -> dict:
    """The notebook as git has it: a person's copy keeps its results. Where there is no git, as it is."""
    name = path.relative_to(ROOT).as_posix()
    kept = subprocess.run(["git", "show", f":{name}"], cwd=ROOT, capture_output=True, check=False)
    return json.loads(kept.stdout) if kept.returncode == 0 else load(path)


def list_code(path: Path) -> list[dict]:
    return [cell for cell in load(path)["cells"] if cell["cell_type"] == "code"]


def parse_cell(cell: dict) -> ast.Module:
    return ast.parse("".join(cell["source"]))


def test_notebooks_are_there():
    assert [path.stem[:2] for path in NOTEBOOKS] == ["00", "01", "02", "03", "03", "04", "05", "06", "07", "08"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_results(path):
    cells = load_kept(path)["cells"]
    for cell in cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert set(load_kept(path)["metadata"]) <= {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_ids_of_cells_rise_in_the_order_of_the_page(path):
    ids = [cell["id"] for cell in load(path)["cells"]]
    assert ids == sorted(ids)


@pytest.mark.parametrize("path", NOTEBOOKS[:-1], ids=lambda path: path.stem)
def test_shipped_cells_cannot_be_lost_by_a_key(path):
    for cell in load(path)["cells"]:
        assert cell["metadata"]["deletable"] is False
        assert cell["metadata"].get("editable", True) == ("parameters" in cell["metadata"].get("tags", []))


@pytest.mark.parametrize("path", NOTEBOOKS[:-1], ids=lambda path: path.stem)
def test_notebook_opens_with_its_code_folded(path):
    """All but the last, in which a person writes code."""
    parameters, *others = list_code(path)
    assert "jupyter" not in parameters["metadata"]
    assert [cell["id"] for cell in others if cell["metadata"].get("jupyter") != {"source_hidden": True}] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_first_code_cell_is_the_parameters(path):
    first, *others = list_code(path)
    assert first["metadata"]["tags"] == ["parameters"]
    assert not [cell for cell in others if "parameters" in cell["metadata"].get("tags", [])]
    for statement in parse_cell(first).body:
        assert isinstance(statement, ast.Assign)
        ast.literal_eval(statement.value)
    lines = [line for line in "".join(first["source"]).splitlines() if "=" in line]
    assert all("#" in line for line in lines)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_tells_a_story_and_computes_nothing(path):
    banned = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.Lambda,
        ast.ClassDef,
        ast.For,
        ast.While,
        ast.If,
        ast.Try,
        ast.comprehension,
    )
    for cell in list_code(path):
        assert not [type(node).__name__ for node in ast.walk(parse_cell(cell)) if isinstance(node, banned)]
        assert not re.search(r"^\s*[%!]", "".join(cell["source"]), re.MULTILINE)
    assert load(path)["cells"][0]["cell_type"] == "markdown"


CALLED = ROOT / "lib" / "effschool" / "run" / "notebook.py"
"""What the star of a notebook's import cell stands for."""


def list_imported(tree: ast.Module) -> set[str]:
    """Names that a cell or module imports; of a star those that the module of notebooks names."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.asname or alias.name for node in nodes for alias in node.names}
    return (names - {"*"}) | list_imported(ast.parse(CALLED.read_text(encoding="utf-8"))) if "*" in names else names


def list_used(path: Path) -> tuple[set[str], set[str], set[str]]:
    """Names that a notebook imports, that it reads, and that it gives a value to."""
    trees = [parse_cell(cell) for cell in list_code(path)]
    names = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
    read, given = ({node.id for node in names if isinstance(node.ctx, kind)} for kind in (ast.Load, ast.Store))
    return {name for tree in trees for name in list_imported(tree)}, read, given


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_name_of_a_notebook_is_known(path):
    imported, read, given = list_used(path)
    assert read - imported - given - set(dir(builtins)) == set()
    assert {"Path", "display"} & imported <= read
    assert given & imported == set()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_import_cell_is_three_lines(path):
    cells = ["".join(cell["source"]) for cell in list_code(path)]
    imports = [line for cell in cells for line in cell.splitlines() if re.match(r"(from|import) ", line)]
    assert len(imports) <= 3
    assert [cell for cell in cells if "import " in cell] == [cells[1]]


def test_everything_that_is_named_for_notebooks_is_used_by_one():
    used = {name for path in NOTEBOOKS for name in list_used(path)[1]}
    assert list_imported(ast.parse(CALLED.read_text(encoding="utf-8"))) <= used


def list_names(node: ast.AST, lists: dict[str, ast.AST]) -> set[str]:
    """Names in a list, those of lists within it included."""
    inner = node.value if isinstance(node, ast.Starred) else node
    value = lists.get(getattr(inner, "id", ""), inner)
    if isinstance(value, ast.List):
        return {name for item in value.elts for name in list_names(item, lists)}
    return {inner.id} if isinstance(inner, ast.Name) else set()


@pytest.mark.parametrize("name", ["04_portfolio", "05_region"])
def test_everything_shown_on_a_page_stands_in_its_workbook(name):
    cells = [parse_cell(cell) for cell in list_code(ROOT / "notebooks" / f"{name}.ipynb")]
    nodes = [node for cell in cells for node in ast.walk(cell)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    lists = {node.targets[0].id: node.value for node in nodes if isinstance(node, ast.Assign)}
    for writer in ("write_workbook", "write_facts"):
        given = [call.args[0] for call in calls if call.func.id == writer]
        written = {name for part in given for name in list_names(part, lists)}
        outer = [node for call in calls if call.func.id == "display" for node in ast.walk(call)]
        ways = {"display", "keep_told", "fold_table"}
        shows = [node for node in outer if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ways]
        shown = {item.id for call in shows for item in call.args if isinstance(item, ast.Name)}
        assert shown <= written or (name, writer) == ("05_region", "write_facts")
        assert shown
