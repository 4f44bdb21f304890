import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const COMPLIANCE_PARTS = ['facts', 'controls', 'record', 'dpia'] as const;

export const getComplianceReport = endpoint({
  method: 'GET',
  path: '/api/compliance/report',
  summary: 'Get duties and controls, the record of processing and a draft impact assessment, as Markdown',
  roles: ['admin', 'dpo', 'auditor'],
  data: [],
  action: 'read',
  query: z.strictObject({ part: z.enum(COMPLIANCE_PARTS).optional() }),
  answer: 'file',
  limit: { max: 10, perMs: 60_000 },
});
