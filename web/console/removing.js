// @ts-check
// Why a comment is removed: a digit chooses the reason, Enter removes.

import { openDialog } from "./dialog.js";
import { h, keycap } from "./h.js";
import { t } from "./words.js";

export const REASONS = ["spam", "abuse", "hate", "off_topic", "misinformation", "illegal", "other"];

/**
 * Ask for the reason; what most flags say is chosen already.
 * @param {any[]} items @param {(why: import("./decisions.js").Why) => void} remove
 */
export function askReason(items, remove) {
  const likely = mostFlagged(items);
  const choices = REASONS.map((reason, at) =>
    h("label", { class: "choice" }, h("input", { type: "radio", name: "reason", value: reason, checked: reason === likely, required: true }), keycap(String(at + 1)), h("span", {}, t(`reason.${reason}`))),
  );
  const note = h("textarea", { rows: "2", maxlength: "2000", id: "remove-note" });
  const words = items.length === 1 ? t("remove.do") : t("remove.do_many", { n: items.length });
  const submit = h("button", { type: "submit", class: "primary grave" }, words, keycap("⏎"));
  const form = h("form", { class: "stack" }, h("div", { class: "choices" }, choices), h("label", { class: "field" }, h("span", {}, t("remove.note")), note), h("p", { class: "quiet" }, t("remove.hint")), submit);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const reason = /** @type {string} */ (new FormData(form).get("reason"));
    dialog.close();
    remove({ reason, ...(note.value.trim() && { note: note.value.trim() }) });
  });
  form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const radio = event.target !== note && form.querySelectorAll("[type=radio]")[Number(event.key) - 1];
    if (radio) radio.checked = true;
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  const dialog = openDialog(t("remove.title"), form);
  (form.querySelector(":checked") ?? form.querySelector("[type=radio]")).focus();
  return dialog;
}

/** The reason most flags give. @param {any[]} items */
function mostFlagged(items) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { flags } of items) for (const [reason, n] of Object.entries(flags.by_reason)) counts.set(reason, (counts.get(reason) ?? 0) + n);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? "";
}
