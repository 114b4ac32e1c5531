// @ts-check
// What readers do with a comment, and what is theirs on it: votes, replies, the ⋯ menu, flags, mutes, appeals.

import { connect } from "./account.js";
import { Problem } from "./api.js";
import { h } from "./comment.js";
import { clock, open } from "./composer.js";
import { ask, showMenu } from "./menu.js";

/** @typedef {import("./comment.js").CommentView} CommentView */
/** @typedef {import("./account.js").Account} Account */

export const REASONS = ["spam", "abuse", "hate", "off_topic", "misinformation", "illegal", "other"];
const UNDO = 5_000; // milliseconds until a deletion is sent
const BRIEF = 4_000; // milliseconds that a word of success stays
const DO = {
  join: (account) => join(account),
  up: (account, view) => vote(account, view, 1),
  down: (account, view) => vote(account, view, -1),
  reply,
  menu: (account, view, button) => showMenu(button, items(account, view)),
};

/** A button was pressed. @param {import("./thread.js").Thread} thread @param {HTMLElement} button @param {CommentView | null} view */
export async function act(thread, button, view) {
  await DO[button.dataset.action](await connect(thread), view, button);
}

/** Show on a comment what concerns its reader. @param {CommentView} view */
export function decorate(view) {
  const { thread, comment } = view;
  const account = /** @type {Account} */ (thread.account);
  const { mine } = thread;
  const removed = comment.status !== "published" && mine?.removed.find(({ id }) => id === comment.id);
  const muted = comment.author && account.muted.has(comment.author.id);
  view.element.dataset.state = removed ? "refused" : view.leaving ? "leaving" : muted ? "muted" : comment.status;
  note(view, "held", ...(comment.status === "pending" ? held(view) : []));
  note(view, "removed", ...(removed ? why(view, removed) : []));
  note(view, "muted", ...(muted ? unmute(account, view) : []));
  if (comment.html === null) return;
  const vote = mine?.votes[comment.id];
  view.up.setAttribute("aria-pressed", String(vote === 1));
  view.down.setAttribute("aria-pressed", String(vote === -1));
  view.actions.querySelector("[data-action=reply]").textContent = thread.t(account.drafts.has(comment.id) ? "action.reply.draft" : "action.reply");
}

/** A line under a comment, one of each kind; without words there is none. @param {CommentView} view @param {string} kind @param {...(Node | string)} what */
export function note(view, kind, ...what) {
  const known = view.notes.querySelector(`[data-note=${kind}]`);
  if (!what.length) return known?.remove();
  const line = known ?? view.notes.appendChild(h("div", { class: "note", "data-note": kind }));
  line.replaceChildren(...what);
  return line;
}

/** Tell the result of an action below the comment, to eyes and ears. @param {CommentView} view @param {string} text */
export function tell(view, text) {
  note(view, "told", text);
  view.thread.announce(text);
}

/** Tell that something went well; it passes. @param {CommentView} view @param {string} text */
export function tellBriefly(view, text) {
  tell(view, text);
  setTimeout(() => note(view, "told"), BRIEF);
}

/** @param {CommentView} view @param {unknown} problem */
export function tellProblem(view, problem) {
  if (!(problem instanceof Problem)) throw problem;
  const why = view.thread.account.explain(problem);
  if (typeof why === "string") tell(view, why);
  else note(view, "sign-in", why);
}

/** A button in a line of words. @param {string} text @param {() => void} onclick */
export function link(text, onclick) {
  return h("button", { type: "button", class: "link", onclick }, text);
}

/** Why it waits, or for moderators what they can do about it. @param {CommentView} view */
function held(view) {
  const { account, t } = view.thread;
  if (account.moderates) return account.moderation.waiting(view);
  return [[t("held"), ...heldBecause(view)].join(" ")];
}

/** What held a comment, in words. @param {CommentView} view @returns {string[]} */
export function heldBecause({ comment, thread }) {
  const keys = comment.held_by.map((hold) => `held.${(hold.check ?? hold).replace(/_(site|section|article)$/, "")}`);
  return [...new Set(keys)].filter((key) => thread.words.knows(key)).map((key) => thread.t(key));
}

