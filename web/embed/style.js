// @ts-check
// How the section looks: the page's own font and colours, one accent, hairlines. Pages change it by custom properties.

const CSS = `
:host { display: block; font-family: var(--discuss-font, inherit) }
:host([hidden]), [hidden] { display: none !important }
:host([loading]) section { min-height: 100vh }
* { box-sizing: border-box }
section {
  --accent: var(--discuss-accent, var(--discuss-page-link, LinkText));
  --ground: var(--discuss-background, var(--discuss-page-ground, Canvas));
  --text: var(--discuss-text, var(--discuss-page-text, CanvasText));
  --muted: var(--discuss-muted, color-mix(in srgb, var(--text) 70%, var(--ground)));
  --edge: var(--discuss-edge, color-mix(in srgb, var(--text) 52%, var(--ground)));
  --line: var(--discuss-line, color-mix(in srgb, var(--text) 17%, var(--ground)));
  --new: color-mix(in srgb, var(--accent) 14%, var(--ground));
  --radius: var(--discuss-radius, 6px);
  --gap: calc(1rem * var(--discuss-density, 1));
  --small: max(.875em, .8125rem);
  position: relative; max-width: 46rem; color: var(--text); line-height: 1.5; overflow-wrap: anywhere; container-type: inline-size;
}
ol { list-style: none; margin: 0; padding: 0 }
h2 { display: flex; column-gap: .35em; white-space: nowrap; font: inherit; font-size: 1.5em; font-weight: 700; line-height: 1.2; margin: 0; overflow-wrap: break-word }
button, select, input, textarea { font: inherit; letter-spacing: inherit; color: inherit; background: none; border: 0; border-radius: var(--radius); margin: 0; padding: 0 }
button, select { cursor: pointer; min-height: 44px } :disabled { cursor: default; opacity: .55 }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px }
article:focus { outline-offset: 6px } article:focus:not(:focus-visible) { outline: none }
.header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin-block-end: .5rem }
.count { color: var(--muted); font-weight: 400; font-variant-numeric: tabular-nums }
select { color: var(--muted); font-size: var(--small); max-width: 55%; min-width: 3rem; flex-shrink: 9; text-overflow: ellipsis }
select option { color: CanvasText; background: Canvas }
.line { color: var(--muted); margin: 0; padding-block: .625rem; border-block-start: 1px solid var(--line) }
.line button, .more, .to, .pill { color: var(--accent) } .line button { padding-inline: .25rem; margin-block: -.625rem; text-decoration: underline }
.wrong { color: var(--muted); font-size: var(--small); margin: 0 0 .5rem }
.place { margin-block-end: var(--gap) }
.join { width: 100%; min-height: 46px; text-align: start; padding: .5rem .875rem; border: 1px solid var(--edge); color: var(--muted) } .join:hover { border-color: var(--accent) }
.afloat { position: sticky; inset-block-start: .75rem; z-index: 2; height: 0; text-align: center }
.pill { padding-inline: 1.25rem; background: var(--ground); border: 1px solid var(--edge); border-radius: 22px; font-size: var(--small); animation: come .15s ease-out }
@keyframes come { from { opacity: 0; transform: translateY(-.5rem) } }
.list { contain: layout style } .list:has(.menu) { contain: none }
.list > .comment { border-block-start: 1px solid var(--line); padding-block: calc(var(--gap) * .75) var(--gap) }
.replies > .comment { padding-block-start: calc(var(--gap) * .5) }
.by { display: flex; flex-wrap: wrap; align-items: center; column-gap: .5rem; font-size: var(--small) }
.name { font-weight: 600; max-width: 24ch; min-width: 4ch; flex: 0 1 auto; text-overflow: ellipsis; white-space: nowrap }
[data-clip] { overflow: clip }
.badge { color: var(--muted); font-size: .8125em; line-height: 1.5; border: 1px solid var(--line); border-radius: 3px; padding-inline: .35em; max-width: 20ch; overflow: clip; text-overflow: ellipsis; white-space: nowrap }
.time, .edited { color: var(--muted) }
.time { text-decoration: none; display: inline-flex; align-items: center; min-height: 44px; padding-inline: .25rem; margin-inline-start: -.25rem; font-variant-numeric: tabular-nums } .time:hover { text-decoration: underline }
.avatar { flex: none; width: 32px; height: 32px; border-radius: 50%; object-fit: cover; display: grid; place-items: center; color: #fff; font-weight: 600; font-size: .8125rem; line-height: 1 }
.tone-0 { background: #8c3b3b } .tone-1 { background: #7a4a1e } .tone-2 { background: #66581a } .tone-3 { background: #476325 }
.tone-4 { background: #2a6740 } .tone-5 { background: #1f6762 } .tone-6 { background: #20617d } .tone-7 { background: #3a5796 }
.tone-8 { background: #554da0 } .tone-9 { background: #75439a } .tone-10 { background: #8b3c7c } .tone-11 { background: #5b5f66 }
.body { max-width: 68ch; margin-inline-end: auto; overflow-clip-margin: .3em }
[data-long]:not(:focus-within) { max-height: 18lh; mask-image: linear-gradient(#000 15lh, #0000) }
.body p, .body ul, .body ol { margin-block: .6em } .body ul, .body ol { padding-inline-start: 1.4em } .body ul { list-style: disc } .body ol { list-style: decimal }
.body blockquote { margin: .6em 0; padding-inline-start: .8em; border-inline-start: 3px solid var(--line); color: var(--muted) }
.body :first-child { margin-block-start: 0 } .body :last-child { margin-block-end: 0 }
.body code { font-size: .9em } .body pre { margin: .6em 0; white-space: pre-wrap; padding: .5em .75em; background: color-mix(in srgb, var(--text) 7%, var(--ground)); border-radius: var(--radius) }
.actions { display: flex; flex-wrap: wrap; margin-inline-start: -.625rem; font-size: var(--small); color: var(--muted) }
.actions button { min-width: 44px; padding-inline: .625rem; font-variant-numeric: tabular-nums } [data-action=up] { text-align: start } [data-action=down] { margin-inline: -.375rem .25rem } .votes:not(:empty) { margin-inline-start: .35em }
.actions button:hover, .actions [aria-pressed=true] { color: var(--accent) } [aria-pressed=true] > :first-child { border-block-end: 2px solid }
.mark { display: inline-block } .mark::before { content: ""; display: block; margin-block-end: 1px; border: solid transparent; border-width: 0 .375em .65em; border-bottom-color: currentColor }
[data-action=down] > .mark::before { border-width: .65em .375em 0; border-color: currentColor transparent } [data-action=menu] { font-weight: 700 }
 [data-closed] [data-action=reply] { display: none }
.tombstone, .empty, .notes { color: var(--muted); margin: 0 } .tombstone { padding-block: .625rem; font-size: var(--small) } .empty { padding-block: 1.5rem; border-block-start: 1px solid var(--line) } [data-closed] .empty { display: none }
.more, .to { font-size: var(--small); text-align: start } .to { display: block; margin-block: -.5rem .25rem; line-height: 1.3 }
.more:hover, .to:hover { text-decoration: underline }
.branch { position: relative; padding-inline-start: 20px }
.rail { position: absolute; inset-block: 0; inset-inline-start: -12px; width: 26px; min-height: 0 }
.rail::before { content: ""; position: absolute; inset-block: .5rem; inset-inline-start: 12px; width: 1px; background: var(--edge) } .rail:hover::before { width: 2px; background: var(--accent) }
[data-featured] > .by .badge:first-of-type { color: var(--accent); border-color: currentColor }
.new { animation: new 2.5s ease-out } @keyframes new { from { background: var(--new); box-shadow: 0 0 0 .5rem var(--new) } }
.skeleton { border-block-start: 1px solid var(--line); padding-block: calc(var(--gap) * .75 + .5rem) var(--gap); height: 9.5rem } .skeleton i { display: block; height: .75rem; margin-block-end: .875rem; background: var(--line); border-radius: 3px; opacity: .6 } .skeleton i:first-child { width: 30%; margin-block-end: 1.25rem } .skeleton i:last-child { width: 70% }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
@container (max-width: 12em) { .header { flex-wrap: wrap } }
@container (max-width: 30rem) { .branch { padding-inline-start: 12px } .name { max-width: 20ch } .header { gap: .5rem } h2 { font-size: 1.3em } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important } }
@media (forced-colors: active) { .rail::before { background: CanvasText } .mark::before { forced-color-adjust: none; color: ButtonText } }
@media print {
  .actions, .more, .pill, .place, select, .rail, [data-state=pending], [data-state=refused] { display: none }
  time { font-size: 0 } time::after { content: attr(title); font-size: .875rem } [data-long] { max-height: none !important; mask: none !important }
}
`;

