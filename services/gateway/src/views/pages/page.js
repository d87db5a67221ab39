// The one script of the pages. It keeps the person's key in this browser (not extractable: no script, this one included, can read it)
// and signs with it: logins, votes, halts. Everything else works without it.

const told = (text) => { const place = document.getElementById('told'); if (place) place.textContent = text; };

const store = (mode, act) => new Promise((done, failed) => {
  const opening = indexedDB.open('countersign', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
  opening.onerror = () => failed(opening.error);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction('keys', mode);
    const request = act(transaction.objectStore('keys'));
    transaction.oncomplete = () => { opening.result.close(); done(request.result); };
    transaction.onerror = () => failed(transaction.error);
  };
});
const mine = () => store('readonly', (keys) => keys.get('mine'));

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const utf8 = (text) => new TextEncoder().encode(text);
const now = () => Math.floor(Date.now() / 1000);

const sign = async (key, kind, payload) => {
  const input = `${base64url(utf8(JSON.stringify({ alg: 'EdDSA', typ: `countersign-${kind}+jwt`, kid: key.kid })))}.${base64url(utf8(JSON.stringify({ sub: key.person, ...payload, iat: now() })))}`;
  return `${input}.${base64url(await crypto.subtle.sign('Ed25519', key.pair.privateKey, utf8(input)))}`;
};
const login = (key, audience) => sign(key, 'person', { aud: audience, exp: now() + 60, jti: crypto.randomUUID() });

const post = async (path, body) => {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), redirect: 'error' });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(`${value.code ?? answer.status}: ${value.detail ?? 'it was refused'}`);
  return value;
};

/** Runs what a form or button is for; a second press waits for the first. */
const doing = (element, event, act) => element?.addEventListener(event, async (happened) => {
  happened.preventDefault();
  if (element.dataset.busy) return;
  element.dataset.busy = '1';
  try { await act(happened); } catch (error) { told(error.message); } finally { delete element.dataset.busy; }
});
const needed = async () => { const key = await mine(); if (!key) { location.assign('/ui/login'); throw new Error('this browser has no key'); } return key; };

/** What somebody makes their approval depend on: an end, and the most that it moves. Undefined where they say nothing of it. */
const conditionsOf = ({ minutes, cap }) => {
  const text = (field) => field?.value.trim() ?? '';
  const [until, most] = [text(minutes), text(cap)];
  if (until !== '' && !(/^\d{1,4}$/.test(until) && Number(until) > 0)) throw new Error('minutes are a whole number');
  const [whole, fraction = ''] = most.split('.'), decimals = Number(cap?.dataset.decimals ?? 0);
  if (most !== '' && !(/^\d{1,15}(\.\d{1,6})?$/.test(most) && fraction.length <= decimals)) throw new Error(`an amount has digits and at most ${decimals} decimals`);
  return until === '' && most === '' ? undefined : { ...(until !== '' && { until: now() + Number(until) * 60 }), ...(most !== '' && { cap: { minor: Number(whole + fraction.padEnd(decimals, '0')), currency: cap.dataset.currency } }) };
};

/** Terms for more like it, as the page has them, with what was typed; undefined where nobody wants more. */
const moreOf = ({ uses, thisRun }, conditions) => {
  const typed = uses?.value.trim() ?? '';
  if (typed === '') return undefined;
  const count = Number(typed), { run, amount, ...terms } = JSON.parse(uses.dataset.terms), most = conditions?.cap ?? amount, from = now();
  if (!/^\d{1,3}$/.test(typed) || count < 1 || count > Number(uses.dataset.most)) throw new Error(`how many more is a number from 1 to ${uses.dataset.most}`);
  return { ...terms, ...(thisRun.checked && { run }), ...(most && { amount: most, sum: { ...most, minor: most.minor * count } }), uses: count, from, until: conditions?.until ?? from + 3_600 };
};

