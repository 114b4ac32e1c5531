// @ts-check
// Banning somebody, for good or until a day. The button says what will happen, and it can be undone.

import { openDialog } from "./dialog.js";
import { h } from "./h.js";
import { date } from "./times.js";
import { problemWords, t } from "./words.js";

const DAY = 86_400_000; // milliseconds
const LENGTHS = { day: 1, week: 7, month: 30 }; // days

/**
 * Ask for how long and why, and ban.
 * @param {import("./desk.js").Desk} desk @param {{id: string, name: string}} author @param {any} record `author_record`
 * @param {(ban: any) => void} done
 */
export function askBan(desk, author, record, done) {
  const n = record.approved + record.pending; // what a removal removes
  const until = untilField();
  const reason = h("textarea", { rows: "2", maxlength: "500", required: true, id: "ban-reason" });
  const removes = h("input", { type: "checkbox", id: "ban-remove", disabled: n === 0 });
  const submit = h("button", { type: "submit", class: "primary grave", dir: "auto" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const form = h(
    "form",
    { class: "stack" },
    until.element,
    h("label", { class: "field" }, h("span", {}, t("ban.reason")), reason),
    h("label", { class: "choice" }, removes, h("span", {}, t("ban.remove", { n }))),
    wrong,
    submit,
  );
  const spell = () => (submit.textContent = spelled(author.name, until.end(), removes.checked ? n : null));
  form.addEventListener("input", spell);
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      const ban = await desk.api.send("PUT", `/moderation/authors/${author.id}/ban`, { until: until.end(), reason: reason.value.trim(), remove_comments: removes.checked });
      dialog.close();
      done(ban);
    } catch (problem) {
      wrong.textContent = problemWords(problem);
      submit.disabled = false;
    }
  });
  spell();
  const dialog = openDialog(t("ban.title", { name: author.name }), form);
  reason.focus();
  return dialog;
}

/** A choice of when a ban ends; `end()` is null for never. */
export function untilField() {
  const length = h("select", {}, ["day", "week", "month", "for_good", "custom"].map((name) => h("option", { value: name }, t(`ban.${name}`))));
  length.value = "week";
  const custom = h("input", { type: "date", hidden: true, min: new Date(Date.now() + DAY).toISOString().slice(0, 10), "aria-label": t("ban.custom") });
  length.addEventListener("input", () => {
    custom.hidden = length.value !== "custom";
    custom.required = !custom.hidden;
  });
  const element = h("div", { class: "line-up" }, h("label", { class: "field" }, h("span", {}, t("ban.until")), length), custom);
  return { element, end: () => endOf(length.value, custom.value) };
}

/** When a ban ends: null for never, undefined while no day is chosen. @param {string} length @param {string} custom */
function endOf(length, custom) {
  if (length === "for_good") return null;
  if (length === "custom") return custom ? new Date(`${custom}T00:00`).toISOString() : undefined;
  return new Date(Date.now() + LENGTHS[/** @type {"day"} */ (length)] * DAY).toISOString();
}

/** What will happen: "Ban Ada until 1 Dec 2026 and remove 37 comments". @param {string} name @param {string | null | undefined} until @param {number | null} n */
export function spelled(name, until, n) {
  const key = `ban.do_${until === null ? "good" : "until"}${n === null ? "" : "_remove"}`;
  return t(key, { name, date: until ? date(until) : "…", n });
}

/** Take a ban back, with the removal that came with it. @param {import("./desk.js").Desk} desk @param {any} ban @param {boolean} removed */
export async function takeBackBan(desk, ban, removed) {
  await desk.api.send("DELETE", `/moderation/authors/${ban.author_id}/ban`);
  if (removed && ban.removal) await desk.api.send("POST", `/moderation/removals/${ban.removal.id}/undo`);
}
