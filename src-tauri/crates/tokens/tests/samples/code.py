"""A breaker that counts failures in a window of time."""

from __future__ import annotations

import dataclasses
import enum
from collections import deque
from typing import Deque, Optional


class State(enum.Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclasses.dataclass(frozen=True)
class Policy:
    failures: int = 5
    window: float = 60.0
    recovery: float = 60.0
    probes: int = 1


class Breaker:
    def __init__(self, policy: Optional[Policy] = None) -> None:
        self._policy = policy or Policy()
        self._state = State.CLOSED
        self._failed_at: Deque[float] = deque()
        self._opened_at = 0.0
        self._probes = 0

    def allows(self, now: float) -> bool:
        if self._state is State.OPEN and now - self._opened_at >= self._policy.recovery:
            self._state = State.HALF_OPEN
            self._probes = 0
        if self._state is State.HALF_OPEN:
            if self._probes >= self._policy.probes:
                return False
            self._probes += 1
        return self._state is not State.OPEN

    def record(self, ok: bool, now: float) -> State:
        if ok:
            if self._state is State.HALF_OPEN:
                self._failed_at.clear()
                self._state = State.CLOSED
            return self._state
        self._failed_at.append(now)
        while self._failed_at and now - self._failed_at[0] > self._policy.window:
            self._failed_at.popleft()
        if self._state is State.HALF_OPEN or len(self._failed_at) >= self._policy.failures:
            self._state, self._opened_at = State.OPEN, now
        return self._state

    def __repr__(self) -> str:
        return f"Breaker({self._state.value!r}, failures={len(self._failed_at)}/{self._policy.failures})"


if __name__ == "__main__":
    breaker = Breaker(Policy(failures=3, window=10.0))
    for second in range(8):
        print(second, breaker.allows(second), breaker.record(second % 4 == 0, second))
