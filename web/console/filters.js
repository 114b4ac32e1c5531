// @ts-check
// Filters of a queue; they live in the address.

import { button, h } from "./h.js";
import { REASONS } from "./removing.js";
import { named, t } from "./words.js";

export const FILTERS = ["q", "article", "section", "author", "reason", "check", "after", "before"];
const CHECKS = ["suspect_word", "new_author", "bad_history", "near_duplicate", "held_domain", "premoderated_site", "premoderated_section", "premoderated_article", "premoderated_guest", "hook", "flags"];

/**
 * The form of all filters. @param {import("./desk.js").Desk} desk @param {Record<string, string>} query
 * @param {(query: Record<string, string>) => void} find called with what to look for
 */
export function filterForm(desk, query, find) {
  const inputs = FILTERS.map((name) => [name, inputOf(name, query[name] ?? "")]);
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": t("filter.title") },
    inputs.map(([name, input]) => h("label", { class: "field" }, h("span", {}, t(`filter.${name}`)), name === "section" ? withSections(desk, input) : input)),
    h("div", { class: "line-up" }, h("button", { type: "submit", class: "secondary" }, t("filter.find")), isFiltered(query) && button(t("filter.clear"), () => find({ queue: query.queue }), { class: "plain" })),
  );
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    find({ queue: query.queue, ...Object.fromEntries(inputs.map(([name, input]) => [name, valueOf(name, input.value.trim())])) });
  };
  form.addEventListener("submit", submit);
  form.addEventListener("change", (/** @type {Event} */ event) => event.target instanceof HTMLSelectElement && form.requestSubmit());
  return form;
}

/**
 * The filters in force, each with a button that drops it. @param {Record<string, string>} query
 * @param {(query: Record<string, string>) => void} find @param {Record<string, string | null>} [names] of what has an id
 */
export function filterChips(query, find, names = {}) {
  const inForce = FILTERS.filter((name) => query[name]);
  return inForce.map((name) => {
    const named = names[name];
    const value = named ?? shownValue(name, query[name]);
    const what = t(named ? `chip.${name}` : `filter.${name}`);
    const drop = () => find({ ...query, [name]: "" });
    return chip(what, value, drop);
  });
}

/** Something in force, and a press that drops it. @param {string} name @param {string} value @param {() => void} drop */
export function chip(name, value, drop) {
  return button([h("span", { class: "quiet" }, name), " ", h("bdi", {}, value), " ×"], drop, { class: "chip", "aria-label": t("filter.without", { name, value }) });
}

/** A field for a section, with those the site has. @param {import("./desk.js").Desk} desk @param {HTMLInputElement} input @returns {HTMLElement[]} */
export function withSections(desk, input) {
  const list = h("datalist", { id: `${input.id}-known` });
  input.setAttribute("list", list.id);
  const fill = async () => list.replaceChildren(...(await desk.sections()).map((section) => h("option", { value: section })));
  input.addEventListener("focus", fill, { once: true });
  return [input, list];
}

/** @param {Record<string, string>} query */
export function isFiltered(query) {
  return FILTERS.some((name) => query[name]);
}

/** @param {string} name @param {string} value @returns {any} */
function inputOf(name, value) {
  if (name === "reason" || name === "check") return select(name, value, name === "reason" ? REASONS : CHECKS);
  if (name === "after" || name === "before") return h("input", { type: "date", name, value: value && value.slice(0, 10) });
  return h("input", { type: name === "q" ? "search" : "text", name, value, maxlength: name === "q" ? "500" : "200", spellcheck: "false", id: `filter-${name}` });
}

/** @param {string} group @param {string} value @param {string[]} known */
function select(group, value, known) {
  const codes = value && !known.includes(value) ? [...known, value] : known;
  const options = codes.map((code) => h("option", { value: code, selected: code === value }, named(group, code)));
  return h("select", { name: group }, h("option", { value: "" }, t("filter.any")), options);
}

/** Days are asked for as the moment they begin here. @param {string} name @param {string} value */
function valueOf(name, value) {
  return value && (name === "after" || name === "before") ? new Date(`${value}T00:00`).toISOString() : value;
}

/** @param {string} name @param {string} value */
function shownValue(name, value) {
  if (name === "reason" || name === "check") return named(name, value);
  if (name === "after" || name === "before") return new Date(value).toLocaleDateString("en-GB");
  return value;
}
