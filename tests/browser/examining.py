"""What is true of every state of a page: axe finds nothing, nothing is too wide or too small to press. And pictures.

`PICTURES=1 make test ARGS="-k states"` puts pictures of every state, width and theme into build/states.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tests.browser.section import Page
from tests.processes import ROOT

from axe_playwright_python.base import AXE_SCRIPT  # isort: skip (after the engine, which says so when it is missing)

WIDTHS = (320, PHONE := 390, 768, 1280)
HEIGHT = 900
PICTURES = ROOT / "build" / "states"

# What can be pressed but is too small or cut off, and whatever is beside the window; in shadow trees, too.
FAULTS = """
({ least, inline, words, wide }) => {
  const inside = (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])];
  const all = (root) => [...root.querySelectorAll("*")].flatMap(inside);
  const shown = all(document).filter((one) => one.checkVisibility({ visibilityProperty: true }));
  const modal = shown.find((one) => one.matches("dialog:modal"));
  const { clientWidth, scrollWidth } = document.documentElement;
  const faults = scrollWidth > clientWidth ? [`the page is ${scrollWidth} px wide, not ${clientWidth}`] : [];
  const tell = (what, one) => faults.push(`${what}: ${one.outerHTML.slice(0, 160)}`);
  const target = (one) => (one.matches("[type=checkbox], [type=radio]") ? (one.labels?.[0] ?? one) : one);
  for (const one of shown.filter((one) => !modal || modal.contains(one))) {
    const { left, right } = one.getBoundingClientRect();
    if ((left < -1 || right > clientWidth + 1) && !one.closest(wide)) tell("beside the window", one);
    if (!one.matches("a[href], button, select, summary, input, textarea") || one.closest(words)) continue;
    const { width, height } = target(one).getBoundingClientRect();
    const wanted = one.matches(inline) ? 24 : least;
    const size = `${Math.round(width)} × ${Math.round(height)} px, not ${wanted}`;
    if (Math.min(width, height) < wanted - 0.1) tell(size, one);
    const cut = one.matches("button") && one.scrollWidth > one.clientWidth + 1;
    if (cut && getComputedStyle(one).textOverflow !== "ellipsis") tell("cut off", one);
  }
  return faults;
}
"""


@dataclass(frozen=True)
class Rules:
    """What differs between the section and the console.

    `least`: pixels of what is pressed, both ways; `inline`: links among words, of which 24 are enough; `words`: what
    people wrote, whose links are as high as their line; `wide`: what scrolls by itself, or is out of sight on purpose.
    """

    least: int
    inline: str
    words: str
    wide: str


async def settle(page: Page) -> None:
    """Let what moves come to its end, so that it is not looked at half seen."""
    await page.evaluate(
        """async () => {
          const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
          for (const animation of roots.flatMap((root) => root.getAnimations()))
            if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }"""
    )


async def axe(page: Page, *only: str) -> list[str]:
    """What axe finds; `only` some of its rules."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    results = await page.evaluate("(options) => axe.run(options)", options)
    return [
        f"axe, {violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


async def examine(page: Page, name: str, rules: Rules, *, forced: bool = False, axes: bool = True) -> None:
    """Look at a page as it is now: its layout at every width, what axe finds in light and dark.

    `forced`: a picture in forced colours, too; `axes`: False where another state has the same parts and colours.
    """
    problems: list[str] = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        problems += [f"{width} px wide: {fault}" for fault in await page.evaluate(FAULTS, vars(rules))]
        await picture(page, f"{name}-{width}-light")
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    if axes:
        await settle(page)
        await page.evaluate(AXE_SCRIPT)
        problems += await axe(page)
        await page.emulate_media(color_scheme="dark")
        await settle(page)
        problems += await axe(page, "color-contrast")
        await picture(page, f"{name}-{PHONE}-dark")
    if forced:
        await page.emulate_media(color_scheme="light", forced_colors="active")
        await picture(page, f"{name}-{PHONE}-forced")
    assert not problems, "\n".join(problems)


async def picture(page: Page, name: str) -> None:
    """Keep one, when pictures are asked for."""
    if os.environ.get("PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        await settle(page)
        await page.screenshot(path=PICTURES / f"{name}.png")
