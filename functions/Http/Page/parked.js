// What is parked, where and why; replaying and discarding, and what came of it.

const parked = (() => {
  let rows = [],
    more = null,
    pages = 1;
  const selected = new Set();
  const key = row => `${row.orderId} ${row.participant}`;

  const read = calmly(async () => {
    try {
      const found = [];
      let next = '/api/operations/parked?limit=50';
      for (let page = 0; next && page < pages; page++) {
        const answer = await api(next);
        found.push(...answer.parked);
        next = answer.next;
      }
      [rows, more] = [found, next];
      show();
    } catch (error) {
      live.failed(error);
    }
  }, 700);

  const show = () => {
    const known = new Set(rows.map(key));
    for (const one of selected) if (!known.has(one)) selected.delete(one);
    mark();
    if (rows.length === 0) {
      fill(
        byId('parked-list'),
        h(
          'p',
          { class: 'nothing' },
          'Nothing is parked. A message that cannot be handled is set aside here, with everything of its order behind it; other orders go on.',
        ),
      );
      return;
    }
    const reasons = [...new Set(rows.map(row => row.reason))];
    const focused = document.activeElement?.closest('#parked-list [data-focus]')?.dataset.focus;
    fill(
      byId('parked-list'),
      h(
        'p',
        { class: 'lead' },
        `${count(rows.length)}${more ? ' or more' : ''}, the oldest `,
        since(rows.map(row => row.since).sort()[0]),
        '. ',
        'Mend the cause, then replay: the message is handled in place, and what waits behind it follows in order.',
      ),
      h(
        'div',
        { class: 'actions' },
        h(
          'button',
          { type: 'button', class: 'small', 'data-focus': 'selected', disabled: selected.size === 0, onclick: replaySelected },
          selected.size ? `Replay ${selected.size} selected` : 'Replay selected',
        ),
        reasons.map(reason =>
          h(
            'button',
            { type: 'button', class: 'small', 'data-focus': `reason ${reason}`, onclick: () => replayReason(reason) },
            `Replay all: ${words(reason)}`,
          ),
        ),
      ),
      h(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Parked messages, to scroll' },
        h(
          'table',
          {},
          h('caption', { class: 'unseen' }, 'Parked orders'),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Select')),
              h('th', { scope: 'col' }, 'Order'),
              h('th', { scope: 'col' }, 'At'),
              h('th', { scope: 'col' }, 'Why'),
              h('th', { scope: 'col' }, 'Since'),
              h('th', { scope: 'col' }, 'Do'),
            ),
          ),
          h('tbody', {}, rows.map(row)),
        ),
      ),
      more &&
        h(
          'p',
          { class: 'more' },
          h(
            'button',
            {
              type: 'button',
              onclick: () => {
                pages++;
                read();
              },
            },
            'More',
          ),
        ),
    );
    if (focused)
      byId('parked-list')
        .querySelector(`[data-focus="${CSS.escape(focused)}"]`)
        ?.focus();
  };

  const row = one =>
    h(
      'tr',
      { 'data-parked': one.orderId },
      h('td', {}, box(one)),
      h(
        'td',
        {},
        h(
          'a',
          { class: 'id', href: `#/orders/${one.orderId}`, title: one.orderId, 'data-focus': `open ${key(one)}` },
          shortId(one.orderId),
        ),
        h('span', { class: 'why' }, `customer ${one.customerId}, ${one.status.toLowerCase()}`),
      ),
      h('td', {}, named(one.participant)),
      h('td', {}, words(one.reason ?? 'unknown'), h('span', { class: 'why' }, one.description)),
      h('td', {}, since(one.since)),
      h('td', {}, actions(one)),
    );

  const box = one => {
    const input = h('input', {
      type: 'checkbox',
      'aria-label': `Select order ${shortId(one.orderId)} at ${one.participant}`,
      'data-focus': `box ${key(one)}`,
    });
    input.checked = selected.has(key(one));
    input.addEventListener('change', () => {
      selected[input.checked ? 'add' : 'delete'](key(one));
      show();
    });
    return input;
  };

  const actions = one =>
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', class: 'small', 'data-focus': `replay ${key(one)}`, onclick: () => replayOne(one) }, 'Replay'),
      h('button', { type: 'button', class: 'small', 'data-focus': `inspect ${key(one)}`, onclick: () => inspect(one) }, 'Inspect'),
      h('button', { type: 'button', class: 'small', 'data-focus': `discard ${key(one)}`, onclick: () => discard(one) }, 'Discard'),
    );

  const replayOne = async one => {
    const yes = await ask({
      title: 'Replay this order?',
      action: 'Replay',
      text: `${named(one.participant)} tries the parked message of order ${shortId(one.orderId)} again, then what waits behind it.`,
    });
    if (yes) await replay([{ orderIds: [one.orderId], participant: one.participant }]);
  };

  const replaySelected = async () => {
    const chosen = rows.filter(one => selected.has(key(one)));
    if (
      !(await ask({
        title: `Replay ${chosen.length} orders?`,
        action: 'Replay',
        text: 'Each participant tries its parked messages of these orders again.',
      }))
    )
      return;
    const places = [...new Set(chosen.map(one => one.participant))];
    await replay(
      places.map(place => ({ participant: place, orderIds: chosen.filter(one => one.participant === place).map(one => one.orderId) })),
    );
    selected.clear();
  };

  const replayReason = async reason => {
    const many = rows.filter(one => one.reason === reason).length;
    if (
      await ask({
        title: `Replay all that is parked as “${words(reason)}”?`,
        action: 'Replay all',
        text: `${count(many)}${more ? ' or more' : ''} orders are tried again, also those that are not listed here.`,
      })
    )
      await replay([{ reason }]);
  };

  const replay = async requests => {
    for (const request of requests) {
      try {
        const answer = await api('/api/operations/replay', 'POST', request);
        const asked = answer.requested;
        if (asked.length === 0) note('Nothing of it is parked any more.', 'ok');
        else if (asked.length > 20)
          note(`Asked for ${count(asked.length)} replays${answer.more ? '; there are more: ask again once these are done' : ''}.`, 'ok');
        else asked.forEach(one => follow(one.orderId, one.participant, 'replay asked for'));
      } catch (error) {
        note(error.message, 'bad');
      }
    }
    read();
  };

  const discard = async one => {
    const reason = await ask({
      title: 'Discard this message for good?',
      action: 'Discard',
      text: [
        `${named(one.participant)} will never handle it. What waits behind it goes on without it; the order may need care by hand.`,
        h('p', { class: 'id soft' }, one.messageId),
      ],
      field: { label: 'Why? It is kept with the order.', max: 200 },
    });
    if (!reason?.trim()) return;
    try {
      await api('/api/operations/discard', 'POST', {
        orderId: one.orderId,
        participant: one.participant,
        messageId: one.messageId,
        reason: reason.trim(),
      });
      follow(one.orderId, one.participant, 'discard asked for');
    } catch (error) {
      note(error.message, 'bad');
    }
    read();
  };

  // The message itself is shown where it can be had; what another service was told only that service's queue holds.
  const inspect = async one => {
    try {
      const { parked: places } = await api(`/api/operations/parked/${one.orderId}`);
      const message = places.find(place => place.participant === one.participant);
      if (!message) {
        note('It is no longer parked there.', 'ok');
        read();
        return;
      }
      await ask({
        title: message.type ? `Parked: ${message.type}` : 'The parked message',
        action: 'Close',
        text: [
          `${named(one.participant)} set it aside ${ago(message.since)}: ${message.description ?? words(message.reason)}`,
          h(
            'dl',
            { class: 'facts rows' },
            order.fact('Reason', words(message.reason ?? 'unknown')),
            order.fact('Message id', h('span', { class: 'id' }, message.messageId)),
            order.fact('Lies in', h('span', { class: 'id' }, message.queue)),
          ),
          message.message
            ? h('pre', { tabindex: 0, 'aria-label': 'The message' }, JSON.stringify(message.message, null, 2))
            : `Its body can be read in that queue only: ${message.type ? 'Orders heard of it and did not keep it' : 'Orders has not heard it'}, and no service reads what belongs to another. Peek at it there, by its id.`,
        ],
      });
    } catch (error) {
      note(error.message, 'bad');
    }
  };

  const note = (text, kind, ...nodes) => {
    const line = h('li', {}, text ? h('span', { class: kind }, text) : null, ...nodes);
    byId('results').prepend(line);
    while (byId('results').children.length > 20) byId('results').lastChild.remove();
    return line;
  };

  // Shows what comes of it as it comes.
  const follow = async (orderId, participant, first) => {
    const text = h('span', {}, first);
    note(
      '',
      'ok',
      h('a', { class: 'id', href: `#/orders/${orderId}` }, shortId(orderId)),
      h('span', { class: 'soft' }, `at ${participant}:`),
      text,
    );
    const from = Date.now();
    let resumed = false;
    for (let wait = 300; Date.now() - from < 120_000; wait = Math.min(wait * 1.3, 4_000)) {
      await new Promise(done => setTimeout(done, wait));
      const now = await api(`/api/orders/${orderId}`).catch(() => null);
      if (!now) continue;
      resumed = !now.parked.includes(participant);
      if (!resumed) text.textContent = `${first}, still parked after ${span(Date.now() - from)}`;
      if (resumed && (now.finalAt || Date.now() - from > 60_000)) {
        text.textContent = `taken up again, now ${now.status.toLowerCase()}`;
        text.className = 'ok';
        return;
      }
      if (resumed) text.textContent = `taken up again, now ${now.status.toLowerCase()} …`;
    }
    if (!resumed) text.className = 'bad';
  };

  const mark = () => {
    const places = {};
    for (const one of rows) places[one.participant] = (places[one.participant] ?? 0) + 1;
    picture.flag(places);
  };

  return { read, mark, replayOne, inspect, discard, at: orderId => rows.filter(one => one.orderId === orderId) };
})();
