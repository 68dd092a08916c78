"""The flow and its deployment take what describes calls and files as the command does. Read, not imported: Prefect configures itself at import."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from qa_pipeline.cli.operators import run_command
from qa_pipeline.cli.options import describing_options
from qa_pipeline.errors import InputRefused
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.defaults import written_defaults

FLOWS = Path(PACKAGE_ROOT) / "flows"
SOURCE = ast.parse((FLOWS / "nightly.py").read_text("utf-8"))


def describing() -> dict[str, str]:
    """Names of the options that describe calls and files, with how they are written."""

    @describing_options
    def command() -> None:
        """Take nothing."""

    names = {option.name for option in command.__click_params__}  # type: ignore[attr-defined]
    return {option.name or "": option.opts[0] for option in run_command.params if option.name in names}


def test_the_flow_takes_all_that_describes_calls() -> None:
    (flow,) = [node for node in SOURCE.body if isinstance(node, ast.FunctionDef) and node.name == "nightly"]
    written = {node.value for node in ast.walk(SOURCE) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert len(describing()) == 12
    assert set(describing()) <= {argument.arg for argument in flow.args.args}
    assert set(describing().values()) <= written
    (deployment,) = YAML(typ="safe").load((FLOWS / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert set(deployment["parameters"]) <= {argument.arg for argument in flow.args.args}


@pytest.mark.parametrize("wrong", [{"direction": "in"}, {"agent_channel": 2}, {"language": "klingon"}])
def test_parameters_that_no_command_line_checked_are_refused_with_what_there_is(wrong: dict[str, object]) -> None:
    with pytest.raises(InputRefused) as refused:
        written_defaults(rubric=None, timezone="UTC", **wrong)  # type: ignore[arg-type]
    (fault,) = refused.value.faults
    assert "there are: " in fault.advice
    assert fault.path in wrong


def test_what_is_written_is_read() -> None:
    defaults = written_defaults(
        rubric=None, timezone="UTC", raw=".ulaw=mulaw", mapping="vicidial", roles="Anna=agent", encoding="UTF8", join=True
    )
    assert list(defaults.raw) == [".ulaw"]
    assert defaults.mapping is not None
    assert defaults.mapping.name == "vicidial"
    assert list(defaults.roles) == ["anna"]
    assert defaults.encoding == "utf-8-sig"
    assert defaults.join
