// @ts-check
// Small pictures of numbers. The numbers stand on them, so that nobody needs colours, a legend or a pointer to read them.

import { h, svg } from "./h.js";
import { number } from "./times.js";
import { named } from "./words.js";

/** Numbers by name as bars, the highest first. @param {Record<string, number>} counts @param {string} group of their words */
export function bars(counts, group) {
  const sorted = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const most = Math.max(1, ...sorted.map(([, n]) => n));
  return h("ul", { class: "bars", role: "list" }, sorted.map(([name, n]) => bar(named(group, name), n, most)));
}

/** @param {any} name @param {number} n @param {number} most */
export function bar(name, n, most) {
  const length = svg("rect", { width: Math.max(1, (n / most) * 100), height: 1 });
  const picture = svg("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, length);
  return h("li", {}, h("span", { class: "name", dir: "auto" }, name), picture, h("span", { class: "n" }, number(n)));
}

/** How a number went, as a line over its ground. @param {number[]} values @param {string} label */
export function sparkline(values, label) {
  const [width, height] = [100, 28];
  const most = Math.max(1, ...values);
  const points = values.map((value, at) => `${((at / Math.max(1, values.length - 1)) * width).toFixed(1)},${(height - 1 - (value / most) * (height - 3)).toFixed(1)}`);
  return svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("polygon", { points: `0,${height} ${points.join(" ")} ${width},${height}` }),
    svg("polyline", { points: points.join(" "), "vector-effect": "non-scaling-stroke" }),
  );
}

/** One column for each value; the highest ones carry their number. @param {number[]} values @param {string} label */
export function columns(values, label) {
  const [width, height] = [values.length * 10, 60];
  const most = Math.max(1, ...values);
  const rects = values.map((value, at) => {
    const size = value ? Math.max(1, (value / most) * height) : 0;
    return svg("rect", { x: at * 10 + 1, y: height - size, width: 8, height: size });
  });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, rects);
  return h("div", { class: "columns", role: "img", "aria-label": label }, picture);
}
