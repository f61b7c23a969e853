// Evaluates a query over rows, by the syntax tree of Kusto's language service. It knows the operators and functions that the alerts use; anything
// else is an error, so that a query cannot seem to work by what is silently left out.

/** A span of time in milliseconds, so that it is not taken for a number. */
class Span {
  constructor(ms) { this.ms = ms; }
}

const list = elements => Array.from({ length: elements.Count }, (_, i) => elements.getItem(i).Element$1);
const isNull = value => value === null || value === undefined;
const text = value => isNull(value) ? '' : value instanceof Date ? value.toISOString() : String(value);
const comparable = value => value instanceof Date ? value.getTime() : value instanceof Span ? value.ms : value;

function compare(a, b, test) {
  if (isNull(a) || isNull(b)) return false;
  if (a instanceof Date !== b instanceof Date || a instanceof Span !== b instanceof Span || typeof comparable(a) !== typeof comparable(b))
    throw new Error(`${text(a)} and ${text(b)} cannot be compared.`);
  return test(comparable(a), comparable(b));
}

function arithmetic(a, b, sign) {
  if (isNull(a) || isNull(b)) return null;
  if (b instanceof Span && '+-'.includes(sign)) {
    const ms = comparable(a) + (sign === '+' ? b.ms : -b.ms);
    return a instanceof Date ? new Date(ms) : new Span(ms);
  }
  if (typeof a !== 'number' || typeof b !== 'number') throw new Error(`${text(a)} ${sign} ${text(b)} is not known here.`);
  switch (sign) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return b === 0 ? null : a / b;
  }
}

