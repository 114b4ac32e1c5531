// @ts-check
// Times and numbers as people say them. Ages on the page are brought up to date together, without moving anything.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EVERY = 30_000; // milliseconds

const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
const numbers = new Intl.NumberFormat("en-GB");

/** @type {Set<WeakRef<HTMLTimeElement>>} */
const ages = new Set();

/** How long ago something was: "12 min". @param {string} at RFC 3339 @returns {HTMLTimeElement} */
export function age(at) {
  const time = document.createElement("time");
  time.dateTime = at;
  time.title = exact.format(new Date(at));
  time.textContent = ageText(at);
  ages.add(new WeakRef(time));
  return time;
}

/** @param {string} at */
function ageText(at) {
  const seconds = (Date.now() - Date.parse(at)) / 1000;
  return seconds > 30 * DAY ? date(at) : duration(seconds);
}

/** A length of time in its largest unit. @param {number} seconds */
export function duration(seconds) {
  if (seconds < MINUTE) return "now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** A day: "1 Dec 2026". @param {string | Date} at */
export function date(at) {
  return day.format(new Date(at));
}

/** A day and a time. @param {string} at */
export function moment(at) {
  return exact.format(new Date(at));
}

/** An hour of a chart: "14:00", with its day when it is not of the last 24 hours. @param {string} at @param {boolean} withDay */
export function hour(at, withDay) {
  return (withDay ? weekday : clock).format(new Date(at));
}

/** @param {number} n */
export function number(n) {
  return numbers.format(n);
}

setInterval(() => {
  for (const reference of ages) {
    const time = reference.deref();
    if (!time) ages.delete(reference);
    else if (time.textContent !== ageText(time.dateTime)) time.textContent = ageText(time.dateTime);
  }
}, EVERY);
