import { z } from 'zod';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import { composeReport, PARTS } from './compose.ts';
import { readFacts } from './facts.ts';

const Query = z.strictObject({ part: z.enum(PARTS).optional() });

/** The compliance report of this installation. It holds settings and counts, and names nobody. */
export const complianceRoutes: readonly RouteSpec[] = [
  route({
    method: 'GET',
    path: '/api/compliance/report',
    summary: 'Duties and controls, the record of processing and a draft of the impact assessment, as Markdown.',
    roles: ['admin', 'dpo', 'auditor'],
    data: [],
    action: 'read',
    query: Query,
    answer: 'file',
    limit: { max: 10, perMs: 60_000 },
    async handle({ tx, services: { keys, config }, query: { part }, now }) {
      const facts = await readFacts(tx, keys, config, now);
      // Tests run where the product is built: `compliance report` on the command line reads their results.
      const { text } = composeReport(facts, { policy: null, files: new Map() }, part ? [part] : PARTS);
      return { file: once(text), name: `compliance-${now.toISOString().slice(0, 10)}.md`, type: 'text/markdown' };
    },
  }),
];

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
