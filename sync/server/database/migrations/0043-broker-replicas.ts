import { statements } from './statements.ts';

/** Names under which servers come to the broker, whose access rules have to have them (mqtt/replicas.ts). */
export const brokerReplicas = statements([
  `create table broker_replica (
     name text primary key,
     seen_at timestamptz not null)`,
]);