/** @param {CommentView} view @param {{reason: string | null, appealable: boolean}} removed */
function why(view, { reason, appealable }) {
  const { t } = view.thread;
  const text = reason ? t("removed.why", { reason: reasonOf(view, reason) }) : t("removed");
  return appealable ? [text, " ", link(t("appeal"), () => appeal(view))] : [text];
}

/** A reason in words where it is a known code. @param {CommentView} view @param {string} code */
export function reasonOf({ thread }, code) {
  const key = `reason.${code}`;
  return thread.words.knows(key) ? thread.t(key) : code;
}

/** @param {CommentView} view */
function appeal(view) {
  const { thread, comment } = view;
  const { t } = thread;
  ask(thread, {
    title: t("appeal"),
    hint: t("appeal.hint"),
    fields: [{ name: "text", label: t("appeal.text"), kind: "area", required: true, max: 2000 }],
    send: t("send"),
    submit: async (body) => {
      await thread.api.write("POST", `me/comments/${comment.id}/appeal`, body);
      thread.mine.removed.find(({ id }) => id === comment.id).appealable = false;
      decorate(view);
      tell(view, t("appeal.sent"));
    },
  });
}

/** @param {Account} account */
async function join(account) {
  const { composerPlace } = account.thread;
  if (!account.composer) await account.need(composerPlace);
  account.composer?.focus();
}

/**
 * Whether somebody is signed in; else the comment says how to.
 * @param {Account} account @param {CommentView} view @param {{guests?: boolean}} [whom] whether it may be a guest
 */
async function need(account, view, whom) {
  if (account.me) return true;
  const place = note(view, "sign-in", "");
  const signedIn = await account.need(place, whom);
  if (signedIn) place.remove();
  return signedIn;
}

/** @param {Account} account @param {CommentView} view @param {1 | -1} value */
async function vote(account, view, value) {
  const { thread } = view;
  if (!(await need(account, view, { guests: false }))) return;
  if (account.wrote(view.comment)) return tell(view, thread.t("error.own_comment"));
  const { votes } = thread.mine ?? (thread.mine = { votes: {}, held: [], editable: [], removed: [], flags: [] });
  const { id } = view.comment;
  const before = votes[id] ?? 0;
  const totals = view.comment.votes;
  const show = (mine, all) => {
    votes[id] = mine;
    view.update({ ...view.comment, votes: all });
  };
  const now = before === value ? 0 : value;
  const up = totals.up + Number(now === 1) - Number(before === 1);
  const down = totals.down + Number(now === -1) - Number(before === -1);
  show(now, { up, down, score: up - down });
  const turn = (view.turn = {});
  try {
    const answer = await thread.api.write("PUT", `comments/${id}/vote`, { value: now });
    if (view.turn === turn) show(answer.value, answer.votes);
  } catch (problem) {
    if (view.turn === turn) show(before, totals);
    tellProblem(view, problem);
  }
}

/** @param {Account} account @param {CommentView} view */
async function reply(account, view) {
  if (!(await need(account, view))) return;
  if (view.composer) return view.composer.focus();
  if (view.thread.mine?.can_post === false) return tell(view, account.refusal());
  const at = h("div", { part: "composer" });
  view.article.after(at);
  view.composer = open(view.thread, { parent: view, at });
}

/** What may be done with a comment. @param {Account} account @param {CommentView} view */
function items(account, view) {
  const { comment, thread } = view;
  const { t, mine } = thread;
  const own = account.wrote(comment);
  const editable = mine?.editable.find(({ id }) => id === comment.id);
  const seconds = editable ? Math.round((Date.parse(editable.editable_until) - Date.now()) / 1000) : 0;
  return [
    comment.status === "published" && { label: t("menu.link"), run: () => copyLink(view) },
    seconds > 0 && { label: t("menu.edit", { left: clock(seconds) }), run: () => edit(view, editable) },
    own && { label: t("menu.delete"), run: () => remove(view) },
    !own && { label: t(mine?.flags.includes(comment.id) ? "menu.flagged" : "menu.flag"), run: () => flag(account, view) },
    !own && { label: t("menu.mute", { name: comment.author.name }), run: () => mute(account, view, true) },
    ...(account.moderation?.items(view) ?? []),
  ].filter(Boolean);
}

/** @param {CommentView} view */
async function copyLink(view) {
  const hash = `#comment-${view.comment.id}`;
  try {
    await navigator.clipboard.writeText(location.href.split("#")[0] + hash);
    tellBriefly(view, view.thread.t("menu.link.done"));
  } catch {
    location.hash = hash; // the address line has it
  }
}

