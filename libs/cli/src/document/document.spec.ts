import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { commands } from '../commands.ts';
import { CannotRun, inWords } from '../errors.ts';
import { helpOf, index, meant } from '../help.ts';
import { readDocument } from './document.ts';
import { documents, toolDeclaration } from './kinds.ts';
import { documentOf } from './of-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'documents-'));
afterAll(() => { rmSync(folder, { recursive: true }); });
const file = (text: string, name = 'role.yaml'): string => { const path = join(folder, name); writeFileSync(path, text); return path; };
const why = (text: string, kind = documents.role): string => {
  try { readDocument(file(text), kind, 'countersign role put'); } catch (error) { if (error instanceof CannotRun) return error.message.replaceAll(`${folder}/`, ''); throw error; }
  return '';
};

describe('a file that people write', () => {
  it.each(Object.entries({ ...documents, tool: toolDeclaration }))('has an example of a %s that fits', (_, kind) => {
    expect(readDocument(file(kind.example), kind, 'countersign')).toEqual(expect.any(Object));
  });

  it('may be JSON, and may be typed', () => {
    const role = { title: 'Reads', owner: 'ann', permissions: [] };
    expect([readDocument(JSON.stringify(role), documents.role, 'c'), readDocument(file(JSON.stringify(role), 'role.json'), documents.role, 'c')]).toEqual([role, role]);
  });

  it('is told everything that is wrong with it: the line, the field, what was expected and what to do', () => {
    const told = why('title: Pays\nowner: Ann!\npermissions:\n  - permission: pay\n    tool: payments.transfer\n    limits: { moneyPerAction: { minor: 1.5, currency: euro } }\n    requestable: maybe\n').split('\n');
    expect(told).toEqual([
      'role.yaml:2: owner: expected an id: lower-case letters, digits, . _ -',
      'role.yaml:4: permissions[0]: tools is missing (a list of 1 to 64, each the name of a tool, * for any characters (payments.*))',
      'role.yaml:5: permissions[0].tool: there is no such field; known are permission, tools, resources, limits, requestable',
      'role.yaml:6: permissions[0].limits.moneyPerAction.minor: expected a whole number from 0',
      'role.yaml:6: permissions[0].limits.moneyPerAction.currency: expected an ISO 4217 code (EUR)',
      'role.yaml:7: permissions[0].requestable: expected true or false',
      '→ countersign role put --help names every field and what it takes; countersign role put --example prints a file that fits.',
    ]);
    expect(why('title: T\nroles: [a]\nceiling: 3\nenvironment: e\nlimits: { calls: 1, money: 5 }\nfields: [agent]\n', documents.template as never)).toMatch(/role\.yaml:3: ceiling: expected one of 1, 2\nrole\.yaml:5: limits\.money: expected /);
  });

  it.each([['no YAML', 'title: [\n', /role\.yaml:\d: this is neither YAML nor JSON/], ['an alias', 'title: &a b\nowner: *a\npermissions: []\n', /alias/], ['a list', '- a\n', /not a list/], ['nothing', '', /not a single value/]])('is refused where it is %s', (_, text, expected) => {
    expect(why(text)).toMatch(expected);
  });

  it('that is not there is named, with how to begin one', () => {
    expect(() => readDocument(join(folder, 'none.yaml'), documents.role, 'countersign role put')).toThrow(/There is no file .*none\.yaml\. countersign role put --example > .*none\.yaml/);
    expect(() => readDocument(folder, documents.role, 'c')).toThrow(/is no file/);
  });
});

describe('help', () => {
  it('of a command and of a word of it, with every field of its file', () => {
    expect(helpOf(['halt'])).toContain('countersign halt drill');
    expect(helpOf(['agent', 'observe'])?.split('\n').filter((line) => !line.startsWith(' '))).toEqual([expect.stringContaining('countersign agent observe AGENT')]);
    const told = helpOf(['process', 'put'])!;
    for (const part of ['title (needed): text of 1 to 200 characters.', 'owner (needed): an id', 'raci (needed): an object.', 'trigger, context, generation, validation, execution, logging, escalation, incident: an object.', 'accountable (needed)', '    title: Payments to suppliers']) expect(told).toContain(part);
    expect(helpOf(['tools', 'review'])).toContain('enforcement (needed): one of cooperative, brokered, sandboxed');
    expect(helpOf(['nonsense'])).toBeUndefined();
  });

  it('names every command once, and what somebody may have meant', () => {
    for (const name of Object.keys(commands)) expect(index()).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(meant('drill')).toBe('There is no command "drill". Did you mean countersign halt drill? countersign help lists all of them.');
    expect(meant('aprovals')).toContain('Did you mean countersign approvals?');
    expect(meant('xyzzy')).not.toContain('Did you mean');
    expect(documentOf(['change', 'file', 'role'])?.command).toBe('countersign change file role');
    expect([documentOf(['role'])?.command, documentOf(['change', 'file']), documentOf(['runs'])]).toEqual(['countersign role put', undefined, undefined]);
  });

  it('says of files what people say of them', () => {
    expect(inWords("ENOENT: no such file or directory, stat '/x/y.csv'")).toBe('There is no file or folder /x/y.csv.');
    expect(inWords('the role x is not there')).toBe('the role x is not there');
  });
});
