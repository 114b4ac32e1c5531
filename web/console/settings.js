// @ts-check
// A site's rules as a form. Only what was changed is sent, with the version that was read; rules can be tried first.

import { bdi, button, h } from "./h.js";
import { page, pagedList } from "./paged.js";
import { path } from "./router.js";
import { number } from "./times.js";
import { TEXTS, flat, named, problemWords, t } from "./words.js";

const TRIED = 10; // comments shown at once

/** @typedef {{element: HTMLElement, value: () => any}} Input */
/** @typedef {(value: any, name: string) => Input} Kind */

/** @type {[string, [string, Kind][]][]} what stands under which heading */
const GROUPS = [
  ["posting", [["posting", choice("open", "closed")], ["closed_text", line()], ["open_hours", group({ from: line("time"), to: line("time"), zone: line() })], ["require_registered_articles", truth], ["edit_window_seconds", whole()], ["max_length", whole()], ["auto_lock_days", whole(true)]]],
  ["moderation", [["moderation", choice("post", "pre")], ["section_moderation", pairs], ["new_author_approvals", whole()], ["flag_threshold", whole()], ["overdue_minutes", whole(true)], ["history_hold", group({ last: whole(), removed_share: share })]]],
  ["words", [["suspect_words", lines], ["banned_words", lines], ["held_domains", lines], ["max_links", whole()], ["repeat_minutes", whole()], ["near_duplicates", group({ authors: whole(), minutes: whole() })]]],
  ["people", [["guests", truth], ["guest_moderation", choice("pre", "post")], ["guest_votes", truth], ["token_roles", choice("none", "staff", "moderator", "admin")], ["reserved_names", lines], ["sign_in_url", line("url")]]],
  ["page", [["language", line()], ["allowed_origins", lines], ["picture_hosts", lines]]],
  ["service", [["hook", group({ url: line("url"), timeout_ms: whole(), on_failure: choice("hold", "publish") })], ["retention_days", group({ deleted_text: whole(), addresses: whole() }, false)], ["erase", choice("anonymise", "delete")]]],
];

