"""The Python API: what the commands do, without the terminal.

Heavy libraries are imported when they are needed, and errors are `DlcliError`s that hold every problem with its place.
"""

from dlcli.api.configs import CheckReport, check, expanded, init
from dlcli.api.evaluations import evaluate
from dlcli.api.predictions import predict, predict_file
from dlcli.api.runs import export, report
from dlcli.api.sweeps import sweep
from dlcli.api.training import reproduce, train

__all__ = [
    "CheckReport",
    "check",
    "evaluate",
    "expanded",
    "export",
    "init",
    "predict",
    "predict_file",
    "report",
    "reproduce",
    "sweep",
    "train",
]
