/** Loaded before today's program. Makes it the next build, whose schema has one step more, or two. */
import { sql } from 'kysely';
import { MIGRATIONS } from '../../../sync/server/platform/database/migrations.ts';

const [adds, changes] = ['9998-adds', '9999-changes'];
MIGRATIONS[adds!] = {
  expands: true,
  async up(db) {
    await sql`alter table site add column next_colour text not null default 'blue'`.execute(db);
  },
};
if (process.env.NEXT_CHANGES)
  MIGRATIONS[changes!] = {
    async up(db) {
      await sql`alter table site rename column next_colour to next_tint`.execute(db);
    },
  };
