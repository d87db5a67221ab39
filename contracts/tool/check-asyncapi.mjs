// Parses every AsyncAPI document with its $refs resolved. A process of its own: the parser is heavy and CommonJS, which does not go with the test runner's ESM.
// Prints one JSON object: {file: {errors: string[], sends: [...], receives: [...]}}.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromFile, Parser } from '@asyncapi/parser';
import { contractsDir } from './load.mjs';

const dir = process.argv[2] ?? join(contractsDir, 'asyncapi');
const report = {};
for (const file of readdirSync(dir).filter((name) => name.endsWith('.yaml')).sort()) {
  const { document, diagnostics } = await fromFile(new Parser(), join(dir, file)).parse();
  const errors = diagnostics.filter((d) => d.severity === 0).map((d) => `${d.path.join('/')}: ${d.message}`);
  const side = (operations) => (operations ?? []).map((operation) => ({ topics: operation.channels().all().map((channel) => channel.address()), types: operation.messages().all().map((message) => message.name()) }));
  report[file] = { errors, sends: side(document?.operations().filterBySend()), receives: side(document?.operations().filterByReceive()) };
}
process.stdout.write(`${JSON.stringify(report)}\n`);
