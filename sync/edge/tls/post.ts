import { Problem } from '../../errors/problem.ts';
import type { VerifiedAgent } from './agent.ts';
import { callServer, statedCode } from './request.ts';

/**
 * Posts one signed message that is answered by nothing but "taken" (204), and lets the connection go.
 *
 * @param what in words, for the rejection: "the log"
 * @throws Problem of the connection, or by the server's code
 */
export async function postSigned(
  agent: VerifiedAgent,
  url: URL,
  { body, what }: { readonly body: string; readonly what: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const headers = { 'content-type': 'application/jose' };
    const answer = await callServer(agent, { method: 'POST', url, headers, body, maxBytes: 4096 }, signal);
    if (answer.status === 204) return;
    const code = statedCode(answer);
    throw new Problem('server-refused', { what, reason: `${answer.status}, ${code}` }).withCode(code);
  } finally {
    agent.destroy();
  }
}
