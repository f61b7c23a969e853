// The tiles, and the list of orders: filtered and paged by the server.

const orders = (() => {
  const tiles = [
    { name: 'All', class: 'all', filter: { status: '', parked: false }, value: c => sum(c, statuses) },
    {
      name: 'Open',
      class: 'open',
      filter: null,
      value: c =>
        sum(
          c,
          statuses.filter(status => !finals.includes(status)),
        ),
    },
    ...finals.map(status => ({
      name: status,
      class: status.toLowerCase(),
      filter: { status, parked: false },
      value: c => c.byStatus[status] ?? 0,
    })),
    { name: 'Parked', class: 'parked', filter: { status: '', parked: true }, value: c => c.parked },
  ];
  const sum = (counts, of) => of.reduce((all, status) => all + (counts.byStatus[status] ?? 0), 0);
  let pages = 1,
    wanted = 0;

  const query = () => {
    const parameters = new URLSearchParams({ limit: '25' });
    if (byId('text').value.trim()) parameters.set('text', byId('text').value.trim());
    if (byId('status').value) parameters.set('status', byId('status').value);
    if (byId('only-parked').checked) parameters.set('parked', 'true');
    return `/api/orders?${parameters}`;
  };

  const read = calmly(async () => {
    const mine = ++wanted;
    try {
      const rows = [];
      let next = query(),
        page = 0;
      for (; next && page < pages; page++) {
        const answer = await api(next);
        rows.push(...answer.orders);
        next = answer.next;
      }
      if (mine === wanted) show(rows, next);
    } catch (error) {
      if (error.status === 400) fill(byId('orders'), h('p', { class: 'nothing' }, error.message));
      else live.failed(error);
    }
  }, 700);

  const show = (rows, next) => {
    if (rows.length === 0) {
      fill(
        byId('orders'),
        h('p', { class: 'nothing' }, query() === '/api/orders?limit=25' ? 'There are no orders yet.' : 'No order matches.'),
      );
      return;
    }
    const focused = document.activeElement?.closest('#orders a')?.getAttribute('href');
    fill(
      byId('orders'),
      h(
        'div',
        { class: 'scroll' },
        h(
          'table',
          {},
          h('caption', { class: 'unseen' }, 'Orders, newest first'),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', { scope: 'col' }, 'Placed'),
              h('th', { scope: 'col' }, 'Order'),
              h('th', { scope: 'col', class: 'wide' }, 'Customer'),
              h('th', { scope: 'col' }, 'Status'),
              h('th', { scope: 'col', class: 'number wide' }, 'Lines'),
              h('th', { scope: 'col', class: 'number' }, 'Total'),
              h('th', { scope: 'col', class: 'number wide' }, 'Took'),
            ),
          ),
          h('tbody', {}, rows.map(row)),
        ),
      ),
      next &&
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
            'Older orders',
          ),
        ),
    );
    if (focused)
      byId('orders')
        .querySelector(`a[href="${CSS.escape(focused)}"]`)
        ?.focus();
  };

  const row = order =>
    h(
      'tr',
      { 'data-order': order.id },
      h('td', {}, h('time', { datetime: order.placedAt, title: moment(order.placedAt) }, clock(order.placedAt))),
      h(
        'td',
        {},
        h(
          'a',
          { class: 'id', href: `#/orders/${order.id}`, title: order.id },
          order.idempotencyKey && order.idempotencyKey.length <= 24 ? order.idempotencyKey : shortId(order.id),
        ),
      ),
      h('td', { class: 'wide' }, order.customerId),
      h(
        'td',
        {},
        badge(order.status),
        order.parked.length > 0 && h('span', { class: 'badge Parked' }, `parked at ${order.parked.join(', ')}`),
        (order.reason || order.delayed || order.cancellationRefused) &&
          h(
            'span',
            { class: 'why' },
            [order.reason, order.delayed && 'delayed', order.cancellationRefused && 'cancellation refused'].filter(Boolean).join('; '),
          ),
      ),
      h('td', { class: 'number wide' }, count(order.lines)),
      h('td', { class: 'number' }, money(order.total)),
      h('td', { class: 'number wide' }, order.finalAt ? span(new Date(order.finalAt) - new Date(order.placedAt)) : '…'),
    );

  const filter = ({ status, parked }) => {
    byId('status').value = status;
    byId('only-parked').checked = parked;
    changed();
  };

  const changed = () => {
    pages = 1;
    wanted++;
    update();
    read();
  };

  const update = () => {
    if (!state.counts) return;
    const now = { status: byId('status').value, parked: byId('only-parked').checked };
    if (!byId('tiles').hasChildNodes()) {
      byId('tiles').append(
        ...tiles.map(tile =>
          h(
            'button',
            {
              type: 'button',
              class: tile.class,
              disabled: !tile.filter,
              onclick: () => filter(tile.filter),
            },
            h('b', {}),
            h('span', {}, tile.name),
          ),
        ),
      );
    }
    tiles.forEach((tile, i) => {
      const button = byId('tiles').children[i],
        value = tile.value(state.counts);
      button.querySelector('b').textContent = short(value);
      button.classList.toggle('none', value === 0);
      if (tile.filter) button.setAttribute('aria-pressed', String(tile.filter.status === now.status && tile.filter.parked === now.parked));
    });
  };

  byId('status').append(...statuses.map(status => h('option', {}, status)));
  byId('filters').addEventListener('submit', event => event.preventDefault());
  byId('filters').addEventListener('change', changed);
  let typing = 0;
  byId('text').addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(changed, 250);
  });

  return { read, update };
})();
