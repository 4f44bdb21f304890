import * as api from '../../../protocol/api/broker.ts';
import { listDevices } from '../../core/devices/registry.ts';
import { type Call, implement, type Route } from '../../platform/access/route.ts';
import { issueServerCertificate } from '../../platform/keys/certificates.ts';
import { brokerReplicas } from './replicas.ts';

export const brokerRoutes: readonly Route[] = [
  implement(api.getBrokerAccess, access),
  implement(api.issueBrokerCertificate, async (call) => {
    const { keyring } = call.services;
    const { hostnames } = call.body;
    call.on(hostnames.join(' '));
    const leaf = await issueServerCertificate(keyring.ca, hostnames, call.now.getTime(), 'SmartPresence broker');
    return { ...(await access(call)), certificate: keyring.withChain(leaf), caPems: keyring.caPems };
  }),
];

async function access({
  tx,
  services: { keyring },
  now,
}: Pick<Call<unknown, unknown, unknown>, 'tx' | 'services' | 'now'>) {
  const devices = await listDevices(tx, { status: 'revoked' });
  const alive = devices.filter((d) => d.certNotAfter === null || d.certNotAfter > now);
  return { serverId: keyring.serverId, revoked: alive.map((d) => d.id), replicas: await brokerReplicas(tx) };
}
