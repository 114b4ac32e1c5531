// @ts-check
// Moderating in place: decisions in the ⋯ menu, and the held comments of the article where they will stand.

import { REASONS, heldBecause, link, note, tell, tellBriefly, tellProblem } from "./actions.js";
import { ask } from "./menu.js";
import { Stream } from "./stream.js";

/** @typedef {import("./comment.js").CommentView} CommentView */

const DAYS = [1, 7, 30];
const DAY = 86_400_000; // milliseconds

/** @type {WeakMap<import("./thread.js").Thread, {stream: Stream, held: Map<string, any>}>} */
const following = new WeakMap();

/** Show what waits on the article, and keep to it. @param {import("./account.js").Account} account */
export async function follow(account) {
  const { thread } = account;
  const now = following.get(thread);
  if (!account.moderates) {
    now?.stream.stop();
    following.delete(thread);
    return;
  }
  if (!now) {
    const stream = new Stream(account, "moderation/events", "", (name) => name !== "decision.made" && refresh(account));
    following.set(thread, { stream, held: new Map() });
    thread.on("leave", () => stream.stop());
  }
  await refresh(account);
}

/** Read what waits, as it is now. @param {import("./account.js").Account} account */
async function refresh(account) {
  const { thread } = account;
  const found = await thread.api.write("GET", `moderation/comments?queue=pending&limit=100&article=${thread.article?.id ?? thread.id}`).catch(() => null);
  const now = following.get(thread);
  if (!found || !now) return;
  const before = now.held;
  now.held = new Map(found.items.filter(({ status }) => status === "pending").map((item) => [item.id, item]));
  thread.steady(() => {
    for (const id of before.keys()) if (!now.held.has(id)) gone(thread, id);
    for (const item of now.held.values()) thread.update(item);
    showHeld(account);
  });
}

/** What waits, where it will stand, as far as comments are there. @param {import("./account.js").Account} account */
export function showHeld(account) {
  account.showHeld([...(following.get(account.thread)?.held.values() ?? [])]);
}

/** Somebody decided: what is not published is nowhere. @param {import("./thread.js").Thread} thread @param {string} id */
function gone(thread, id) {
  const view = thread.comments.get(id);
  if (view?.comment.status !== "pending") return;
  if (view.replies.length) thread.remove(id, null);
  else thread.take(view);
}

/** What is said of a held comment, with the decisions that end its waiting. @param {CommentView} view */
export function waiting(view) {
  const { t } = view.thread;
  const { held_by: checks } = view.comment;
  const details = checks.map(({ detail }) => detail && `(${detail})`);
  const actions = [
    link(t("moderate.approve"), () => decide(view, "approve")),
    link(t("moderate.remove"), () => removeWithReason(view)),
    link(t("moderate.spam"), () => decide(view, "spam")),
  ];
  return [[t("moderate.waiting"), ...heldBecause(view), ...details].filter(Boolean).join(" "), ...actions.flatMap((action) => [" ", action])];
}

/** The moderators' part of the ⋯ menu. @param {CommentView} view */
export function items(view) {
  const { comment, thread } = view;
  const { t } = thread;
  const waits = comment.status === "pending";
  const own = thread.account.wrote(comment);
  return [
    waits && { label: t("moderate.approve"), run: () => decide(view, "approve") },
    { label: t("moderate.remove"), run: () => removeWithReason(view) },
    { label: t("moderate.spam"), run: () => decide(view, "spam") },
    !waits && { label: t(comment.featured ? "moderate.unfeature" : "moderate.feature"), run: () => decide(view, comment.featured ? "unfeature" : "feature") },
    !own && { label: t("moderate.ban", { name: comment.author.name }), run: () => ban(view) },
  ]
    .filter(Boolean)
    .map((item, at) => ({ ...item, apart: !at }));
}

