// How numbers, times and names read.

const numbers = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const times = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

const count = value => numbers.format(value);
const many = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
const short = value => (value < 1_000_000 ? count(value) : compact.format(value));
const money = value => {
  if (!value) return '–';
  const { currency } = value;
  // The browser knows how many decimals the currency has; an old amount may have more.
  const { minimumFractionDigits } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return `${value.amount.toLocaleString('en', { minimumFractionDigits, maximumFractionDigits: 4 })} ${currency}`;
};
const moment = iso => moments.format(new Date(iso));
const clock = iso => {
  const date = new Date(iso);
  return (new Date().toDateString() === date.toDateString() ? times : days).format(date);
};
const span = ms => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 86_400_000)} days`;
};
const between = (from, to) => new Date(to) - new Date(from);
const ago = iso => {
  const ms = Date.now() - new Date(iso);
  return ms < 1_000 ? 'just now' : `${ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : span(ms)} ago`;
};
const shortId = id => `${id.slice(0, 8)}…${id.slice(-6)}`;
const words = name => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
const named = name => name[0].toUpperCase() + name.slice(1);

// Attributes of <time> elements.
const at = iso => ({ datetime: iso, title: `${moment(iso)}, ${iso}`, text: moment(iso) });
const since = iso => ({ datetime: iso, title: moment(iso), 'data-ago': true, text: ago(iso) });

setInterval(() => {
  for (const one of document.querySelectorAll('time[data-ago]')) {
    const text = ago(one.dateTime);
    if (one.textContent !== text) one.textContent = text;
  }
}, 1_000);

const finals = ['Completed', 'Rejected', 'Cancelled'];
const statuses = ['Placed', 'Reserved', 'Paid', 'Booked', 'Delayed', 'Rejecting', 'Cancelling', ...finals];
const badge = status => ({ class: `badge ${status}`, text: status });
const parkedAt = order => order.parked.length > 0 && `parked at ${order.parked.join(', ')}`;

// What else there is to say of an order, in a word or two each.
const notesOf = order =>
  [
    order.reason,
    order.owed && `${money(order.owed)} owed to the customer`,
    order.delayed && 'delayed',
    order.cancellationRefused && 'cancellation refused',
    order.pickedUpAfterCallOff && 'picked up after it was called off',
    order.settled && `settled by hand at ${order.settled.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ') || null;
