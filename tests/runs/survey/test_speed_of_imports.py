"""A list of runs loads nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys

from tests.runs.survey.conftest import MakeRun


def test_a_list_loads_no_schema_and_no_tables(make_run: MakeRun) -> None:
    make_run("runs/a")
    code = (
        "import sys\nfrom dlcli.cli.main import main\nsys.argv = ['dlcli', 'runs', 'list', '--sort', 'val_loss']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'tensorflow', 'keras', 'dlcli.config.schema', 'dlcli.api'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "runs/a" in done.stdout
    assert done.stderr.strip() == ""
