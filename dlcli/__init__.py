"""Train Keras models from a YAML file.

import dlcli

run = dlcli.train("configs/iris.yaml")
evaluation = dlcli.evaluate(run)
frame["species"] = dlcli.predict(run, frame)["prediction"]
"""

from __future__ import annotations

import os
import sys

_module = sys.orig_argv[-len(sys.argv)].removeprefix("-m") if sys.argv[:1] == ["-m"] else ""
if _module.partition(".")[0] == "dlcli" and not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):
    # `python -m dlcli` looks for modules in the working directory first, which may be a stranger's: a `yaml.py` there
    # would run. These lines come before all other imports; the modules of this package are found without the path.
    del sys.path[0]

from typing import TYPE_CHECKING, Any

from dlcli.errors import ConfigError, DataError, DlcliError, ModelError, Problem, RunError

if TYPE_CHECKING:
    from dlcli.api import (
        check,
        clean_runs,
        compare_runs,
        cross_validate,
        diff_runs,
        evaluate,
        expanded,
        export,
        init,
        list_runs,
        predict,
        predict_file,
        report,
        reproduce,
        show_run,
        sweep,
        train,
    )
    from dlcli.data.sources.options import Reading
    from dlcli.runs.run import Run

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "DataError",
    "DlcliError",
    "ModelError",
    "Problem",
    "Reading",
    "Run",
    "RunError",
    "check",
    "clean_runs",
    "compare_runs",
    "cross_validate",
    "diff_runs",
    "evaluate",
    "expanded",
    "export",
    "init",
    "list_runs",
    "predict",
    "predict_file",
    "report",
    "reproduce",
    "show_run",
    "sweep",
    "train",
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    # The API is loaded when it is first used, so that `dlcli --help` stays quick.
    if name == "Run":
        from dlcli.runs.run import Run

        return Run
    if name == "Reading":
        from dlcli.data.sources.options import Reading

        return Reading
    if name in __all__:
        from dlcli import api

        return getattr(api, name)
    raise AttributeError(f"module 'dlcli' has no attribute {name!r}")
