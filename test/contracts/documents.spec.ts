import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { errors } from '@countersign/contracts';
import { parse } from 'yaml';
import { loadTopics } from '../../contracts/tool/tables.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const services = ['anomaly', 'approvals', 'audit', 'gateway', 'policy', 'registry', 'supervision'];

type Operation = { readonly topics: readonly string[]; readonly types: readonly string[] };
type Report = Readonly<Record<string, { readonly errors: readonly string[]; readonly sends: readonly Operation[]; readonly receives: readonly Operation[] }>>;
const checkAsyncapi = async (...args: string[]): Promise<Report> =>
  JSON.parse((await run(process.execPath, [join(root, 'contracts/tool/check-asyncapi.mjs'), ...args], { maxBuffer: 1 << 24, env: { ...process.env, NODE_OPTIONS: '' } })).stdout) as Report;

describe('AsyncAPI', () => {
  let report: Report;
  beforeAll(async () => { report = await checkAsyncapi(); });
  const topics = loadTopics();
  // The gateway speaks for the runtimes whose sessions it holds.
  const writes = (service: string, who: string): boolean => who === service || (service === 'gateway' && who === 'runtime');

  it('every document is valid, with all $refs resolved', () => {
    expect(Object.keys(report)).toEqual(services.map((service) => `${service}.yaml`));
    expect(Object.entries(report).flatMap(([file, { errors: found }]) => found.map((error) => `${file} ${error}`))).toEqual([]);
  });

  it.each(services)('%s hears and says what topics.yaml lets it', (service) => {
    const { sends, receives } = report[`${service}.yaml`]!;
    expect(receives.flatMap((operation) => operation.topics).sort()).toEqual(topics.filter((topic) => topic.readers.includes(service)).map((topic) => topic.name).sort());
    expect(sends.flatMap((operation) => operation.topics).sort()).toEqual(topics.filter((topic) => topic.writers.some(({ who }) => writes(service, who))).map((topic) => topic.name).sort());
    const allowed = new Set(topics.flatMap((topic) => topic.writers.filter(({ who }) => writes(service, who)).flatMap(({ types }) => types)));
    expect(new Set(sends.flatMap((operation) => operation.types).filter((type) => type !== 'dead letter'))).toEqual(allowed);
  });

  it('a document with a dangling $ref is found', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'countersign-asyncapi-'));
    try {
      const text = readFileSync(join(root, 'contracts/asyncapi/audit.yaml'), 'utf8').replaceAll('../schemas/', join(root, 'contracts/schemas/')).replace('AuditCheckpoint.v1', 'Missing.v1');
      writeFileSync(join(dir, 'audit.yaml'), text);
      expect((await checkAsyncapi(dir))['audit.yaml']!.errors.length).toBeGreaterThan(0);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('OpenAPI', () => {
  const dir = join(root, 'contracts/http');
  const files = readdirSync(dir).filter((name) => name.endsWith('.yaml')).sort();
  const lint = async (paths: readonly string[]): Promise<string> => {
    const cli = join(root, 'node_modules/@redocly/cli/bin/cli.js');
    const result = await run(process.execPath, [cli, 'lint', '--skip-rule=operation-4xx-response', '--format=stylish', ...paths], { cwd: root, env: { ...process.env, NODE_OPTIONS: '', REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } }).catch((error: { stdout?: string; stderr?: string }) => ({ stdout: `failed\n${error.stdout}`, stderr: error.stderr }));
    return result.stdout;
  };

  it('one document per service, all valid', async () => {
    expect(files).toEqual(services.map((service) => `${service}.openapi.yaml`));
    expect(await lint(files.map((file) => join('contracts/http', file)))).not.toContain('failed');
  });

  it('an invalid document is found', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'countersign-openapi-'));
    try {
      writeFileSync(join(temporary, 'bad.openapi.yaml'), readFileSync(join(dir, 'policy.openapi.yaml'), 'utf8').replaceAll('../schemas/', join(root, 'contracts/schemas/')).replace('Health.v1', 'Missing.v1'));
      expect(await lint([join(temporary, 'bad.openapi.yaml')])).toContain('failed');
    } finally {
      rmSync(temporary, { recursive: true });
    }
  });

  it.each(files)('%s: bodies are schemas of ours, failures are problems', (file) => {
    type Response = { readonly $ref?: string; readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string; readonly oneOf?: readonly { readonly $ref?: string }[] } }>> };
    const document = parse(readFileSync(join(dir, file), 'utf8')) as { paths: Record<string, Record<string, { requestBody?: Response; responses: Record<string, Response> }>>; components: { responses: Record<string, Response> } };
    for (const [path, methods] of Object.entries(document.paths)) for (const [method, operation] of Object.entries(methods)) {
      const at = `${method} ${path}`;
      // Bodies and failures there are those of RFC 7643 and 7644.
      const scim = path.startsWith('/scim/v2/');
      // A callback's body is the vendor's own.
      const vendors = path === '/channels/{channel}/callback';
      if (!scim && !vendors) for (const content of Object.values(operation.requestBody?.content ?? {})) for (const { $ref } of content.schema.oneOf ?? [content.schema]) expect([at, $ref]).toEqual([at, expect.stringMatching(/^\.\.\/schemas\/http\/\w+Request\.v1\.schema\.json$/)]);
      for (const [status, response] of Object.entries(operation.responses)) {
        const settled = response.$ref === undefined ? response : document.components.responses[response.$ref.split('/').pop()!]!;
        const types = Object.keys(settled.content ?? {});
        if (Number(status) >= 400 && path !== '/oauth2/token') expect([at, status, types]).toEqual([at, status, [scim ? 'application/scim+json' : 'application/problem+json']]);
        expect([at, status, Object.values(errors).some((entry) => entry.status === Number(status)) || Number(status) < 300]).toEqual([at, status, true]);
      }
    }
  });
});