export function evaluator(kinds, now) {
  const kindOf = node => kinds[node.Kind];

  const unknown = node => {
    throw new Error(`${kindOf(node)} is not known to this interpreter: ${node.ToString(0).trim()}`);
  };

  const expressions = {
    ParenthesizedExpression: (node, row, scope) => value(node.Expression, row, scope),
    StringLiteralExpression: node => node.LiteralValue,
    LongLiteralExpression: node => Number(text(node.LiteralValue)),
    RealLiteralExpression: node => Number(text(node.LiteralValue)),
    TimespanLiteralExpression: node => {
      const [, count, unit] = /^(\d+)([smhd])$/.exec(node.ToString(0).trim()) ?? unknown(node);
      return new Span(count * { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[unit]);
    },
    NameReference: (node, row, scope) => {
      const name = node.SimpleName;
      if (name in row) return row[name];
      if (name in scope) return scope[name];
      return unknown(node);
    },
    ElementExpression: (node, row, scope) => {
      const bag = value(node.Expression, row, scope);
      return isNull(bag) ? null : bag[value(node.Selector.Expression, row, scope)] ?? null;
    },
    AndExpression: (node, row, scope) => value(node.Left, row, scope) === true && value(node.Right, row, scope) === true,
    OrExpression: (node, row, scope) => value(node.Left, row, scope) === true || value(node.Right, row, scope) === true,
    EqualExpression: binary((a, b) => compare(a, b, (x, y) => x === y)),
    NotEqualExpression: binary((a, b) => !compare(a, b, (x, y) => x === y)),
    GreaterThanExpression: binary((a, b) => compare(a, b, (x, y) => x > y)),
    GreaterThanOrEqualExpression: binary((a, b) => compare(a, b, (x, y) => x >= y)),
    LessThanExpression: binary((a, b) => compare(a, b, (x, y) => x < y)),
    LessThanOrEqualExpression: binary((a, b) => compare(a, b, (x, y) => x <= y)),
    EqualTildeExpression: binary((a, b) => text(a).toLowerCase() === text(b).toLowerCase()),
    ContainsExpression: binary((a, b) => text(a).toLowerCase().includes(text(b).toLowerCase())),
    AddExpression: binary((a, b) => arithmetic(a, b, '+')),
    SubtractExpression: binary((a, b) => arithmetic(a, b, '-')),
    MultiplyExpression: binary((a, b) => arithmetic(a, b, '*')),
    DivideExpression: binary((a, b) => arithmetic(a, b, '/')),
    BetweenExpression: (node, row, scope) => {
      const [it, from, to] = [node.Left, node.Right.First, node.Right.Second].map(side => value(side, row, scope));
      return compare(it, from, (x, y) => x >= y) && compare(it, to, (x, y) => x <= y);
    },
    InExpression: (node, row, scope) => {
      const it = value(node.Left, row, scope);
      return list(node.Right.Expressions).some(one => compare(it, value(one, row, scope), (x, y) => x === y));
    },
    ToScalarExpression: (node, row, scope) => {
      const [first] = table(node.Expression, scope);
      return first ? Object.values(first)[0] : null;
    },
    FunctionCallExpression: (node, row, scope) => {
      const call = functions[node.Name.SimpleName] ?? unknown(node);
      return call(...list(node.ArgumentList.Expressions).map(argument => value(argument, row, scope)));
    },
  };

  const functions = {
    tostring: text,
    todouble: it => isNull(it) ? null : Number(it),
    isnull: isNull,
    isnotempty: it => text(it) !== '',
    not: it => !it,
    now: () => now,
    ago: span => new Date(now.getTime() - span.ms),
  };

  const sum = numbers => numbers.filter(number => !isNull(number)).reduce((all, one) => all + one, 0);
  const greatest = values => values.filter(one => !isNull(one)).reduce((a, b) => isNull(a) || comparable(b) > comparable(a) ? b : a, null);

  // From the arguments of an aggregation and the rows of a group to columns.
  const aggregations = {
    count: (name, [], rows) => ({ [name]: rows.length }),
    sum: (name, [of], rows, scope) => ({ [name]: sum(rows.map(row => value(of, row, scope))) }),
    sumif: (name, [of, where], rows, scope) =>
      ({ [name]: sum(rows.filter(row => value(where, row, scope) === true).map(row => value(of, row, scope))) }),
    max: (name, [of], rows, scope) => ({ [name]: greatest(rows.map(row => value(of, row, scope))) }),
    arg_max: (name, [by, ...columns], rows, scope) => {
      const most = greatest(rows.map(row => value(by, row, scope)));
      const row = rows.find(one => comparable(value(by, one, scope)) === comparable(most));
      return Object.fromEntries([by, ...columns].map(column => [column.SimpleName, row ? value(column, row, scope) : null]));
    },
  };

  const operators = {
    FilterOperator: (rows, node, scope) => rows.filter(row => value(node.Condition, row, scope) === true),
    ExtendOperator: (rows, node, scope) => rows.map(row => ({ ...row, ...columns(node.Expressions, row, scope) })),
    ProjectOperator: (rows, node, scope) => rows.map(row => columns(node.Expressions, row, scope)),
    SummarizeOperator: (rows, node, scope) => {
      const by = node.ByClause?.Expressions;
      const groups = new Map();
      for (const row of rows) {
        const key = by ? columns(by, row, scope) : {};
        const name = JSON.stringify(key);
        groups.set(name, { key, rows: [...groups.get(name)?.rows ?? [], row] });
      }
      // Without `by` there is one row even of nothing.
      if (!by && groups.size === 0) groups.set('', { key: {}, rows: [] });
      return [...groups.values()].map(group => list(node.Aggregates).reduce((row, aggregate) => {
        const [name, call] = named(aggregate);
        if (kindOf(call) !== 'FunctionCallExpression') unknown(call);
        const aggregation = aggregations[call.Name.SimpleName] ?? unknown(call);
        return { ...row, ...aggregation(name ?? `${call.Name.SimpleName}_`, list(call.ArgumentList.Expressions), group.rows, scope) };
      }, group.key));
    },
  };

  function binary(combine) {
    return (node, row, scope) => combine(value(node.Left, row, scope), value(node.Right, row, scope));
  }

  function named(node) {
    return kindOf(node) === 'SimpleNamedExpression' ? [node.Name.SimpleName, node.Expression] : [node.SimpleName || null, node];
  }

  function columns(nodes, row, scope) {
    return Object.fromEntries(list(nodes).map(node => {
      const [name, expression] = named(node);
      return name ? [name, value(expression, row, scope)] : unknown(node);
    }));
  }

  function value(node, row, scope) {
    return (expressions[kindOf(node)] ?? unknown(node))(node, row, scope);
  }

  function table(node, scope) {
    if (kindOf(node) === 'PipeExpression') {
      const operator = operators[kindOf(node.Operator)] ?? unknown(node.Operator);
      return operator(table(node.Expression, scope), node.Operator, scope);
    }
    const rows = kindOf(node) === 'NameReference' ? scope[node.SimpleName] : undefined;
    return Array.isArray(rows) ? rows : unknown(node);
  }

  /** The rows that a query gives. */
  return (query, tables) => {
    const scope = { ...tables };
    let rows = [];
    for (const statement of list(query.Statements)) {
      switch (kindOf(statement)) {
        case 'LetStatement':
          scope[statement.Name.SimpleName] = kindOf(statement.Expression) === 'ToScalarExpression'
            ? value(statement.Expression, {}, scope)
            : table(statement.Expression, scope);
          break;
        case 'ExpressionStatement':
          rows = table(statement.Expression, scope);
          break;
        default:
          unknown(statement);
      }
    }
    return rows;
  };
}
