// One order: what it is, what can be done with it, and its timeline.

const order = (() => {
  const open = new Set();
  let shownId = null,
    record = null,
    latest = null;

  // The address names an order after its hash; a link that was mailed names it in its path.
  const id = () =>
    /^#\/orders\/([0-9a-f]{32})$/.exec(location.hash)?.[1] ??
    (location.hash === '' ? /^\/api\/orders\/([0-9a-f]{32})\/timeline$/.exec(location.pathname)?.[1] : null) ??
    null;

  const read = throttled(async () => {
    const wanted = id();
    if (!wanted) return;
    try {
      const [now, timeline, whole, notices] = await Promise.all([
        api(`/api/orders/${wanted}`),
        api(`/api/orders/${wanted}/timeline`),
        api(`/api/orders/${wanted}/record`),
        live.host()?.notices?.(wanted),
      ]);
      record = whole;
      if (wanted === id()) show(now, timeline.facts, notices);
    } catch (error) {
      if (error.status === 404) fill(byId('order-view'), clone('no-order', { id: wanted }));
      else live.failed(error);
    }
  }, 500);

  const enter = () => {
    if (shownId !== id()) {
      shownId = id();
      open.clear();
      record = latest = null;
      fill(byId('order-view'), h('p', { class: 'nothing' }, 'Loading …'));
    }
    read();
  };

  const show = (now, facts, notices) => {
    const text = JSON.stringify([now, facts, [...open], notices, parked.at(now.id)]);
    if (text === latest) return;
    latest = text;
    const name = now.idempotencyKey ?? shortId(now.id);
    document.title = `Order ${name} · OrderFunctions`;
    refill(
      byId('order-view'),
      clone('order-head', {
        name,
        status: badge(now.status),
        parked: parkedAt(now),
        copy: event => copy(event.target, now),
        cancel: now.canBeCancelled && (() => cancel(now)),
        id: now.id,
        facts: [...details(now), trace()],
        reason: now.reason && reason(now),
        places: parked.at(now.id).map(place),
      }),
      content.of(record, facts, notices),
      story.of(now, facts, { isOpen: one => open.has(key(one)), toggle, record }),
    );
    story.connect(facts);
  };

  const details = now => [
    detail('Customer', now.customerId),
    detail('Total', money(now.total)),
    detail('Charged', money(now.charged)),
    now.refunded && detail('Refunded', money(now.refunded)),
    now.owed && detail('Owed to the customer', money(now.owed)),
    detail('Lines', count(now.lines)),
    detail('Placed', h('time', at(now.placedAt), moment(now.placedAt))),
    detail('Took', now.finalAt ? span(between(now.placedAt, now.finalAt)) : 'not final yet'),
    now.trackingId && detail('Tracking id', now.trackingId),
    now.promisedBy && detail('Promised by', h('time', at(now.promisedBy), moment(now.promisedBy))),
    now.delayed && detail('Delayed', 'the promised time was missed'),
    now.pickedUpAfterCallOff && detail('Parcel', 'picked up after the order was called off'),
    now.cancellationRefused && detail('Cancellation', 'refused: it was too late'),
    now.settled && detail('Settled by hand', `at ${now.settled.join(', ')}`),
  ];

  const detail = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

  const reason = now => {
    const outcome = named(words(now.status)) + (now.failedAt ? ` at ${now.failedAt.toLowerCase()}` : '');
    const kind = now.status.startsWith('Cancel') ? 'cancelled' : '';
    return h('p', { class: `reason ${kind}` }, h('b', {}, `${outcome}: `), now.reason);
  };

  const place = one =>
    clone('order-parked', {
      title: `Parked at ${one.participant} since ${moment(one.since)}: `,
      why: one.description ?? words(one.reason),
      failed: parked.attemptOf(one),
      advice: advice.of(one),
      actions: parked.actions(one),
    });

  const copy = async (button, now) => {
    const link = `${location.origin}/api/orders/${now.id}/timeline`;
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = 'Copied';
    } catch {
      await tell('A link to this order', h('p', { class: 'id' }, link));
    }
  };

  const cancel = async now => {
    const reason = await ask({
      title: 'Cancel this order?',
      action: 'Cancel the order',
      field: { label: 'Why?', max: 200 },
      text: 'Shipping is asked first; then the payment is refunded and the stock released. It may be too late.',
    });
    if (!reason?.trim()) return;
    try {
      await api(`/api/orders/${now.id}/cancel`, 'POST', { reason: reason.trim() });
    } catch (error) {
      await tell('The order was not cancelled', error.message);
    }
    read();
  };

  const key = one => one.messageId + one.type;
  const toggle = one => {
    open[open.has(key(one)) ? 'delete' : 'add'](key(one));
    read();
  };

  // The trace that placed the order goes on through all that followed.
  const trace = () => {
    const traceId = record.entries.map(entry => entry.trace?.split('-')[1]).find(Boolean);
    const link = document.querySelector('meta[name="trace-link"]')?.content;
    if (!traceId) return null;
    const to = link && { href: link.replaceAll('{traceId}', traceId), target: '_blank', rel: 'noopener noreferrer' };
    return detail('Trace', to ? h('a', { class: 'id', ...to }, traceId) : h('span', { class: 'id' }, traceId));
  };

  // Without loading the page again, so that the list keeps its filters.
  byId('back').addEventListener('click', event => {
    event.preventDefault();
    if (location.pathname === '/') location.hash = address.list();
    else location.assign(`/${address.list()}`);
  });

  let width = 0;
  new ResizeObserver(() => {
    if (!id() || byId('order').clientWidth === width) return;
    width = byId('order').clientWidth;
    latest = null;
    read();
  }).observe(byId('order'));

  return { id, read, enter };
})();
