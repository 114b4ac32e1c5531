// @ts-check
// Deciding. What takes words out of sight is sent at once, and restored when taken back. Everything else is sent when
// its ten seconds are over, because the log could not forget it. Each decision says which version was looked at.

import { named, problemWords, t } from "./words.js";

/** @typedef {import("./row.js").Row} Row */
/** @typedef {{reason?: string, note?: string}} Why */
/** @typedef {{comment_id: string, action: string, version: number, reason?: string, note?: string}} Wish */

/** One key for each decision. */
export const KEYS = {
  approve: "a",
  reject_edit: "e",
  uphold: "u",
  dismiss_flags: "d",
  restore: "v",
  remove: "r",
  spam: "s",
  feature: "f",
  unfeature: "f",
  ban: "b",
};
const AT_ONCE = ["remove", "spam", "feature", "unfeature"];
const STAYING = ["feature", "unfeature"]; // the comment stays where it is

/** What can be decided about a comment, in the order of the buttons. @param {any} item @returns {string[]} */
export function offered(item) {
  const { status, why } = item;
  if (status === "deleted") return [];
  const published = status === "published";
  const waits = why.includes("flags") || why.includes("illegal");
  const appeal = why.includes("appeal");
  const outOfSight = status === "removed" || status === "spam";
  /** @type {[string, boolean][]} */
  const all = [
    ["approve", !published || waits || item.pending_revision !== null],
    ["uphold", appeal],
    ["reject_edit", item.pending_revision !== null],
    ["dismiss_flags", waits && !outOfSight],
    ["restore", outOfSight && !appeal],
    ["remove", status !== "removed"],
    ["spam", status !== "spam"],
    ["feature", published && !item.featured],
    ["unfeature", published && item.featured],
    ["ban", true],
  ];
  return all.filter(([, possible]) => possible).map(([action]) => action);
}

/** What a decision is called for this comment. @param {string} action @param {any} item */
export function label(action, item) {
  if (action === "approve" && item?.why.includes("appeal")) return t("action.grant");
  if (action === "approve" && ["removed", "spam"].includes(item?.status)) return t("action.publish");
  if (action === "approve" && item?.status === "published" && item.pending_revision) return t("action.publish_edit");
  return t(`action.${action}`);
}

/** Makes decisions for one desk. */
export class Decisions {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Decide about comments. @param {Row[]} rows @param {string} action @param {Why} [why] */
  make(rows, action, why = {}) {
    const open = rows.filter((row) => row.open && offered(row.item).includes(action));
    if (!open.length) return;
    const batch = new Batch(this.desk, open, action, why);
    if (AT_ONCE.includes(action)) batch.sendNow();
    else batch.sendLater();
    this.desk.say(t("said.decided", { n: open.length, what: t(`done.${action}`) }));
  }
}

/** The same decision about some comments. */
class Batch {
  /** @param {import("./desk.js").Desk} desk @param {Row[]} rows @param {string} action @param {Why} why */
  constructor(desk, rows, action, why) {
    this.desk = desk;
    this.rows = new Map(rows.map((row) => [row.item.id, row]));
    this.before = new Map(rows.map((row) => [row.item.id, row.item]));
    this.action = action;
    this.why = why;
    this.deferred = false;
    /** @type {Promise<any[]>} */
    this.sent = Promise.resolve([]);
  }

  /** @returns {Wish[]} */
  wishes() {
    return [...this.before.values()].map((item) => ({ comment_id: item.id, action: this.action, version: item.version, ...this.why }));
  }

  sendNow() {
    this.sent = this.send(this.wishes());
    this.wait(() => this.sendBack());
  }

  sendLater() {
    this.deferred = true;
    const back = () => {
      this.release();
      this.revive();
    };
    const finish = () => {
      this.release();
      this.sent = this.send(this.wishes());
    };
    for (const [id, row] of this.rows) this.desk.unsent.set(id, row);
    this.wait(back, finish, () => this.wishes());
  }

  release() {
    for (const id of this.rows.keys()) this.desk.unsent.delete(id);
  }

  /** Show what was decided, with ten seconds to take it back. @param {() => void} back @param {() => void} [finish] @param {() => Wish[]} [unsent] */
  wait(back, finish = () => {}, unsent = () => []) {
    const stand = () => {
      for (const row of this.rows.values()) row.stand();
      finish();
    };
    const step = this.desk.undo.add(this.told(), back, stand, unsent);
    const takeBack = () => this.desk.undo.takeBack(step);
    for (const row of this.rows.values())
      if (STAYING.includes(this.action)) row.update({ ...row.item, featured: this.action === "feature" });
      else row.settle(words(this.action, this.why), takeBack, () => this.leave(row, step));
  }

  /** What was decided about whom, or about how many. */
  told() {
    const what = words(this.action, this.why);
    const [first, ...others] = this.before.values();
    return others.length ? t("said.decided", { n: others.length + 1, what }) : t("undo.one", { what, name: first.author.name });
  }

  /** Somebody else was quicker with one of them; what is lost by that. @param {Row} row @param {import("./undo.js").Step} step */
  leave(row, step) {
    this.rows.delete(row.item.id);
    this.desk.unsent.delete(row.item.id);
    this.before.delete(row.item.id);
    if (!this.rows.size) this.desk.undo.drop(step);
    return this.deferred ? t(`lost.${this.action}`) : "";
  }

  revive() {
    for (const [id, row] of this.rows) row.revive(this.before.get(id));
  }

  /** Send what undoes the decisions that were made. */
  async sendBack() {
    const made = (await this.sent).filter(({ result }) => result === "applied");
    this.revive();
    const results = await this.send(made.map(({ comment_id, version }) => ({ comment_id, version, action: this.inverse(comment_id) })));
    for (const { comment_id, version, status } of results) this.rows.get(comment_id)?.renew({ version, status });
  }

  /** @param {string} id @returns {string} */
  inverse(id) {
    if (this.action === "feature") return "unfeature";
    if (this.action === "unfeature") return "feature";
    const status = this.before.get(id)?.status;
    return status === "removed" ? "remove" : status === "spam" ? "spam" : "restore";
  }

  /** Send decisions; what came of them. What could not be made is shown at its comment. @param {Wish[]} wishes */
  async send(wishes) {
    const answers = this.desk.outbox.send(wishes).map(({ wishes: some, answer }) => answer.catch((problem) => this.failed(some, problem)));
    const results = (await Promise.all(answers)).flat();
    this.explain(results);
    return results;
  }

  /** @param {Wish[]} wishes @param {any} problem @returns {any[]} no results */
  failed(wishes, problem) {
    const rows = wishes.flatMap(({ comment_id }) => this.rows.get(comment_id) ?? []);
    for (const row of rows) row.revive(undefined, t("note.not_sent", { problem: problemWords(problem) }));
    const unseen = rows.filter((row) => !row.element.isConnected).length;
    if (unseen && problem.status !== 401) this.desk.notify(t("undo.not_sent", { n: unseen, problem: problemWords(problem) }));
    return [];
  }

  /** @param {any[]} results */
  explain(results) {
    for (const { comment_id, result } of results)
      if (result === "conflict" || result === "not_found") this.rows.get(comment_id)?.lookAgain(result, this.action);
  }
}

/** What was decided, for the faded row. @param {string} action @param {Why} why */
function words(action, why) {
  const done = t(`done.${action}`);
  return why.reason ? `${done} · ${named("reason", why.reason)}` : done;
}
