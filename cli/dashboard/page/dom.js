/** @typedef {Node | string | number | null | undefined} Child */

/** What steers a reader's eye instead of being read: control characters, and what turns the direction of writing. */
const steering = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * A text in which everything that steers is written out, such as `\u202e`.
 * @param {string} text
 */
export const visible = (text) =>
  text.replace(steering, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)

/**
 * An element. Whatever is put into it is text, never markup.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Readonly<Record<string, string>>} attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
  put(element, children)
  return element
}

/**
 * The same of SVG.
 * @param {string} name
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {...Child} children
 */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value))
  put(element, children)
  return element
}

/**
 * @param {Element} element
 * @param {readonly Child[]} children
 */
function put(element, children) {
  for (const child of children) {
    if (child === null || child === undefined) continue
    element.append(child instanceof Node ? child : visible(String(child)))
  }
}

/**
 * A button that does something.
 * @param {string} text
 * @param {() => void} work
 * @param {Readonly<Record<string, string>>} attributes
 */
export function button(text, work, attributes = {}) {
  const element = el('button', { type: 'button', ...attributes }, text)
  element.addEventListener('click', work)
  return element
}

/**
 * The element of this id, which the page has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no ${id}`)
  return element
}

/**
 * Replaces what stands in an element. What had the focus, by its `data-key`, has it again; what was unfolded stays so.
 * @param {Element} container
 * @param {...Child} children
 */
export function fill(container, ...children) {
  const focused = document.activeElement
  const key = container.contains(focused) ? focused?.getAttribute('data-key') : undefined
  const open = [...container.querySelectorAll('details[open][data-key]')].map((it) =>
    it.getAttribute('data-key'),
  )
  container.replaceChildren()
  put(container, children)
  for (const details of container.querySelectorAll('details[data-key]')) {
    if (open.includes(details.getAttribute('data-key'))) details.setAttribute('open', '')
  }
  if (!key) return
  const same = [...container.querySelectorAll('[data-key]')].find((it) => it.getAttribute('data-key') === key)
  if (same instanceof HTMLElement) same.focus()
}

/** Signs for those who do not see colours. */
const signs = { ok: '\u2713', warning: '!', failed: '\u2717', skipped: '\u2013' }

/**
 * A short state with a sign.
 * @param {'ok' | 'warning' | 'failed' | 'skipped'} status
 * @param {string} text
 */
export const pill = (status, text) =>
  el('span', { class: `pill ${status}` }, el('span', { 'aria-hidden': 'true' }, signs[status]), ` ${text}`)

/**
 * A link to what is known of an asset.
 * @param {string} name path or id
 */
export const assetLink = (name) =>
  el('a', { href: `#asset=${encodeURIComponent(name)}`, 'data-key': `a${name}` }, name)

/**
 * A number of seconds for people.
 * @param {number} seconds
 */
export function ageText(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/**
 * A moment, in the time zone of the reader; as it is when it is none.
 * @param {string} iso
 */
export function timeText(iso) {
  const time = new Date(iso)
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleString()
}

/**
 * A table that scrolls by itself where it is too wide.
 * @param {string} caption
 * @param {readonly string[]} heads
 * @param {readonly (readonly Child[])[]} rows
 */
export const table = (caption, heads, rows) =>
  el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption, 'data-key': `t${caption}` },
    el(
      'table',
      {},
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))),
      el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, cell))))),
    ),
  )
