import { Markup, escapeText, markup, rendered } from '@countersign/kernel';

/** The one escaping renderer (kernel: markup), under the names that reports use. */
export { escapeText as escape, markup as html, rendered };
export type { Markup as Html };

const style = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6675; --line: #d9dee6; --paper: #fff; --panel: #f5f7fa; --a: #8a97a8; --b: #2f6fde; --good: #1f7a4d; --bad: #b3261e; --warn: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #323b48; --paper: #14181f; --panel: #1c222b; --a: #6d7a8c; --b: #6ea0ff; --good: #5cc98e; --bad: #ff8a80; --warn: #e3b341; } }
* { box-sizing: border-box; } body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; } p { margin: .4rem 0; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-variant-numeric: tabular-nums; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; } tbody th { color: var(--ink); min-width: 8rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1rem 0; } .card { background: var(--panel); border-radius: .6rem; padding: .75rem 1rem; } .card b { display: block; font-size: 1.5rem; line-height: 1.2; }
.says { border-left: .35rem solid var(--a); background: var(--panel); border-radius: .3rem; padding: .6rem 1rem; margin: 1rem 0; } .says.good { border-color: var(--good); } .says.bad { border-color: var(--bad); } .says.bad strong { color: var(--bad); } .says.warn { border-color: var(--warn); }
figure { margin: 1rem 0; } figcaption { font-weight: 600; margin-bottom: .3rem; } svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg text.soft { fill: var(--soft); } .s0 { fill: var(--a); } .s1 { fill: var(--b); } .s2 { fill: var(--warn); } .key { display: inline-block; width: .8em; height: .8em; border-radius: .2em; margin: 0 .35em 0 1em; } .k0 { background: var(--a); } .k1 { background: var(--b); } .k2 { background: var(--warn); }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }`;

/** A page of its own: nothing is loaded from anywhere and nothing runs in it. */
export const page = (title: string, body: Markup): string => `${rendered([markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="referrer" content="no-referrer"><title>${title}</title>
<style>${new Markup(style)}</style></head><body>
${body}
</body></html>`])}\n`;
