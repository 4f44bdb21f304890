import * as api from '../../../../protocol/api/compliance.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import { composeReport } from './compose.ts';
import { readFacts } from './facts.ts';

/** The compliance report of this installation. It holds settings and counts, and names nobody. */
export const complianceRoutes: readonly Route[] = [
  implement(api.getComplianceFacts, ({ tx, services: { keys, config }, now }) => readFacts(tx, keys, config, now)),
  implement(api.getComplianceReport, async ({ tx, services: { keys, config }, query: { part }, now }) => {
    const facts = await readFacts(tx, keys, config, now);
    // Tests run where the product is built: `compliance report` on the command line reads their results.
    const { text } = composeReport(facts, { policy: null, files: new Map() }, part ? [part] : api.COMPLIANCE_PARTS);
    return { file: once(text), name: `compliance-${now.toISOString().slice(0, 10)}.md`, type: 'text/markdown' };
  }),
];

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
