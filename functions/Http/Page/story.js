// An order's timeline: its facts as a list, and beside it a lane for each service, with a line from each cause.

const story = (() => {
  const lanes = () => ['http', ...state.topology.participants, ...state.topology.outside];
  const senderOf = messageId => messageId?.split('/')[1] ?? 'http';

  const kindOf = type => {
    if (type === 'OrderCompleted') return 'done';
    const known = state.topology.events.find(event => event.name === type)?.kind;
    return known ?? (/Parked|Replay|Discard/.test(type) ? 'undoing' : 'forward');
  };

  const of = (now, facts, { isOpen, toggle, record }) => {
    const isWide = byId('order').clientWidth > 1000;
    const step = isWide ? 84 : byId('order').clientWidth > 600 ? 40 : 20;
    const node = clone('timeline', { redelivered: facts.some(one => one.deliveries > 1) });
    const list = node.querySelector('.story');
    list.querySelector('.heads').style.height = `${isWide ? 30 : 84}px`;
    list.style.setProperty('--lanes', `${lanes().length * step + (isWide ? 20 : 12)}px`);
    list.dataset.step = step;
    for (const one of facts) {
      const cause = facts.find(other => other.messageId === one.cause);
      list.firstElementChild.append(item(one, { now, cause, isOpen: isOpen(one), toggle: () => toggle(one), record }));
    }
    return node;
  };

  const item = (one, { now, cause, isOpen, toggle, record }) =>
    clone('fact', {
      fact: { 'data-type': one.type },
      type: { 'aria-expanded': String(isOpen), 'data-focus': one.messageId + one.type, onclick: toggle, text: one.type },
      http: one.via === 'http' && one.service === 'http',
      parking: one.via === 'parking',
      discard: one.via === 'discard',
      deliveries: one.deliveries > 1 && `delivered ${one.deliveries} times`,
      at: {
        datetime: one.at,
        title: `${moment(one.at)}, handled ${moment(one.handledAt)}`,
        text: `+${span(Math.max(0, between(now.placedAt, one.at)))}`,
      },
      what: what(one, cause),
      raw: isOpen && JSON.stringify((record && find(record, one.messageId)) ?? one, null, 2),
    });

  const what = (one, cause) => {
    const parts = [one.service === 'http' ? 'a request' : `said by ${one.service}`];
    if (cause) parts.push(', ', h('b', {}, span(one.sinceCauseMs ?? 0)), ` after ${cause.type}`);
    else if (one.cause) parts.push(`, caused by ${unheard(one)}`);
    if (one.caller) parts.push(', by ', h('b', {}, one.caller.name ?? one.caller.objectId));
    if (one.detail) parts.push(': ', h('b', {}, one.type === 'OrderParked' ? words(one.detail) : one.detail));
    return parts;
  };

  // Orders does not hear the compensating messages, but often the topology leaves only one that it can have been.
  const unheard = one => {
    const sender = senderOf(one.cause);
    if (!state.topology.participants.includes(sender)) return `the ${sender}’s webhook`;
    const possible = state.topology.events.filter(
      event => event.saidBy.includes(sender) && event.heardBy.includes(one.service) && !event.heardBy.includes('orders'),
    );
    return `${possible.length === 1 ? possible[0].name : 'a message'} of ${sender}`;
  };

  // The entry that tells most of a message: the one that handled it, else the one that recorded it.
  const find = (record, messageId) => {
    const handled = record.entries.find(entry => entry.on === messageId);
    if (handled) return handled;
    for (const { on, at, trace, events } of record.entries) {
      const said = events.find(event => event.id === messageId);
      if (said) return { ...said, saidOn: on, at, trace };
    }
    return null;
  };

  // Draws the lanes and causes, once the list has its place on the page.
  const connect = facts => {
    const node = byId('story'),
      step = Number(node.dataset.step),
      names = lanes();
    const items = [...node.querySelectorAll('li')];
    const height = node.offsetHeight,
      top = items[0].offsetHeight;
    const x = name => step * (Math.max(0, names.indexOf(name)) + 0.5);
    const y = i => items[i + 1].offsetTop + 20;
    const svg = h('svg:svg', { height, 'aria-hidden': 'true' });
    for (const name of names) {
      svg.append(
        h('svg:line', { class: 'lane', x1: x(name), x2: x(name), y1: top, y2: height }),
        heading(name === 'http' ? 'HTTP' : named(name), x(name), top, step > 60),
      );
    }
    const dots = facts.flatMap((one, i) => {
      const kind = kindOf(one.type),
        to = { x: x(one.service), y: y(i) };
      const dot = h('svg:circle', { class: `node ${kind}`, cx: to.x, cy: to.y, r: 5 });
      const before = facts.findIndex(other => other.messageId === one.cause);
      if (before >= 0 && before < i) {
        svg.append(h('svg:path', { class: `cause ${kind}`, d: curve({ x: x(facts[before].service), y: y(before) }, to) }));
        return dot;
      }
      if (!one.cause) return dot;
      const sender = senderOf(one.cause);
      const from = { x: x(sender), y: to.y - (sender === one.service ? 13 : 0) };
      svg.append(h('svg:line', { class: `cause ${kind}`, x1: from.x, x2: to.x, y1: from.y, y2: to.y }));
      // Recorded together with the fact before it.
      const twin = facts.findIndex(other => follows(one.cause, other.messageId));
      if (twin >= 0 && twin < i)
        svg.append(h('svg:line', { class: `cause together ${kind}`, x1: from.x, x2: from.x, y1: y(twin), y2: from.y }));
      return [h('svg:circle', { class: `node-unheard ${kind}`, cx: from.x, cy: from.y, r: 4 }), dot];
    });
    svg.append(...dots);
    node.prepend(svg);
  };

  const heading = (label, x, top, isWide) =>
    isWide
      ? h('svg:text', { class: 'soft', x, y: top - 10, 'text-anchor': 'middle' }, label)
      : h('svg:text', { class: 'soft', transform: `translate(${x + 4} ${top - 6}) rotate(-90)` }, label);

  const curve = (from, to) => {
    if (from.x === to.x) {
      const bend = Math.min(26, (to.y - from.y) / 2);
      return `M${from.x} ${from.y} C${from.x + 12} ${from.y + bend} ${to.x + 12} ${to.y - bend} ${to.x} ${to.y}`;
    }
    const corner = from.x + Math.sign(to.x - from.x) * Math.min(12, Math.abs(to.x - from.x));
    return `M${from.x} ${from.y} V${to.y - 12} Q${from.x} ${to.y} ${corner} ${to.y} H${to.x}`;
  };

  const follows = (id, before) => {
    const [, sender, sequence] = id.split('/'),
      [, other, last] = before.split('/');
    return sender === other && sender !== 'http' && Number(sequence) === Number(last) + 1;
  };

  return { of, connect };
})();
