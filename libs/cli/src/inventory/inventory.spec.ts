import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { csvLine } from './csv-table.ts';
import { fromCsv, mapOf } from './csv.ts';
import { credentialsPage } from './credentials-page.ts';
import { readExport } from './files.ts';
import { flagsOf } from './flags.ts';
import { mostRows } from './found.ts';

const now = Date.parse('2026-11-21T00:00:00Z');
const limits = { now, maxAgeDays: 90, unusedDays: 90 };
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const csv = (text: string) => fromCsv(Buffer.from(text));
const flagged = async (...names: string[]) => flagsOf((await Promise.all(names.map((name) => readExport(fixture(name), undefined, undefined)))).flatMap(({ found }) => found), limits);

describe('an inventory in CSV', () => {
  it('is drafts, with what a row says and no more', () => {
    const { found, faults } = csv('id,Name,Owner,tools,Ceiling\n7,"Invoice ""Bot""",Ann@corp.example,payments.* crm.read,2\n8,Plain,,,\n');
    expect(faults).toEqual([]);
    expect(found.map(({ row }) => row)).toEqual([{ externalId: '7', name: 'Invoice "Bot"', owner: 'ann.corp.example', permissions: ['payments.*', 'crm.read'], ceiling: 2 }, { externalId: '8', name: 'Plain' }]);
  });

  it('names each broken row with line, column and remedy, and takes the rest', () => {
    const { found, faults } = csv('external_id,name,ceiling,owner\n1,One,1,ann\n,Two,1,ann\n3,Three,9,ann\n4,Four,1\n5,"Fi"ve,1,ann\n6,"Six\nlines",2,ann\n7,Seven,x,ann\n8,Eight,1,---\n9,Nine,1,bo\n');
    expect(found.map(({ row }) => row.externalId)).toEqual(['1', '6', '9']);
    expect(faults.map(({ line, column }) => [line, column])).toEqual([[3, 'external_id'], [4, 'ceiling'], [5, null], [6, null], [9, 'ceiling'], [10, 'owner']]);
    for (const { remedy } of faults) expect(remedy).not.toBe('');
  });

  it('names a row with a NUL in any cell, and takes the rest', () => {
    const { found, faults } = csv('id,name,owner,note\n1,One,ann,x\nn\0l,Two,ann,x\n3,Three,ann,\0\n4,Four,ann,x\n');
    expect(found.map(({ row }) => row.externalId)).toEqual(['1', '4']);
    expect(faults).toMatchObject([{ line: 3, column: 'id', why: expect.stringContaining('NUL') }, { line: 4, column: 'column 4' }]);
  });

  it.each([
    ['UTF-8 with a mark', Buffer.from('\uFEFFexternal_id,name\n1,Zoë\n')], ['UTF-16 with a mark', Buffer.from('\uFEFFexternal_id,name\n1,Zoë\n', 'utf16le')],
    ['Windows-1252', Buffer.from('external_id,name\n1,Zo\u00EB\n', 'latin1')], ['semicolons and CRLF', Buffer.from('external_id;name\r\n1;Zoë\r\n')], ['tabs', Buffer.from('external_id\tname\n1\tZoë\n')],
  ])('is read as %s', (_, bytes) => { expect(fromCsv(bytes).found.map(({ row }) => row.name)).toEqual(['Zoë']); });

  it('takes other names of columns, and says what is missing', () => {
    expect(fromCsv(Buffer.from('Key,Called\n1,One\n'), mapOf('externalId=Key,name=Called')).found[0]!.row).toEqual({ externalId: '1', name: 'One' });
    expect(() => csv('a,b\n1,2\n')).toThrow(/No column for externalId/);
    expect(() => mapOf('colour=red')).toThrow(/not understood/);
    expect(() => csv('')).toThrow(/no header/);
    // Which of two is meant nobody guesses.
    expect(() => csv('id,name,Name\n1,One,Uno\n')).toThrow(/Two columns say name: "name", "Name"/);
    expect(() => csv('id,app_id,name\n1,2,One\n')).toThrow(/Two columns say externalId/);
    expect(fromCsv(Buffer.from('id,app_id,name\n1,2,One\n'), mapOf('externalId=app_id')).found[0]!.row.externalId).toBe('2');
    expect(() => csv(`external_id,name\n${'1,a\n'.repeat(mostRows + 1)}`)).toThrow(/more than 10,000 rows/);
  });

  it('flags an account of a person, and a credential that several rows use', () => {
    const { found } = csv('id,name,account,credential,credential_expires\n1,One,ann@corp.example,K1,\n2,Two,svc-two@corp.example,K1,2027-01-01\n');
    const report = flagsOf(found, limits);
    expect(report.flags.filter(({ kind }) => kind === 'shared_credential').map(({ name }) => name)).toEqual(['One', 'Two']);
    expect(report.flags.filter(({ kind }) => kind === 'human_account').map(({ name }) => name)).toEqual(['One']);
    expect(report.counts.no_expiry).toBe(1);
  });

  it('leaves nothing that a spreadsheet would compute', () => {
    expect(csvLine(['=1+1', '+x', '-2', '@a', ' \t=b', 'fine', 'a,b', 'say "hi"', -3, null])).toBe(`"'=1+1","'+x","'-2","'@a","' \t=b",fine,"a,b","say ""hi""",-3,`);
  });
});