/** @type {CSSStyleSheet | undefined} */
let made;

/** The one sheet that every section of a page shares. */
export function sheet() {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(CSS);
  }
  return made;
}

/**
 * Put on the page's own colours, also when the reader's system goes from light to dark.
 * @param {HTMLElement} section @param {Element} element where it stands in the page @param {AbortSignal} signal ends it
 */
export function dress(section, element, signal) {
  const colours = () => {
    const link = document.createElement("a");
    const slot = document.createElement("slot"); // without one, what the element has is nowhere and has no colour
    link.href = "#";
    element.shadowRoot?.prepend(slot);
    element.append(link);
    section.style.setProperty("--discuss-page-link", getComputedStyle(link).color);
    section.style.setProperty("--discuss-page-text", getComputedStyle(element).color);
    section.style.setProperty("--discuss-page-ground", groundOf(element));
    link.remove();
    slot.remove();
  };
  colours();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colours, { signal });
  let due = 0;
  const soon = () => (due ||= requestAnimationFrame(() => ((due = 0), colours())));
  const watch = new MutationObserver(soon); // a switch of the page's own
  for (const root of [document.documentElement, document.body]) {
    watch.observe(root, { attributes: true });
    root.addEventListener("transitionend", ({ target }) => target === root && soon(), { signal });
  }
  signal.addEventListener("abort", () => watch.disconnect());
}

/** What an element of the page stands on. @param {Element | null} element @returns {string} */
function groundOf(element) {
  if (!element) return "Canvas";
  const colour = getComputedStyle(element).backgroundColor;
  return /^transparent$|[,/] ?0\)$/.test(colour) ? groundOf(element.parentElement) : colour;
}
