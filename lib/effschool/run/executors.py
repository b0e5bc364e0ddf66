"""Who makes the reports (исполнители): one interface, `concurrent.futures.Executor`, on one machine or on many.

On one machine a thread hands each report to a process forked from the warm parent (`apart`), so that a killed process
costs one report and not the pool. On a Dask cluster the worker's thread does the same on its own machine.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from effschool.base.problems import say_system

LOCAL_CLUSTER = "local"


class SchedulerError(RuntimeError):
    """The cluster could not be reached or started."""


def count_jobs(jobs: int | None) -> int:
    """Reports made at once on this machine."""
    return jobs or os.cpu_count() or 1


@contextmanager
def open_executor(scheduler: str, jobs: int | None) -> Iterator[Executor]:
    """The executor that SCHEDULER asks for; waiting work is dropped when the block is left by an error.

    Raises:
        SchedulerError: no scheduler answers at the address.
    """
    if scheduler:
        with _open_cluster(scheduler, jobs) as executor:
            yield executor
        return
    executor = ThreadPoolExecutor(count_jobs(jobs), thread_name_prefix="effschool")
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _open_cluster(scheduler: str, jobs: int | None) -> Iterator[Executor]:
    import dask  # noqa: PLC0415 -- takes a second, and most runs need none
    from distributed import Client, LocalCluster  # noqa: PLC0415

    # A worker starts processes of its own, which a daemon may not.
    with dask.config.set({"distributed.worker.daemon": False}):
        try:
            cluster = LocalCluster(**_describe_cluster(jobs)) if scheduler == LOCAL_CLUSTER else None
            client = Client(cluster or scheduler, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise SchedulerError(
                f"SCHEDULER={scheduler}: планировщик Dask не отвечает ({say_system(str(error))}). "
                "Проверьте адрес и то, что он запущен: examples/cluster/README.md."
            ) from None
        try:
            yield client.get_executor(pure=False)
        finally:
            client.close()
            if cluster is not None:
                cluster.close()


CONNECT_SECONDS = 10


def _describe_cluster(jobs: int | None) -> dict[str, object]:
    return {"n_workers": count_jobs(jobs), "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