describe('exports of identity providers', () => {
  it('of Entra: drafts with owner and purpose, an entry without a name named', async () => {
    const { found, faults } = await readExport(fixture('entra-applications.json'), undefined, undefined);
    expect(found.map(({ row }) => row)).toEqual([
      { externalId: 'a1b2c3d4-0000-4000-8000-000000000001', name: 'Invoice Bot', owner: 'ann.corp.example', purpose: 'Pays approved invoices' },
      { externalId: 'a1b2c3d4-0000-4000-8000-000000000002', name: 'Crm Sync' }, { externalId: 'a1b2c3d4-0000-4000-8000-000000000003', name: 'Crm Export' },
    ]);
    expect(faults).toMatchObject([{ column: 'value[3]', why: 'it has no name' }]);
  });

  it('of Entra: one certificate for two, a secret until 2299, never used, broad permissions; each with what shows it', async () => {
    const { flags, notes } = await flagged('entra-applications.json');
    expect(flags.map(({ kind, name }) => [kind, name])).toEqual([
      ['shared_credential', 'Crm Export'], ['shared_credential', 'Crm Sync'], ['long_lived', 'Invoice Bot'], ['client_secret', 'Invoice Bot'], ['broad_scope', 'Crm Export'], ['broad_scope', 'Invoice Bot'], ['unused', 'Crm Sync'],
    ]);
    expect(flags[0]!.evidence).toContain('Crm Sync (entra)');
    expect(flags[4]!.evidence).toBe('it may offline_access, Files.ReadWrite.All');
    expect(flags[5]!.evidence).toBe('it may Directory.ReadWrite.All');
    expect(notes[0]).toMatch(/^Of 1 of 3 the export does not say when/);
  });

  it.each([
    ['okta-apps.json', [['human_account', 'Legacy Script'], ['no_expiry', 'Legacy Script'], ['long_lived', 'Legacy Script'], ['client_secret', 'Legacy Script'], ['broad_scope', 'Legacy Script']]],
    ['google-keys.json', [['no_expiry', 'Report Agent'], ['long_lived', 'Report Agent'], ['broad_scope', 'Report Agent'], ['unused', 'Report Agent']]],
    ['keycloak-clients.json', [['human_account', 'Shop Agent'], ['no_expiry', 'Shop Agent'], ['long_lived', 'Shop Agent'], ['client_secret', 'Shop Agent'], ['broad_scope', 'Shop Agent']]],
  ])('of %s: what is wrong, and nothing about what is right', async (name, expected) => {
    expect((await flagged(name)).flags.map(({ kind, name: of }) => [kind, of])).toEqual(expected);
  });

  it('make a page in which the text of strangers is text', () => {
    const { found } = csv('id,name,scopes\n1,<script>alert(1)</script>,admin\n');
    const page = credentialsPage(flagsOf(found, limits), '2026-11-21');
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;');
  });
});
