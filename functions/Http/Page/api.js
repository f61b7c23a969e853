// Calls of the API, and what all parts of the page know from it.

const state = { topology: null, counts: null };

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

// An unchanged answer has no body: the browser sends the ETag that it knows and returns its own copy for a 304.
const api = async (path, method = 'GET', body = undefined) => {
  const headers = { Accept: 'application/json' };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer, json;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, 'The server cannot be reached.');
  }
  const text = await answer.text();
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(answer.status, `The answer is not JSON (${answer.status}).`);
  }
  if (answer.ok) return json;
  const errors = Object.entries(json?.errors ?? {}).map(([field, wrong]) => `${field} ${wrong.join(', ')}`);
  const detail = json?.detail ?? json?.title ?? `The server answers ${answer.status}.`;
  throw new ApiError(answer.status, [detail, errors.join('; ')].filter(Boolean).join(' '));
};

// The first pages of a list, and the link to the next one.
const pagesOf = async (path, name, pages) => {
  const rows = [];
  let next = path;
  for (let page = 0; next && page < pages; page++) {
    const answer = await api(next);
    rows.push(...answer[name]);
    next = answer.next;
  }
  return [rows, next];
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
