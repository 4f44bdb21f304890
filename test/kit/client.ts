import { request } from 'node:https';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  json: () => { code?: string } & Record<string, unknown>;
}
/** Sends one HTTPS request on its own connection. The certificate is not checked, since the server makes its own. */
export function call(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; tls?: object } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      url,
      {
        method: options.method ?? 'GET',
        headers: options.headers,
        rejectUnauthorized: false,
        ...options.tls,
        agent: false,
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (c: Buffer) => chunks.push(c));
        res.on('error', reject);
        res.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          resolve({ status: res.statusCode!, headers: res.headers, body, json: () => JSON.parse(body) });
        });
      },
    );
    req.on('error', reject);
    req.end(options.body);
  });
}

/** The token in an admin link. */
export const tokenOf = (link: string) => new URLSearchParams(new URL(link).hash.slice(1)).get('enter')!;

/** The error code with which an attempt failed; `ANSWERED` if it succeeded. */
export const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'ANSWERED',
    (e: { code?: string }) => e.code ?? String(e),
  );

/** The cookie that an answer sets, without its attributes. */
export const cookieOf = ({ headers }: Answer): string => String(headers['set-cookie']).split(';')[0]!;
