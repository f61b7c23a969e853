// How many orders became final and how long they took: from the list of orders, and from the counts since the page was opened.

const plots = (() => {
  const minutes = 5,
    bucket = 5_000,
    buckets = (minutes * 60_000) / bucket;
  const marks = [
    [10, '10 ms'],
    [1_000, '1 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
  ];
  const orders = new Map();
  const ended = new Map();
  let known = null,
    width = 400;

  const slot = time => Math.floor(time / bucket);
  const start = () => Date.now() - minutes * 60_000;

  const add = (time, many) => ended.set(slot(time), (ended.get(slot(time)) ?? 0) + many);

  // A sample where there are thousands per second: the newest orders of the list.
  const read = throttled(async () => {
    const page = await api('/api/orders?limit=200').catch(() => null);
    if (!page) return;
    const first = orders.size === 0 && known === null;
    for (const order of page.orders) {
      if (!order.finalAt || new Date(order.finalAt) < start() || orders.has(order.id)) continue;
      const ms = Math.max(1, between(order.placedAt, order.finalAt));
      orders.set(order.id, { at: +new Date(order.finalAt), ms, status: order.status });
      if (first) add(+new Date(order.finalAt), 1);
    }
    known ??= total();
    draw();
  }, 2_000);

  const total = () => finals.reduce((sum, status) => sum + (state.counts?.byStatus[status] ?? 0), 0);

  const update = () => {
    if (known !== null && total() > known) add(Date.now(), total() - known);
    if (known !== null) known = total();
    read();
  };

  const draw = () => {
    width = byId('plots').clientWidth || width;
    for (const [id, order] of orders) if (order.at < start()) orders.delete(id);
    for (const at of ended.keys()) if (at < slot(start())) ended.delete(at);
    fill(byId('plots'), pace(), latency());
  };

  const frame = (title, value, text, ...content) =>
    h(
      'figure',
      { class: 'plot' },
      h('figcaption', {}, h('span', {}, title), h('b', {}, value)),
      h('svg:svg', { viewBox: `0 0 ${width} 96`, height: 96, role: 'img', 'aria-label': text }, ...content),
    );

  const pace = () => {
    const last = slot(Date.now());
    const values = Array.from({ length: buckets }, (_, i) => ((ended.get(last - buckets + 1 + i) ?? 0) * 1_000) / bucket);
    const top = Math.max(...values, 0.2);
    const latest = Math.max(values.at(-1), values.at(-2));
    const text = latest ? `${latest < 10 ? latest.toFixed(1) : count(Math.round(latest))}/s` : 'none now';
    return frame(
      'Orders that became final, per second',
      text,
      `Orders that became final: ${text}, at most ${top.toFixed(1)} per second`,
      h('svg:line', { class: 'grid', x1: 0, x2: width, y1: 95, y2: 95 }),
      ended.size > 0 && h('svg:line', { class: 'grid', x1: 0, x2: width, y1: 5, y2: 5 }),
      ended.size > 0 && h('svg:text', { class: 'axis', x: 0, y: 17 }, `${top < 10 ? top.toFixed(1) : count(Math.round(top))}/s`),
      ...values.map(
        (value, i) =>
          value > 0 &&
          h('svg:rect', {
            class: 'bar',
            x: (i * width) / buckets + 0.6,
            width: width / buckets - 1.2,
            y: 95 - Math.max(1.5, (90 * value) / top),
            height: Math.max(1.5, (90 * value) / top),
            rx: 1,
          }),
      ),
    );
  };

  const latency = () => {
    const points = [...orders.values()];
    const sorted = points.map(point => point.ms).sort((a, b) => a - b);
    const middle = sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
    const top = Math.log10(Math.max(10_000, ...sorted)) + 0.1;
    const y = ms => 93 - (90 * Math.log10(ms)) / top;
    const from = start();
    const lines = marks.filter(([ms]) => Math.log10(ms) < top);
    const text = middle === null ? 'none now' : `half within ${span(middle)}`;
    const figure = frame(
      'From placed to final',
      text,
      `Time from placed to final: ${text}`,
      ...lines.flatMap(([ms, label]) => [
        h('svg:line', { class: 'grid', x1: 0, x2: width, y1: y(ms), y2: y(ms) }),
        h('svg:text', { class: 'axis', x: 0, y: y(ms) - 3 }, label),
      ]),
      ...points.map(point =>
        h('svg:circle', {
          class: `dot ${point.status}`,
          cx: (width * (point.at - from)) / (minutes * 60_000),
          cy: y(point.ms),
          r: 2.4,
        }),
      ),
    );
    figure.append(h('p', { class: 'soft axis' }, ...legend()));
    return figure;
  };

  const legend = () => finals.map(status => h('span', { class: `badge ${status}` }, status.toLowerCase()));

  setInterval(() => known !== null && !document.hidden && draw(), 5_000);
  return { update };
})();
