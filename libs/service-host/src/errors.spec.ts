import { describe, expect, it } from '@jest/globals';
import { problemOf } from './errors.ts';

describe('what an error looks like from outside', () => {
  it.each([
    ['pg-pool waited in vain', new Error('timeout exceeded when trying to connect')], ['pg-pool gave up a connection', new Error('Connection terminated due to connection timeout')],
    ['PostgreSQL starts', Object.assign(new Error('the database system is starting up'), { code: '57P03' })], ['PostgreSQL is full', Object.assign(new Error('sorry, too many clients already'), { code: '53300' })],
  ])('no connection to the database is 503 and may be tried again: %s', (_, error) => {
    expect(problemOf(error, () => undefined)).toMatchObject({ status: 503, code: 'store_unavailable' });
  });

  it('a connection that was lost in the middle of a query is a fault: what was written is unknown', () => {
    expect(problemOf(new Error('Connection terminated unexpectedly'), () => undefined)).toMatchObject({ status: 500, code: 'internal' });
  });
});
