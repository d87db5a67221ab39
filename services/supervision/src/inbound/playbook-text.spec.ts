import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readLimits } from '../core/breaker-limits.ts';
import { breakersFile } from './breakers-file.ts';
import { readPlaybookText } from './playbook-text.ts';
import { readMeant } from './read-meant.ts';

const example = readFileSync(new URL('../../playbooks/agent-gone-odd.yaml', import.meta.url), 'utf8');
const wrong = (text: string): readonly string[] => readPlaybookText(text).problems.map(({ line, column, path, why }) => `${line}:${column} ${path} ${why}`);
const playbook = (steps: string): string => `name: one\nfor: [agent]\nsteps:\n${steps}`;

describe('a playbook as it is written', () => {
  it('the example of the demo is sound', () => {
    const { playbook: read, digest, problems } = readPlaybookText(example);
    expect(problems).toEqual([]);
    expect(read!.steps.map(({ id, do: verb }) => `${id}: ${verb}`)).toEqual(['stop: halt', 'picture: snapshot', 'take-away: revoke', 'what-ran: compensations', 'reads: resume', 'reversible: resume', 'all: resume']);
    expect(digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
    // Comments and the order of words change nothing of what it says.
    expect(readPlaybookText(example.replaceAll(/#.*/g, '')).digest).toBe(digest);
  });

  it('what is wrong is told with its line, all at once', () => {
    expect(wrong(playbook('  - id: Stop\n    do: shout\n  - id: on\n    do: resume\n    stage: some\n    colour: red\n'))).toEqual([
      '4:9 steps[0].id is a word of small letters, digits, dots and dashes', '5:9 steps[0].do do is one of halt, snapshot, revoke, compensations, resume',
      '9:13 steps[1].colour is no known field: there are id, do, people, stage, agents', '8:12 steps[1].stage stage is one of reads, reversible, all',
    ]);
    expect(wrong('name: one\nname: two\n')[0]).toMatch(/^2:1 .*unique/i);
    expect(wrong('a: &x 1\nb: *x\n').join()).toContain('1:7');
    expect(wrong('')[0]).toContain('a playbook is a map');
  });

  it('nothing is resumed that was not halted, without people, or out of order', () => {
    const halt = '  - { id: stop, do: halt }\n', resume = (stage: string, people = 'people: { roles: [supervisor] }') => `  - { id: ${stage}, do: resume, stage: ${stage}, ${people} }\n`;
    expect(wrong(playbook(resume('reads')))[0]).toContain('comes after a step that halts');
    expect(wrong(playbook(halt + resume('reversible')))[0]).toContain('one after the other');
    expect(wrong(playbook(`${halt}  - { id: reads, do: resume, stage: reads }\n`))[0]).toContain('needs people');
    expect(wrong(playbook(halt + resume('reads') + '  - { id: late, do: revoke }\n'))[0]).toContain('nothing but stages');
    expect(wrong(playbook(halt + halt)).join()).toContain('is used twice');
    expect(wrong(playbook(halt + resume('reads', 'people: { roles: [], quorum: 9 }'))).join()).toMatch(/roles.*quorum/);
  });

  it('whatever is written, it is read or refused with a reason, and nothing throws', () => {
    const piece = fc.constantFrom('name: a', 'steps:', '  - id: x', '    do: halt', '- - -', '{', '}', ':', '\u202e', '*x', '&x', '!!js', '"', '\t', '    people: 7', 'for: [agent]', '[[[[');
    fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 12 })), { maxLength: 12 }), (lines) => {
      const read = readPlaybookText(lines.join('\n'));
      expect(read.playbook !== undefined || read.problems.length > 0).toBe(true);
    }), { seed: 8, numRuns: 400 });
  });
});

describe('the limits of breakers', () => {
  const limits = (text: string) => { const { meant: read, problems } = readMeant(text, readLimits); return { read, problems: problems.map(({ line, path, why }) => `${line} ${path} ${why}`) }; };

  it('are read with their defaults, and refused with their line', () => {
    expect(limits('breakers:\n  - { scope: agent, match: "pay*", denials: 0.8, cool: 5m, spend: { minor: 100, currency: EUR } }\n')).toEqual({ problems: [], read: [{ scope: 'agent', match: 'pay*', windowMs: 60_000, minimum: 20, errors: null, denials: 0.8, spend: { minor: 100, currency: 'EUR' }, coolMs: 300_000, trial: 5 }] });
    expect(limits('breakers:\n  - { scope: tool, denials: 2 }\n  - { scope: all, errors: 0.5, window: 1s }\n').problems).toEqual(['2 breakers[0].denials is a share above 0, up to 1', '2 breakers[0].denials is for agents: a tool denies nobody', '3 breakers[1].scope scope is agent or tool', '3 breakers[1].window is a time of 5s to 1h']);
    expect(breakersFile('CS_BREAKERS_FILE')({ CS_BREAKERS_FILE: '/nowhere/limits.yaml' })).toMatchObject({ problem: expect.stringContaining('/nowhere/limits.yaml cannot be read') });
  });
});
