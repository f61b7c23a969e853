// Looks for what is wrong when an operator asks, and shows whom money is owed.

const audit = (() => {
  const run = async () => {
    const button = byId('audit-run');
    button.disabled = true;
    byId('audit-state').textContent = 'Looking …';
    try {
      const range = new URLSearchParams(Object.entries(orders.range()).filter(([, value]) => value));
      const [found, books] = await Promise.all([api(`/api/operations/audit?${range}`), live.host()?.audit?.()]);
      show(found, books);
    } catch (error) {
      byId('audit-state').textContent = `Not done: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  };

  const show = (found, books) => {
    const wrong = [...found.findings, ...(books?.findings ?? []).map(finding => ({ finding }))];
    const newest = found.more ? ', the newest: choose a time below for others' : '';
    const looked = `Looked at ${many(found.orders, 'order')}${newest}, ${clock(new Date())}.`;
    const moved =
      books &&
      ` By the simulated providers’ books ${many(books.charges, 'charge')}, ${many(books.refunds, 'refund')}, ${takings(books)} taken.`;
    fill(byId('audit-state'), wrong.length === 0 && h('b', { class: 'ok' }, 'All is well. '), looked, moved);
    fill(byId('owed'), found.owed.length > 0 && [`Owed to customers: ${sums(found.owed)}.`], list(found.owed.map(debt)));
    fill(byId('findings'), list(wrong.map(problem)));
  };

  const takings = ({ takings }) => Object.entries(takings).map(([currency, amount]) => money({ currency, amount })).join(', ') || 'nothing';

  const sums = owed =>
    [...Map.groupBy(owed, one => one.amount.currency)]
      .map(([currency, some]) => money({ currency, amount: some.reduce((sum, one) => sum + one.amount.amount, 0) }))
      .join(', ');

  const link = orderId => h('a', { class: 'id', href: `#/orders/${orderId}` }, shortId(orderId));
  const debt = ({ orderId, amount, customerId, status, placedAt }) => [
    link(orderId),
    ` ${money(amount)} to ${customerId}, ${status.toLowerCase()}, placed ${moment(placedAt)}`,
  ];
  const problem = ({ orderId, finding }) => [orderId && link(orderId), ` ${finding}`];

  const list = items => items.length > 0 && h('ul', { class: 'plain' }, items.map(item => h('li', {}, ...item)));

  byId('audit-run').addEventListener('click', run);
})();
