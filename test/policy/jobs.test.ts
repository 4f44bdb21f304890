import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { JobStates } from '../../sync/protocol/api/jobs.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { withApi } from '../kit/suite.ts';

describe.each(DATABASES)('jobs on $name', (kind) => {
  let api: Api;
  withApi(kind, { now: new Date('2026-12-02T08:00:00Z') }, (made) => {
    ({ api } = made);
  });

  test('a job that never ran says why: something it needs is not configured, or it had nothing to do', async () => {
    const { jobs } = await api.ask<z.output<typeof JobStates>>('GET', '/api/jobs');
    const idle = Object.fromEntries(jobs.map((one) => [one.job, one.idle]));
    expect(idle).toMatchObject({
      backup: 'no-object-store',
      'photo-objects': 'no-object-store',
      webhooks: 'nothing-to-do',
      retention: null,
    });
  });
});
