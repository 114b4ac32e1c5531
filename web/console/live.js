// @ts-check
// What happens meanwhile: the site's stream for moderators, read with fetch because it needs the header. It is open
// while the tab is in front and resumes by id.

import { reach } from "./api.js";

const PAUSE = [2_000, 6_000]; // milliseconds before it is opened again, at random

/** Tells decisions and counts as they come. */
export class Live {
  /**
   * @param {import("./api.js").Api} api @param {(event: string, data: any) => void} tell also "open" and "lost",
   * when something may have been missed
   */
  constructor(api, tell) {
    this.api = api;
    this.tell = tell;
    this.last = "";
    this.timer = 0;
    /** @type {AbortController | null} */
    this.running = null;
    this.settle = this.settle.bind(this);
    document.addEventListener("visibilitychange", this.settle);
    this.settle();
  }

  settle() {
    const wanted = document.visibilityState === "visible";
    if (wanted && !this.running) this.run();
    if (!wanted) this.pause();
  }

  pause() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = null;
  }

  stop() {
    document.removeEventListener("visibilitychange", this.settle);
    this.pause();
  }

  async run() {
    const control = (this.running = new AbortController());
    try {
      await this.read(control.signal);
    } catch {
      // whatever ended it: it is opened again
    }
    if (this.running !== control) return;
    this.running = null;
    const [least, most] = PAUSE;
    this.timer = window.setTimeout(this.settle, least + Math.random() * (most - least));
  }

  /** @param {AbortSignal} signal */
  async read(signal) {
    const headers = { ...this.api.headers(), ...(this.last && { "Last-Event-ID": this.last }) };
    const answer = await reach(`${this.api.base}/moderation/events`, { headers, signal });
    if (answer.status === 401) this.api.ended();
    if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
    this.tell("open", null);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const frames = (text + value).split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) this.take(frame);
    }
  }

  /** One server-sent event. @param {string} frame */
  take(frame) {
    /** @type {Record<string, string>} */
    const fields = {};
    for (const line of frame.split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (fields.id) this.last = fields.id;
    if (fields.event === "reset") this.tell("lost", null);
    else if (fields.event) this.tell(fields.event, JSON.parse(fields.data));
  }
}
