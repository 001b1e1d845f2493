"""What the extension index and the build look at."""

import ast
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from Testing.Module.support import MODULE_FOLDER, REPOSITORY

#: Beside Python's own, Slicer brings these.
BUNDLED = {"slicer", "qt", "vtk", "ctk", "numpy", "scipy", "SimpleITK", "SampleData", "NSN2NDenoiseLib"}
ADDRESS = "https://raw.githubusercontent.com/NSN2N/SlicerNSN2N/main/"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


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


def statements(path: Path) -> list[ast.stmt]:
    """What runs when a file is imported: its statements, and those inside of its try, if and with blocks."""
    found = list(ast.parse(path.read_text(encoding="utf-8")).body)
    for statement in found:  # it grows meanwhile
        for_checkers = isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
        if isinstance(statement, (ast.Try, ast.If, ast.With, ast.For)) and not for_checkers:
            found += [inner for inner in ast.iter_child_nodes(statement) if isinstance(inner, ast.stmt)]
    return found


def imported(path: Path) -> set[str]:
    """Dotted names of all modules that are imported when a file is."""
    package = path.relative_to(MODULE_FOLDER).parent.parts
    names = set()
    for statement in statements(path):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            above = package[: len(package) - statement.level + 1] if statement.level else ()
            start = ".".join((*above, *filter(None, [statement.module])))
            names |= {start} | {f"{start}.{alias.name}" for alias in statement.names}
    return names


def files_of(name: str) -> set[Path]:
    """The files that run when one of our modules is imported: its own and those of the packages around it."""
    parts = name.split(".")
    ours = set()
    for length in range(1, len(parts) + 1):
        path = MODULE_FOLDER.joinpath(*parts[:length])
        ours |= {file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()}
    return ours


def loaded_by_slicer() -> set[Path]:
    """All files that run when Slicer starts, or opens the panel."""
    found = [MODULE_FOLDER / "NSN2NDenoise.py", *(MODULE_FOLDER / "NSN2NDenoiseLib").glob("[lw]*/*.py")]
    for path in found:  # it grows meanwhile
        for name in imported(path):
            found += sorted(files_of(name) - set(found))
    return set(found)


def test_nothing_foreign_is_imported_at_file_scope():
    files = loaded_by_slicer()
    assert {path.parent.name for path in files} >= {"logic", "widget", "engine", "match", "child"}
    foreign = {}
    for path in files:
        unknown = {name.split(".")[0] for name in imported(path)} - BUNDLED - set(sys.stdlib_module_names)
        if unknown:
            foreign[path.name] = unknown
    assert foreign == {}


def test_nothing_runs_at_file_scope():
    """But for what "Reload" needs, a file only names things when it is imported."""
    quiet = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.Try)
    loud = []
    for path in (MODULE_FOLDER / "NSN2NDenoise.py", *(MODULE_FOLDER / "NSN2NDenoiseLib").rglob("*.py")):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            text = ast.unparse(statement)
            is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if not isinstance(statement, quiet) and not is_docstring and not re.search("__main__|TYPE_CHECKING", text):
                loud.append((path.name, text))
    assert [name for name, _ in loud] == ["NSN2NDenoise.py"] and "sys.modules" in loud[0][1]


def test_torch_comes_from_its_own_extension():
    for path in MODULE_FOLDER.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "pip_install" not in text and not re.search(r"pip_ensure\(.*torch", text), path
    assert extension("DEPENDS") == "PyTorch"


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


def extension(field: str) -> str:
    """A field of the extension's description, as the index reads it: on a line of its own."""
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    (value,) = re.findall(rf'^set\(EXTENSION_{field} "([^"]+)"\)$', text, re.MULTILINE)
    return value


def size_of_picture(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n"), path
    return struct.unpack(">II", data[16:24])


def test_the_extension_describes_itself():
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.search(r"^project\((\w+)\)$", text, re.MULTILINE)[1] == "NSN2N"
    assert extension("HOMEPAGE").rsplit("/", 1)[1].startswith("Slicer")
    assert extension("CATEGORY") == "Filtering" and extension("CONTRIBUTORS")
    module = (MODULE_FOLDER / "NSN2NDenoise.py").read_text(encoding="utf-8")
    assert '"Filtering.Denoising"' in module and extension("HOMEPAGE") in module
    assert "Permission is hereby granted, free of charge" in (REPOSITORY / "LICENSE").read_text(encoding="utf-8")


def test_icon_and_screenshots_are_pictures_of_this_repository():
    icon = REPOSITORY / extension("ICONURL").removeprefix(ADDRESS)
    assert size_of_picture(icon) == (128, 128) and icon.stat().st_size < 20_000
    pictures = [REPOSITORY / address.removeprefix(ADDRESS) for address in extension("SCREENSHOTURLS").split()]
    assert pictures and all(min(size_of_picture(picture)) > 400 for picture in pictures)


def test_known_patents_are_named_with_the_way_around():
    methods = ("Dabov", "Maggioni", "Manjon")
    for text in (extension("DESCRIPTION"), README):
        assert all(name in text for name in methods)
        (sentence,) = re.findall(r"[^.]*\bpatents?\b[^.]*\.", text, re.IGNORECASE)
        assert "may exist in some countries" in " ".join(sentence.split())
    assert "--without first --without refine" in README and "code is our own" in README


def test_a_clone_is_small():
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no clone")
    lines = subprocess.run(["git", "count-objects", "-v"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    kilobytes = dict(line.split(": ") for line in lines.stdout.splitlines())
    assert int(kilobytes["size"]) + int(kilobytes["size-pack"]) < 80_000  # the index takes 100 MB, files included


def test_the_readme_has_what_a_reviewer_looks_for():
    summary = README.split("\n\n")[1]
    assert summary.startswith("**") and summary.count(". ") == 0
    for heading in ("### Tutorial", "### Troubleshooting", "## License and citation"):
        assert f"\n{heading}\n" in README
    tutorial = README.split("### Tutorial", 1)[1].split("\n### ", 1)[0]
    (sample,) = (MODULE_FOLDER / "Resources" / "SampleData").glob("*.nrrd")
    assert sample.stem in tutorial and "Sample Data" in tutorial and "ATTRIBUTION.md" in README
    assert "NSN2N Denoise removes noise" in README and "NSN2N Denoise\n(CLI)" in README
    assert "arXiv:2411.10831" in README and "not a medical device" in README
