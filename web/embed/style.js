// @ts-check
// How the section looks: the page's own font and colours, one accent, hairlines. Pages change it by custom properties.

const CSS = `
:host {
  display: block; container-type: inline-size;
  --accent: var(--discuss-accent, LinkText);
  --text: var(--discuss-text, currentColor);
  --muted: var(--discuss-muted, color-mix(in srgb, currentColor 68%, transparent));
  --line: var(--discuss-line, color-mix(in srgb, currentColor 16%, transparent));
  --edge: var(--discuss-edge, color-mix(in srgb, currentColor 52%, transparent));
  --ground: var(--discuss-background, Canvas);
  --radius: var(--discuss-radius, 6px);
  --gap: calc(1rem * var(--discuss-density, 1));
  font-family: var(--discuss-font, inherit); color: var(--text); line-height: 1.5; overflow-wrap: anywhere;
}
:host([hidden]), [hidden] { display: none !important }
* { box-sizing: border-box }
section { max-width: 46rem; position: relative }
ol { list-style: none; margin: 0; padding: 0 }
h2 { font: inherit; font-size: 1.5em; font-weight: 700; line-height: 1.2; margin: 0 }
button, select, input, textarea { font: inherit; color: inherit; background: none; border: 0; border-radius: var(--radius); padding: 0; letter-spacing: inherit }
button, select { cursor: pointer; min-height: 44px }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px }
article:focus { outline-offset: 6px }
article:focus:not(:focus-visible) { outline: none }
.header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin-block-end: .5rem }
.count { color: var(--muted); font-weight: 400; font-variant-numeric: tabular-nums }
select { color: var(--muted); font-size: .875em; padding-inline: .25rem; max-width: 50% }
select option { color: CanvasText; background: Canvas }
.line { color: var(--muted); margin: 0; padding-block: .5rem; border-block-end: 1px solid var(--line) }
.line button, .more, .to, .pill { color: var(--accent) }
.place { margin-block-end: var(--gap) }
.join { width: 100%; text-align: start; padding: .5rem .875rem; border: 1px solid var(--edge); color: var(--muted) }
.pill { position: sticky; inset-block-start: .5rem; z-index: 2; display: block; margin: 0 auto .5rem; padding-inline: 1.25rem; background: var(--ground); border: 1px solid var(--edge); border-radius: 22px; font-size: .875em }
.list > .comment { border-block-start: 1px solid var(--line); padding-block-start: var(--gap) }
.comment { margin-block-end: var(--gap) }
.by { display: flex; flex-wrap: wrap; align-items: center; column-gap: .5rem; font-size: .875em; color: var(--muted) }
.name { color: var(--text); font-weight: 600; max-width: 24ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.badge { font-size: .8125em; border: 1px solid var(--line); border-radius: 3px; padding-inline: .35em; max-width: 20ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.time { color: inherit; text-decoration: none; display: inline-flex; align-items: center; min-height: 44px; padding-inline: .25rem; font-variant-numeric: tabular-nums }
.time:hover { text-decoration: underline }
.avatar { flex: none; width: 32px; height: 32px; border-radius: 50%; object-fit: cover; display: grid; place-items: center; color: #fff; font-size: .8125rem; font-weight: 600 }
.tone-0 { background: #8c3b3b } .tone-1 { background: #7a4a1e } .tone-2 { background: #66581a } .tone-3 { background: #476325 }
.tone-4 { background: #2a6740 } .tone-5 { background: #1f6762 } .tone-6 { background: #20617d } .tone-7 { background: #3a5796 }
.tone-8 { background: #554da0 } .tone-9 { background: #75439a } .tone-10 { background: #8b3c7c } .tone-11 { background: #5b5f66 }
.body { max-width: 68ch }
.body > :first-child { margin-block-start: 0 } .body > :last-child { margin-block-end: 0 }
.body p, .body ul, .body ol { margin-block: .6em } .body ul, .body ol { padding-inline-start: 1.4em; list-style: revert }
.body blockquote { margin: .6em 0; padding-inline-start: .8em; border-inline-start: 3px solid var(--line); color: var(--muted) }
.body pre { overflow-x: auto; padding: .5em .75em; background: var(--line); border-radius: var(--radius) } .body code { font-size: .9em }
.actions { display: flex; flex-wrap: wrap; gap: .25rem; margin-inline-start: -.5rem; font-size: .875em; color: var(--muted) }
.actions button { min-width: 44px; padding-inline: .5rem; font-variant-numeric: tabular-nums }
.actions button:hover, .actions [aria-pressed=true] { color: var(--accent) }
.tombstone, .empty, .notes { color: var(--muted); margin: 0 } .tombstone { padding-block: .625rem } .empty { padding-block: 1.5rem; border-block-start: 1px solid var(--line) }
.more, .to { font-size: .875em; text-align: start } .to { display: block }
.branch { position: relative; padding-inline-start: 20px } .branch > .replies > .comment { padding-block-start: calc(var(--gap) / 2) }
.rail { position: absolute; inset-block: 0; inset-inline-start: -14px; width: 28px; min-height: 0; padding: 0 }
.rail::before { content: ""; position: absolute; inset-block: 0; inset-inline-start: 13px; width: 1px; background: var(--line) } .rail:hover::before { width: 2px; background: var(--accent) }
[data-flat] > .branch, .comment[data-flat] { padding-inline-start: 0 } [data-flat] > .branch > .rail { display: none }
.new { animation: new 2s ease-out } @keyframes new { from { background: color-mix(in srgb, var(--accent) 14%, transparent) } }
.skeleton { border-block-start: 1px solid var(--line); padding-block: var(--gap); height: 8.5rem } .skeleton i { display: block; height: .8rem; margin-block-end: .8rem; background: var(--line); border-radius: 3px } .skeleton i:first-child { width: 30% } .skeleton i:last-child { width: 70% }
[aria-busy=true] > .comment { opacity: .5 }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
@container (max-width: 30rem) { .branch { padding-inline-start: 12px } .rail { inset-inline-start: -18px } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important } }
@media print { .actions, .more, .pill, .place, select, .rail { display: none } }
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
