import { describe, expect, it } from '@jest/globals';
import { createKeySet, generateKey } from './keys.ts';
import { signPersonStatement } from './person.ts';
import type { ChannelLinkStatement, PersonStatements } from './person.ts';
import { signChannelVote, verifyVote } from './vote.ts';
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
