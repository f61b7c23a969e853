// What an order holds: its lines, where it goes, and what its customer is told.

const content = (() => {
  const shownMax = 10;

  const of = (record, facts, notices) => {
    const placed = record.entries.flatMap(entry => entry.events).find(said => said.type === 'OrderCreated')?.data;
    return h('div', { class: 'columns' }, placed && lines(placed), h('div', {}, placed && address(placed), told(facts, notices)));
  };

  const lines = ({ lines: all, total }) => {
    const rows = all.map(line => row(line, total.currency));
    rows.slice(shownMax).forEach(row => (row.hidden = true));
    return clone('lines', {
      rows,
      more: rows.length > shownMax && {
        text: `Show ${count(rows.length - shownMax)} more`,
        onclick: event => {
          rows.forEach(row => (row.hidden = false));
          event.target.remove();
        },
      },
    });
  };

  const row = (line, currency) =>
    clone('line', {
      sku: line.sku,
      description: line.description,
      free: line.needsStock === false,
      quantity: count(line.quantity),
      price: money({ currency, amount: line.unitPrice }),
    });

  const address = ({ shipTo, warehouse }) =>
    clone('address', { place: [shipTo?.city, shipTo?.country].filter(Boolean).join(', ') || 'erased', warehouse });

  // What Notifications hears leads to a notice; only the local host knows what was sent.
  const told = (facts, notices) => {
    const heard = state.topology.events.filter(event => event.heardBy.includes('notifications')).map(event => event.name);
    const leading = facts.filter(one => heard.includes(one.type));
    return clone('notices', {
      none: leading.length === 0,
      list: leading.length > 0 && leading.map(one => h('li', {}, `${named(words(one.type))}, `, h('time', at(one.at), moment(one.at)))),
      sent: notices?.length > 0 && notices.map(text => h('li', {}, text)),
    });
  };

  return { of };
})();
