// What only the local host has: changes as they happen, stock and notices to look at, the providers' books, sample orders to place, an
// outage of the card provider to end.

const local = (() => {
  const scenarios = {
    'goes well': {},
    'has its card declined': { card: 'tok_declined' },
    'meets a card provider that is down': { card: 'tok_down' },
    'meets a card provider that answers late': { card: 'tok_flaky' },
    'the carrier refuses': { postalCode: 'REFUSE' },
    'is picked up late': { postalCode: 'LATE' },
    'is out of stock': { quantity: 1_000_000 },
  };
  // Received anew for each order, so that the samples work on every store. Nothing else orders it.
  const sampleSku = 'SAMPLE';
  const towns = ['London', 'York', 'Bath', 'Leeds', 'Truro'];
  let stock = [],
    isOut = null;

  const read = throttled(async () => {
    try {
      const sku = encodeURIComponent(byId('sku').value.trim());
      [stock, { isOn: isOut }] = await Promise.all([api(`/api/local/stock?sku=${sku}`), api('/api/local/card-outage')]);
      show();
    } catch (error) {
      live.failed(error);
    }
  }, 2_000);

  const show = () => {
    byId('try').hidden = byId('stock').hidden = false;
    byId('outage-state').textContent = isOut ? 'The card provider is down for tok_down.' : 'The card provider answers every card.';
    byId('outage-switch').textContent = isOut ? 'End the outage' : 'Begin an outage';
    byId('stock-none').hidden = stock.length > 0;
    byId('stock-none').textContent = byId('sku').value ? 'No such SKU was received.' : 'Nothing has been received yet.';
    byId('stock-table').hidden = stock.length === 0;
    fill(byId('stock-rows'), stock.slice(0, 5).map(row));
  };

  const row = one => {
    const percent = part => (100 * part) / Math.max(1, one.received);
    const node = clone('stock-row', {
      sku: one.sku,
      available: count(one.available),
      reserved: count(one.reserved),
      consumed: count(one.consumed),
      meter: { 'aria-label': `${Math.round(percent(one.available))} % left` },
    });
    for (const bar of node.querySelectorAll('.meter i')) bar.style.width = `${percent(one[bar.className])}%`;
    return node;
  };

  const setOutage = async () => {
    await api('/api/local/card-outage', 'PUT', { isOn: !isOut }).catch(live.failed);
    read();
  };

  const place = async event => {
    event.preventDefault();
    const { card = 'tok_visa', postalCode = 'E14 7AA', quantity = null } = scenarios[byId('scenario').value];
    const lines = [{ sku: sampleSku, description: 'Sample', quantity: quantity ?? 2, unitPrice: 2.55 }];
    const button = byId('sample').querySelector('button');
    button.disabled = true;
    try {
      await receive();
      const placed = await api('/api/orders', 'POST', {
        customerId: 'sample',
        currency: 'GBP',
        lines,
        payment: { cardToken: card },
        shipTo: { name: 'Sample Customer', line1: '34 High Street', city: towns[Date.now() % towns.length], postalCode, country: 'GB' },
      });
      location.hash = `#/orders/${placed.id}`;
    } catch (error) {
      await tell('The order was not placed', error.message);
    } finally {
      button.disabled = false;
    }
  };

  const receive = async () => {
    const level = (await api(`/api/local/stock?sku=${sampleSku}`)).find(one => one.sku === sampleSku);
    if (!level || level.available < 100) await api(`/api/stock/${sampleSku}`, 'PUT', { received: (level?.received ?? 0) + 1_000 });
  };

  const notices = orderId => api(`/api/local/orders/${orderId}/notices`);
  const audit = () => api('/api/local/audit');

  // The counts, pushed by the host whenever they change.
  const listen = ({ arrived, connected, lost }) => {
    const source = new EventSource('/api/operations/events');
    source.onmessage = message => arrived(JSON.parse(message.data));
    source.onopen = connected;
    source.onerror = () => {
      lost();
      // A browser gives up where the answer is no stream: a proxy may say 502 while the host starts.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => listen({ arrived, connected, lost }), 1_000);
    };
  };

  byId('scenario').append(...Object.keys(scenarios).map(name => h('option', {}, name)));
  byId('sample').addEventListener('submit', place);
  byId('outage-switch').addEventListener('click', setOutage);
  byId('sku').addEventListener('input', read);
  byId('find-sku').addEventListener('submit', event => event.preventDefault());
  return { read, listen, notices, audit };
})();

live.extend(local);
