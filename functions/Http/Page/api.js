// Calls of the API, and what all parts of the page know from it.

const state = { topology: null, counts: null };

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// A host that checks its callers adds signin.js, which says how a token is had.
const token = { get: async () => null, signIn: null };

// What a path last answered, by its ETag: an unchanged answer has no body. Kept here, because no cache may keep it.
const known = new Map();

const api = async (path, method = 'GET', body = undefined) => {
  const headers = { Accept: 'application/json' };
  const bearer = await token.get();
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const before = method === 'GET' ? known.get(path) : undefined;
  if (before) headers['If-None-Match'] = before.tag;
  let answer, json;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, 'The server cannot be reached.');
  }
  if (answer.status === 304) return before.json;
  const text = await answer.text();
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(answer.status, `The answer is not JSON (${answer.status}).`);
  }
  if (answer.ok) {
    const tag = answer.headers.get('ETag');
    if (method === 'GET' && tag) known.delete(path), known.set(path, { tag, json });
    if (known.size > 50) known.delete(known.keys().next().value);
    return json;
  }
  const errors = Object.entries(json?.errors ?? {}).map(([field, wrong]) => `${field} ${wrong.join(', ')}`);
  const detail = json?.detail ?? json?.title ?? `The server answers ${answer.status}.`;
  throw new ApiError(answer.status, [detail, errors.join('; ')].filter(Boolean).join(' '));
};

// The first pages of a list, the link to the next one, and how far a bounded search looked.
const pagesOf = async (path, name, pages, told = () => {}) => {
  const rows = [];
  let next = path,
    searchedTo = null;
  for (let page = 0; next && page < pages; page++) {
    const answer = await api(next);
    rows.push(...answer[name]);
    next = answer.next;
    searchedTo = answer.searchedTo;
    told(rows.length);
  }
  return [rows, next, searchedTo];
};

// Some at a time, one after the other.
const each = async (items, atOnce, act) => {
  const waiting = [...items];
  const work = async () => {
    while (waiting.length > 0) await act(waiting.shift());
  };
  await Promise.all(Array.from({ length: atOnce }, work));
};

// Runs once at a time, and once more if it was called meanwhile, with a pause between: live updates must not pile up.
const throttled = (act, pause) => {
  let isRunning = false,
    isWanted = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isWanted) {
        isWanted = false;
        await act();
        await new Promise(done => setTimeout(done, pause));
      }
    } finally {
      isRunning = false;
    }
  };
};
