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

const vote = document.querySelector('form[data-vote]');
doing(vote, 'submit', async ({ submitter }) => {
  const key = await needed();
  const { vote: approval, digest, evidence } = vote.dataset;
  const jws = await sign(key, 'vote', { approval, digest, ...(evidence && { evidence }), vote: submitter?.value === 'approve' ? 'approve' : 'deny', reason: vote.elements.reason.value });
  await post(`/ui/approvals/${approval}/votes`, { jws });
  location.reload();
});
if (vote) {
  // Somebody else may decide, here or elsewhere: the page says so by itself.
  setInterval(async () => {
    const answer = await fetch(`/ui/approvals/${vote.dataset.vote}/standing`).then((one) => (one.ok ? one.json() : undefined), () => undefined);
    if (answer && (answer.status !== 'open' || String(answer.votes) !== vote.dataset.seen) && !vote.dataset.busy) location.reload();
  }, 2000);
}

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