/** The form. */
export class SettingsView {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.element = h("div");
    /** @type {Record<string, Input>} */
    this.inputs = {};
    this.warn = (/** @type {Event} */ event) => Object.keys(this.changes()).length && event.preventDefault();
    addEventListener("beforeunload", this.warn);
    this.load(desk.draft).then(() => Object.keys(desk.draft).length && this.tell(t("settings.kept")));
  }

  /** What was not saved is there again when one comes back. */
  leave() {
    removeEventListener("beforeunload", this.warn);
    this.desk.draft = this.changes();
  }

  /** @param {string} words */
  tell(words) {
    if (this.said) this.said.textContent = words;
  }

  /** @param {Record<string, any>} [kept] what the form had, put over what is read */
  async load(kept = {}) {
    if (!this.desk.isAdmin) return this.element.replaceChildren(page(t("place.settings"), h("p", {}, t("settings.admins"))));
    try {
      this.settings = await this.desk.api.moderation("/settings");
      this.show({ ...this.settings, ...kept });
    } catch (problem) {
      this.element.replaceChildren(page(t("place.settings"), h("p", { class: "wrong", role: "alert" }, problemWords(problem))));
    }
  }

  /** @param {Record<string, any>} values */
  show(values) {
    this.inputs = {};
    this.said = h("p", { role: "status" });
    this.count = h("strong", {});
    this.save = h("button", { type: "submit", class: "primary" }, t("settings.save"));
    this.trial = h("section", { class: "trial" });
    const bar = h("div", { class: "settings-bar" }, this.count, this.save, button(t("settings.try"), () => form.reportValidity() && this.try(), { class: "secondary", title: t("settings.try_hint") }), button(t("settings.reset"), () => this.load(), { class: "plain" }), this.said);
    const groups = GROUPS.map(([name, fields]) => h("fieldset", {}, h("legend", {}, t(`settings.group.${name}`)), fields.map(([field, kind]) => this.field(field, kind, values[field]))));
    const form = h("form", { class: "settings" }, groups, this.trial, bar);
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.send();
    });
    form.addEventListener("input", () => this.counted());
    this.element.replaceChildren(page(t("place.settings"), form));
    this.counted();
  }

  /** @param {string} name @param {Kind} kind @param {any} value */
  field(name, kind, value) {
    const input = (this.inputs[name] = kind(value, name));
    return labelled(name, input.element);
  }

  /** What differs from what was read. */
  changes() {
    const settings = this.settings;
    const values = Object.entries(this.inputs).map(([name, input]) => [name, input.value()]);
    return Object.fromEntries(values.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(settings[name])));
  }

  counted() {
    const n = Object.keys(this.changes()).length;
    this.count.textContent = n ? t("settings.changed", { n }) : "";
    this.save.disabled = !n;
  }

  async send() {
    const changes = this.changes();
    try {
      this.settings = await this.desk.api.send("PATCH", "/moderation/settings", { ...changes, version: this.settings.version });
      this.show(this.settings);
      this.said.textContent = t("settings.saved");
    } catch (problem) {
      if (problem.code === "conflict") {
        await this.load(changes);
        this.said.textContent = t("settings.conflict");
      } else this.wrong(problem);
    }
  }

  /** What is wrong stands beside its field, and the first such field has the focus. @param {any} problem */
  wrong(problem) {
    this.right();
    const { errors, ...rest } = problem;
    const names = Object.keys(errors ?? {}).filter((name) => this.place(name));
    for (const name of names) this.mark(name, flat(errors[name]).join(" "));
    const others = Object.fromEntries(Object.entries(errors ?? {}).filter(([name]) => !names.includes(name)));
    const words = problemWords({ ...rest, errors: others });
    const labels = names.map((name) => t(`settings.label.${name}`)).join(", ");
    this.said.replaceChildren(h("span", { class: "wrong", role: "alert" }, words, names.length && ` ${labels}.`));
    const first = this.element.querySelector("[aria-invalid]");
    first?.focus({ preventScroll: true });
    first?.scrollIntoView({ block: "center" }); // not below the bar
  }

  /** @param {string} name @returns {HTMLElement | null} */
  place(name) {
    return this.element.querySelector(`.settings > fieldset > [data-setting="${name}"]`);
  }

  /** @param {string} name @param {string} words */
  mark(name, words) {
    const place = /** @type {HTMLElement} */ (this.place(name));
    const id = `wrong-${name}`;
    place.append(h("small", { class: "wrong", id }, words));
    for (const input of place.querySelectorAll("input:not([type=checkbox]), select, textarea")) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", id);
    }
  }

  /** Nothing is wrong any more, as far as one knows. */
  right() {
    for (const words of this.element.querySelectorAll("small.wrong")) words.remove();
    for (const input of this.element.querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
  }

  async try() {
    this.right();
    this.said.textContent = t("app.loading");
    try {
      const tried = await this.desk.api.send("POST", "/moderation/settings/try", this.changes());
      const { held, refused, freed } = tried;
      const lists = [["settings.would_hold", held], ["settings.would_refuse", refused], ["settings.would_free", freed]];
      const shown = lists.map(([title, comments]) => h("section", {}, h("h3", {}, t(title), " ", h("span", { class: "count" }, number(comments.length))), comments.length ? this.tried(comments) : null));
      this.said.textContent = t("settings.tried", { checked: tried.tried, held: held.length, refused: refused.length, freed: freed.length });
      const heading = h("h2", { tabindex: "-1" }, t("settings.try"));
      this.trial.replaceChildren(heading, ...shown);
      heading.scrollIntoView({ block: "start" });
      heading.focus({ preventScroll: true });
    } catch (problem) {
      this.wrong(problem);
    }
  }

  /** The comments a trial names, ten at a time. @param {{comment_id: string, checks: string[]}[]} comments */
  tried(comments) {
    const ask = async (/** @type {string} */ cursor) => {
      const from = Number(cursor);
      const some = comments.slice(from, from + TRIED);
      const items = await Promise.all(some.map(async ({ comment_id: id, checks }) => ({ checks, item: await this.desk.api.moderation(`/comments/${id}`) })));
      return { items, next_cursor: from + TRIED < comments.length ? String(from + TRIED) : null };
    };
    return pagedList(ask, ({ checks, item }) =>
      h("li", {}, h("strong", {}, bdi(item.author.name)), h("span", { class: "quiet" }, checks.map((/** @type {string} */ check) => named("check", check)).join(", ")), h("a", { href: path(this.desk.site, "queue", item.id, { queue: "all" }), class: "excerpt", dir: "auto" }, item.text.slice(0, 300))),
    );
  }
}

