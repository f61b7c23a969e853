// The choreography, drawn from the topology: a lane per participant and one for each speaker from outside, and a row per event, from who
// says it to who hears it.

const picture = (() => {
  const groups = { forward: 'Forward', failure: 'When a step fails', undoing: 'Undoing, and the end' };
  let drawn = null,
    history = [];

  const draw = () => {
    const { participants, outside, events, topic } = state.topology;
    const speakers = [...participants, ...outside];
    const width = byId('picture').clientWidth;
    const narrow = width < 520;
    // What names and counts need, so that no number of orders overlaps a name.
    const label = Math.max(...events.map(event => widthOf(nameOf(event, narrow), narrow ? 11 : 12.5)));
    const lanes = width - label - (narrow ? 14 + 46 : 14 + 56 + 62);
    const step = lanes / speakers.length;
    const rowHeight = narrow ? 29 : 37;
    // Headings that are too wide stand in two rows, or upright.
    const widest = Math.max(...speakers.map(name => widthOf(named(name), 13)));
    const isRotated = widest > 2 * step - 8,
      isStaggered = widest > step - 8;
    const band = isRotated ? 24 + widest : isStaggered ? 48 : 32,
      top = band + 26;
    const x = name => step * (speakers.indexOf(name) + 0.5);
    const kinds = Object.keys(groups).filter(kind => events.some(event => event.kind === kind));
    const height = top + kinds.length * 24 + events.length * rowHeight + 4;
    const svg = h('svg:svg', { viewBox: `0 0 ${width} ${height}`, height, 'aria-hidden': 'true' });

    svg.append(h('svg:rect', { class: 'topic', x: 0, y: band, width, height: 20, rx: 6 }));
    const title = narrow ? `topic ${topic}` : `topic ${topic}, one session per order`;
    svg.append(h('svg:text', { class: 'soft', x: width - 8, y: band + 14, 'text-anchor': 'end' }, title));
    const flags = {};
    for (const name of speakers) {
      const lane = outside.includes(name) ? 'lane outside' : 'lane';
      svg.append(h('svg:line', { class: lane, x1: x(name), x2: x(name), y1: band - 6, y2: height }));
      const heading = isRotated
        ? h('svg:text', { class: 'head-name rotated', transform: `translate(${x(name) + 4} ${band - 8}) rotate(-90)` }, named(name))
        : h('svg:text', { class: 'head-name', x: x(name), y: band - (isStaggered && speakers.indexOf(name) % 2 ? 28 : 12) }, named(name));
      flags[name] = h(
        'svg:g',
        { hidden: true },
        h('svg:rect', { class: 'flag', x: x(name) - 13, y: band, width: 26, height: 20, rx: 6 }),
        h('svg:text', { class: 'flag-text', x: x(name), y: band + 14 }),
      );
      svg.append(heading, flags[name]);
    }

    let y = top;
    const rows = {};
    for (const kind of kinds) {
      svg.append(h('svg:text', { class: 'group', x: lanes + 12, y: y + 17 }, groups[kind]));
      y += 24;
      for (const event of events.filter(event => event.kind === kind)) {
        rows[event.name] = row(event, y + rowHeight / 2, { x, lanes, width, narrow, rowHeight });
        svg.append(rows[event.name].node);
        y += rowHeight;
      }
    }
    drawn = { width, rows, flags };
    fill(byId('drawing'), svg);
    fill(byId('event-rows'), events.map(described));
    update();
  };

  const row = (event, y, { x, lanes, width, narrow, rowHeight }) => {
    const node = h('svg:g', { class: `row ${event.kind}` }, h('svg:title', {}, sentence(event)));
    node.append(h('svg:rect', { class: 'stripe', x: 0, y: y - rowHeight / 2, width, height: rowHeight, rx: 6 }));
    const beats = [];
    for (const sayer of event.saidBy) {
      for (const hearer of event.heardBy) {
        const from = x(sayer),
          to = x(hearer);
        if (sayer === hearer) {
          node.append(h('svg:path', { class: 'wire', d: `M${from} ${y - 2} c 14 -9 30 -4 24 4 c -2 3 -6 4 -9 4` }));
          node.append(h('svg:path', { class: 'tip', d: `M${from + 8} ${y + 5} l8.5 -3.5 v8 z` }));
          continue;
        }
        const direction = Math.sign(to - from),
          tip = to - direction * 3;
        node.append(h('svg:line', { class: 'wire', x1: from, x2: tip - direction * 6, y1: y, y2: y }));
        node.append(h('svg:path', { class: 'tip', d: `M${tip} ${y} l${-direction * 8} -4.5 v9 z` }));
        const beat = h('svg:circle', { class: 'beat', r: 4, cx: from, cy: y });
        beat.style.setProperty('--from', `${from}px`);
        beat.style.setProperty('--to', `${to}px`);
        beats.push(beat);
        node.append(beat);
      }
      node.append(h('svg:circle', { class: 'said', cx: x(sayer), cy: y, r: 4.5 }));
    }
    const number = h('svg:text', { class: 'count', x: width - (narrow ? 2 : 64), y: y + 4 });
    const rate = h('svg:text', { class: 'rate', x: width - 6, y: y + 4 });
    node.append(h('svg:text', { x: lanes + 12, y: y + 4 }, nameOf(event, narrow)), number);
    if (!narrow) node.append(rate);
    return { node, number, rate, beats, known: null };
  };

  const nameOf = (event, narrow) =>
    narrow && event.name.length > 18
      ? event.name.replace('Reservation', 'Res.').replace('Cancellation', 'Canc.').replace('Requested', 'Req.').replace('AfterCallOff', '…')
      : event.name;

  const pen = document.createElement('canvas').getContext('2d');
  const widthOf = (text, size) => {
    pen.font = `600 ${size}px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  };

  const sentence = event => `${event.name}: said by ${event.saidBy.join(' and ')}, heard by ${event.heardBy.join(', ')}`;

  const described = ({ name, saidBy, heardBy }) =>
    clone('event-row', { name, saidBy: saidBy.join(', '), heardBy: heardBy.join(', '), orders: { 'data-event': name } });

  const update = () => {
    const counts = state.counts?.byEvent;
    if (!drawn || !counts) return;
    const now = performance.now();
    history = [...history.filter(one => now - one.now < 10_000), { now, counts }];
    const first = history[0];
    const seconds = (now - first.now) / 1_000;
    for (const [name, row] of Object.entries(drawn.rows)) {
      // Orders does not hear what the carrier reports, so it is not counted.
      const value = counts[name];
      if (value === undefined) continue;
      const rate = seconds > 0.5 ? (value - (first.counts[name] ?? 0)) / seconds : 0;
      row.number.textContent = short(value);
      row.rate.textContent = rate > 0 ? `${rate < 10 ? rate.toFixed(1) : short(Math.round(rate))}/s` : '';
      row.node.classList.toggle('idle', value === 0);
      if (row.known !== null && value > row.known) row.beats.forEach(pulse);
      row.known = value;
      const cell = byId('picture').querySelector(`[data-event="${name}"]`);
      if (cell) cell.textContent = count(value);
    }
  };

  const pulse = beat => {
    beat.classList.remove('on');
    requestAnimationFrame(() => beat.classList.add('on'));
  };

  // Marks participants at which orders of the list are parked.
  const flag = places => {
    if (!drawn) return;
    for (const [name, node] of Object.entries(drawn.flags)) {
      const parked = places.get(name)?.length ?? 0;
      node.toggleAttribute('hidden', parked === 0);
      node.style.display = parked === 0 ? 'none' : '';
      node.querySelector('text').textContent = parked > 99 ? '99+' : parked;
      node.querySelector('title')?.remove();
      node.append(h('svg:title', {}, `${parked} parked at ${name}`));
    }
  };

  new ResizeObserver(() => {
    if (state.topology && byId('picture').clientWidth && drawn?.width !== byId('picture').clientWidth) {
      draw();
      parked.mark();
    }
  }).observe(byId('picture'));

  return { draw, update, flag };
})();
