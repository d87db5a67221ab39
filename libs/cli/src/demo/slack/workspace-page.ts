import { html } from '@countersign/kernel';
import type { SlackPost, SlackView } from './slack-server.ts';

type Block = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string => String((value as { text?: unknown } | undefined)?.text ?? '');
const plain = (text: string): string => html(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
/** As far as our own messages use mrkdwn: entities, bold, and code blocks, in which nothing means anything. */
const shown = (text: string): string => text.split(/```([^`]*)```/).map((part, i) => (i % 2 === 1 ? `<pre>${plain(part)}</pre>` : plain(part).replaceAll(/\*([^*\n]+)\*/g, '<b>$1</b>').replaceAll('\n', '<br>'))).join('');

const blockHtml = (post: SlackPost, block: Block): string => {
  const elements = Array.isArray(block['elements']) ? block['elements'] as Block[] : [];
  switch (block['type']) {
    case 'header': return `<h3>${html(textOf(block['text']))}</h3>`;
    case 'section': return `<div>${shown(textOf(block['text']))}</div>`;
    case 'context': return `<small>${elements.map((one) => html(textOf(one))).join(' ')}</small>`;
    default: return elements.map((one) => (typeof one['url'] === 'string'
      ? `<a href="${html(one['url'])}">${html(textOf(one['text']))}</a>`
      : `<form method="post" action="/click"><input type="hidden" name="message" value="${html(`${post.channel}:${post.ts}`)}"><button name="action" value="${html(String(one['action_id']))}">${html(textOf(one['text']))}</button></form>`)).join(' ');
  }
};

/** What Slack shows to one person alone: the last answer to a press, and the modal that they have open. */
export interface ShownAlone { readonly answers: ReadonlyMap<string, readonly string[]>; readonly views: ReadonlyMap<string, SlackView> }

const alone = ({ answers, views }: ShownAlone): string => [
  ...[...answers].flatMap(([user, told]) => (told.length === 0 ? [] : [`<article><b>only to ${html(user)}</b><div>${plain(told.at(-1)!)}</div></article>`])),
  ...[...views].map(([user, { title, blocks }]) => `<article><b>${html(user)} is asked: ${html(title.text)}</b>${blocks.map((block) => `<div>${plain(textOf(block['text'] ?? block['label']))}</div>`).join('')}<form method="post" action="/click"><input type="hidden" name="user" value="${html(user)}"><input name="reason" required maxlength="2000" aria-label="Why"> <button name="action" value="submit">Send</button></form></article>`),
].join('');

/** The direct messages of everybody in the demo's workspace, newest first. */
export const workspacePage = (posts: readonly SlackPost[], more: ShownAlone): string => `<!doctype html><html lang="en"><meta charset="utf-8">${more.views.size === 0 ? '<meta http-equiv="refresh" content="5">' : ''}<title>Slack (local)</title>
<style>body{font:15px/1.5 system-ui;max-width:48rem;margin:1rem auto}article{border:1px solid #8888;padding:.5rem 1rem;margin:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8882;padding:.3rem}form{display:inline}</style>
<h1>A workspace of Slack on this machine</h1>${alone(more)}${posts.length === 0 ? '<p>Nothing yet.</p>' : [...posts].reverse().map((post) => `<article><b>to ${html(post.user)}</b>${post.updates > 0 ? ` (changed ${post.updates} times)` : ''}${post.blocks.map((block) => blockHtml(post, block)).join('')}</article>`).join('')}</html>`;
