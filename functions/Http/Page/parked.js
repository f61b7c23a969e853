// What is parked, where and why; replaying and discarding, and what came of it.

const parked = (() => {
  let rows = [],
    more = null,
    pages = 1;
  const selected = new Set();
  const key = row => `${row.orderId} ${row.participant}`;
  const why = row => words(row.reason ?? 'unknown');
  const attemptOf = ({ failed }) =>
    failed && `attempt ${failed.attempt}, ${clock(failed.at)}${failed.status ? `, status ${failed.status}` : ''}`;

  const read = throttled(async () => {
    try {
      [rows, more] = await pagesOf('/api/operations/parked?limit=50', 'parked', pages);
      show();
    } catch (error) {
      live.failed(error);
    }
  }, 700);

  const show = () => {
    const known = new Set(rows.map(key));
    for (const one of selected) if (!known.has(one)) selected.delete(one);
    mark();
    byId('parked-none').hidden = rows.length > 0;
    byId('parked-some').hidden = rows.length === 0;
    refill(byId('parked-rows'), rows.map(row));
    if (rows.length === 0) return;
    byId('parked-count').textContent = `${count(rows.length)}${more ? ' or more' : ''}`;
    set(byId('parked-oldest'), since(rows.map(row => row.since).sort()[0]));
    byId('replay-selected').disabled = selected.size === 0;
    byId('replay-selected').textContent = selected.size ? `Replay ${selected.size} selected` : 'Replay selected';
    byId('parked-all').checked = selected.size === rows.length;
    const reasons = [...new Set(rows.map(row => row.reason).filter(Boolean))];
    refill(byId('replay-reasons'), reasons.map(reasonButton));
    byId('parked-more').hidden = !more;
  };

  const reasonButton = reason =>
    clone('small-button', {
      button: { 'data-focus': reason, text: `Replay all: ${words(reason)}`, onclick: () => replayReason(reason) },
    });

  const row = one => {
    const node = clone('parked-row', {
      row: { 'data-parked': one.orderId },
      select: { 'aria-label': `Select order ${shortId(one.orderId)} at ${one.participant}`, 'data-focus': `select ${key(one)}` },
      link: { href: `#/orders/${one.orderId}`, title: one.orderId, 'data-focus': `open ${key(one)}`, text: shortId(one.orderId) },
      order: `customer ${one.customerId}, ${one.status.toLowerCase()}${one.owed ? `, ${money(one.owed)} owed` : ''}`,
      participant: named(one.participant),
      reason: why(one),
      description: one.description,
      failed: attemptOf(one),
      advice: advice.of(one),
      since: since(one.since),
      actions: actions(one),
    });
    const box = node.querySelector('input');
    box.checked = selected.has(key(one));
    box.addEventListener('change', () => {
      selected[box.checked ? 'add' : 'delete'](key(one));
      show();
    });
    return node;
  };

  const actions = one =>
    clone('parked-actions', {
      replay: { 'data-focus': `replay ${key(one)}`, onclick: () => replayOne(one) },
      inspect: { 'data-focus': `inspect ${key(one)}`, onclick: () => inspect(one) },
      discard: { 'data-focus': `discard ${key(one)}`, onclick: () => discard(one) },
      settle: ['Cancelling', 'Rejecting'].includes(one.status) && { 'data-focus': `settle ${key(one)}`, onclick: () => settle(one) },
    });

  const replayOne = async one => {
    const yes = await ask({
      title: 'Replay this order?',
      action: 'Replay',
      text: `${named(one.participant)} tries the parked message of order ${shortId(one.orderId)} again, then what waits behind it.`,
    });
    if (yes) await replay([{ orderIds: [one.orderId], participant: one.participant }]);
  };

  const replaySelected = async () => {
    const chosen = Map.groupBy(
      rows.filter(one => selected.has(key(one))),
      one => one.participant,
    );
    const yes = await ask({
      title: `Replay ${count(selected.size)} orders?`,
      action: 'Replay',
      text: 'Each participant tries its parked messages of these orders again.',
    });
    if (!yes) return;
    await replay([...chosen].map(([participant, some]) => ({ participant, orderIds: some.map(one => one.orderId) })));
    selected.clear();
  };

  const replayReason = async reason => {
    const many = rows.filter(one => one.reason === reason).length;
    const yes = await ask({
      title: `Replay everything parked as “${words(reason)}”?`,
      action: 'Replay all',
      text: `${count(many)}${more ? ' or more' : ''} orders are tried again, including those not listed here.`,
    });
    if (yes) await replay([{ reason }]);
  };

  const replay = async requests => {
    for (const request of requests) await attempt(async () => shown(await api('/api/operations/replay', 'POST', request)));
    read();
  };

  const shown = ({ requested, more }) => {
    if (requested.length === 0) note('No longer parked.', 'ok');
    else if (requested.length <= 20) requested.forEach(one => follow(one, 'replay requested'));
    else note(`Requested ${count(requested.length)} replays${more ? '; there are more: ask again once these are done' : ''}.`, 'ok');
  };

  const discard = async one => {
    const reason = await ask({
      title: 'Discard this message for good?',
      action: 'Discard',
      text: [
        `${named(one.participant)} will never handle it. What waits behind it goes on without it; the order may need manual care.`,
        h('p', { class: 'id soft' }, one.messageId),
      ],
      field: { label: 'Why? The reason is kept with the order.', max: 200 },
    });
    if (!reason?.trim()) return;
    await attempt(async () => {
      if (await discardUnlessStranding(one, reason.trim())) follow(one, 'discard requested');
    });
    read();
  };

  const messageOf = ({ orderId, participant, messageId }, reason) => ({ orderId, participant, messageId, reason });

  // The server refuses where the order could never become final: then only who has read that goes on.
  const discardUnlessStranding = async (one, reason) => {
    try {
      return await api('/api/operations/discard', 'POST', messageOf(one, reason));
    } catch (error) {
      if (error.status !== 409) throw error;
      const yes = await ask({ title: 'Leave this order open for ever?', action: 'Discard all the same', text: error.message });
      return yes && api('/api/operations/discard', 'POST', { ...messageOf(one, reason), strand: true });
    }
  };

  const settle = async one => {
    const reason = await ask({
      title: 'Was this step done by hand?',
      action: 'It was done',
      text: [
        `${named(one.participant)} asks its provider first, and then goes on as if the provider had done it: refunded, or cancelled.`,
        h('p', { class: 'id soft' }, one.messageId),
      ],
      field: { label: 'How? It is kept with the order.', max: 200 },
    });
    if (!reason?.trim()) return;
    await attempt(async () => {
      await api('/api/operations/settle', 'POST', messageOf(one, reason.trim()));
      follow(one, 'settling requested');
    });
    read();
  };

  const inspect = one =>
    attempt(async () => {
      const { parked: places } = await api(`/api/operations/parked/${one.orderId}`);
      const message = places.find(place => place.participant === one.participant);
      if (message) return tell(message.type ? `Parked: ${message.type}` : 'The parked message', detailsOf(message));
      note('It is no longer parked there.', 'ok');
      read();
    });

  // A body that Orders has not recorded is in the queue of the participant only.
  const detailsOf = message => {
    const known = message.type ? 'Orders heard of it but did not keep it' : 'Orders has not heard it';
    return clone('parked-message', {
      summary: `${named(message.participant)} parked it ${ago(message.since)}: ${message.description ?? words(message.reason)}`,
      reason: why(message),
      failed: attemptOf(message) ?? 'none here',
      id: message.messageId ?? '',
      queue: message.queue,
      body: message.message && JSON.stringify(message.message, null, 2),
      elsewhere: !message.message,
      known,
    });
  };

  const attempt = act => act().catch(error => note(error.message, 'bad'));

  const note = (text, kind) => result(h('li', {}, h('span', { class: kind }, text)));

  const result = line => {
    byId('results').prepend(line);
    while (byId('results').children.length > 20) byId('results').lastChild.remove();
  };

  // Shows how a request goes, as it goes.
  const follow = async ({ orderId, participant }, first) => {
    const text = h('span', {}, first);
    result(
      clone('result', { link: { href: `#/orders/${orderId}`, text: shortId(orderId) }, place: `at ${participant}:`, text }),
    );
    const from = Date.now();
    let isResumed = false;
    for (let wait = 300; Date.now() - from < 120_000; wait = Math.min(wait * 1.3, 4_000)) {
      await new Promise(done => setTimeout(done, wait));
      const now = await api(`/api/orders/${orderId}`).catch(() => null);
      if (!now) continue;
      isResumed = !now.parked.includes(participant);
      const isDone = isResumed && (now.finalAt || Date.now() - from > 60_000);
      if (isDone) text.className = 'ok';
      if (isResumed) text.textContent = `resumed, now ${now.status.toLowerCase()}${isDone ? '' : ' …'}`;
      else text.textContent = `${first}, still parked after ${span(Date.now() - from)}`;
      if (isDone) return;
    }
    if (!isResumed) text.className = 'bad';
  };

  const mark = () => picture.flag(Map.groupBy(rows, one => one.participant));

  byId('replay-selected').addEventListener('click', replaySelected);
  byId('parked-all').addEventListener('change', event => {
    for (const one of rows) selected[event.target.checked ? 'add' : 'delete'](key(one));
    show();
  });
  byId('parked-more').addEventListener('click', () => {
    pages++;
    read();
  });

  return { read, mark, actions, attemptOf, at: orderId => rows.filter(one => one.orderId === orderId) };
})();