/** @param {string} name @param {HTMLElement} element */
function labelled(name, element) {
  const hint = `settings.hint.${name}` in TEXTS ? h("small", { class: "quiet" }, t(`settings.hint.${name}`)) : null;
  const tag = element.matches("fieldset, div") ? "div" : "label";
  return h(tag, { class: "field", "data-setting": name }, h("span", {}, t(`settings.label.${name}`)), element, hint);
}

// ---- kinds of settings

/** @type {Kind} */
function truth(value) {
  const box = h("input", { type: "checkbox", checked: value });
  return { element: h("div", { class: "choice" }, h("label", { class: "choice" }, box, h("span", {}, t("settings.on")))), value: () => box.checked };
}

/** One of a few words. @param {...string} words @returns {Kind} */
function choice(...words) {
  return (value, name) => {
    const select = h("select", {}, words.map((word) => h("option", { value: word, selected: word === value }, named(`settings.choice.${name}`, word))));
    return { element: select, value: () => select.value };
  };
}

/** A whole number; where it may be missing, an empty field is none. @param {boolean} [optional] @returns {Kind} */
function whole(optional = false) {
  return (value) => {
    const input = h("input", { type: "number", min: "0", step: "1", required: !optional, value: value ?? "" });
    return { element: input, value: () => (input.value === "" ? null : Number(input.value)) };
  };
}

/** @type {Kind} */
function share(value) {
  const input = h("input", { type: "number", min: "0", max: "1", step: "0.05", required: true, value: value ?? 0.5 });
  return { element: input, value: () => Number(input.value) };
}

/** A line of text, null when empty. @param {string} [type] @returns {Kind} */
function line(type = "text") {
  return (value) => {
    const input = h("input", { type, value: value ?? "", spellcheck: "false" });
    return { element: input, value: () => input.value.trim() || null };
  };
}

/** Words or names, one a line. @type {Kind} */
function lines(value) {
  const text = h("textarea", { rows: "4", spellcheck: "false", placeholder: t("settings.lines") });
  text.value = value.join("\n");
  return { element: text, value: () => linesOf(text.value) };
}

/** Sections that are held first or not, one a line: "Sport: pre". @type {Kind} */
function pairs(value) {
  const text = h("textarea", { rows: "3", spellcheck: "false" });
  text.value = Object.entries(value).map(([name, word]) => `${name}: ${word}`).join("\n");
  const check = () => {
    const all = text.value.split("\n");
    const wrong = all.findIndex((/** @type {string} */ one) => one.trim() && !/^\s*\S.*:\s*(pre|post)\s*$/.test(one));
    text.setCustomValidity(wrong < 0 ? "" : t("settings.section_line", { n: wrong + 1, line: all[wrong].trim() }));
  };
  text.addEventListener("input", check);
  check();
  return { element: text, value: () => Object.fromEntries(linesOf(text.value).map(pairOf)) };
}

/** @param {string} text */
function linesOf(text) {
  return text.split("\n").map((one) => one.trim()).filter(Boolean);
}

/** @param {string} text @returns {[string, string]} */
function pairOf(text) {
  const colon = text.includes(":") ? text.lastIndexOf(":") : text.length;
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

/** Fields that go together, with a switch where there may be none. @param {Record<string, Kind>} kinds @param {boolean} [optional] @returns {Kind} */
function group(kinds, optional = true) {
  return (value, name) => {
    const on = h("input", { type: "checkbox", checked: value !== null });
    const inputs = Object.entries(kinds).map(([part, kind]) => /** @type {[string, Input]} */ ([part, kind(value?.[part], part)]));
    const parts = h("fieldset", { class: "parts", disabled: value === null, "aria-label": t(`settings.label.${name}`) }, inputs.map(([part, input]) => labelled(part, input.element)));
    on.addEventListener("input", () => (parts.disabled = !on.checked));
    const element = h("div", { class: "stack" }, optional && h("label", { class: "choice" }, on, h("span", {}, t("settings.on"))), parts);
    return { element, value: () => (optional && !on.checked ? null : Object.fromEntries(inputs.map(([part, input]) => [part, input.value()]))) };
  };
}
