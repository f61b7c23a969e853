// Reads { schema: { table: '(column: type, …)' }, queries: { name: text }, rows: { set: { table: [row] } }, runs: [{ query, rows: set, now, minutes }] }.
// Writes, for each query, what Kusto's own language service finds wrong with it and which columns it gives; for each run, the rows that the query
// gives over those of the minutes before now. The one argument is the folder that @kusto/language-service-next is installed below.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluator } from './kql-run.mjs';

const require = createRequire(join(process.argv[2], 'package.json'));
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
const { GlobalState, KustoCode, Symbols, Syntax } = globalThis.Kusto.Language;
const items = list => Array.from({ length: list.Count }, (_, i) => list.getItem(i));
const kinds = Object.fromEntries(Object.entries(Syntax.SyntaxKind).filter(([, kind]) => typeof kind === 'number').map(([name, kind]) => [kind, name]));

const { schema, queries, rows, runs } = JSON.parse(readFileSync(0, 'utf8'));
const tables = Object.entries(schema).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, null));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor2('workspace', null, tables));
const parsed = Object.fromEntries(Object.entries(queries).map(([name, text]) => [name, KustoCode.ParseAndAnalyze(text, globals)]));

const understood = Object.fromEntries(Object.entries(parsed).map(([name, code]) => [name, {
  findings: items(code.GetDiagnostics()).map(d => `${d.Severity}: ${d.Message} (at ${d.Start})`),
  columns: Object.fromEntries((code.ResultType?.Columns ? items(code.ResultType.Columns) : []).map(column => [column.Name, column.Type.Name])),
}]));

const results = runs.map(run => {
  const now = new Date(run.now);
  const since = now.getTime() - run.minutes * 60_000;
  const seen = Object.fromEntries(Object.keys(schema).map(name => [name, (rows[run.rows][name] ?? [])
    .map(row => ({ ...row, TimeGenerated: new Date(row.TimeGenerated) }))
    .filter(row => row.TimeGenerated.getTime() > since && row.TimeGenerated <= now)]));
  return evaluator(kinds, now)(parsed[run.query].Syntax, seen);
});
process.stdout.write(JSON.stringify({ understood, results }));
