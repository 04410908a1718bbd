"""``dengta demo`` as a test runs it: in a data folder of its own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from dengta_cache import CACHE

from base.runtime import free_port


class Demo:
    """``dengta demo`` in a data folder of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.rtsp_port = free_port()
        self.environment = {
            **os.environ,
            "DENGTA_DATA_DIR": str(data_dir),
            "DENGTA_MODELS_FOLDER": str(CACHE / "models"),
            "DENGTA_API_PORT": str(free_port()),
            "DENGTA_LEASE_S": "5",
            "DENGTA_LOOK_DEADLINE_S": "4",
        }
        self.running: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "dengta", *words]

    def words(self, *more: str) -> list[str]:
        return self.command(
            *("demo", "--cameras", "3000", "--streams", "14", "--rtsp-port", str(self.rtsp_port)), *more
        )

    def run(self, *more: str, timeout_s: float = 150) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(*more),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self) -> None:
        with (self.data_dir.parent / "demo.log").open("wb") as log:
            self.running = subprocess.Popen(self.words(), env=self.environment, stdout=log, stderr=log)

    def pids(self) -> dict[str, int]:
        try:
            stored: dict[str, Any] = json.loads((self.data_dir / "processes.json").read_text())
        except (OSError, ValueError):
            return {}
        return {name: pid for name, (pid, *_) in stored.items()}

    def stop(self) -> None:
        if self.running and self.running.poll() is None:
            self.running.send_signal(signal.SIGINT)
            self.running.wait(timeout=60)