const votes = ['approve', 'deny', 'break_glass'];
for (const form of document.querySelectorAll('form[data-vote]')) {
  doing(form, 'submit', async ({ submitter }) => {
    if (!votes.includes(submitter?.value)) throw new Error('press one of the buttons');
    const key = await needed();
    const { approval, digest, evidence } = form.dataset;
    const conditions = submitter.value === 'approve' ? conditionsOf(form.elements) : undefined;
    const jws = await sign(key, 'vote', { approval, digest, ...(evidence && { evidence }), vote: submitter.value, reason: form.elements.reason.value, ...(conditions && { conditions }) });
    const terms = submitter.value === 'approve' ? moreOf(form.elements, conditions) : undefined;
    await post(`/ui/approvals/${approval}/votes`, { jws });
    if (terms) {
      await post('/ui/pre-approvals', { jws: await sign(key, 'pre-approval', { terms, reason: form.elements.reason.value }) }).catch((error) => { throw new Error(`Your vote counts, but nothing more was agreed to: ${error.message}`); });
    }
    location.reload();
  });
}
/** JSON as everybody digests it (RFC 8785): members in the order of their names, nothing between. */
const canonical = (value) => (Array.isArray(value) ? `[${value.map(canonical).join(',')}]`
  : value !== null && typeof value === 'object' ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}` : JSON.stringify(value));
const digestOf = async (value) => base64url(await crypto.subtle.digest('SHA-256', utf8(canonical(value))));
const editing = document.querySelector('form[data-edit]');
doing(editing, 'submit', async () => {
  const key = await needed();
  const { approval, digest } = editing.dataset;
  let args;
  try { args = JSON.parse(editing.elements.arguments.value); } catch { throw new Error('what it should be called with is no JSON'); }
  const jws = await sign(key, 'edit', { approval, digest, arguments: await digestOf(args), reason: editing.elements.why.value });
  await post(`/ui/approvals/${approval}/edits`, { jws, arguments: args });
  location.reload();
});
const asking = document.querySelector('form[data-ask]');
doing(asking, 'submit', async () => {
  const key = await needed();
  const { approval, digest } = asking.dataset;
  await post(`/ui/approvals/${approval}/questions`, { jws: await sign(key, 'question', { approval, digest, text: asking.elements.text.value }) });
  location.reload();
});

const read = (path) => fetch(path).then((one) => (one.ok ? one.json() : undefined), () => undefined);
/** Whether a reload would take away what somebody is doing. */
const atWork = () => document.querySelector('[data-busy]') !== null || [...document.querySelectorAll('main textarea, main input')].some((field) => field.value !== field.defaultValue);

// Somebody else may decide, here or elsewhere: the page says so by itself.
const live = document.querySelector('[data-live]');
if (live) {
  setInterval(async () => {
    const answer = await read(`/ui/approvals/${live.dataset.live}/standing`);
    if (!answer || (answer.status === 'open' && String(answer.votes) === live.dataset.seen)) return;
    // What is over is shown at once: there is nothing left to write.
    if (answer.status !== 'open' || !atWork()) location.reload();
    else told('Somebody voted meanwhile: reload to see it.');
  }, 2000);
}
const inbox = document.querySelector('[data-waiting]');
if (inbox) {
  setInterval(async () => {
    const answer = await read('/ui/waiting');
    if (!answer || answer.waiting === inbox.dataset.waiting) return;
    if (document.activeElement === document.body) location.reload();
    else told('Something changed in what waits: reload to see it.');
  }, 10_000);
}
// As words.ts says it.
const left = (ms) => (ms <= 0 ? 'no time left' : ms < 60_000 ? `${Math.ceil(ms / 1_000)} s left` : ms < 5_400_000 ? `${Math.round(ms / 60_000)} min left` : ms < 129_600_000 ? `${Math.round(ms / 3_600_000)} h left` : `${Math.round(ms / 86_400_000)} days left`);
setInterval(() => { for (const place of document.querySelectorAll('time[data-left]')) place.textContent = left(Date.parse(place.dateTime) - Date.now()); }, 1000);

for (const form of document.querySelectorAll('form[data-halt]')) {
  doing(form, 'submit', async () => {
    const key = await needed();
    const { halt: kind, id } = form.dataset;
    const { halt } = await post('/ui/halts', { login: await login(key, 'supervision'), body: { scope: { kind, id: id === '' ? null : id }, reason: form.elements.reason.value } });
    told(`Halted (${halt}).`);
  });
}

doing(document.querySelector('[data-do=logout]'), 'click', async () => { await post('/ui/session/end', {}); location.assign('/ui/login'); });

const signIn = document.querySelector('form[data-login]');
if (signIn) {
  const show = async () => {
    const key = await mine();
    signIn.hidden = key === undefined;
    document.querySelector('[data-pair]').hidden = key !== undefined;
    const waits = document.querySelector('[data-waits]');
    waits.hidden = key === undefined || key.enrolled === true;
    if (key) {
      document.querySelector('[data-who]').textContent = key.person;
      document.querySelector('[data-command]').textContent = `npm run -s countersign -- people key add ${key.kid}:${key.x} --as ${key.person}`;
    }
  };
  doing(signIn, 'submit', async () => {
    const key = await needed();
    await post('/ui/session', { jws: await login(key, 'gateway') });
    location.assign(signIn.dataset.next);
  });
  doing(document.querySelector('[data-do=forget]'), 'click', async () => { await store('readwrite', (keys) => keys.delete('mine')); await show(); });
  const make = document.querySelector('form[data-make]');
  doing(make, 'submit', async () => {
    const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    const { x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const key = { person: make.elements.person.value, kid: `web-${x.slice(0, 12)}`, x, pair };
    const code = make.elements.code.value.trim();
    if (code !== '') await post('/ui/enrol', { code, key: { kty: 'OKP', crv: 'Ed25519', x, kid: key.kid } });
    await store('readwrite', (keys) => keys.put({ ...key, enrolled: code !== '' }, 'mine'));
    await show();
    told(code === '' ? '' : 'You are enrolled; where a second person lets people in, wait for them.');
  });
  await show();
}
