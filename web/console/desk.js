// @ts-check
// What a signed-in moderator works with: the API, who they are, the queues' counts, and what happens meanwhile.

import { Api } from "./api.js";
import { Live } from "./live.js";
import { Outbox } from "./outbox.js";
import { keepUnsent } from "./session.js";
import { Undo } from "./undo.js";
import { problemWords, t } from "./words.js";

export const QUEUES = ["pending", "flagged", "appeals", "published", "removed", "spam", "all"];

/** @typedef {{pending: number, flagged: number, appeals: number, spam: number, removed: number, oldest_pending_at: string | null}} Counts */

/** One site's desk. */
export class Desk {
  /** @param {string} site @param {string} token @param {() => void} ended called when the session is over */
  constructor(site, token, ended) {
    this.site = site;
    this.api = new Api(site, token, ended);
    /** @type {any} answer of /me */
    this.me = null;
    /** @type {Counts | null} */
    this.counts = null;
    this.undo = new Undo(() => this.tell("undo"));
    this.outbox = new Outbox(this.api, (wishes) => keepUnsent(site, this.me.author.id, wishes));
    /** @type {Map<string, import("./row.js").Row>} comments whose decision is not sent yet */
    this.unsent = new Map();
    this.note = "";
    /** @type {Record<string, any>} settings that were changed and not saved */
    this.draft = {};
    /** @type {Promise<string[]> | undefined} */
    this.known = undefined;
    /** @type {Map<string, Set<(data: any) => void>>} */
    this.heard = new Map();
    /** @type {Live | null} */
    this.live = null;
    this.spoken = document.createElement("p");
    this.spoken.className = "spoken";
    this.spoken.setAttribute("role", "status");
    addEventListener("pagehide", () => this.left());
    addEventListener("beforeunload", (event) => this.outbox.isTooMuch(this.undo.steps.flatMap((step) => step.unsent())) && event.preventDefault());
  }

  /** Who is asking; the stream starts. Throws Problem. */
  async open() {
    this.me = await this.api.get("/me");
    this.live = new Live(this.api, (event, data) => this.tell(event, data));
    this.on("queue.counts", (counts) => this.counted(counts));
    this.on("open", () => this.count());
  }

  get isModerator() {
    return this.isAdmin || this.me.roles.includes("moderator");
  }

  get isAdmin() {
    return this.me.roles.includes("admin");
  }

  /** The page goes away. */
  left() {
    this.undo.flush();
    this.outbox.go(true);
  }

  close() {
    this.undo.flush();
    this.live?.stop();
  }

  /** Hear of an event until the returned function is called. @param {string} event @param {(data: any) => void} listener */
  on(event, listener) {
    const listeners = this.heard.get(event) ?? new Set();
    this.heard.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** @param {string} event @param {any} [data] */
  tell(event, data) {
    for (const listener of [...(this.heard.get(event) ?? [])]) listener(data);
  }

  /** How much waits, asked for now. */
  async count() {
    try {
      this.counted(await this.api.moderation("/counts"));
    } catch {
      // they come with the stream, or with the next question
    }
  }

  /** @param {Counts} counts */
  counted(counts) {
    this.counts = counts;
    this.tell("counts", counts);
  }

  /**
   * Do something when its ten seconds are over, or the page is left. @param {string} words what it will have been
   * @param {() => Promise<any>} act @param {() => void} [back] it was taken back
   */
  later(words, act, back = () => {}) {
    return this.undo.add(words, back, () => act().catch((problem) => this.notify(problemWords(problem))));
  }

  /** Take back what was done last, wherever that was. */
  takeBack() {
    if (!this.undo.steps.length) return this.say(t("undo.nothing"));
    this.undo.takeBack();
  }

  /** Tell what one would not see otherwise, until it is put away. @param {string} words */
  notify(words) {
    this.note = words;
    this.tell("undo");
    if (words) this.say(words);
  }

  /** The sections of the newest articles, in their order; asked for once. @returns {Promise<string[]>} */
  sections() {
    const ask = async () => {
      const { items } = await this.api.moderation("/articles", { limit: 100 });
      return [...new Set(items.flatMap((/** @type {any} */ { section }) => section ?? []))].sort();
    };
    this.known ??= ask().catch(() => ((this.known = undefined), []));
    return this.known;
  }

  /** Tell people who don't see the page. @param {string} words */
  say(words) {
    this.spoken.textContent = words;
  }
}
