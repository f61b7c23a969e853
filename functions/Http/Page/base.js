// What all parts of the page use. Text from the server only ever becomes text: nothing here writes HTML.

const byId = id => document.getElementById(id);

const h = (tag, attributes = {}, ...children) => {
  const node = tag.startsWith('svg:') ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  return fill(node, ...children);
};

// What is not there is left out, so that a condition may stand where a child would.
const fill = (node, ...children) => {
  node.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return node;
};

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const token = {
  get: () => sessionStorage.getItem('token'),
  set: value => sessionStorage.setItem('token', value),
};

// An answer that has not changed costs no body: the browser sends the ETag that it knows and gives its own copy for a 304.
const api = async (path, method = 'GET', body = undefined) => {
  const headers = { Accept: 'application/json' };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, 'The server cannot be reached.');
  }
  const text = await answer.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(answer.status, `The answer is not JSON (${answer.status}).`);
  }
  if (answer.ok) return json;
  const errors = Object.entries(json?.errors ?? {})
    .map(([field, wrong]) => `${field} ${wrong.join(', ')}`)
    .join('; ');
  throw new ApiError(
    answer.status,
    [json?.detail ?? json?.title ?? `The server answers ${answer.status}.`, errors].filter(Boolean).join(' '),
  );
};

// One dialog for all questions. Gives the text of its field, or true, or null where it was dismissed.
const ask = ({ title, text, action, field = null }) =>
  new Promise(resolve => {
    const dialog = byId('dialog');
    byId('dialog-title').textContent = title;
    fill(
      byId('dialog-text'),
      [text].flat().map(part => (typeof part === 'string' ? h('p', {}, part) : part)),
    );
    byId('dialog-field').hidden = !field;
    const input = byId('dialog-input');
    input.value = '';
    input.required = Boolean(field);
    input.maxLength = field?.max ?? 200;
    input.type = field?.secret ? 'password' : 'text';
    byId('dialog-field').querySelector('label').textContent = field?.label ?? '';
    byId('dialog-do').textContent = action;
    // Cancelling must not be kept from it by a field that is still empty, and what is only told cannot be cancelled.
    const cancel = dialog.querySelector('button[value=""]');
    cancel.formNoValidate = true;
    cancel.hidden = action === 'Close';
    dialog.returnValue = '';
    dialog.onclose = () => resolve(dialog.returnValue !== 'do' ? null : field ? input.value : true);
    dialog.showModal();
    (field ? input : byId('dialog-do')).focus();
  });

const numbers = new Intl.NumberFormat('en');
const count = value => numbers.format(value);
const short = value =>
  value < 100_000 ? count(value) : new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(value);
const money = value =>
  value
    ? `${new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(value.amount)} ${value.currency}`
    : '–';
const moment = iso => new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso));
const clock = iso => {
  const date = new Date(iso);
  const today = new Date().toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(
    'en-GB',
    today ? { timeStyle: 'medium' } : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  ).format(date);
};
const span = ms =>
  ms < 1_000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
      : ms < 3_600_000
        ? `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
        : ms < 172_800_000
          ? `${(ms / 3_600_000).toFixed(1)} h`
          : `${Math.round(ms / 86_400_000)} days`;
const ago = iso => {
  const ms = Date.now() - new Date(iso);
  return ms < 1_000 ? 'just now' : `${ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : span(ms)} ago`;
};
const since = iso => h('time', { datetime: iso, title: moment(iso), 'data-ago': true }, ago(iso));
const shortId = id => `${id.slice(0, 8)}…${id.slice(-6)}`;
const words = name => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
const named = name => name[0].toUpperCase() + name.slice(1);

setInterval(() => {
  for (const one of document.querySelectorAll('time[data-ago]')) {
    const text = ago(one.dateTime);
    if (one.textContent !== text) one.textContent = text;
  }
}, 1_000);

const badge = status => h('span', { class: `badge ${status}` }, status);
const finals = ['Completed', 'Rejected', 'Cancelled'];
const statuses = ['Placed', 'Reserved', 'Paid', 'Booked', 'Delayed', 'Rejecting', 'Cancelling', ...finals];

// Runs at most once at a time and once more if it was wanted meanwhile, with a pause between: what is live must not pile up.
const calmly = (act, pause) => {
  let running = false,
    wanted = false;
  const run = async () => {
    if (running) {
      wanted = true;
      return;
    }
    running = true;
    try {
      do {
        wanted = false;
        await act();
        await new Promise(done => setTimeout(done, pause));
      } while (wanted);
    } finally {
      running = false;
    }
  };
  return run;
};

const state = { topology: null, counts: null, order: null };
