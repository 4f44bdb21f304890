import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchBoard } from '../../protocol/api/live.ts';
import { openApiRoute } from '../platform/access/openapi.ts';
import type { Route } from '../platform/access/route.ts';
import { endpointsOf } from '../platform/server-module.ts';
import { MODULES } from './modules.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  version: string;
};

/** Routes of the people listener: all except those for the operator alone, and the document that describes them. */
const people = endpointsOf(MODULES).filter(({ roles }) => roles === 'anybody' || roles.some((r) => r !== 'operator'));
export const SERVED: readonly Route[] = [...people, openApiRoute(people, [watchBoard], version)];

export const OPERATED: readonly Route[] = endpointsOf(MODULES).filter(({ roles }) => roles.includes('operator'));
