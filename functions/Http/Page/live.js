// Keeps the page as the store is: told by the local host, asking elsewhere. A lost connection shows, and heals.

const live = (() => {
  const pollEvery = 5_000;
  let lostSince = null,
    timer = 0,
    source = null,
    asking = false;

  const connection = (name, text) => {
    const node = byId('connection');
    if (node.textContent !== text) node.textContent = text;
    node.dataset.state = name;
  };

  const arrived = counts => {
    if (lostSince !== null) refresh();
    lostSince = null;
    connection('live', source ? 'live' : 'up to date');
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
      orders.read();
      local.read();
    }
    parked.read();
  };

  const failed = error => {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401 || error.status === 403) signIn(error);
    else lost();
  };

  const lost = () => {
    lostSince ??= Date.now();
    connection('lost', 'connection lost, trying again');
  };

  const poll = async () => {
    clearTimeout(timer);
    try {
      if (!state.topology) await start();
      if (!source) arrived(await api('/api/operations/counts'));
    } catch (error) {
      failed(error);
    }
    if (!source) timer = setTimeout(poll, lostSince === null ? pollEvery : 1_000);
  };

  const listen = () => {
    source = new EventSource('/api/operations/events');
    source.onmessage = message => arrived(JSON.parse(message.data));
    source.onopen = () => {
      if (lostSince !== null) refresh();
      lostSince = null;
      connection('live', 'live');
    };
    source.onerror = () => {
      lost();
      // A browser gives up where the answer is no stream: a proxy may say 502 while the host starts.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1_000);
    };
  };

  const start = async () => {
    state.topology = await api('/api/operations/topology');
    picture.draw();
    if (state.topology.isLocal) listen();
    enter();
  };

  // In Azure the API wants a token of Entra ID. The page itself holds no data, so it is open.
  const signIn = async error => {
    if (asking) return;
    asking = true;
    connection('lost', 'sign in to go on');
    const given = await ask({
      title: error.status === 403 ? 'This token has not the role that is needed' : 'Sign in',
      action: 'Go on',
      text: [
        'Paste an access token of an operator. It is kept until this tab is closed.',
        h('pre', { tabindex: 0 }, 'az account get-access-token --query accessToken -o tsv --resource api://<application id>'),
      ],
      field: { label: 'Access token', max: 20_000, secret: true },
    });
    asking = false;
    if (given?.trim()) {
      token.set(given.trim());
      poll();
    }
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
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
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
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', themed);
  themed();

  addEventListener('hashchange', () => state.topology && enter());
  addEventListener('visibilitychange', () => !document.hidden && state.topology && refresh());

  return { poll, failed };
})();

live.poll();
