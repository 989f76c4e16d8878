"""Pages in a real browser, where there is one: what it says of them, and what does not fit."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["Shown", "in_browser", "needs_browser"]

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is there")

LOOK = """
for (const each of document.querySelectorAll("details")) each.open = true;
const beyond = [], cut = [];
for (const each of document.body.querySelectorAll("*")) {
  const inside = each.closest(".scroll, pre, svg, .skip");
  if (!inside && each.getBoundingClientRect().right > WIDTH + 1)
    beyond.push(each.tagName + " " + each.textContent.slice(0, 40));
}
for (const plot of document.querySelectorAll("svg")) {
  const frame = plot.getBoundingClientRect();
  for (const text of plot.querySelectorAll("text")) {
    const own = text.getBoundingClientRect();
    if (own.left < frame.left - 2 || own.right > frame.right + 2 || own.bottom > frame.bottom + 2)
      cut.push(text.textContent);
  }
}
const drawn = [...document.querySelectorAll("svg.plot, img")].filter(each => each.getBoundingClientRect().width > 20);
document.body.dataset.seen = JSON.stringify({beyond, cut, drawn: drawn.length});
"""


@dataclasses.dataclass(frozen=True)
class Shown:
    """A page as a browser shows it.

    Args:
        messages: What the browser says of it.
        beyond: Elements that are wider than the window, and do not scroll.
        cut: Texts of plots that stand out of them.
        drawn: Plots and pictures that are seen.
    """

    messages: list[str]
    beyond: list[str]
    cut: list[str]
    drawn: int


def in_browser(page: Path, *, width: int) -> Shown:
    """Open a copy of a page that measures itself; the page may run no script, so the copy has leave to.

    Args:
        page: The page.
        width: Of the window; a browser has no narrow ones, so the page is made narrow.
    """
    assert BROWSER is not None
    text = page.read_text(encoding="utf-8")
    copy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    copy = copy.replace("</head>", f"<style>html{{width:{width}px}}</style></head>")
    copy = copy.replace("</body>", f"<script>const WIDTH = {width};{LOOK}</script></body>")
    file = page.with_name("copy.html")
    file.write_text(copy, encoding="utf-8")
    said = ["--enable-logging=stderr", "--v=0", f"--user-data-dir={page.parent / 'browser'}"]
    window = [f"--window-size={max(width, 500)},900", "--dump-dom", file.as_uri()]
    plain = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    done = subprocess.run([BROWSER, *plain, *said, *window], capture_output=True, text=True, timeout=120, check=True)
    seen = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert seen is not None, done.stderr[-2000:]
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Shown(messages, **json.loads(html.unescape(seen[1])))
