// The tiles, and the list of orders: filtered and paged by the server.

const orders = (() => {
  const sum = (counts, of) => of.reduce((all, status) => all + (counts.byStatus[status] ?? 0), 0);
  const open = statuses.filter(status => !finals.includes(status));
  const tiles = [
    { name: 'All', filter: { status: '', parked: false }, value: counts => sum(counts, statuses) },
    { name: 'Open', filter: null, value: counts => sum(counts, open) },
    ...finals.map(status => ({ name: status, filter: { status, parked: false }, value: counts => sum(counts, [status]) })),
    { name: 'Parked', filter: { status: '', parked: true }, value: counts => counts.parked },
  ];
  const everything = '/api/orders?limit=25';
  let pages = 1,
    changes = 0;

  const query = () => {
    const parameters = new URLSearchParams();
    const text = byId('text').value.trim();
    if (text) parameters.set('text', text);
    if (byId('status').value) parameters.set('status', byId('status').value);
    if (byId('only-parked').checked) parameters.set('parked', 'true');
    return parameters.size > 0 ? `${everything}&${parameters}` : everything;
  };

  const read = throttled(async () => {
    const change = ++changes;
    try {
      const [rows, next] = await pagesOf(query(), 'orders', pages);
      if (change === changes) show(rows, next);
    } catch (error) {
      if (error.status === 400) show([], null, error.message);
      else live.failed(error);
    }
  }, 700);

  const show = (rows, next, message = query() === everything ? 'There are no orders yet.' : 'No order matches.') => {
    byId('orders-none').textContent = rows.length === 0 ? message : '';
    byId('orders-none').hidden = rows.length > 0;
    byId('orders-table').hidden = rows.length === 0;
    byId('orders-more').hidden = !next;
    refill(byId('orders-rows'), rows.map(row));
  };

  const row = order => {
    const notes = [order.reason, order.delayed && 'delayed', order.cancellationRefused && 'cancellation refused',
      order.pickedUpAfterCallOff && 'picked up after it was called off'].filter(Boolean);
    const key = order.idempotencyKey;
    return clone('order-row', {
      row: { 'data-order': order.id },
      placed: at(order.placedAt),
      link: {
        href: `#/orders/${order.id}`,
        title: order.id,
        'data-focus': order.id,
        text: key && key.length <= 24 ? key : shortId(order.id),
      },
      customer: order.customerId,
      status: badge(order.status),
      parked: parkedAt(order),
      notes: notes.length > 0 && notes.join('; '),
      lines: count(order.lines),
      total: money(order.total),
      took: order.finalAt ? span(between(order.placedAt, order.finalAt)) : '…',
    });
  };

  const filter = ({ status, parked }) => {
    byId('status').value = status;
    byId('only-parked').checked = parked;
    changed();
  };

  const changed = () => {
    pages = 1;
    changes++;
    update();
    read();
  };

  const update = () => {
    if (!state.counts) return;
    const now = { status: byId('status').value, parked: byId('only-parked').checked };
    if (!byId('tiles').hasChildNodes()) byId('tiles').append(...tiles.map(button));
    tiles.forEach((tile, i) => {
      const button = byId('tiles').children[i],
        value = tile.value(state.counts);
      button.querySelector('b').textContent = short(value);
      button.classList.toggle('none', value === 0);
      if (tile.filter) button.setAttribute('aria-pressed', tile.filter.status === now.status && tile.filter.parked === now.parked);
    });
  };

  const button = tile =>
    clone('tile', {
      button: { class: tile.name.toLowerCase(), disabled: !tile.filter, onclick: () => filter(tile.filter) },
      name: tile.name,
    });

  byId('status').append(...statuses.map(status => h('option', {}, status)));
  byId('filters').addEventListener('submit', event => event.preventDefault());
  byId('filters').addEventListener('change', changed);
  byId('orders-more').addEventListener('click', () => {
    pages++;
    read();
  });
  let typing = 0;
  byId('text').addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(changed, 250);
  });

  return { read, update };
})();
