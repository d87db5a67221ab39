import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deskTool, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, Whole } from '@countersign/spec/whole';
import { peekJws, signPersonStatement } from '@countersign/identity';
import type { Run } from '@countersign/sdk';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../libs/spec/src/whole/browser.ts';
import { approvalFor } from './approval-for.ts';

/** A supervisor and an approver work in a browser, with nothing but a keyboard. */
describe('the page', () => {
  let whole: Whole, clerk: Agent, browser: Browser;
  beforeAll(async () => {
    [whole, browser] = await Promise.all([startWhole({}, undefined, { 'desk.credit': deskTool('Credits a customer; can be taken back', { to: { type: 'string', minLength: 1, maxLength: 34 }, minor: { type: 'integer', minimum: 1, maximum: 100_000 } }, { compensator: 'desk.write', facts: { target: '[args.to]', amount: 'args.minor', currency: "'EUR'" } }) }), startBrowser()]);
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await browser?.close(); await whole?.close(); });

  const complaints: string[] = [];
  /** A browser of somebody's own, which has no key yet. */
  const open = async (path: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    // A login is refused until the gateway has heard of the key: the one error that is expected here.
    page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('status of 401')) complaints.push(message.text()); });
    await page.goto(`${whole.urls.gateway}${path}`);
    return page;
  };
  /** Moves the focus on by the tabulator until it is on something with this name, as who cannot use a mouse does. */
  const tabTo = async (page: Page, name: string): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(`document.activeElement?.textContent?.trim() === ${JSON.stringify(name)} || document.activeElement?.getAttribute('name') === ${JSON.stringify(name)}`)) return;
    }
    throw new Error(`the tabulator does not come to ${name}`);
  };
  const press = async (page: Page, name: string): Promise<void> => { await tabTo(page, name); await page.keyboard.press('Enter'); };

  /** Makes a key in the browser; the person lets it in with the key they have; then they log in. */
  const signIn = async (page: Page, who: Human): Promise<void> => {
    await tabTo(page, 'person');
    await page.keyboard.type(who.person);
    await press(page, 'Make a key');
    const command = await until('the page shows what to type', async () => (await page.locator('[data-command]').textContent()) || undefined);
    const [kid, x] = /key add ([\w-]+):([\w-]{43}) --as/.exec(command)!.slice(1);
    const jws = signPersonStatement('person-key', { sub: who.person, tenant: 'acme', purpose: 'add', kid: kid!, x: x!, iat: Math.floor(Date.now() / 1_000) }, who.key);
    expect(await who.call('registry', 'POST', '/people/keys', { jws })).toMatchObject({ status: 200 });
    // The gateway hears of it a moment later.
    await until('they are logged in', async () => {
      if (!page.url().includes('/ui/login')) return true;
      await page.locator('form[data-login] button[type=submit]').press('Enter', { timeout: 1_000 }).catch(() => undefined);
      return undefined;
    });
    await page.waitForLoadState();
  };
  const asked = async (run: Run, args: { to: string; minor: number }) => {
    const action = run.propose('desk.transfer', args);
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    return { action, approval: await approvalFor(whole, action.action) };
  };

  it('an approver finds what waits, sees it whole, and approves it with the key of the browser', async () => {
    const run = await clerk.open({ text: 'pay <b>NL01</b>', attestation: null });
    const nasty = '</pre><script>document.title="owned"</script>\u202e';
    const { action, approval } = await asked(run, { to: nasty.slice(0, 34), minor: 700 });
    const page = await open('/ui');
    expect(page.url()).toContain('/ui/login?next=%2Fui');
    await signIn(page, whole.people.tess);
    expect(await page.locator('h1').textContent()).toBe('What waits for people');
    // What an approver has to know before they look closer: how much, who told whom what, how many of how many, how long.
    const card = page.locator('li.card', { has: page.locator(`a[href="/ui/approvals/${approval.approval}"]`) });
    expect(await card.locator('.amount').textContent()).toBe('7.00 EUR');
    expect(await card.locator('.told').textContent()).toContain('clerk says that it was told: "pay <b>NL01</b>" (nobody signed that)');
    expect(await card.locator('.foot').textContent()).toMatch(/0 of 1 approved +[23]\d min left/);
    await press(page, 'desk.transfer');
    await page.waitForURL(`**/ui/approvals/${approval.approval}`);
    expect(await page.locator('dd .words').first().textContent()).toBe(JSON.stringify(nasty.slice(0, 34)));
    expect(await page.title()).not.toBe('owned');
    await tabTo(page, 'reason');
    await page.keyboard.type('the invoice is right');
    await press(page, 'Approve');
    await page.waitForSelector('text=Ended: approved.');
    expect(await page.locator('form[data-vote]').count()).toBe(0);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });

    // Another's decision shows by itself, and the run with its timeline is one link away.
    const second = await asked(run, { to: 'NL02', minor: 701 });
    await page.goto(`${whole.urls.gateway}/ui/approvals/${second.approval.approval}`);
    await whole.people.theo.vote(second.approval, 'deny');
    await page.waitForSelector('text=Ended: denied.');
    await press(page, run.id);
    await page.waitForSelector('text=Timeline');
    await until('both actions are shown', async () => (await page.locator('tbody tr').count()) === 2 || undefined);
    expect(await page.locator('dd .words').textContent()).toBe('"pay <b>NL01</b>"');
    expect(complaints).toEqual([]);
    // On a telephone nothing has to be pushed sideways.
    await page.setViewportSize({ width: 390, height: 800 });
    for (const path of ['/ui', `/ui/approvals/${approval.approval}`, `/ui/runs/${run.id}`]) {
      await page.goto(`${whole.urls.gateway}${path}`);
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 390]);
    }
    await page.screenshot({ path: process.env['CS_TEST_SCREENSHOT'] ?? '/dev/null', type: 'png' }).catch(() => undefined);
    await page.context().close();
  });

  it('offers a vote to those whose vote counts, once, and tells everybody else why not', async () => {
    const run = await clerk.open({ text: 'pay', attestation: null });
    const { approval } = await asked(run, { to: 'NL03', minor: 45_000 });
    const page = await open(`/ui/approvals/${approval.approval}`);
    await signIn(page, whole.people.tess);
    await tabTo(page, 'Ask something first');
    await page.keyboard.press('Enter');
    await tabTo(page, 'text');
    await page.keyboard.type('Who ordered this?');
    await press(page, 'Ask');
    await page.waitForSelector('section:has(h2:text-is("Questions")) >> text=Who ordered this?');
    await tabTo(page, 'reason');
    await page.keyboard.type('ordered by me');
    await press(page, 'Approve');
    await page.waitForSelector('text=You said approve. A vote is final.');
    expect(await page.locator('form[data-vote]').count()).toBe(0);
    expect(await page.locator('.summary .count').textContent()).toContain('1 of 2 approved');
    // Somebody who was not asked sees the same, and no button; the inbox keeps what waits for others apart.
    const other = await open(`/ui/approvals/${approval.approval}`);
    await signIn(other, whole.people.owner);
    expect(await other.locator('[data-why]').textContent()).toMatch(/^You are (not asked: this needs .*|one of those who asked for it.*)\.$/);
    expect(await other.locator('form[data-vote] button[value=approve]').count()).toBe(0);
    await other.goto(`${whole.urls.gateway}/ui`);
    expect(await other.locator('.card.mine').count()).toBe(0);
    expect(await other.locator('section:has(h2:text("Waits for others")) li.card').count()).toBeGreaterThan(0);
    await Promise.all([page.context().close(), other.context().close()]);
  });

  it('by keyboard somebody asks for something else instead, and somebody else approves that under conditions', async () => {
    const run = await clerk.open({ text: 'pay', attestation: null });
    const { action, approval } = await asked(run, { to: 'NL05', minor: 60_000 });
    const page = await open(`/ui/approvals/${approval.approval}`);
    await signIn(page, whole.people.tess);
    await press(page, 'Ask for something else instead');
    await tabTo(page, 'arguments');
    expect(await page.locator('#edit').inputValue()).toBe('{"to":"NL05","minor":60000}');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('{ "to": "NL05", "minor": 600 }');
    await tabTo(page, 'why');
    await page.keyboard.type('two noughts too many');
    await press(page, 'Ask for this instead');
    await page.waitForSelector('text=tess asks for something else instead');
    const again = await until('people are asked again', async () => { const next = await approvalFor(whole, action.action); return next.approval !== approval.approval && next; });
    await page.goto(`${whole.urls.gateway}/ui/approvals/${again.approval}`);
    expect(await page.locator('[data-why]').textContent()).toMatch(/^You are one of those who asked for it/);
    const other = await open(`/ui/approvals/${again.approval}`);
    await signIn(other, whole.people.theo);
    await tabTo(other, 'reason');
    await other.keyboard.type('six euros it is');
    await press(other, 'Under conditions');
    await tabTo(other, 'minutes');
    await other.keyboard.type('10');
    await tabTo(other, 'cap');
    await other.keyboard.type('6.00');
    await press(other, 'Approve');
    await other.waitForSelector('text=Ended: approved.');
    expect(await action.settled(60_000)).toMatchObject({ decision: 'modify', arguments: { to: 'NL05', minor: 600 } });
    const record = await until('it is on the record', () => whole.seen.governed(run.id).find((one) => one.kind === 'action.decided' && one.decision.decision === 'modify'));
    const [vote] = record.kind === 'action.decided' ? record.resolved!.votes : [];
    expect(peekJws(vote!.jws)).toMatchObject({ sub: 'theo', conditions: { until: expect.any(Number), cap: { minor: 600, currency: 'EUR' } } });
    await Promise.all([page.context().close(), other.context().close()]);
  });

  it('approves one, and two more like it in this run beforehand', async () => {
    const teller = await whole.agent('teller', { ceiling: 1 });
    const run = await teller.open({ text: 'credit NL08 what it is owed', attestation: null });
    const credit = async (minor: number) => { const action = run.propose('desk.credit', { to: 'NL08', minor }); await action.decision; return action; };
    const action = await credit(500);
    const { approval } = await approvalFor(whole, action.action);
    const page = await open(`/ui/approvals/${approval}`);
    await signIn(page, whole.people.tess);
    await tabTo(page, 'reason');
    await page.keyboard.type('the monthly credits');
    await press(page, 'Under conditions');
    await tabTo(page, 'uses');
    await page.keyboard.type('2');
    await tabTo(page, 'thisRun');
    await page.keyboard.press('Space');
    await press(page, 'Approve');
    await page.waitForSelector('text=Ended: approved.');
    expect((await whole.people.tess.call('approvals', 'GET', '/pre-approvals')).body['preApprovals']).toMatchObject([{ terms: { agent: 'teller', tool: 'desk.credit', targets: ['NL08'], run: run.id, amount: { minor: 500 }, sum: { minor: 1_000 }, uses: 2 }, signers: [{ person: 'tess' }] }]);
    for (const minor of [500, 400]) expect(await (await credit(minor)).settled(60_000)).toMatchObject({ decision: 'allow', tier: 3 });
    expect(await approvalFor(whole, (await credit(100)).action)).toMatchObject({ status: 'open' });
    await page.context().close();
  });

  it('where nobody can be waited for, two break the glass, and the page says what that means', async () => {
    const run = await clerk.open({ text: 'pay', attestation: null });
    const { action, approval } = await asked(run, { to: 'NL06', minor: 60_001 });
    const page = await open(`/ui/approvals/${approval.approval}`);
    await signIn(page, whole.people.sena);
    await press(page, 'Nobody can be waited for');
    // Without a reason nothing is signed.
    await press(page, 'Break the glass');
    expect(await page.evaluate('document.querySelector("#glass").validity.valueMissing')).toBe(true);
    await tabTo(page, 'reason');
    await page.keyboard.type('the treasurers are on a plane');
    await press(page, 'Break the glass');
    await page.waitForSelector('section:has(h2:text-is("Votes")) >> text=break glass');
    expect((await whole.people.operator.vote(approval, 'break_glass')).status).toBe(200);
    await page.waitForSelector('text=sena and operator broke the glass');
    expect(await page.locator('.alarm').first().textContent()).toContain('Somebody with no part in it has to say whether that was right');
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
    await page.context().close();
  });

  it('more than 500 that wait are read page by page, each once', async () => {
    const run = await clerk.open({ text: 'pay', attestation: null });
    const { approval } = await asked(run, { to: 'NL07', minor: 800 });
    // As many as nobody makes by hand: rows of the read model like this one's, with ends of their own.
    await whole.place.change('approvals', `insert into approval (approval, tenant, run, action, status, expires_at, version, state, due_at, agent, owners)
      select $1 || '.' || n, tenant, run, action, status, expires_at + n, version, replace(replace(state, $1, $1 || '.' || n), '"expiresAt":' || expires_at, '"expiresAt":' || (expires_at + n)), null, agent, owners from approval, generate_series(1, 600) n where approval = $1`, [approval.approval]);
    const page = await open('/ui');
    await signIn(page, whole.people.tess);
    const shown = () => page.evaluate('[...document.querySelectorAll("li.card h3 a")].map((link) => link.getAttribute("href"))') as Promise<string[]>;
    const first = await shown();
    expect(first.length).toBe(500);
    // As who cannot use a mouse goes to the end of a long page.
    await page.locator('li.card h3 a').last().focus();
    await press(page, 'What ends later');
    await page.waitForURL('**/ui?after=*');
    const second = await shown();
    expect([second.length > 100, new Set([...first, ...second]).size]).toEqual([true, first.length + second.length]);
    await press(page, 'What ends soonest');
    await page.waitForURL(/\/ui$/);
    expect((await whole.people.tess.call('approvals', 'GET', '/approvals?after=yesterday')).status).toBe(400);
    await whole.place.change('approvals', `delete from approval where starts_with(approval, $1 || '.')`, [approval.approval]);
    await page.context().close();
  });

  it('a supervisor stops a run with a button', async () => {
    const run = await clerk.open({ text: 'write on and on', attestation: null });
    expect(await run.propose('desk.write', { note: 'n', text: 'x' }).decision).toMatchObject({ decision: 'allow' });
    await until('supervision knows the run', async () => (await whole.people.operator.call('supervision', 'GET', `/runs/${run.id}`)).status === 200);
    const page = await open(`/ui/runs/${run.id}`);
    await signIn(page, whole.people.operator);
    await page.waitForSelector('text=Timeline');
    await tabTo(page, 'reason');
    await page.keyboard.type('enough');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=/Halted \\(/');
    await until('the run is stopped', async () => (await run.propose('desk.write', { note: 'n', text: 'y' }).decision).code === 'run_halted' || undefined);
    await page.context().close();
  });

  it('shows nothing to who is not logged in, holds every page under one strict policy, and takes no one else\'s word', async () => {
    const ask = (path: string, init: RequestInit = {}) => fetch(`${whole.urls.gateway}${path}`, { redirect: 'manual', ...init });
    const post = (path: string, body: object, headers: Record<string, string> = {}) => ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
    for (const path of ['/ui', '/ui/runs', '/ui/approvals/apr_1', '/ui/runs/r1']) expect([path, (await ask(path)).status]).toEqual([path, 303]);
    expect((await ask('/ui/login?next=//evil.example')).headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/);
    expect(await (await ask('/ui/login?next=//evil.example')).text()).not.toContain('evil');
    const login = signPersonStatement('login', { sub: 'tess', aud: 'gateway', iat: Math.floor(Date.now() / 1_000), exp: Math.floor(Date.now() / 1_000) + 60, jti: 'once' }, whole.people.tess.key);
    const opened = await post('/ui/session', { jws: login });
    expect(opened.headers.get('set-cookie')).toMatch(/^countersign=[\w-]{43}; Path=\/ui; HttpOnly; SameSite=Strict/);
    expect((await post('/ui/session', { jws: login })).status).toBe(401);
    expect((await post('/ui/session', { jws: login }, { origin: 'https://evil.example' })).status).toBe(403);
    const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
    expect((await ask('/ui', { headers: { cookie } })).status).toBe(200);
    expect((await post('/ui/halts', { login, body: { scope: { kind: 'everything', id: null }, reason: 'x' } }, { cookie })).status).toBe(401);
    expect((await post('/ui/session/end', {}, { cookie })).status).toBe(200);
    expect((await ask('/ui', { headers: { cookie } })).status).toBe(303);
  });
});
