// One order: what it is, and every fact of it on the lanes of those who said them.

const order = (() => {
  const open = new Set();
  let shownId = null,
    record = null,
    latest = null;

  const id = () =>
    /^#\/orders\/([0-9a-f]{32})$/.exec(location.hash)?.[1] ??
    (location.hash === '' ? /^\/api\/orders\/([0-9a-f]{32})\/timeline$/.exec(location.pathname)?.[1] : null) ??
    null;

  const read = calmly(async () => {
    const wanted = id();
    if (!wanted) return;
    try {
      const [now, timeline] = await Promise.all([api(`/api/orders/${wanted}`), api(`/api/orders/${wanted}/timeline`)]);
      if (open.size > 0) record = await api(`/api/orders/${wanted}/record`).catch(() => record);
      if (wanted === id()) show(now, timeline.facts);
    } catch (error) {
      if (error.status === 404)
        fill(byId('order'), crumb(), h('section', {}, h('h1', {}, 'There is no such order'), h('p', { class: 'nothing' }, wanted)));
      else live.failed(error);
    }
  }, 500);

  const enter = () => {
    if (shownId !== id()) {
      shownId = id();
      open.clear();
      record = latest = null;
      fill(byId('order'), crumb(), h('p', { class: 'nothing' }, 'Loading …'));
    }
    read();
  };

  const crumb = () => h('p', { class: 'crumb' }, h('a', { href: '/', onclick: back }, '← All orders'));

  // Without loading the page anew, so that the list is where it was.
  const back = event => {
    if (location.pathname !== '/') return;
    event.preventDefault();
    location.hash = '#/';
  };

  const show = (now, facts) => {
    const text = JSON.stringify([now, facts, [...open], Boolean(record)]);
    if (text === latest) return;
    latest = text;
    const focused = document.activeElement?.closest('#order [data-focus]')?.dataset.focus;
    document.title = `Order ${now.idempotencyKey ?? shortId(now.id)} · OrderFunctions`;
    fill(
      byId('order'),
      crumb(),
      ...head(now),
      h(
        'section',
        { 'aria-labelledby': 'story-title' },
        h('h2', { id: 'story-title' }, 'Timeline'),
        h(
          'p',
          { class: 'lead' },
          'Every fact that Orders said or heard. A line leads from its cause; a hollow dot is a cause that was said between other services.',
          facts.some(one => one.deliveries > 1) &&
            ' Deliveries are counted until Orders had handled the message; what came again after that changed nothing, and only the trace tells of it.',
        ),
        story(now, facts),
      ),
    );
    connect(facts);
    if (focused)
      byId('order')
        .querySelector(`[data-focus="${CSS.escape(focused)}"]`)
        ?.focus();
  };

  const head = now => [
    h(
      'div',
      { class: 'title' },
      h('h1', {}, 'Order ', h('span', { class: 'id' }, now.idempotencyKey ?? shortId(now.id))),
      h('span', {}, badge(now.status), now.parked.length > 0 && h('span', { class: 'badge Parked' }, `parked at ${now.parked.join(', ')}`)),
      h(
        'span',
        { class: 'actions' },
        h('button', { type: 'button', class: 'small', 'data-focus': 'link', onclick: event => copy(event.target, now) }, 'Copy link'),
        now.canBeCancelled &&
          h('button', { type: 'button', class: 'small', 'data-focus': 'cancel', onclick: () => cancel(now) }, 'Cancel the order'),
      ),
    ),
    h('p', { class: 'id soft' }, now.id),
    h(
      'div',
      { class: 'panel' },
      h(
        'dl',
        { class: 'facts' },
        fact('Customer', now.customerId),
        fact('Total', money(now.total)),
        fact('Charged', money(now.charged)),
        now.refunded && fact('Refunded', money(now.refunded)),
        fact('Lines', count(now.lines)),
        fact('Placed', h('time', { datetime: now.placedAt, title: moment(now.placedAt) }, clock(now.placedAt))),
        fact('Took', now.finalAt ? span(new Date(now.finalAt) - new Date(now.placedAt)) : 'not final yet'),
        now.trackingId && fact('Tracking id', now.trackingId),
        now.promisedBy &&
          fact('Promised by', h('time', { datetime: now.promisedBy, title: moment(now.promisedBy) }, clock(now.promisedBy))),
        now.delayed && fact('Delayed', 'the promised time was missed'),
        now.cancellationRefused && fact('Cancellation', 'refused: it was too late'),
      ),
    ),
    now.reason &&
      h(
        'p',
        { class: `reason ${now.status.startsWith('Cancel') ? 'cancelled' : ''}` },
        h('b', {}, now.failedAt ? `${named(words(now.status))} at ${now.failedAt.toLowerCase()}: ` : `${named(words(now.status))}: `),
        now.reason,
      ),
    ...parked
      .at(now.id)
      .map(one =>
        h(
          'div',
          { class: 'reason parked' },
          h('b', {}, `Parked at ${one.participant} since ${moment(one.since)}: `),
          one.description ?? words(one.reason),
          h(
            'div',
            { class: 'actions' },
            h('button', { type: 'button', class: 'small', 'data-focus': 'replay', onclick: () => parked.replayOne(one) }, 'Replay'),
            h('button', { type: 'button', class: 'small', 'data-focus': 'inspect', onclick: () => parked.inspect(one) }, 'Inspect'),
            h('button', { type: 'button', class: 'small', 'data-focus': 'discard', onclick: () => parked.discard(one) }, 'Discard'),
          ),
        ),
      ),
  ];

  const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

  const copy = async (button, now) => {
    const link = `${location.origin}/api/orders/${now.id}/timeline`;
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = 'Copied';
    } catch {
      await ask({ title: 'A link to this order', text: h('p', { class: 'id' }, link), action: 'Close' });
    }
  };

  const cancel = async now => {
    const reason = await ask({
      title: 'Cancel this order?',
      action: 'Cancel the order',
      field: { label: 'Why?', max: 200 },
      text: 'Shipping is asked first; then the payment and the stock are given back, in reverse. It may be too late.',
    });
    if (!reason?.trim()) return;
    try {
      await api(`/api/orders/${now.id}/cancel`, 'POST', { reason: reason.trim() });
    } catch (error) {
      await ask({ title: 'It was not cancelled', text: error.message, action: 'Close' });
    }
    read();
  };

  const lanes = () => ['http', ...state.topology.participants];
  const laneOf = messageId => messageId?.split('/')[1] ?? 'http';
  const kindOf = type =>
    finals.some(status => type === `Order${status}`) && type === 'OrderCompleted'
      ? 'done'
      : (state.topology.events.find(event => event.name === type)?.kind ?? (/Parked|Replay|Discard/.test(type) ? 'undoing' : 'forward'));

  const story = (now, facts) => {
    const wide = byId('order').clientWidth > 760;
    const step = wide ? 84 : 23,
      head = wide ? 30 : 84;
    const list = h(
      'ol',
      {},
      h('li', { 'aria-hidden': 'true', class: 'heads' }),
      facts.map(one => item(now, facts, one)),
    );
    list.firstChild.style.height = `${head}px`;
    const node = h('div', { class: 'story', id: 'story' }, list);
    node.style.setProperty('--lanes', `${lanes().length * step + (wide ? 20 : 12)}px`);
    node.dataset.step = step;
    return node;
  };

  const item = (now, facts, one) => {
    const cause = facts.find(other => other.messageId === one.cause);
    const isOpen = open.has(one.messageId + one.type);
    const toggle = () => {
      open[isOpen ? 'delete' : 'add'](one.messageId + one.type);
      read();
    };
    return h(
      'li',
      { 'data-type': one.type },
      h(
        'div',
        { class: 'fact' },
        h(
          'div',
          {},
          h(
            'h3',
            {},
            h(
              'button',
              { type: 'button', class: 'plain', 'aria-expanded': String(isOpen), 'data-focus': one.messageId + one.type, onclick: toggle },
              one.type,
            ),
          ),
          one.via === 'http' && one.service === 'http' && h('span', { class: 'tag' }, 'asked over HTTP'),
          one.via === 'parking' && h('span', { class: 'tag parked' }, 'parking'),
          one.via === 'discard' && h('span', { class: 'tag warn' }, 'discarded'),
          one.deliveries > 1 && h('span', { class: 'tag warn' }, `delivered ${one.deliveries} times`),
        ),
        h(
          'time',
          { datetime: one.at, title: `${moment(one.at)}, handled ${moment(one.handledAt)}` },
          `+${span(Math.max(0, new Date(one.at) - new Date(now.placedAt)))}`,
        ),
        h('p', { class: 'what' }, ...what(one, cause)),
      ),
      isOpen && h('pre', { tabindex: 0 }, JSON.stringify(record ? (find(record, one.messageId) ?? one) : one, null, 2)),
    );
  };

  const what = (one, cause) =>
    [
      one.service === 'http' ? 'a request' : `said by ${one.service}`,
      cause
        ? [', ', h('b', {}, span(one.sinceCauseMs ?? 0)), ` after ${cause.type}`]
        : one.cause
          ? `, caused by ${lanes().includes(laneOf(one.cause)) ? `${unheard(one)} of ${laneOf(one.cause)}` : 'the carrier’s webhook'}`
          : '',
      one.detail ? [': ', h('b', {}, one.type === 'OrderParked' ? words(one.detail) : one.detail)] : '',
    ].flat();

  // Orders does not hear the compensating messages, but the topology leaves no doubt which one it was.
  const unheard = one => {
    const possible = state.topology.events.filter(
      event => event.saidBy.includes(laneOf(one.cause)) && event.heardBy.includes(one.service) && !event.heardBy.includes('orders'),
    );
    return possible.length === 1 ? possible[0].name : 'a message';
  };

  // The entry that tells most of a message: the one that it was handled by, else the one that said it.
  const find = (known, messageId) => {
    const entry =
      known.entries.find(one => one.on === messageId) ?? known.entries.find(one => one.events.some(said => said.id === messageId));
    if (!entry) return null;
    return entry.on === messageId
      ? entry
      : { ...entry.events.find(said => said.id === messageId), saidOn: entry.on, at: entry.at, trace: entry.trace };
  };

  const connect = facts => {
    const node = byId('story');
    if (!node) return;
    node.querySelector('svg')?.remove();
    const step = Number(node.dataset.step),
      names = lanes();
    const x = name => step * (Math.max(0, names.indexOf(name)) + 0.5);
    const items = [...node.querySelectorAll('li')];
    const y = i => items[i + 1].offsetTop + 20;
    const height = node.offsetHeight,
      first = items[0].offsetHeight;
    const svg = h('svg:svg', { height, 'aria-hidden': 'true' });
    for (const name of names) {
      const label = name === 'http' ? 'HTTP' : named(name);
      svg.append(h('svg:line', { class: 'lane', x1: x(name), x2: x(name), y1: first, y2: height }));
      svg.append(
        step > 60
          ? h('svg:text', { class: 'soft', x: x(name), y: first - 10, 'text-anchor': 'middle' }, label)
          : h('svg:text', { class: 'soft', transform: `translate(${x(name) + 4} ${first - 6}) rotate(-90)` }, label),
      );
    }
    const dots = [];
    facts.forEach((one, i) => {
      const kind = kindOf(one.type),
        at = { x: x(one.service), y: y(i) };
      const before = facts.findIndex(other => other.messageId === one.cause);
      if (before >= 0 && before < i) {
        const from = { x: x(facts[before].service), y: y(before) };
        const bend = Math.min(26, (at.y - from.y) / 2);
        svg.append(
          h('svg:path', {
            class: `cause ${kind}`,
            d:
              from.x === at.x
                ? `M${from.x} ${from.y} C${from.x + 12} ${from.y + bend} ${at.x + 12} ${at.y - bend} ${at.x} ${at.y}`
                : `M${from.x} ${from.y} V${at.y - 12} Q${from.x} ${at.y} ${from.x + Math.sign(at.x - from.x) * Math.min(12, Math.abs(at.x - from.x))} ${at.y} H${at.x}`,
          }),
        );
      } else if (one.cause) {
        const from = { x: x(laneOf(one.cause)), y: at.y - (laneOf(one.cause) === one.service ? 13 : 0) };
        svg.append(h('svg:line', { class: `cause ${kind}`, x1: from.x, x2: at.x, y1: from.y, y2: at.y }));
        // Said in one breath with the fact before it.
        const breath = facts.findIndex(other => follows(one.cause, other.messageId));
        if (breath >= 0 && breath < i)
          svg.append(h('svg:line', { class: `cause breath ${kind}`, x1: from.x, x2: from.x, y1: y(breath), y2: from.y }));
        dots.push(h('svg:circle', { class: `node-unheard ${kind}`, cx: from.x, cy: from.y, r: 4 }));
      }
      dots.push(h('svg:circle', { class: `node ${kind}`, cx: at.x, cy: at.y, r: 5 }));
    });
    svg.append(...dots);
    node.prepend(svg);
  };

  const follows = (id, before) => {
    const [one, other] = [id.split('/'), before.split('/')];
    return one[1] === other[1] && one[1] !== 'http' && Number(one[2]) === Number(other[2]) + 1;
  };

  let width = 0;
  new ResizeObserver(() => {
    if (!id() || byId('order').clientWidth === width) return;
    width = byId('order').clientWidth;
    latest = null;
    read();
  }).observe(byId('order'));

  return { id, read, enter, fact };
})();
