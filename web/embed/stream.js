// @ts-check
// A live stream in the reader's name: EventSource sends no token, so it is read with fetch.

import { Live } from "./live.js";

const PAUSE = [2_000, 8_000]; // milliseconds before the next try, at random, as the service asks

/** Tells somebody what happens, as long as their token counts. */
export class Stream extends Live {
  /**
   * @param {import("./account.js").Account} account @param {string} path
   * @param {string} after the last event the page has, "" for none @param {(event: string, data: any) => void} tell `open` too: from here on nothing is missed
   */
  constructor(account, path, after, tell) {
    super(account.thread.api.url(path), after, account.thread.element, tell);
    this.account = account;
  }

  open() {
    clearTimeout(this.timer);
    const stop = new AbortController();
    this.source = { close: () => stop.abort() };
    this.read(stop.signal)
      .catch(() => {})
      .finally(() => {
        if (stop.signal.aborted) return;
        this.close();
        const [least, most] = PAUSE;
        this.timer = setTimeout(this.settle, least + Math.random() * (most - least));
      });
  }

  /** @param {AbortSignal} signal */
  async read(signal) {
    const { token } = this.account;
    const url = new URL(this.url);
    if (this.after) url.searchParams.set("after", this.after);
    const answer = await fetch(url, { signal, credentials: "omit", headers: { Authorization: `Bearer ${token}` } });
    if (answer.status === 401) return void (await this.account.ask());
    if (!answer.ok) return;
    this.tell("open", null);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (text + value).split("\n\n");
      text = /** @type {string} */ (events.pop());
      for (const event of events) this.heard(Object.fromEntries(event.split("\n").map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 1).trim()])));
    }
  }

  /** @param {Record<string, string>} lines */
  heard({ id, event, data }) {
    if (id) this.after = id;
    if (event) this.tell(event, JSON.parse(data));
  }
}
