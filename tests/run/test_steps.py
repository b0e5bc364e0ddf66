import json
from dataclasses import replace

import nbformat
import pytest
from builders_step import write_notebook

from effschool.base.subprocesses import Limits
from effschool.report.page import PageCard
from effschool.run.executors import open_executor
from effschool.run.steps import (
    UnknownParameterError,
    check_parameters,
    prepare_work,
    produce,
    publish,
    read_parameters,
)
from effschool.run.work import Product

CARD = PageCard("Район", "2022 год", demonstration=False, workbook="n.xlsx")


def test_unknown_parameter_is_refused_with_the_known_ones(step):
    assert read_parameters(step.notebook) == ["folder", "number"]
    check_parameters(step.notebook, {"number": 3})
    with pytest.raises(UnknownParameterError, match=r"n\.ipynb.*numbr.*folder, number"):
        check_parameters(step.notebook, {"numbr": 3})


def test_every_notebook_tells_its_parameters(root):
    for notebook in (root / "notebooks").glob("*.ipynb"):
        assert "processed" in read_parameters(notebook)


@pytest.fixture
def executable(step, tmp_path):
    step.executed.unlink()
    return replace(step, parameters={"folder": tmp_path / "out", "number": 7})


def execute(step, *sources, card=None, limits=Limits()):  # noqa: B008
    write_notebook(step.notebook, *sources)
    product = produce(prepare_work(step, card), limits)
    publish(step, product)
    return product


def test_notebook_is_executed_and_shows_paths_relative_to_its_folder(executable, tmp_path):
    product = execute(executable, "from pathlib import Path", 'Path(folder, "o.txt").write_text(str(number))')
    assert product.seconds > 0
    assert (tmp_path / "out" / "o.txt").read_text(encoding="utf-8") == "7"
    text = executable.executed.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "../out" in text
    assert not list(tmp_path.rglob("*.failed.ipynb"))


def test_executed_notebook_has_no_times_and_no_random_ids(executable):
    execute(executable, "print(number)")
    first = executable.executed.read_bytes()
    notebook = json.loads(first)
    execute_again = produce(prepare_work(executable))
    assert execute_again.files[".ipynb"] == first
    assert not {"start_time", "end_time", "duration"} & set(notebook["metadata"]["papermill"])
    assert all(cell["metadata"]["papermill"]["status"] == "completed" for cell in notebook["cells"])


def test_failed_notebook_is_kept_under_another_name_with_the_cell_quoted(executable):
    product = execute(executable, "1 + 1", "x = 0\nraise ValueError('нет таблицы «а».')")
    assert product.failure == "нет таблицы «а». Ячейка 4: «raise ValueError('нет таблицы «а».')»."
    assert executable.failed.name == "n.failed.ipynb"
    cells = nbformat.read(executable.failed, as_version=4).cells
    assert "papermill-error-cell" in "".join(cell.source for cell in cells)
    assert not executable.executed.exists()
    assert not executable.outputs[0].exists()


def test_message_of_a_failure_names_no_folder_of_this_machine(executable, tmp_path):
    product = execute(executable, f"open({str(tmp_path / 'out' / 'x.csv')!r})")
    assert "x.csv" in product.failure
    assert str(tmp_path) not in product.failure


def test_unknown_parameter_stops_before_anything_is_executed(executable):
    with pytest.raises(UnknownParameterError):
        prepare_work(replace(executable, parameters={"unknown": 1}))


def test_page_and_workbook_come_back_as_bytes(step, tmp_path):
    (tmp_path / "notebooks").mkdir(exist_ok=True)
    book = replace(step, outputs=[tmp_path / "out" / "n.html", tmp_path / "out" / "n.xlsx"], parameters={})
    source = "workbook = folder"
    write_notebook(book.notebook, source, 'open(workbook, "wb").write(b"book")')
    text = book.notebook.read_text(encoding="utf-8").replace("folder = ", "workbook = ").replace(source, "1")
    book.notebook.write_text(text, encoding="utf-8")
    product = produce(prepare_work(replace(book, parameters={"workbook": tmp_path / "out" / "n.xlsx"}), CARD))
    assert not product.failure
    assert product.files[".xlsx"] == b"book"
    assert "Район" in product.files[".html"].decode()
    assert "../out/n.xlsx" in product.files[".ipynb"].decode()


def test_killed_process_is_tried_once_more_and_then_told(executable, tmp_path):
    product = execute(executable, 'import os\nopen(folder + "/tries", "a").write("x")\nos.kill(os.getpid(), 9)')
    assert "прерван" in product.failure
    assert not product.files
    assert (tmp_path / "out" / "tries").read_text(encoding="utf-8") == "xx"


def test_limits_of_time_and_memory_are_told(executable):
    slow = execute(executable, "import threading\nthreading.Event().wait()", limits=Limits(seconds=1))
    assert "предел времени 1 с" in slow.failure
    large = execute(executable, "x = bytes(400 * 2**20)", limits=Limits(memory=200))
    assert "MemoryError" in large.failure
    assert not execute(executable, "x = bytes(100 * 2**20)", limits=Limits(memory=200)).failure


MEET = """import time
from pathlib import Path
Path(folder, f"{number}.txt").touch()
end = time.monotonic() + 60
while len(list(Path(folder).glob("*.txt"))) < 16 and time.monotonic() < end:
    time.sleep(0.01)
print("встретились:", len(list(Path(folder).glob("*.txt"))), number)"""


def test_sixteen_notebooks_at_once_do_not_collide(executable, tmp_path):
    """A kernel takes five ports, and kernels that start together take one another's; here there are none."""
    write_notebook(executable.notebook, MEET)
    (tmp_path / "meeting").mkdir()
    parameters = [{"folder": tmp_path / "meeting", "number": number} for number in range(16)]
    works = [prepare_work(replace(executable, parameters=each)) for each in parameters]
    with open_executor("", 16) as executor:
        products = list(executor.map(produce, works))
    assert [product.failure for product in products] == [""] * 16
    for number, product in enumerate(products):
        assert f"встретились: 16 {number}" in product.files[".ipynb"].decode()


def test_full_disk_is_told_and_leaves_nothing(executable, tmp_path):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    imports = "from pathlib import Path\nfrom effschool.base.storage import write_bytes"
    product = execute(executable, limit, imports, 'write_bytes(bytes(5000), Path(folder, "o.txt"))')
    assert product.failure == "файл больше, чем здесь может быть"
    assert not list((tmp_path / "out").iterdir())


def test_product_that_failed_before_the_notebook_leaves_no_notebook(executable):
    publish(executable, Product(failure="предел времени"))
    assert not executable.failed.exists()
