// @ts-check
// Decisions on their way. When the page is left, all that browsers still send for it goes at once; what a session that
// has ended could not send is kept for the next one.

const AT_MOST = 100; // decisions in one request
const SIZE = 50_000; // bytes of one request
const AT_ONCE = 2; // requests
const AFTERWARDS = 60_000; // bytes: for pages that are gone browsers send 64 KiB, all requests together

/** @typedef {import("./decisions.js").Wish} Wish */
/** @typedef {{wishes: Wish[], size: number, answer: Promise<any[]>, start: () => Promise<void>}} Request */

/** What is to be sent for one desk, in order. */
export class Outbox {
  /** @param {import("./api.js").Api} api @param {(wishes: Wish[]) => void} refused told what an ended session kept from being sent */
  constructor(api, refused) {
    this.api = api;
    this.refused = refused;
    /** @type {Request[]} */
    this.waiting = [];
    /** @type {Set<Request>} */
    this.flying = new Set();
  }

  /** Send decisions, in as many requests as they need; each has an answer of its own. @param {Wish[]} wishes @returns {Request[]} */
  send(wishes) {
    const requests = portions(wishes).map((some) => this.request(some));
    this.waiting.push(...requests);
    this.go();
    return requests;
  }

  /** @param {Wish[]} wishes @returns {Request} */
  request(wishes) {
    /** @type {any} */
    const request = { wishes, size: sizeOf(wishes) };
    request.answer = new Promise((answered, failed) => {
      request.start = () => this.post(request).then(answered, failed);
    });
    return request;
  }

  /** @param {boolean} [leaving] the page goes away: nothing can wait for an answer */
  go(leaving = false) {
    while (this.waiting.length && (leaving || this.flying.size < AT_ONCE)) this.start(/** @type {Request} */ (this.waiting.shift()));
  }

  /** @param {Request} request */
  async start(request) {
    this.flying.add(request);
    await request.start();
    this.flying.delete(request);
    this.go();
  }

  /** @param {Request} request */
  async post({ wishes }) {
    const keepalive = total(this.flying) <= AFTERWARDS;
    try {
      return (await this.api.send("POST", "/moderation/decisions", { decisions: wishes }, { keepalive })).results;
    } catch (problem) {
      if (problem.status === 401) this.refused(wishes);
      throw problem;
    }
  }

  /** When everything is answered. */
  async idle() {
    await Promise.allSettled([...this.flying, ...this.waiting].map(({ answer }) => answer));
  }

  /** Whether the page cannot be left now without losing some. @param {Wish[]} later what is to be sent besides */
  isTooMuch(later) {
    return total(this.flying) + total(this.waiting) + sizeOf(later) > AFTERWARDS;
  }
}

/** @param {Iterable<Request>} requests */
function total(requests) {
  return [...requests].reduce((sum, { size }) => sum + size, 0);
}

/** @param {Wish[]} wishes */
function sizeOf(wishes) {
  return new TextEncoder().encode(JSON.stringify(wishes)).length;
}

/** @param {Wish[]} wishes @returns {Wish[][]} */
function portions(wishes) {
  /** @type {Wish[][]} */
  const all = [];
  let room = 0;
  for (const wish of wishes) {
    const size = sizeOf([wish]);
    if (size > room || (all.at(-1)?.length ?? 0) >= AT_MOST) {
      all.push([]);
      room = SIZE;
    }
    all.at(-1)?.push(wish);
    room -= size;
  }
  return all;
}
