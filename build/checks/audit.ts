import { z } from 'zod';
import type { AuditAnswer } from './answers.ts';

/** What `npm audit --json` prints when the registry answered. */
const Report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      via: z.array(
        z.union([
          z.string(), // affected through another package in the report
          z.object({
            source: z.number(),
            name: z.string(),
            title: z.string(),
            url: z.string().optional(),
            severity: z.string(),
            range: z.string(),
          }),
        ]),
      ),
    }),
  ),
});

export type AuditVerdict =
  /** The registry could not be reached, so nothing was checked; the run reports that. */
  | { readonly asked: false; readonly why: string }
  | {
      readonly asked: true;
      readonly found: number;
      readonly faults: readonly string[];
      readonly stale: readonly string[];
    };

/**
 * Evaluates npm's output. A finding is one advisory for one package, and each needs an answer that has not expired.
 *
 * @param printed npm's output, one entry per lockfile
 * @param today `2026-11-26`
 */
export function judgeAudit(printed: readonly string[], answers: readonly AuditAnswer[], today: string): AuditVerdict {
  const causes: z.infer<typeof Report>['vulnerabilities'][string]['via'] = [];
  for (const text of printed) {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return { asked: false, why: text.trim().split('\n')[0] || 'npm printed nothing' };
    }
    const report = Report.safeParse(json);
    if (!report.success) {
      const refused = z.object({ message: z.string() }).safeParse(json);
      if (refused.success) return { asked: false, why: refused.data.message };
      // An unreadable report must not pass as a clean one.
      return { asked: true, found: 0, faults: ['npm’s report does not have the expected format'], stale: [] };
    }
    causes.push(...Object.values(report.data.vulnerabilities).flatMap(({ via }) => via));
  }
  const findings = new Map<string, { advisory: string; name: string; text: string }>();
  for (const cause of causes) {
    if (typeof cause === 'string') continue;
    const advisory = /GHSA(?:-[a-z0-9]{4}){3}/.exec(cause.url ?? '')?.[0] ?? String(cause.source);
    const text = `${advisory} ${cause.name} ${cause.range} (${cause.severity}): ${cause.title}`;
    findings.set(`${advisory} ${cause.name}`, { advisory, name: cause.name, text });
  }
  const answered = ({ advisory, name }: { advisory: string; name: string }): AuditAnswer | undefined =>
    answers.find((a) => a.advisory === advisory && a.package === name);
  const faults = [...findings.values()].flatMap((finding) => {
    const answer = answered(finding);
    if (!answer) return [finding.text];
    return answer.until < today ? [`${finding.text}; its answer ran out on ${answer.until}`] : [];
  });
  const stale = answers
    .filter((a) => !findings.has(`${a.advisory} ${a.package}`))
    .map((a) => `${a.advisory} of ${a.package}`);
  return { asked: true, found: findings.size, faults, stale };
}
