// Keeps the page up to date: the local host pushes changes, elsewhere the page polls. A lost connection shows, and heals.

const live = (() => {
  const pollEvery = 5_000;
  let lostSince = null,
    timer = 0,
    isAsking = false,
    host = null;

  // The host may add parts of its own to the page: one that reads, and listens where the host pushes changes.
  const extend = part => (host = part);

  const connection = (name, text) => {
    const node = byId('connection');
    if (node.textContent !== text) node.textContent = text;
    node.dataset.state = name;
  };

  const connected = () => {
    if (lostSince !== null) refresh();
    lostSince = null;
    connection('live', host ? 'live' : 'up to date');
  };

  const arrived = counts => {
    connected();
    const isNew = JSON.stringify(counts) !== JSON.stringify(state.counts);
    state.counts = counts;
    if (isNew) refresh();
    else picture.update();
  };

  const refresh = () => {
    orders.update();
    if (document.hidden) return;
    if (order.id()) {
      order.read();
    } else {
      picture.update();
      plots.update();
      steps.update();
      orders.refresh();
      host?.read();
    }
    parked.read();
  };

  const failed = error => {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401 || error.status === 403) signIn(error);
    else lost(error);
  };

  const lost = error => {
    lostSince ??= Date.now();
    connection('lost', error?.status ? `the server answers ${error.status}, trying again` : 'connection lost, trying again');
  };

  const poll = async () => {
    clearTimeout(timer);
    try {
      if (!state.topology) await start();
      if (!host) arrived(await api('/api/operations/counts'));
    } catch (error) {
      failed(error);
    }
    if (!host || !state.topology) timer = setTimeout(poll, lostSince === null ? pollEvery : 1_000);
  };

  const start = async () => {
    state.topology = await api('/api/operations/topology');
    picture.draw();
    host?.listen({ arrived, connected, lost });
    enter();
  };

  // In Azure the API needs a token of Entra ID. The page itself holds no data, so it is open.
  const signIn = async error => {
    if (isAsking || !token.signIn) return;
    isAsking = true;
    connection('lost', 'sign in to continue');
    const lacksRole = error.status === 403;
    const agreed = await ask({
      title: lacksRole ? 'This account lacks the role that is needed' : 'Sign in',
      action: lacksRole ? 'Sign in with another account' : 'Sign in',
      text: 'Operators sign in with their account at this organisation.',
    });
    isAsking = false;
    if (agreed) token.signIn(lacksRole);
  };

  const enter = () => {
    const one = order.id();
    byId('overview').hidden = Boolean(one);
    byId('order').hidden = !one;
    if (one) {
      order.enter();
      scrollTo(0, 0);
      byId('content').focus({ preventScroll: true });
    } else {
      document.title = 'OrderFunctions';
      if (state.counts) refresh();
    }
  };

  const theme = byId('theme');
  const preferred = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (document.documentElement.dataset.theme ?? (preferred.matches ? 'dark' : 'light')) === 'dark';
  const themed = () => {
    theme.textContent = isDark() ? 'Light' : 'Dark';
    theme.setAttribute('aria-label', `Switch to ${isDark() ? 'light' : 'dark'} colours`);
  };
  if (localStorage.getItem('theme')) document.documentElement.dataset.theme = localStorage.getItem('theme');
  theme.addEventListener('click', () => {
    document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
    localStorage.setItem('theme', document.documentElement.dataset.theme);
    themed();
  });
  preferred.addEventListener('change', themed);
  themed();

  addEventListener('hashchange', () => state.topology && enter());
  setInterval(() => !document.hidden && !order.id() && state.topology && steps.update(), 60_000);
  addEventListener('visibilitychange', () => !document.hidden && state.topology && refresh());

  return { poll, failed, extend, host: () => host };
})();

// Once all scripts have run, the host's too.
queueMicrotask(live.poll);
