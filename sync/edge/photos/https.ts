import { Problem } from '../../errors/problem.ts';
import { PhotoState, photoPath } from '../../protocol/wire/photos.ts';
import { VerifiedAgent } from '../tls/agent.ts';
import { type Answer, callServer, jsonOrNull, statedCode } from '../tls/request.ts';
import type { TransportOptions } from '../transport/interface.ts';
import type { PhotoCarrier } from './uploader.ts';

const MAX_ANSWER_BYTES = 4096;

/** Photos by HTTPS, on a connection of their own: a large one must not keep check-ins waiting. */
export function photoCarrier(options: TransportOptions): PhotoCarrier {
  const agent = new VerifiedAgent(options);
  const at = (path: string) => ({ url: new URL(path, options.bundle.serverUrl), maxBytes: MAX_ANSWER_BYTES });
  return {
    state: async (address, signal) =>
      stateOf(await callServer(agent, { method: 'GET', ...at(photoPath(address)) }, signal)),
    put: async (address, { offset, total }, body, signal) => {
      const path = `${photoPath(address)}?offset=${offset}&total=${total}`;
      const headers = { 'content-type': 'application/octet-stream' };
      return stateOf(await callServer(agent, { method: 'PUT', ...at(path), headers, body }, signal));
    },
    close: () => agent.destroy(),
  };
}

/** @throws Problem with the server's own code where it gave one */
function stateOf(answer: Answer): PhotoState {
  const state = PhotoState.safeParse(jsonOrNull(answer.text));
  if (answer.status === 200 && state.success) return state.data;
  const code = statedCode(answer);
  throw new Problem('server-refused', { what: 'the photo', reason: `${answer.status}, ${code}` }).withCode(code);
}
