// @ts-check
// Times as readers say them ("12 min"), exact ones in the tooltip; all of them are brought up to date together.

const UNITS = /** @type {const} */ ([
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
]);
const EVERY = 30_000; // milliseconds

/** The `<time>` elements of one section. */
export class Times {
  /** @param {import("./words.js").Words} words */
  constructor(words) {
    this.words = words;
    this.exact = new Intl.DateTimeFormat(words.language, { dateStyle: "long", timeStyle: "short" });
    this.date = new Intl.DateTimeFormat(words.language, { dateStyle: "medium" });
    const unit = (unit) => new Intl.NumberFormat(words.language, { style: "unit", unit, unitDisplay: "short" });
    this.units = UNITS.map(([name, length]) => ({ length, format: unit(name) })); // making one takes longer than a hundred uses
    /** @type {Set<WeakRef<HTMLTimeElement>>} */
    this.shown = new Set();
    this.timer = setInterval(() => this.refresh(), EVERY);
  }

  /** @param {string} at RFC 3339 @returns {HTMLTimeElement} */
  element(at) {
    const time = document.createElement("time");
    time.dateTime = at;
    time.title = this.exact.format(new Date(at));
    time.textContent = this.text(at);
    this.shown.add(new WeakRef(time));
    return time;
  }

  /** @param {string} at */
  text(at) {
    const seconds = (Date.now() - Date.parse(at)) / 1000;
    if (seconds > 7 * 86_400) return this.date.format(new Date(at));
    const unit = this.units.find(({ length }) => seconds >= length);
    return unit ? unit.format.format(Math.floor(seconds / unit.length)) : this.words.t("time.now");
  }

  refresh() {
    for (const shown of this.shown) {
      const time = shown.deref();
      if (!time) this.shown.delete(shown);
      else if (time.textContent !== this.text(time.dateTime)) time.textContent = this.text(time.dateTime);
    }
  }

  stop() {
    clearInterval(this.timer);
  }
}
