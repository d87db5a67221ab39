import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import { milderThanClaimed } from './source-claims.ts';
import { toolDecider } from './tool.ts';
import type { Tool, ToolDefinition, ToolReview } from './tool.ts';

const definition = { description: 'Writes', inputSchema: {}, annotations: { readOnlyHint: true } };
const draft: ToolDefinition = {
  tool: 'files.write', system: 'files', title: 'Write', schema: { type: 'object', additionalProperties: false }, consequential: true, reversible: false, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'files', facts: {}, resultTrust: 'third_party', resultFields: {},
  source: { server: 'files', name: 'write', status: 'draft', digest: 'one', definition },
};
const reviewed: ToolDefinition = { ...draft, consequential: false, facts: { target: '[args.path]' }, source: { ...draft.source!, status: 'reviewed' } };
const changed: ToolDefinition = { ...reviewed, source: { ...reviewed.source!, status: 'changed', offered: { digest: 'two', definition } } };
const again: ToolDefinition = { ...reviewed, source: { ...reviewed.source!, digest: 'two' } };
const digest = (tool: ToolDefinition): string => JSON.stringify(tool);
const put = (tool: ToolDefinition, state: Tool, review: ToolReview | null = null) => toolDecider.decide({ type: 'put', tool, definition: digest(tool), review, by: 'olga', now: 1 }, state);
const after = (...tools: readonly ToolDefinition[]): Tool => fold(toolDecider, tools.map((tool) => ({ type: 'tool.put' as const, tool, definition: digest(tool), by: 'olga', at: 1 })));
const signed = (tool: ToolDefinition, replaces: ToolDefinition): ToolReview => ({ by: 'rita', roles: ['policy-reviewer'], tool: tool.tool, definition: digest(tool), replaces: digest(replaces), jws: 'x' });

describe('an imported tool', () => {
  it('is declared by one person the first time, as if nothing had been there', () => expect(put(reviewed, after(draft))).toMatchObject({ status: 'accepted' }));
  it('goes out of scope by one person, for that only tightens', () => expect(put(changed, after(draft, reviewed))).toMatchObject({ status: 'accepted' }));

  it.each([
    ['its new definition', again, /its definition changed at its source/], ['the one that was reviewed before', reviewed, /would be in scope again/], ['one without a source', (({ source: _source, ...rest }) => rest)(reviewed) as ToolDefinition, /another source/],
  ])('comes back by a second person: with %s', (_, tool, why) => {
    expect(put(tool, after(draft, reviewed, changed))).toMatchObject({ status: 'refused', code: 'review_required', detail: expect.stringMatching(why) });
    expect(put(tool, after(draft, reviewed, changed), signed(tool, changed))).toMatchObject({ status: 'accepted' });
  });

  it('is not loosened again by a review that carried the change before', () => {
    const events = [{ tool: reviewed }, { tool: changed }, { tool: again, review: { by: 'rita', jws: 'x' } }, { tool: changed }].map((one) => ({ type: 'tool.put' as const, definition: digest(one.tool), by: 'olga', at: 1, ...one }));
    expect(put(again, fold(toolDecider, events), signed(again, changed))).toMatchObject({ code: 'review_required', detail: expect.stringMatching(/carried a change before/) });
    expect(put(again, fold(toolDecider, events), { ...signed(again, changed), jws: 'another' })).toMatchObject({ status: 'accepted' });
  });
  it('gets round no review by being a draft in between', () => expect(put({ ...again, facts: {} }, after(reviewed, draft))).toMatchObject({ code: 'review_required', detail: expect.stringMatching(/its facts changed/) }));
  it('may get more tests by one person, not others', () => {
    const tested = { ...reviewed, tests: [{ arguments: {}, facts: {} }] };
    expect(put(tested, after(reviewed))).toMatchObject({ status: 'accepted' });
    expect(put(reviewed, after(tested))).toMatchObject({ code: 'review_required', detail: expect.stringMatching(/other tests/) });
  });

  it('is never declared milder than its source claims, and a draft is the strictest there is', () => {
    const claims = (annotations: object, over: Partial<ToolDefinition> = {}): readonly string[] => milderThanClaimed({ ...reviewed, ...over, source: { ...reviewed.source!, definition: { ...definition, annotations } } });
    expect([claims({ readOnlyHint: true }), claims({}), claims({ destructiveHint: true }, { consequential: true })]).toEqual([[], [], []]);
    expect(claims({ readOnlyHint: false })).toEqual(['its source says that it changes something']);
    expect(claims({ destructiveHint: true }, { consequential: true, reversible: true })).toEqual(['its source says that what it does cannot be undone']);
    expect([milderThanClaimed(draft), milderThanClaimed({ ...draft, consequential: false }).length]).toEqual([[], 1]);
  });
});
