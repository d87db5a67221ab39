import { describe, expect, it } from '@jest/globals';
import { whyModal } from '../../../../../services/approvals/src/core/channels/slack-message.ts';
import { workspacePage } from './workspace-page.ts';

const post = (text: string) => ({ channel: 'D1', user: 'U1', ts: '1.1', text: '', updates: 0, blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] });
const nobody = { answers: new Map<string, string[]>(), views: new Map() };

describe('the page of the demo\'s workspace', () => {
  it('shows others\' words as Slack does: nothing in a code block means anything', () => {
    const shown = workspacePage([post('*to*\n```"*bold* &lt;b&gt;"```')], nobody);
    expect(shown).toContain('<b>to</b><br><pre>&quot;*bold* &lt;b&gt;&quot;</pre>');
  });

  it('shows the answer to a press that does not count, and the modal that asks why', () => {
    const shown = workspacePage([], { answers: new Map([['U1', ['early', 'It does not count: <late>']]]), views: new Map([['U2', whyModal('token', 'bank.pay by clerk')]]) });
    expect(shown).toContain('only to U1</b><div>It does not count: &lt;late&gt;');
    expect(shown).toMatch(/U2 is asked: Approve<.*bank\.pay by clerk.*name="reason"/s);
    // Nothing is taken away from who is typing.
    expect([shown.includes('http-equiv="refresh"'), workspacePage([], nobody).includes('http-equiv="refresh"')]).toEqual([false, true]);
  });
});
