// @ts-check
// The article's live stream: open only while the section is seen and the tab is in front, resumed by id.

const EVENTS = ["comment.published", "comment.updated", "comment.removed", "article.updated", "count", "reset"];
const PAUSE = [5_000, 15_000]; // milliseconds before the next try, at random, when the server takes no more streams

/** Tells what happens to an article. */
export class Live {
  /**
   * @param {URL} url of the stream @param {string} after the last event the page has in it
   * @param {Element} element what must be seen @param {(event: string, data: any) => void} tell
   */
  constructor(url, after, element, tell) {
    this.url = url;
    this.after = after;
    this.tell = tell;
    this.seen = false;
    /** @type {EventSource | null} */
    this.source = null;
    this.timer = 0;
    this.observer = new IntersectionObserver((entries) => {
      this.seen = entries[entries.length - 1].isIntersecting;
      this.settle();
    });
    this.observer.observe(element);
    this.settle = this.settle.bind(this);
    document.addEventListener("visibilitychange", this.settle);
  }

  /** Open or close, as it should be now. */
  settle() {
    const wanted = this.seen && document.visibilityState === "visible";
    if (wanted && !this.source) this.open();
    if (!wanted) this.close();
  }

  open() {
    clearTimeout(this.timer);
    const url = new URL(this.url);
    url.searchParams.set("after", this.after);
    const source = (this.source = new EventSource(url));
    for (const name of EVENTS)
      source.addEventListener(name, (event) => {
        if (event.lastEventId) this.after = event.lastEventId;
        this.tell(name, JSON.parse(event.data));
      });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      this.close();
      const [least, most] = PAUSE;
      this.timer = setTimeout(this.settle, least + Math.random() * (most - least));
    });
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  /** For good. */
  stop() {
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.settle);
    this.close();
  }
}
