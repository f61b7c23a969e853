// How long each step took over the last hour: the median of every five minutes, from a sample of the orders placed in them.

const steps = (() => {
  const minutes = 5,
    windows = 12,
    sample = 50;
  const names = { reservedMs: 'Reserve stock', chargedMs: 'Charge the card', bookedMs: 'Book the shipment', shippedMs: 'Picked up' };
  const known = new Map();

  const start = index => (Math.floor(Date.now() / 60_000 / minutes) - windows + 1 + index) * minutes * 60_000;

  // A window that is over is read once.
  const read = throttled(async () => {
    try {
      for (let index = 0; index < windows; index++) {
        const from = start(index);
        if (known.has(from) && index < windows - 2) continue;
        const [begin, end] = [from, from + minutes * 60_000].map(ms => new Date(ms).toISOString());
        known.set(from, (await api(`/api/orders?limit=${sample}&from=${begin}&to=${end}`)).orders.map(durations));
      }
      for (const from of known.keys()) if (from < start(0)) known.delete(from);
      draw();
    } catch (error) {
      live.failed(error);
    }
  }, 15_000);

  // Of each step, from the end of the one before; a step that was not done is left out.
  const durations = ({ steps: done }) => {
    let before = 0;
    const took = {};
    for (const name of Object.keys(names)) {
      if (done?.[name] === undefined) break;
      took[name] = Math.max(1, done[name] - before);
      before = done[name];
    }
    return took;
  };

  const share = (values, part) => values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];

  const draw = () => {
    const all = [...known.keys()].sort((a, b) => a - b);
    const series = Object.keys(names).map(name => ({
      name,
      points: all.map(from => share(known.get(from).map(took => took[name]).filter(Boolean), 0.5)),
      values: all.flatMap(from => known.get(from).map(took => took[name]).filter(Boolean)),
    }));
    byId('steps-none').hidden = series.some(one => one.values.length > 0);
    fill(byId('steps-rows'), series.filter(one => one.values.length > 0).map(row));
  };

  const row = ({ name, points, values }) => {
    const [middle, slow] = [share(values, 0.5), share(values, 0.95)];
    return clone('step-row', {
      name: names[name],
      middle: span(middle),
      slow: span(slow),
      line: line(points, `${names[name]}: half within ${span(middle)}, 95 of 100 within ${span(slow)}`),
    });
  };

  const line = (points, text) => {
    const [width, height] = [120, 26];
    const known = points.map(Math.log10).filter(Number.isFinite);
    const [low, high] = [Math.min(...known) - 0.15, Math.max(...known) + 0.15];
    const at = (ms, i) => [((i + 0.5) * width) / points.length, height - (height * (Math.log10(ms) - low)) / (high - low)];
    const places = points.map((ms, i) => ms && at(ms, i)).filter(Boolean);
    return h(
      'svg:svg',
      { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': text, class: 'spark' },
      h('svg:polyline', { points: places.map(place => place.map(n => n.toFixed(1)).join(',')).join(' ') }),
      ...places.map(([cx, cy]) => h('svg:circle', { class: 'bar', cx, cy, r: 2 })),
    );
  };

  return { update: read };
})();
