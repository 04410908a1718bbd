"""The demo's live view in the terminal: looks a second, cameras by state, events, where to log in."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from pydantic import ValidationError
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from base.errors import UnavailableError
from dengta.wording import kind_words, place_words, state_words
from models.camera import CameraState
from models.messages import LOOKED, Looked

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from rich.console import RenderableType

    from dengta.demo import RunningDemo
    from models.event import Event

RATE_WINDOW_S = 10
EVENTS_SHOWN = 12
COUNT_S = 2.0
"""How often the cameras are counted."""

STATE_WORDS = {
    CameraState.ONLINE: ("●", "green", "在线 online"),
    CameraState.DEGRADED: ("▲", "yellow", "画质差 degraded"),
    CameraState.OFFLINE: ("✕", "red", "离线 offline"),
    CameraState.UNKNOWN: ("○", "bright_black", "未知 unknown"),
}

_COUNT = """
select coalesce(s.state, 0) as state, count(*) as n
  from camera c left join camera_state s on s.camera_id = c.id group by 1
"""


class Board:
    """Gathers what the demo shows, and draws it.

    Args:
        demo: What runs.
    """

    def __init__(self, demo: RunningDemo) -> None:
        self._demo = demo
        self._looked: deque[Looked] = deque(maxlen=RATE_WINDOW_S * demo.system.settings.workers)
        self._counts: dict[CameraState, int] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_SHOWN)
        self._received = 0

    async def listen(self, bus: Client) -> None:
        """Begin to hear what the workers do."""

        async def hear(message: Msg) -> None:
            try:
                self._looked.append(Looked.model_validate_json(message.data))
            except ValidationError:
                return

        await bus.subscribe(LOOKED, cb=hear)

    async def count(self) -> None:
        """Count the cameras by state, again and again."""
        while True:
            try:
                async with self._demo.database.raw() as connection:
                    rows = await connection.fetch(_COUNT)
            except UnavailableError:
                self._counts = {}
            else:
                self._counts = {CameraState(row["state"]): row["n"] for row in rows}
            await asyncio.sleep(COUNT_S)

    def show(self, event: Event) -> None:
        """Put an event that was received at the top of the list."""
        self._events.appendleft(event)
        self._received += 1

    def __rich__(self) -> RenderableType:
        return Group(
            self._header(), self._state_line(), self._look_line(), self._event_table(), self._footer()
        )

    def _header(self) -> RenderableType:
        login = self._demo.login
        text = Text.assemble(
            ("灯塔 Dengta  ", "bold yellow"),
            ("控制台 console ", "dim"),
            (self._demo.system.console_url, "underline"),
            ("   登录 login ", "dim"),
            f"{login.username} / {login.password}",
            ("   模型 model ", "dim"),
            self._demo.model,
        )
        return Panel(text, border_style="bright_black")

    def _state_line(self) -> RenderableType:
        text = Text("  ")
        for state, (mark, style, words) in STATE_WORDS.items():
            count = f"{self._counts[state]:,}" if state in self._counts else ("0" if self._counts else "…")
            text.append(f"{mark} ", style=style).append(f"{count} ").append(f"{words}   ", style="dim")
        return text

    def _look_line(self) -> RenderableType:
        seconds = sum(word.seconds for word in self._looked) / max(1, self._demo.system.settings.workers)
        outcomes: dict[str, int] = {}
        for word in self._looked:
            for name, count in word.outcomes.items():
                outcomes[name] = outcomes.get(name, 0) + count
        rate = sum(outcomes.values()) / seconds if seconds else 0.0
        told = "  ".join(f"{name} {count}" for name, count in sorted(outcomes.items()))
        return Text.assemble(
            "  ", (f"{rate:.1f}", "bold"), (" 次看图/秒 looks/s   ", "dim"), (f"{told}", "dim"), "\n"
        )

    def _event_table(self) -> RenderableType:
        table = Table(expand=True, box=None, header_style="dim", pad_edge=True)
        for heading, options in (
            ("时间 time (UTC)", {"no_wrap": True}),
            ("事件 event", {"no_wrap": True}),
            ("状态 state", {"no_wrap": True}),
            ("级 sev", {"justify": "right"}),
            ("地点与单位 place and unit", {"ratio": 1}),
            ("把握 conf", {"justify": "right"}),
            ("", {"no_wrap": True}),
        ):
            table.add_column(heading, **options)
        for event in self._events:
            data = event.data
            table.add_row(
                f"{event.time:%H:%M:%S}",
                kind_words(data.kind),
                state_words(data.state),
                str(data.severity),
                Text(place_words(event)),  # records hold whatever was typed, brackets too
                f"{data.confidence:.2f}",
                "演练 exercise" if event.exercise else "",
                style="dim" if data.state == "closed" else "",
            )
        if not self._events:
            waiting = "还没有事件：看图刚开始 No event yet: the first looks are being taken."
            table.add_row("", Text(waiting, style="dim"))
        return table

    def _footer(self) -> RenderableType:
        lines = [f"  {problem}" for problem in self._demo.problems]
        processes = self._demo.system.supervisor.processes.values()
        restarted = [f"{p.spec.name} ×{p.starts - 1}" for p in processes if p.starts > 1]
        down = [p.spec.name for p in processes if p.pid is None]
        if restarted:
            lines.append(f"  重启 restarted: {', '.join(restarted)}")
        if down:
            lines.append(f"  正在重启 starting again: {', '.join(down)}")
        lines.append(f"  已送达 delivered: {self._received}   Ctrl-C 结束 ends")
        return Text("\n" + "\n".join(lines), style="dim")