/** @param {CommentView} view */
function removeWithReason(view) {
  const { t } = view.thread;
  ask(view.thread, {
    title: t("moderate.remove.title"),
    hint: t("moderate.remove.hint"),
    fields: [
      { name: "reason", label: t("moderate.reason"), kind: "choice", required: true, options: REASONS.map((code) => [code, t(`reason.${code}`)]) },
      { name: "note", label: t("moderate.note"), kind: "area", max: 2000 },
    ],
    send: t("moderate.remove"),
    submit: (values) => decided(view, "remove", values),
  });
}

/** @param {CommentView} view @param {string} action @param {any} [comment] as it is to be shown after that */
async function decide(view, action, comment = view.comment) {
  try {
    await decided(view, action, {}, comment);
  } catch (problem) {
    tellProblem(view, problem);
  }
}

/** Send a decision and show what came of it. @param {CommentView} view @param {string} action @param {Record<string, string>} [why] */
async function decided(view, action, why = {}, comment = view.comment) {
  const { thread } = view;
  const { t } = thread;
  const version = following.get(thread)?.held.get(comment.id)?.version;
  const body = { decisions: [{ comment_id: comment.id, action, ...why, ...(version && { version }) }] };
  const { results } = await thread.api.write("POST", "moderation/decisions", body);
  const [{ result }] = results;
  if (result === "conflict" || result === "not_found") return tell(view, t(`moderate.${result}`));
  following.get(thread)?.held.delete(comment.id);
  note(view, "held");
  if (action === "remove" || action === "spam") {
    thread.remove(comment.id, { ...comment, status: action === "spam" ? "hidden" : "removed", html: null, author: null, featured: false });
    tell(view, t(`moderate.done.${action}`));
    const undo = link(t("undo"), () => decide(view, "restore", comment));
    view.notes.lastElementChild.append(" ", undo);
    undo.focus();
    return undo;
  }
  thread.update({ ...comment, status: action === "restore" ? comment.status : "published", featured: action === "feature" || (action !== "unfeature" && comment.featured) });
  tellBriefly(view, t(`moderate.done.${action}`));
  if (!thread.root.activeElement) view.article.focus();
}

/** Ban somebody; what that will do is spelled out before. @param {CommentView} view */
async function ban(view) {
  const { thread, comment } = view;
  const { t, api, times } = thread;
  const { author } = comment;
  const path = `moderation/authors/${author.id}`;
  try {
    const { author_record: record, comment_count: n } = await api.write("GET", path);
    const end = ({ days }) => (days ? new Date(Date.now() + Number(days) * DAY) : null);
    const until = (values) => (end(values) ? times.date.format(end(values)) : "");
    ask(thread, {
      title: t("moderate.ban", { name: author.name }),
      hint: t("ban.record", { approved: record.approved, removed: record.removed }),
      fields: [
        { name: "days", label: t("ban.for"), kind: "select", options: [...DAYS.map((days) => [String(days), t("ban.days", { n: days })]), ["", t("ban.ever")]] },
        { name: "reason", label: t("ban.reason"), kind: "area", required: true, max: 500 },
        { name: "remove", label: t("ban.remove", { n }), kind: "check" },
      ],
      send: (values) => [t(values.days ? "ban.send.until" : "ban.send", { name: author.name, until: until(values) }), values.remove && t("ban.send.remove", { n })].filter(Boolean).join(" "),
      submit: async (values) => {
        const answer = await api.write("PUT", `${path}/ban`, { until: end(values)?.toISOString() ?? null, reason: values.reason, ...(values.remove && { remove_comments: true }) });
        tell(view, t("ban.done", { name: author.name }));
        const undo = async () => {
          await api.write("DELETE", `${path}/ban`);
          if (values.remove) await api.write("POST", `moderation/removals/${answer.removal.id}/undo`);
          tellBriefly(view, t("ban.undone", { name: author.name }));
        };
        view.notes.lastElementChild.append(" ", link(t("undo"), () => undo().catch((problem) => tellProblem(view, problem))));
      },
    });
  } catch (problem) {
    tellProblem(view, problem);
  }
}
