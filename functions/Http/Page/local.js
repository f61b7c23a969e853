// What only the local host can do: a shelf to look at, sample orders to place, an outage of the simulated card provider to end.

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
  const towns = ['London', 'York', 'Bath', 'Leeds', 'Truro'];
  let stock = [],
    isOut = null;

  const read = calmly(async () => {
    if (!state.topology?.isLocal) return;
    try {
      [stock, { isOn: isOut }] = await Promise.all([api('/api/local/stock'), api('/api/local/card-outage')]);
      show();
    } catch (error) {
      live.failed(error);
    }
  }, 2_000);

  const show = () => {
    byId('try').hidden = byId('stock').hidden = false;
    const focused = byId('outage').contains(document.activeElement);
    fill(
      byId('outage'),
      h('span', { class: 'soft' }, isOut ? 'The card provider is down for tok_down.' : 'The card provider answers every card.'),
      h('button', { type: 'button', class: 'small', onclick: setOutage }, isOut ? 'End the outage' : 'Begin an outage'),
    );
    if (focused) byId('outage').querySelector('button').focus();
    fill(
      byId('shelf'),
      stock.length === 0
        ? h('p', { class: 'nothing' }, 'Nothing has been received yet.')
        : h(
            'div',
            { class: 'scroll' },
            h(
              'table',
              {},
              h('caption', { class: 'unseen' }, 'Stock of the SKUs that orders took most of'),
              h(
                'thead',
                {},
                h(
                  'tr',
                  {},
                  h('th', { scope: 'col' }, 'SKU'),
                  h('th', { scope: 'col', class: 'number' }, 'Left'),
                  h('th', { scope: 'col', class: 'number' }, 'Reserved'),
                  h('th', { scope: 'col', class: 'number' }, 'Sold'),
                  h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Share left')),
                ),
              ),
              h('tbody', {}, stock.slice(0, 5).map(shelf)),
            ),
          ),
    );
  };

  const shelf = one => {
    const meter = h(
      'div',
      { class: 'meter', role: 'img', 'aria-label': `${Math.round((100 * one.available) / Math.max(1, one.received))} % left` },
      h('i', { class: 'available' }),
      h('i', { class: 'reserved' }),
    );
    meter.children[0].style.width = `${(100 * one.available) / Math.max(1, one.received)}%`;
    meter.children[1].style.width = `${(100 * one.reserved) / Math.max(1, one.received)}%`;
    return h(
      'tr',
      {},
      h('th', { scope: 'row', class: 'id' }, one.sku),
      h('td', { class: 'number' }, count(one.available)),
      h('td', { class: 'number' }, count(one.reserved)),
      h('td', { class: 'number' }, count(one.consumed)),
      h('td', {}, meter),
    );
  };

  const setOutage = async () => {
    await api('/api/local/card-outage', 'PUT', { isOn: !isOut }).catch(live.failed);
    read();
  };

  const place = async event => {
    event.preventDefault();
    const { card = 'tok_visa', postalCode = 'E14 7AA', quantity = null } = scenarios[byId('scenario').value];
    const some = stock.filter(one => one.available > 5).slice(0, 3);
    const lines = (some.length ? some : [{ sku: '85123A' }]).map((one, i) => ({
      sku: one.sku,
      description: `Sample of ${one.sku}`,
      quantity: quantity ?? 1 + i,
      unitPrice: 2.55 + i,
    }));
    const button = byId('sample').querySelector('button');
    button.disabled = true;
    try {
      const placed = await api('/api/orders', 'POST', {
        customerId: 'sample',
        currency: 'GBP',
        lines,
        payment: { cardToken: card },
        shipTo: { name: 'Sample Customer', line1: '34 High Street', city: towns[Date.now() % towns.length], postalCode, country: 'GB' },
      });
      location.hash = `#/orders/${placed.id}`;
    } catch (error) {
      await ask({ title: 'It was not placed', text: error.message, action: 'Close' });
    } finally {
      button.disabled = false;
    }
  };

  byId('scenario').append(...Object.keys(scenarios).map(name => h('option', {}, name)));
  byId('sample').addEventListener('submit', place);
  return { read };
})();
