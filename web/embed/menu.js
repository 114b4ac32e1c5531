// @ts-check
// Small things that open over the section: a comment's ⋯ menu, and a dialog made of fields.

import { Problem } from "./api.js";
import { h } from "./comment.js";

/** @typedef {{label: string, run: () => void, apart?: boolean}} Item `apart`: a hairline stands before it */
/** @typedef {{name: string, label: string, kind?: "text" | "area" | "check" | "choice" | "select", options?: [string, string][],
 *   required?: boolean, max?: number, when?: (values: Record<string, string>) => boolean}} Field */

/** One stop for the Tab key; arrows go from button to button. @param {HTMLElement} group */
export function rove(group) {
  const buttons = () => [...group.querySelectorAll("button")];
  const set = (now) => buttons().forEach((button) => (button.tabIndex = button === now ? 0 : -1));
  set(buttons()[0]);
  group.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(/** @type {any} */ (event.target));
    const rtl = getComputedStyle(group).direction === "rtl" ? -1 : 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, ArrowRight: at + rtl, ArrowLeft: at - rtl, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    const next = all[(to + all.length) % all.length];
    set(next);
    next.focus();
    event.preventDefault();
  });
}

/** A menu below a button; Escape, Tab, another place and a choice close it. @param {HTMLElement} button @param {Item[]} items */
export function showMenu(button, items) {
  if (button.getAttribute("aria-expanded") === "true") return;
  const close = () => {
    button.setAttribute("aria-expanded", "false");
    if (menu.isConnected) menu.remove();
  };
  const entries = items.map(({ label, run, apart }) => {
    const onclick = () => {
      button.focus(); // closes it
      run();
    };
    return h("button", { type: "button", role: "menuitem", "data-apart": apart, onclick }, label);
  });
  const menu = h("div", { class: "menu", role: "menu", "aria-label": button.getAttribute("aria-label") }, ...entries);
  rove(menu);
  menu.addEventListener("focusout", (event) => {
    if (menu.isConnected && !menu.contains(/** @type {Node} */ (event.relatedTarget))) close();
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") button.focus();
  });
  button.setAttribute("aria-expanded", "true");
  button.after(menu);
  entries[0].focus();
  menu.scrollIntoView({ block: "nearest" });
}

/**
 * Ask something in a dialog; it closes when `submit` went well.
 * @param {import("./thread.js").Thread} thread
 * @param {{title: string, hint?: string | Node, fields: Field[], send: string | ((values: Record<string, string>) => string),
 *   submit: (values: Record<string, string>) => Promise<HTMLElement | void>}} question `submit` says what gets the focus, if not what had it
 */
export function ask(thread, { title, hint, fields, send, submit }) {
  const { t } = thread;
  const parts = fields.map((field) => ({ field, element: fieldset(field) }));
  const button = h("button", { class: "send" });
  const line = h("p", { class: "complaint", role: "alert", hidden: true });
  const values = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
  const settle = () => {
    const now = values();
    for (const { field, element } of parts) element.hidden = element.disabled = !(field.when?.(now) ?? true);
    button.textContent = typeof send === "string" ? send : send(now);
  };
  const form = h(
    "form",
    {
      oninput: settle,
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          const next = await submit(values());
          dialog.close();
          next?.focus();
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          line.hidden = false;
          line.replaceChildren(thread.account.explain(problem));
        } finally {
          button.disabled = false;
        }
      },
    },
    h("h3", { id: "asked" }, title),
    hint ? h("div", { class: "hint" }, hint) : null,
    ...parts.map(({ element }) => element),
    line,
    h("div", { class: "foot" }, h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("cancel")), button),
  );
  const dialog = h("dialog", { "aria-labelledby": "asked", onclose: () => dialog.remove() }, form);
  thread.section.append(dialog);
  settle();
  dialog.showModal();
}

/** @param {Field} field @returns {HTMLFieldSetElement} */
function fieldset({ name, label, kind = "text", options = [], required = false, max }) {
  if (kind === "check") return h("fieldset", {}, h("label", { class: "choice" }, h("input", { type: "checkbox", name, value: "yes", required }), label));
  if (kind === "choice") {
    const choices = options.map(([value, text]) => h("label", { class: "choice" }, h("input", { type: "radio", name, value, required }), text));
    return h("fieldset", {}, h("legend", {}, label), ...choices);
  }
  const control =
    kind === "select"
      ? h("select", { class: "input", name }, ...options.map(([value, text]) => h("option", { value }, text)))
      : h(kind === "area" ? "textarea" : "input", { class: "input", name, required, maxlength: max, dir: "auto", rows: kind === "area" && "3" });
  return h("fieldset", {}, h("label", {}, label, control));
}
