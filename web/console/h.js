// @ts-check
// Elements. Everything people wrote is text; HTML comes in by `rendered` alone, sanitised by the service.

const SVG = "http://www.w3.org/2000/svg";
const policy = window.trustedTypes?.createPolicy("discuss", { createHTML: (html) => html });

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

/**
 * An element with attributes and children; `on…` are listeners, nothing false or null is shown.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for pictures. @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children @returns {any} */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {Element} element @param {Record<string, any>} attributes @param {Child[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...shown(children));
  return element;
}

/** @param {Child[]} children @returns {(Node | string)[]} */
export function shown(children) {
  return children.flat(Infinity).flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    return [child instanceof Node ? child : String(child)];
  });
}

/** What the service rendered and sanitised, as nodes; its links open elsewhere. @param {string} html */
export function rendered(html) {
  const template = document.createElement("template");
  template.innerHTML = /** @type {string} */ (policy ? policy.createHTML(html) : html);
  for (const link of template.content.querySelectorAll("a")) {
    link.target = "_blank";
    link.title = link.href;
  }
  return template.content;
}

/** A button. @param {Child} label @param {(event: MouseEvent) => void} onclick @param {Record<string, any>} [attributes] */
export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

/** A key as it is printed on buttons. @param {string} key */
export function keycap(key) {
  return h("kbd", { "aria-hidden": "true" }, key.length === 1 ? key.toUpperCase() : key);
}

/** What somebody is called, kept apart from the direction of the words around it. @param {string} name */
export function bdi(name) {
  return h("bdi", {}, name);
}
