// @ts-check
// Single keys. They can be switched off, as people who speak to their computer need to.

import { KEYS } from "./decisions.js";
import { dialogIsOpen, openDialog } from "./dialog.js";
import { h, keycap } from "./h.js";
import { t } from "./words.js";

const OFF = "discuss-console-keys-off"; // in localStorage

const MOVES = ["j", "k", "ArrowDown", "ArrowUp"];
const MOVING = [
  ["j", "keys.next"],
  ["k", "keys.previous"],
  ["o", "keys.open"],
  ["x", "keys.select"],
  ["*", "bulk.all"],
  ["/", "keys.search"],
  ["p", "keys.author"],
  ["l", "keys.article"],
  ["1 … 7", "keys.queue"],
  ["Esc", "keys.escape"],
  ["?", "keys.help"],
];

/** Listen for single keys. @param {(key: string) => boolean} pressed says whether it meant something */
export function listen(pressed) {
  addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (event.repeat && !MOVES.includes(event.key)) return; // a key that is held down decides once
    if (event.defaultPrevented || modified || event.isComposing || dialogIsOpen() || isField(event.target)) return;
    if (localStorage.getItem(OFF) && event.key.length === 1) return;
    if (pressed(event.key.length === 1 ? event.key.toLowerCase() : event.key)) event.preventDefault();
  });
}

/** Whether keys are text there. @param {EventTarget | null} target */
function isField(target) {
  return target instanceof Element && target.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");
}

/** What the keys do. */
export function showKeys() {
  const on = h("input", { type: "checkbox", checked: !localStorage.getItem(OFF) });
  on.addEventListener("change", () => (on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  const deciding = Object.entries(KEYS).filter(([action]) => action !== "unfeature");
  openDialog(
    t("keys.title"),
    h(
      "div",
      { class: "key-lists" },
      keyList(t("keys.decide"), [...deciding.map(([action, key]) => [key, `action.${action}`]), ["z", "keys.undo"]]),
      keyList(t("keys.move"), MOVING),
    ),
    h("label", { class: "choice" }, on, h("span", {}, t("keys.on"))),
  );
}

/** @param {string} title @param {string[][]} keys each with its words */
function keyList(title, keys) {
  const lines = keys.map(([key, words]) => [h("dt", {}, keycap(key)), h("dd", {}, t(words))]);
  return h("section", {}, h("h3", {}, title), h("dl", {}, lines));
}
