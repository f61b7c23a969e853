// Elements of the page. Text from the server only ever becomes text: nothing here writes HTML.

const byId = id => document.getElementById(id);
const isMissing = value => value === null || value === undefined || value === false;

// Characters that are not seen, but may change what is seen, become their codes: those of zero width and of direction.
const visible = text =>
  String(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, one => (/[\n\t]/.test(one) ? one : `\\u{${one.codePointAt(0).toString(16).toUpperCase()}}`));

// A missing child is left out, so that a condition may stand where a child would.
const fill = (node, ...children) => {
  node.replaceChildren(...children.flat().filter(child => !isMissing(child)).map(child => (child instanceof Node ? child : visible(child))));
  return node;
};

const set = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (isMissing(value)) continue;
    if (name === 'text') node.textContent = visible(value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  return node;
};

const h = (tag, attributes = {}, ...children) => {
  const node = tag.startsWith('svg:') ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4)) : document.createElement(tag);
  return fill(set(node, attributes), ...children);
};

// Clones a template of the page and fills its slots: with text, nodes, a click listener, or an object of attributes; true leaves
// one as it is. An element whose slot is missing is removed.
const clone = (template, slots = {}) => {
  const node = byId(template).content.firstElementChild.cloneNode(true);
  for (const element of [node, ...node.querySelectorAll('[data-slot]')]) {
    if (!element.dataset.slot) continue;
    const value = slots[element.dataset.slot];
    if (isMissing(value)) element.remove();
    else if (value === true) continue;
    else if (typeof value === 'function') element.addEventListener('click', value);
    else if (value.constructor === Object) set(element, value);
    else fill(element, value);
  }
  return node;
};

// Fills anew what may hold the keyboard's focus, and gives the focus back.
const refill = (node, ...children) => {
  const focus = node.contains(document.activeElement) && document.activeElement.closest('[data-focus]')?.dataset.focus;
  fill(node, ...children);
  if (focus) node.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
};

// One dialog for all questions. Resolves to the text of its field, or true, or null where it was dismissed.
const ask = ({ title, text, action, field = null }) =>
  new Promise(resolve => {
    const dialog = byId('dialog'),
      input = byId('dialog-input'),
      cancel = byId('dialog-cancel');
    byId('dialog-title').textContent = title;
    byId('dialog-do').textContent = action;
    fill(
      byId('dialog-text'),
      [text].flat().map(part => (typeof part === 'string' ? h('p', {}, part) : part)),
    );
    byId('dialog-field').hidden = !field;
    byId('dialog-label').textContent = field?.label ?? '';
    input.value = '';
    input.required = Boolean(field);
    input.maxLength = field?.max ?? 200;
    input.type = field?.secret ? 'password' : 'text';
    // An empty field must not prevent cancelling, and a message can only be closed.
    cancel.formNoValidate = true;
    cancel.hidden = action === 'Close';
    dialog.returnValue = '';
    dialog.onclose = () => resolve(dialog.returnValue !== 'do' ? null : field ? input.value : true);
    dialog.showModal();
    (field ? input : byId('dialog-do')).focus();
  });

const tell = (title, text) => ask({ title, text, action: 'Close' });
