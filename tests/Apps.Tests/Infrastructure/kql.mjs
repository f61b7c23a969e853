// Reads { schema: { table: '(column: type, …)' }, queries: { name: text } } and writes, for each query, what Kusto's own language service finds
// wrong with it and which columns it gives. The one argument is the folder that @kusto/language-service-next is installed below.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'package.json'));
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;
const items = list => Array.from({ length: list.Count }, (_, i) => list.getItem(i));

const { schema, queries } = JSON.parse(readFileSync(0, 'utf8'));
const tables = Object.entries(schema).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, null));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor2('workspace', null, tables));

const answer = {};
for (const [name, text] of Object.entries(queries)) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const columns = code.ResultType?.Columns ? items(code.ResultType.Columns) : [];
  answer[name] = {
    findings: items(code.GetDiagnostics()).map(d => `${d.Severity}: ${d.Message} (at ${d.Start})`),
    columns: Object.fromEntries(columns.map(column => [column.Name, column.Type.Name])),
  };
}
process.stdout.write(JSON.stringify(answer));
