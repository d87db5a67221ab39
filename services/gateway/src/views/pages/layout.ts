import { markup } from '@countersign/kernel';
import type { Markup } from '@countersign/kernel';

/** A whole page. @param person who looks at it; null before they have logged in */
export const page = (title: string, person: string | null, main: Markup): string => markup`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} – Countersign</title>
<link rel="stylesheet" href="/ui/assets/page.css"><script src="/ui/assets/page.js" type="module"></script></head>
<body data-person="${person ?? ''}">
<a class="skip" href="#main">Skip to the content</a>
<header><strong>Countersign</strong>${person === null ? null : markup`<nav aria-label="Pages"><a href="/ui">What waits for people</a> <a href="/ui/runs">Runs</a></nav><span>${person}</span> <button type="button" data-do="logout">Log out</button>`}</header>
<main id="main" tabindex="-1"><h1>${title}</h1>
${main}
<p id="told" role="status" aria-live="polite"></p></main>
</body></html>`.text;
