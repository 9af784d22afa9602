"""Small Python packages, and an index of them, made in memory: what pip is given to install without a network.

Sources: https://packaging.python.org/en/latest/specifications/binary-distribution-format/,
https://packaging.python.org/en/latest/specifications/source-distribution-format/ and
https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_VERSION = "1.0"
_ANSWER = "def answer():\n    return 42\n\n\ndef main():\n    print(answer())\n"
#: Both ways of declaring an extension module, as Python 2 and 3 want them.
_NATIVE = """\
#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *ignored) { return PyLong_FromLong(6L * 7L); }

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, "The answer."}, {NULL, NULL, 0, NULL}};

#if PY_MAJOR_VERSION >= 3
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "proof_native", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_proof_native(void) { return PyModule_Create(&module); }
#else
PyMODINIT_FUNC initproof_native(void) { Py_InitModule("proof_native", methods); }
#endif
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A file that pip installs from; `module` is what can be imported then, with a function `answer` that returns 42."""

    name: str
    file: str
    content: bytes

    @property
    def module(self) -> str:
        """The name to import."""
        return self.name.replace("-", "_")


def pure(name: str, *, wheel: bool) -> Distribution:
    """A package in pure Python with a command of its own name, as a wheel or an sdist."""
    module = name.replace("-", "_")
    if wheel:
        return Distribution(name=name, file=f"{module}-{_VERSION}-py2.py3-none-any.whl", content=_wheel(name, module))
    setup = (
        f"from setuptools import setup\nsetup(name={name!r}, version={_VERSION!r}, py_modules=[{module!r}],"
        f" entry_points={{'console_scripts': ['{name}={module}:main']}})\n"
    )
    return _sdist(name, {"setup.py": setup, f"{module}.py": _ANSWER})


def native(name: str) -> Distribution:
    """An sdist with an extension module in C."""
    module = name.replace("-", "_")
    setup = (
        "from setuptools import Extension, setup\n"
        f"setup(name={name!r}, version={_VERSION!r}, ext_modules=[Extension({module!r}, ['{module}.c'])])\n"
    )
    return _sdist(name, {"setup.py": setup, f"{module}.c": _NATIVE})


def index(distributions: Iterable[Distribution]) -> Mapping[str, bytes]:
    """Lay distributions out as an index that a `file:` address can point at: path to content."""
    files = {}
    for one in distributions:
        digest = hashlib.sha256(one.content).hexdigest()
        page = f'<!DOCTYPE html><html><body><a href="{one.file}#sha256={digest}">{one.file}</a></body></html>\n'
        files[f"simple/{one.name}/index.html"] = page.encode()
        files[f"simple/{one.name}/{one.file}"] = one.content
    return files


def _wheel(name: str, module: str) -> bytes:
    info = f"{module}-{_VERSION}.dist-info"
    files = {
        f"{module}.py": _ANSWER,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {_VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: proof\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {module}:main\n",
    }
    record = "".join(f"{path},{_recorded(text)},{len(text)}\n" for path, text in files.items())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return out.getvalue()


def _recorded(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def _sdist(name: str, files: Mapping[str, str]) -> Distribution:
    metadata = f"Metadata-Version: 1.0\nName: {name}\nVersion: {_VERSION}\n"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in {**files, "PKG-INFO": metadata}.items():
            member = tarfile.TarInfo(f"{name}-{_VERSION}/{path}")
            member.size, member.mode = len(text.encode()), 0o644
            archive.addfile(member, io.BytesIO(text.encode()))
    return Distribution(name=name, file=f"{name}-{_VERSION}.tar.gz", content=out.getvalue())
