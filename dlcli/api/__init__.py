"""The Python API: what the commands do, without the terminal.

Heavy libraries are imported when they are needed, and errors are `DlcliError`s that hold every problem with its place.
"""

from dlcli.api.configs import CheckReport, check, expanded, init
from dlcli.api.evaluations import evaluate
from dlcli.api.predictions import predict, predict_file
from dlcli.api.runs import export, report
from dlcli.api.several import cross_validate
from dlcli.api.survey import clean_runs, compare_runs, diff_runs, list_runs, show_run
from dlcli.api.sweeps import sweep
from dlcli.api.training import reproduce, train

__all__ = [
    "CheckReport",
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
