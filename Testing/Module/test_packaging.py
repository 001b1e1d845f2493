"""What the extension index and the build look at."""

import ast
import re
import sys

from Testing.Module.support import MODULE_FOLDER

#: Beside Python's own, Slicer brings these.
BUNDLED = {"slicer", "qt", "vtk", "ctk", "numpy", "scipy", "SimpleITK", "NSN2NDenoiseLib"}


def listed(variable: str) -> set[str]:
    text = (MODULE_FOLDER / "CMakeLists.txt").read_text()
    body = re.search(rf"set\({variable}(.*?)\)", text.replace("${MODULE_NAME}", "NSN2NDenoise"), re.DOTALL)
    return set(body.group(1).split())


def tree(folder: str, pattern: str) -> set[str]:
    files = (MODULE_FOLDER / folder).rglob(pattern)
    return {
        path.relative_to(MODULE_FOLDER).as_posix()
        for path in files
        if path.is_file() and "Screenshots" not in path.parts and "__pycache__" not in path.parts
    }


def test_every_file_is_installed():
    scripts = tree("NSN2NDenoiseLib", "*.py") | {"NSN2NDenoise.py", "Testing/Python/NSN2NDenoiseModuleTest.py"}
    assert listed("MODULE_PYTHON_SCRIPTS") == scripts
    assert listed("MODULE_PYTHON_RESOURCES") == tree("Resources", "*")


def test_nothing_foreign_is_imported_at_file_scope():
    folders = ("logic", "widget")
    files = [MODULE_FOLDER / "NSN2NDenoise.py", *(MODULE_FOLDER / "NSN2NDenoiseLib").glob("*.py")]
    files += [path for folder in folders for path in (MODULE_FOLDER / "NSN2NDenoiseLib" / folder).glob("*.py")]
    assert len(files) > 20
    foreign = {}
    for path in files:
        for statement in ast.parse(path.read_text()).body:
            names = []
            if isinstance(statement, ast.Import):
                names = [alias.name for alias in statement.names]
            elif isinstance(statement, ast.ImportFrom) and statement.level == 0:
                names = [statement.module]
            unknown = {name.split(".")[0] for name in names} - BUNDLED - set(sys.stdlib_module_names)
            if unknown:
                foreign[path.name] = unknown
    assert foreign == {}


def test_layers_know_only_those_below():
    library = MODULE_FOLDER / "NSN2NDenoiseLib"
    for path in library.glob("logic/*.py"):
        assert not re.search(r"NSN2NDenoiseLib\.widget|\bctk\b", path.read_text()), path
    for path in (*library.glob("*.py"), *library.glob("engine/*.py")):
        assert not re.search(r"^\s*(?:import|from) (?:slicer|qt|vtk|ctk)\b", path.read_text(), re.MULTILINE), path


def test_files_stay_small():
    assert len((MODULE_FOLDER / "NSN2NDenoise.py").read_text(encoding="utf-8").splitlines()) <= 150
    for path in (MODULE_FOLDER / "NSN2NDenoiseLib").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
