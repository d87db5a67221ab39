import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bars } from './bars.ts';
import { html, page } from './html.ts';

describe('a page', () => {
  it('shows what strangers wrote and obeys none of it', () => {
    const hostile = '<script>alert(1)</script>" onload=\'x\' `\u202Eabc\u0007';
    const made = page(hostile, html`<p title="${hostile}">${hostile}</p>${[html`<b>${hostile}</b>`, 'plain & simple', null, false]}`);
    expect(made).not.toContain('<script>');
    expect(made).not.toMatch(/title="[^"]*" onload/);
    expect(made).not.toContain('\u202E');
    expect(made).toContain('plain &amp; simple');
    expect(made).toContain('<b>&lt;script&gt;');
    expect(made).toContain("default-src 'none'");
  });

  it('takes only what it made itself for HTML', () => {
    expect(html`${{ text: '<i>' } as never}`.text).not.toContain('<i>');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const made = html`<p a="${text}">${text}</p>`.text;
      expect(made.match(/[<>"]/g)).toEqual(['<', '"', '"', '>', '<', '>']);
    }), { seed: 4, numRuns: 300 });
  });

  it('draws bars that read without colour', () => {
    const { text } = bars({ title: 'Decisions', series: ['before', 'after'], groups: [{ label: 'a<b', values: [4, 2] }, { label: 'none', values: [0, null] }], show: (value) => `${value} x` });
    expect(text).toContain('aria-label="Decisions: a&lt;b before 4 x, after 2 x; none before 0 x, after none"');
    expect([...text.matchAll(/<rect class="s(\d)"[^>]* width="(\d+)"/g)].map(([, series, width]) => [series, Number(width)])).toEqual([['0', 560], ['1', 280], ['0', 0], ['1', 0]]);
  });
});