/** @param {CommentView} view @param {{text: string, editable_until: string}} editable */
function edit(view, { text, editable_until: until }) {
  if (view.composer) return view.composer.focus();
  const at = h("div", { part: "composer" });
  view.article.after(at);
  view.element.setAttribute("data-editing", "");
  view.composer = open(view.thread, { edit: { view, text, until }, at });
}

/** Delete one's own comment, once there was time to change one's mind. @param {CommentView} view */
function remove(view) {
  const { thread } = view;
  const { t, api } = thread;
  const undo = link(t("undo"), () => end(false));
  const end = async (really) => {
    clearTimeout(timer);
    removeEventListener("pagehide", send);
    view.leaving = false;
    note(view, "leaving");
    decorate(view);
    if (!really) return view.article.focus();
    try {
      await api.write("DELETE", `comments/${view.comment.id}`);
      if (thread.mine) thread.mine.held = thread.mine.held.filter(({ id }) => id !== view.comment.id);
      if (view.comment.status === "published") thread.remove(view.comment.id, { ...view.comment, status: "deleted", html: null, author: null });
      else thread.take(view);
    } catch (problem) {
      tellProblem(view, problem);
    }
  };
  const send = () => end(true);
  const timer = setTimeout(send, UNDO);
  addEventListener("pagehide", send);
  view.leaving = true;
  decorate(view);
  note(view, "leaving", t("delete.done"), " ", undo);
  thread.announce(t("delete.done"));
  undo.focus();
}

/** @param {Account} account @param {CommentView} view @param {boolean} muted */
function mute(account, view, muted) {
  const { author } = view.comment;
  account.muted[muted ? "add" : "delete"](author.id);
  account.kept.set("muted", account.muted.size ? [...account.muted] : null);
  for (const other of view.thread.comments.values()) if (other.comment.author?.id === author.id) decorate(other);
  if (muted) view.notes.querySelector("button")?.focus();
  else view.article.focus();
}

/** @param {Account} account @param {CommentView} view */
function unmute(account, view) {
  const { t } = view.thread;
  return [t("mute.done", { name: view.comment.author.name }), " ", link(t("mute.undo"), () => mute(account, view, false))];
}

/** Flag a comment; without an account only what is illegal can be reported. @param {Account} account @param {CommentView} view */
async function flag(account, view) {
  const { thread, comment } = view;
  const { t, mine } = thread;
  if (mine?.flags.includes(comment.id)) return tell(view, t("flag.again"));
  if (!account.me) await account.ask().then((token) => token && (account.settled = account.refresh()));
  const signedIn = !!account.me;
  const illegal = ({ reason }) => !signedIn || reason === "illegal";
  const notice = (field) => ({ ...field, required: true, when: illegal });
  ask(thread, {
    title: t(signedIn ? "flag" : "notice"),
    hint: signedIn ? undefined : account.invitation(t("notice.hint"), { guests: false }),
    fields: [
      ...(signedIn ? [{ name: "reason", label: t("flag.why"), kind: "choice", required: true, options: REASONS.map((code) => [code, t(`reason.${code}`)]) }] : []),
      { name: "note", label: t("flag.note"), kind: "area", max: 1000, when: (values) => !illegal(values) },
      notice({ name: "explanation", label: t("notice.explanation"), kind: "area", max: 5000 }),
      notice({ name: "legal_ground", label: t("notice.ground"), max: 200 }),
      ...(signedIn ? [] : [notice({ name: "name", label: t("notice.name"), max: 200 }), notice({ name: "contact", label: t("notice.contact"), max: 500 })]),
      notice({ name: "good_faith", label: t("notice.good_faith"), kind: "check" }),
    ],
    send: t("send"),
    submit: async ({ reason, note: words, ...rest }) => {
      const given = { ...rest, good_faith: true };
      if (signedIn) await thread.api.write("POST", `comments/${comment.id}/flags`, { reason, ...(words && { note: words }), ...(reason === "illegal" && { notice: given }) });
      else await thread.api.write("POST", "notices", { comment_id: comment.id, ...given });
      mine?.flags.push(comment.id);
      tell(view, t("flag.done"));
    },
  });
}
