import pg from 'pg';
import type { ServiceName, Whole } from '@countersign/spec/whole';

/** One statement in a service's own database: what nobody can do over its doors, such as to let time have passed. */
export const inDatabase = async (whole: Pick<Whole, 'place'>, service: ServiceName, statement: string, values: readonly unknown[] = []): Promise<void> => {
  const database = new pg.Client(whole.place.database(service));
  await database.connect();
  try {
    await database.query(statement, [...values]);
  } finally {
    await database.end();
  }
};
