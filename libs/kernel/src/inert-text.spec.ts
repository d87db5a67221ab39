import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { html, slack, visibleJson } from './inert-text.ts';

const nasty = ['\u202e', '\u2066', '\u200b', '\u200f', '\ufeff', '\u001b[2J', '\u001b]0;x\u0007', '\u009b', '\r\n', '\u2028', '\u00a0', '\u3164', '\u{e0041}', '\ufe0f', '\ud800', '```', '`', '<!channel>', '<@U1>', '<https://evil.example|here>', '*bold*', '</code><script>', '&amp;', '\\u202e', '"', "'", '{noformat}'];
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.array(fc.oneof(fc.constantFrom(...nasty), fc.string({ maxLength: 5 })), { maxLength: 8 }).map((parts) => parts.join('')));
const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.dictionary(text.filter((key) => key !== '__proto__'), fc.oneof(text, fc.integer(), fc.constant(null)), { maxKeys: 3 }));
const parameters = { seed: 20_261_121, numRuns: 500 };
const decode = (shown: string): string => shown.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]!);

describe('words of an agent', () => {
  it('lose nothing: what is shown reads back as what was said', () => {
    fc.assert(fc.property(value, (said) => { expect(JSON.parse(visibleJson(said))).toEqual(JSON.parse(JSON.stringify(said))); }), parameters);
    fc.assert(fc.property(value, (said) => { expect(decode(slack(visibleJson(said)))).toBe(visibleJson(said)); expect(decode(html(visibleJson(said)))).toBe(visibleJson(said)); }), parameters);
  });

  it('have nothing in them that cannot be seen, moves a terminal or turns the reading direction', () => {
    fc.assert(fc.property(value, (said) => { expect(visibleJson(said)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u); }), parameters);
  });

  it('cannot leave a code block of Slack, mention anybody or link anywhere', () => {
    fc.assert(fc.property(value, (said) => { expect(slack(visibleJson(said))).not.toMatch(/[`<>]|&(?!amp;|lt;|gt;)/); }), parameters);
  });

  it('are no markup in a page, within text or attribute', () => {
    fc.assert(fc.property(value, (said) => { expect(html(visibleJson(said))).not.toMatch(/[<>"'`]|&(?!amp;|lt;|gt;|quot;|#39;)/); }), parameters);
  });

  it('in other scripts stay readable', () => expect(visibleJson('Überweisung für 東京 – שלום 😀')).toBe('"Überweisung für 東京 – שלום 😀"'));
});
