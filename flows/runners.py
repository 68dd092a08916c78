"""Where the tasks of a flow run: in this process, on a Dask or on a Ray cluster, as the settings say."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from qa_pipeline.telemetry import disable_telemetry

disable_telemetry()

from qa_pipeline.errors import EnvironmentNotReady  # noqa: E402  # telemetry is read when Prefect is imported
from qa_pipeline.settings import Settings  # noqa: E402


def task_runner(settings: Settings) -> Any:
    """Prefect's runner of tasks that the settings name. Raises EnvironmentNotReady where its package is not installed."""
    from prefect.task_runners import ThreadPoolTaskRunner

    if settings.runner == "here":
        return ThreadPoolTaskRunner(max_workers=1)
    try:
        if settings.runner == "dask":
            import dask
            from prefect_dask import DaskTaskRunner  # type: ignore[attr-defined]  # not marked as exported

            # Dask's workers must be allowed worker processes of their own: they are what a crashing call takes down.
            dask.config.set({"distributed.worker.daemon": False})
            if settings.runner_address:
                return DaskTaskRunner(address=settings.runner_address)
            return DaskTaskRunner(cluster_kwargs={"n_workers": settings.runner_workers, "threads_per_worker": 1, "dashboard_address": None})
        from prefect_ray import RayTaskRunner  # type: ignore[import-untyped]  # ships no types

        if settings.runner_address:
            return RayTaskRunner(address=settings.runner_address)
        return RayTaskRunner(init_kwargs={"num_cpus": settings.runner_workers, "include_dashboard": False})
    except ImportError as error:
        raise EnvironmentNotReady(
            f"The runner {settings.runner} needs a package that is not installed: {error.name}.",
            advice=f"Install it: pip install 'qa-pipeline[{settings.runner}]'.",
        ) from error


def batches_at_once(settings: Settings) -> int:
    """Batches under way: two for each place they can run in, so that none waits for this process."""
    return 1 if settings.runner == "here" else 2 * settings.runner_workers


def asks_resources(settings: Settings) -> bool:
    """Whether tasks name what their worker must have: on a running Dask cluster, whose workers say so."""
    return settings.runner == "dask" and settings.runner_address is not None


def on(resource: str, *, is_asked: bool) -> Any:
    """Where Dask runs a task; without meaning where nobody asks."""
    if not is_asked:
        return nullcontext()
    import dask

    return dask.annotate(resources={resource: 1})  # type: ignore[attr-defined]  # not marked as exported
