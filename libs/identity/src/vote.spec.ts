import { describe, expect, it } from '@jest/globals';
import { createKeySet, generateKey } from './keys.ts';
import { signPersonStatement } from './person.ts';
import type { ChannelLinkStatement, PersonStatements } from './person.ts';
import { preApprovalId } from './pre-approval.ts';
import { checkVotes, signChannelVote, verifyVote } from './vote.ts';
import type { ChannelVoteStatement } from './vote.ts';

const now = 1_800_000_000_000;
const iat = now / 1000;
const [own, slack, thief] = [generateKey('tess-1'), generateKey('slack-main'), generateKey('slack-main')];
const keys = createKeySet([own.publicJwk]);
const check = { now, person: 'tess', tenant: 'acme' };
const vote: PersonStatements['vote'] = { sub: 'tess', approval: 'apr_1', digest: 'd', vote: 'approve', reason: '', iat };
const link = (over: Partial<ChannelLinkStatement> = {}, by = own): string =>
  signPersonStatement('channel-link', { sub: 'tess', tenant: 'acme', channel: 'slack-main', account: 'U1', key: slack.publicJwk.x, minor: 500, currency: 'EUR', iat, exp: iat + 86_400, ...over }, by);
const clicked = (over: Partial<ChannelVoteStatement> = {}, by = slack): string => signChannelVote({ ...vote, channel: 'slack-main', account: 'U1', ...over }, by);
const verified = (given: { jws: string; link?: string }, over: Partial<typeof check> = {}) => verifyVote(given, keys, { ...check, ...over });

describe('a vote', () => {
  it('by the own key is the person\'s, without a cap', () => expect(verified({ jws: signPersonStatement('vote', vote, own) })).toEqual({ ok: true, statement: vote, authority: null }));
  it('out of a channel that they linked is theirs, up to their cap', () => {
    expect(verified({ jws: clicked(), link: link() })).toMatchObject({ ok: true, statement: { approval: 'apr_1', vote: 'approve' }, authority: { channel: 'slack-main', account: 'U1', cap: { minor: 500, currency: 'EUR' } } });
    expect(verified({ jws: clicked(), link: link({ minor: null, currency: null }) })).toMatchObject({ ok: true, authority: { cap: null } });
  });

  it.each<[string, { jws: string; link?: string }, string]>([
    ['by the channel\'s key without a link', { jws: clicked() }, 'bad_token'],
    ['under a link that the channel signed itself', { jws: clicked(), link: link({}, slack) }, 'unknown_key'],
    ['under a link that somebody else signed in her name', { jws: clicked(), link: link({}, { ...thief, kid: 'tess-1' }) }, 'bad_signature'],
    ['by a key that the link does not name', { jws: clicked({}, thief), link: link() }, 'bad_signature'],
    ['of another account', { jws: clicked({ account: 'U2' }), link: link() }, 'link_invalid'],
    ['of another channel', { jws: clicked({ channel: 'teams' }), link: link() }, 'link_invalid'],
    ['of another person', { jws: clicked({ sub: 'theo' }), link: link() }, 'link_invalid'],
    ['under a link of another tenant', { jws: clicked(), link: link({ tenant: 'globex' }) }, 'link_invalid'],
    ['under a link whose time is over', { jws: clicked(), link: link({ iat: iat - 100, exp: iat }) }, 'expired'],
    ['under a link that never ends', { jws: clicked(), link: link({ exp: iat + 91 * 86_400 }) }, 'link_invalid'],
    ['under a link with half a cap', { jws: clicked(), link: link({ currency: null }) }, 'bad_token'],
    ['under a link with a negative cap', { jws: clicked(), link: link({ minor: -1 }) }, 'bad_token'],
    ['of the future', { jws: clicked({ iat: iat + 60 }), link: link() }, 'not_yet_valid'],
    ['that is neither approve nor deny', { jws: clicked({ vote: 'maybe' as never }), link: link() }, 'bad_token'],
    ['by her own key with a link beside it', { jws: signPersonStatement('vote', vote, own), link: link() }, 'bad_token'],
  ])('%s is nobody\'s', (_, given, code) => expect(verified(given)).toMatchObject({ ok: false, code }));
});

describe('a vote given before it was asked', () => {
  const terms = { tenant: 'acme', agent: 'clerk', tool: 'care.credit', targets: ['NL01'], amount: { minor: 500, currency: 'EUR' }, sum: { minor: 900, currency: 'EUR' }, uses: 2, from: iat, until: iat + 3_600 };
  const signed = (over: object = {}, by = own, sub = 'tess') => signPersonStatement('pre-approval', { sub, terms: { ...terms, ...over } as never, reason: 'the monthly credits', iat }, by);
  const checked = (vote: object, active = true) => checkVotes({ approval: 'apr_1', digest: 'd', votes: [{ person: 'tess', vote: 'approve', jws: signed(), preApproval: preApprovalId(terms), ...vote }] }, (id) => (active && id === 'tess' ? { roles: ['treasurer'], keys } : undefined), { tenant: 'acme', now })[0]!;

  it('is theirs for these terms, up to their cap and as long as they live', () => {
    expect(checked({})).toMatchObject({ why: null, terms, agreedAt: now, conditions: { until: terms.until, cap: terms.amount }, channel: null });
  });
  it.each<[string, object]>([
    ['under other terms than it is called', { jws: signed({ uses: 3 }) }],
    ['by somebody else in her name', { jws: signed({}, thief) }],
    ['by another person', { jws: signed({}, own, 'theo') }],
    ['called a deny', { vote: 'deny' }],
    ['called the breaking of a glass', { vote: 'break_glass' }],
    ['of another tenant', { jws: signed({ tenant: 'globex' }), preApproval: preApprovalId({ ...terms, tenant: 'globex' }) }],
    ['that is a vote on this very approval', { jws: signPersonStatement('vote', vote, own) }],
    ['beside a link', { link: link() }],
    ['for ever', { jws: signed({ until: iat + 9 * 3_600 }) }],
    ['as often as it likes', { jws: signed({ uses: 1_000 }) }],
    ['without a list of targets', { jws: signed({ targets: '*' }) }],
    ['with a cap for one and none for all', { jws: signed({ sum: undefined }) }],
    ['with more in it than terms have', { jws: signed({ anything: true }) }],
    ['with more than fits', { jws: signed({ targets: Array.from({ length: 60 }, (_, i) => `${'x'.repeat(200)}${i}`) }) }],
  ])('%s is nobody\'s', (_, over) => expect(checked(over).why).not.toBeNull());
  it('is nobody\'s once they have left', () => expect(checked({}, false).why).toBe('not an active person'));
  it('is no vote on a question where it is not called what it is', () => expect(checked({ preApproval: undefined }).why).not.toBeNull());
});
