// The list's filters, kept in the address: a reload keeps them, and a copied address shows the same orders.

const address = (() => {
  const names = ['q', 'by', 'status', 'parked', 'range', 'from', 'to'];
  const initial = { q: '', by: 'text', status: '', parked: '', range: '', from: '', to: '' };

  const isList = () => /^(#\/?(\?.*)?)?$/.test(location.hash);
  const read = () => {
    const sent = new URLSearchParams(location.hash.split('?')[1] ?? '');
    return Object.fromEntries(names.map(name => [name, sent.get(name) ?? initial[name]]));
  };

  // What the list showed last: the way back from an order.
  let last = isList() ? location.hash : '';
  addEventListener('hashchange', () => (last = isList() ? location.hash : last));
  const write = filters => {
    const parameters = new URLSearchParams(names.filter(name => filters[name] !== initial[name]).map(name => [name, filters[name]]));
    last = parameters.size > 0 ? `#/?${parameters}` : '#/';
    if (isList()) history.replaceState(null, '', last);
  };

  return { initial, isList, read, write, list: () => last || '#/' };
})();
