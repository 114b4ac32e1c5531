// @ts-check
// Times as readers say them ("12 min"), exact ones in the tooltip; all of them are brought up to date together.

const UNITS = /** @type {const} */ ([
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
]);
const EVERY = 30_000; // milliseconds
const SOON = 500; // milliseconds until tooltips are there: making their formatter would delay the first comments

/** The `<time>` elements of one section. */
export class Times {
  /** @param {import("./words.js").Words} words */
  constructor(words) {
    this.words = words;
    /** @type {Set<WeakRef<HTMLTimeElement>>} */
    this.shown = new Set();
    this.timer = setInterval(() => this.refresh(), EVERY);
    this.soon = 0;
  }

  get exact() {
    return (this.exactly ??= new Intl.DateTimeFormat(this.words.language, { dateStyle: "long", timeStyle: "short" }));
  }

  get date() {
    return (this.dated ??= new Intl.DateTimeFormat(this.words.language, { dateStyle: "medium" }));
  }

  /** @param {string} at RFC 3339 @returns {HTMLTimeElement} */
  element(at) {
    const time = document.createElement("time");
    time.dateTime = at;
    time.textContent = this.text(at);
    this.shown.add(new WeakRef(time));
    this.soon ||= setTimeout(() => this.refresh(), SOON);
    return time;
  }

  /** @param {string} at */
  text(at) {
    const seconds = (Date.now() - Date.parse(at)) / 1000;
    if (seconds > 7 * 86_400) return this.date.format(new Date(at));
    const [name, length] = UNITS.find(([, length]) => seconds >= length) ?? ["now", 1];
    return this.words.t(`time.${name}`, { n: Math.floor(seconds / length) });
  }

  refresh() {
    this.soon = 0;
    for (const shown of this.shown) {
      const time = shown.deref();
      if (!time) {
        this.shown.delete(shown);
        continue;
      }
      const text = this.text(time.dateTime);
      if (time.textContent !== text) time.textContent = text;
      time.title ||= this.exact.format(new Date(time.dateTime));
    }
  }

  stop() {
    clearInterval(this.timer);
    clearTimeout(this.soon);
  }
}
