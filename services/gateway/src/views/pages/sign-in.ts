import { page } from './layout.ts';
import { markup } from '@countersign/kernel';

/** Logging in is a signature by the key that this browser keeps; a browser without one shows how to get one. */
export const signInPage = (next: string): string => page('Log in', null, markup`
<form data-login data-next="${next}" hidden><p>This browser keeps a key of <b data-who></b>.</p><p><button type="submit">Log in</button> <button type="button" data-do="forget">Forget this key</button></p></form>
<section data-pair hidden><h2>This browser has no key yet</h2>
<form data-make><label for="person">Your id</label> <input id="person" name="person" required pattern="[a-z0-9][a-z0-9._\\-]*" maxlength="128" autocomplete="username">
<label for="code">One-time code of your invitation, if you have no key yet</label> <input id="code" name="code" maxlength="172" autocomplete="one-time-code"> <button type="submit">Make a key</button></form></section>
<section data-waits hidden><h2>Let this browser's key in</h2><p>Type this where your key is; it signs that this one is yours as well:</p><pre data-command></pre></section>`);

export const problemPage = (title: string, detail: string, person: string | null): string => page(title, person, markup`<p role="alert">${detail}</p><p><a href="/ui">What waits for people</a></p>`);
