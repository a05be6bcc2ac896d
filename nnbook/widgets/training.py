"""A worker that trains in a thread of its own: it can be stopped, and tells how far it is."""

from __future__ import annotations

import asyncio
import threading
from time import monotonic, sleep

PAUSE = 0.1  # seconds between two pictures, at least


class Worker:
    """Does one job at a time beside the kernel, which stays free to hear the next click.

    A job is a function ``job(run)``. It asks ``run.stopped`` after each batch, and calls
    ``run.tell(picture)`` as often as it likes: ``picture`` is a function without arguments, and is called
    only when its result will be shown, which is at most ten times a second.

    Args:
        show: called with what ``picture`` returned, in the thread in which the worker was made.
        fail: called with the exception of a job that raised one, in the same thread.
        end: called when a job has ended, however it did, in the same thread.
    """

    def __init__(self, show, fail, end):
        self.show, self.fail, self.end, self.run = show, fail, end, None
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:  # outside Jupyter nobody waits for the thread
            self.loop = None

    def start(self, job) -> Run:
        """Stop the job that runs, wait for its end, and do this one; return at once."""
        self.stop()
        self.run = Run(self, job, self.run)
        self.run.thread.start()
        return self.run

    def stop(self):
        """Ask the job that runs to end after its batch."""
        if self.run:
            self.run.stopping.set()

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self.run is not None and self.run.thread.is_alive()

    def hear(self, run: Run, function, *arguments):
        """Call a function in the worker's own thread, as widgets want it, unless the run is out of date."""

        def heard():
            if run is self.run:
                function(*arguments)

        if self.loop is None:
            heard()
        elif not self.loop.is_closed():
            self.loop.call_soon_threadsafe(heard)


class Run:
    """One job: what it asks, and whom it tells."""

    def __init__(self, worker: Worker, job, before: Run | None):
        self.worker, self.job, self.before = worker, job, before
        self.stopping, self.told = threading.Event(), -PAUSE
        self.thread = threading.Thread(target=self.work, daemon=True)

    @property
    def stopped(self) -> bool:
        """Whether somebody asked the job to end; to ask lets the kernel's own thread go on for a moment."""
        sleep(0)
        return self.stopping.is_set()

    def tell(self, picture, *, last: bool = False):
        """Show a picture of how far the job is, unless one was shown a moment ago."""
        if last or monotonic() - self.told >= PAUSE:
            self.worker.hear(self, self.worker.show, picture())
            self.told = monotonic()

    def work(self):
        before, self.before = self.before, None
        if before:
            before.thread.join()
        try:
            if not self.stopped:
                self.job(self)
        except Exception as error:
            self.worker.hear(self, self.worker.fail, error)
        finally:
            self.worker.hear(self, self.worker.end)
