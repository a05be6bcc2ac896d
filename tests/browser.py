"""Finds a Chrome, Chromium or Edge for the tests; as a script it prints where one is, or fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

HOW_TO_GET_ONE = (
    "no browser: install Chrome, Chromium or Edge (Debian, Ubuntu: apt-get install chromium), "
    "or run .venv/bin/python -m playwright install chromium"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
MAC = tuple(
    f"/Applications/{name}.app/Contents/MacOS/{name}"
    for name in ("Google Chrome", "Chromium", "Microsoft Edge")
)
WINDOWS = tuple(
    os.path.join(os.environ.get(folder, ""), *parts)
    for folder in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
    for parts in (
        ("Google", "Chrome", "Application", "chrome.exe"),
        ("Microsoft", "Edge", "Application", "msedge.exe"),
    )
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def installed() -> str | None:
    """Return the path of an installed browser, or None."""
    places = MAC if sys.platform == "darwin" else WINDOWS if sys.platform == "win32" else ()
    return next(filter(None, map(shutil.which, NAMES + places)), None)


def downloaded() -> str | None:
    """Return the path of Playwright's own Chromium, downloaded now if need be, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if not os.path.exists(path):
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        try:
            subprocess.run(command, capture_output=True, timeout=300)
        except subprocess.TimeoutExpired:
            return None
    return path if os.path.exists(path) else None


if __name__ == "__main__":
    print(installed() or sys.exit(HOW_TO_GET_ONE))
