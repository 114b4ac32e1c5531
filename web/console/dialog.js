// @ts-check
// Something to answer before going on.

import { button, h } from "./h.js";
import { t } from "./words.js";

/**
 * Open a dialog; Esc, the button and a press beside it close it.
 * @param {string} title @param {...any} content @returns {HTMLDialogElement}
 */
export function openDialog(title, ...content) {
  const close = button("×", () => dialog.close(), { class: "close", "aria-label": t("app.close") });
  const heading = h("h2", { id: "dialog-title", dir: "auto" }, title);
  /** @type {HTMLDialogElement} */
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("header", {}, heading, close), ...content);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Whether somebody answers a dialog now: single keys are for the dialog then. */
export function dialogIsOpen() {
  return document.querySelector("dialog[open]") !== null;
}
