// @ts-check
// Lists of anything but comments: pages of lines, with a button for more.

import { button, h } from "./h.js";
import { problemWords, t } from "./words.js";

/**
 * A list that loads itself.
 * @param {(cursor: string) => Promise<{items: any[], next_cursor: string | null}>} ask a page
 * @param {(item: any) => HTMLElement} line @param {string} [nothing] what an empty list says
 */
export function pagedList(ask, line, nothing = t("app.nothing")) {
  const list = h("ul", { class: "lines", role: "list" });
  const said = h("p", { class: "line", role: "status" });
  const more = button(t("app.more"), () => load(), { class: "more", hidden: true });
  let cursor = "";
  const load = async () => {
    more.hidden = true;
    said.textContent = list.children.length ? "" : t("app.loading");
    try {
      const page = await ask(cursor);
      list.append(...page.items.map(line));
      cursor = page.next_cursor ?? "";
      more.hidden = !cursor;
      said.textContent = list.children.length ? "" : nothing;
    } catch (problem) {
      said.replaceChildren(problemWords(problem), " ", button(t("app.retry"), load));
    }
  };
  load();
  return h("div", {}, list, said, more);
}

/** A place with a heading. @param {any} title @param {...any} content */
export function page(title, ...content) {
  return h("div", { class: "page", id: "content" }, h("h1", { dir: "auto" }, title), content);
}

/**
 * A form that sends itself and says what went wrong.
 * @param {string} label of its button @param {(form: HTMLFormElement) => Promise<any>} send @param {...any} fields
 */
export function smallForm(label, send, ...fields) {
  const said = h("p", { class: "wrong", role: "alert" });
  const form = h("form", { class: "small-form" }, fields, h("button", { type: "submit", class: "secondary" }, label), said);
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      await send(form);
    } catch (problem) {
      said.textContent = problemWords(problem);
    }
  });
  return form;
}

/** A field with its label. @param {string} label @param {...HTMLElement} input */
export function field(label, ...input) {
  return h("label", { class: "field" }, h("span", {}, label), ...input);
}
