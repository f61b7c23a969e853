// The tiles, and the list of orders: filtered and paged by the server, exported and cancelled by the browser.

const orders = (() => {
  const sum = (counts, of) => of.reduce((all, status) => all + (counts.byStatus[status] ?? 0), 0);
  const open = statuses.filter(status => !finals.includes(status));
  const tiles = [
    { name: 'All', filter: { status: '', parked: '' }, value: counts => sum(counts, statuses) },
    { name: 'Open', filter: null, value: counts => sum(counts, open) },
    ...finals.map(status => ({ name: status, filter: { status, parked: '' }, value: counts => sum(counts, [status]) })),
    { name: 'Parked', filter: { status: '', parked: 'true' }, value: counts => counts.parked },
  ];
  const ranges = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 };
  const selected = new Set();
  let pages = 1,
    changes = 0,
    rows = [],
    filters = address.read();

  // A search that no index serves is not repeated with every change of an order.
  const isSearch = () => filters.q !== '' && filters.by !== 'text';

  const between = () => {
    const since = ranges[filters.range];
    const moment = local => (local && !Number.isNaN(+new Date(local)) ? new Date(local).toISOString() : '');
    // To the minute, so that an unchanged list is not sent again.
    if (since) return { from: new Date(Math.floor((Date.now() - since) / 60_000) * 60_000).toISOString() };
    return filters.range === 'between' ? { from: moment(filters.from), to: moment(filters.to) } : {};
  };

  const parameters = limit => {
    const { q, by, status, parked } = filters;
    const wanted = Object.entries({ limit, [by]: q, status, parked, ...between() });
    return new URLSearchParams(wanted.filter(([, value]) => value));
  };

  const isAll = () => parameters(25).size === 1;

  const read = throttled(async () => {
    const change = changes;
    try {
      const [found, next, searchedTo] = await pagesOf(`/api/orders?${parameters(25)}`, 'orders', pages);
      if (change === changes) show(found, next, searchedTo);
    } catch (error) {
      if (error.status === 400) show([], null, null, error.message);
      else live.failed(error);
    }
  }, 700);

  const refresh = () => {
    if (!isSearch() || rows.length === 0) read();
  };

  const show = (found, next, searchedTo, message = isAll() ? 'There are no orders yet.' : 'No order matches.') => {
    rows = found;
    byId('orders-none').textContent = rows.length === 0 ? message : '';
    byId('orders-none').hidden = rows.length > 0;
    byId('orders-table').hidden = rows.length === 0;
    byId('orders-more').hidden = !next;
    byId('orders-more').textContent = searchedTo ? 'Search older orders' : 'Older orders';
    byId('orders-searched').hidden = !searchedTo;
    byId('orders-searched').textContent = searchedTo ? `Searched back to ${moment(searchedTo)}.` : '';
    for (const id of selected) if (!rows.some(order => order.id === id && order.canBeCancelled)) selected.delete(id);
    draw();
  };

  const draw = () => {
    refill(byId('orders-rows'), rows.map(row));
    mark();
  };

  const row = order => {
    const key = order.idempotencyKey;
    const node = clone('order-row', {
      row: { 'data-order': order.id },
      select: order.canBeCancelled && { 'aria-label': `Select order ${key ?? shortId(order.id)}`, 'data-focus': `select ${order.id}` },
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
      notes: notesOf(order),
      lines: count(order.lines),
      total: money(order.total),
      took: order.finalAt ? span(new Date(order.finalAt) - new Date(order.placedAt)) : '…',
    });
    const box = node.querySelector('input');
    if (box) {
      box.checked = selected.has(order.id);
      box.addEventListener('change', () => {
        selected[box.checked ? 'add' : 'delete'](order.id);
        mark();
      });
    }
    return node;
  };

  const mark = () => {
    const able = rows.filter(order => order.canBeCancelled);
    byId('cancel-selected').disabled = selected.size === 0;
    byId('cancel-selected').textContent = selected.size ? `Cancel ${count(selected.size)} selected` : 'Cancel selected';
    byId('select-all').disabled = able.length === 0;
    byId('select-all').checked = able.length > 0 && able.every(order => selected.has(order.id));
  };

  const cancelSelected = async () => {
    const ids = [...selected];
    const reason = await ask({
      title: `Cancel ${count(ids.length)} orders?`,
      action: 'Cancel them',
      field: { label: 'Why?', max: 200 },
      text: 'Each is undone step by step: the shipment first, then the payment, then the stock. For some it may be too late.',
    });
    if (!reason?.trim()) return;
    const line = h('li', {});
    byId('cancelled').prepend(line);
    const refused = [];
    let done = 0;
    await each(ids, 4, async id => {
      try {
        await api(`/api/orders/${id}/cancel`, 'POST', { reason: reason.trim() });
      } catch (error) {
        refused.push(h('span', {}, h('a', { href: `#/orders/${id}`, class: 'id' }, shortId(id)), ` ${error.message}`));
      }
      selected.delete(id);
      fill(line, `Asked to cancel ${count(++done)} of ${count(ids.length)}.`);
    });
    fill(line, `Asked to cancel ${count(done - refused.length)} of ${count(ids.length)}. `, refused.slice(0, 10));
    read();
  };

  // As many as a spreadsheet takes at ease; a longer list is cut, and says so.
  const exportedMax = 20_000;
  const fetchAll = async () => {
    const path = `/api/orders?${parameters(200)}`;
    const [found, next] = await pagesOf(path, 'orders', exportedMax / 200, read => told(`${many(read, 'order')} …`));
    told(`Exported ${many(found.length, 'order')}${next ? ', the newest. Choose a shorter time for the rest' : ''}.`);
    return found;
  };
  const told = text => (byId('export-state').textContent = text);

  const save = async (kind, content) => {
    byId('export-csv').disabled = byId('export-json').disabled = true;
    try {
      const text = content(await fetchAll());
      const link = h('a', { href: URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` })) });
      link.download = `orders-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${kind.split('/')[1]}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      told(`Not exported: ${error.message}`);
    } finally {
      byId('export-csv').disabled = byId('export-json').disabled = false;
    }
  };

  const columns = {
    id: order => order.id, key: order => order.idempotencyKey, customer: order => order.customerId, status: order => order.status,
    reason: order => order.reason, placedAt: order => order.placedAt, finalAt: order => order.finalAt, lines: order => order.lines,
    total: order => order.total.amount, currency: order => order.total.currency, charged: order => order.charged?.amount,
    refunded: order => order.refunded?.amount, owed: order => order.owed?.amount, trackingId: order => order.trackingId,
    parked: order => order.parked.join(' '),
  };
  // A spreadsheet would run what begins like a formula.
  const cell = value => {
    const text = String(value ?? '');
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = found => {
    const lines = [Object.keys(columns), ...found.map(order => Object.values(columns).map(of => of(order)))];
    return `\ufeff${lines.map(line => line.map(cell).join(',')).join('\r\n')}`;
  };

  const fields = () => {
    byId('q').value = filters.q;
    byId('by').value = filters.by;
    byId('status').value = filters.status;
    byId('only-parked').checked = filters.parked === 'true';
    byId('range').value = filters.range;
    byId('from').value = filters.from;
    byId('to').value = filters.to;
    byId('between').hidden = filters.range !== 'between';
  };

  const choose = chosen => {
    filters = { ...filters, ...chosen };
    fields();
    pages = 1;
    changes++;
    address.write(filters);
    update();
    read();
  };

  const changed = () =>
    choose({
      q: byId('q').value.trim(), by: byId('by').value, status: byId('status').value, range: byId('range').value,
      parked: byId('only-parked').checked ? 'true' : '', from: byId('from').value, to: byId('to').value,
    });

  const update = () => {
    if (!state.counts) return;
    if (!byId('tiles').hasChildNodes()) byId('tiles').append(...tiles.map(button));
    tiles.forEach((tile, i) => {
      const button = byId('tiles').children[i],
        value = tile.value(state.counts);
      button.querySelector('b').textContent = short(value);
      button.classList.toggle('none', value === 0);
      if (tile.filter) button.setAttribute('aria-pressed', tile.filter.status === filters.status && tile.filter.parked === filters.parked);
    });
  };

  const button = tile =>
    clone('tile', {
      button: { class: tile.name.toLowerCase(), disabled: !tile.filter, onclick: () => choose(tile.filter) },
      name: tile.name,
    });

  byId('status').append(...statuses.map(status => h('option', {}, status)));
  byId('filters').addEventListener('submit', event => event.preventDefault());
  byId('filters').addEventListener('change', changed);
  byId('clear').addEventListener('click', () => choose(address.initial));
  byId('cancel-selected').addEventListener('click', cancelSelected);
  byId('select-all').addEventListener('change', event => {
    for (const { id, canBeCancelled } of rows) if (canBeCancelled) selected[event.target.checked ? 'add' : 'delete'](id);
    draw();
  });
  byId('export-csv').addEventListener('click', () => save('text/csv', csv));
  byId('export-json').addEventListener('click', () => save('application/json', found => JSON.stringify(found, null, 2)));
  byId('orders-more').addEventListener('click', () => {
    pages++;
    read();
  });
  let typing = 0;
  byId('q').addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(changed, 300);
  });
  // Somebody opened another link, or went back.
  addEventListener('hashchange', () => {
    if (address.isList() && JSON.stringify(address.read()) !== JSON.stringify(filters)) choose(address.read());
  });
  fields();

  return { refresh, update, range: between };
})();
